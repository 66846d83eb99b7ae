"""The profitability report as text, as CSV that is safe in a spreadsheet, and as a page with a chart."""

import csv
import io
from collections.abc import Iterator, Sequence
from decimal import Decimal

from ledes_engine.practice.firm import Firm
from ledes_engine.practice.profitability import Profitability, Row
from ledes_engine.report.data import harmless
from ledes_engine.report.html import templates
from ledes_engine.report.words import printable
from ledes_engine.values import ZERO

_HEAD = ("hours", "fees", "rate", "value", "written down", "expenses", "budget", "left")
_CSV_HEAD = ("group", "key", "label", *(name.replace(" ", "_") for name in _HEAD))
# The chart: the longest bar, the height of a row, in pixels; so many rows are drawn.
_WIDTH, _HEIGHT, _MOST_BARS, _LONGEST_NAME = 480, 26, 40, 40


def render(report: Profitability, firm: Firm, format: str, groups: Sequence[str]) -> str:
    """The report in a format: `text`, `csv` or `html`."""
    return {"text": _text, "csv": _csv, "html": _html}[format](report, firm, groups)


def _cells(row: Row) -> list[str]:
    """The figures of a row for a reader."""
    amounts = (row.fees, row.effective_rate, row.value, row.written_down, row.expenses, row.budget, row.left)
    return [f"{row.hours:,.2f}", *("" if amount is None else f"{amount:,.2f}" for amount in amounts)]


def _text(report: Profitability, firm: Firm, groups: Sequence[str]) -> str:
    lines = [printable(firm.name)] if firm.name else []
    for group in groups:
        rows = [*report.groups[group], _total(report, group)]
        table = [[group, *_HEAD], *([_named(row), *_cells(row)] for row in rows)]
        used = [at for at in range(len(table[0])) if at < 2 or any(line[at] not in ("", "0.00") for line in table[1:])]
        widths = [max(len(line[at]) for line in table) for at in used]
        for place, line in enumerate(table):
            if place == len(table) - 1:
                lines.append("-" * (sum(widths) + 2 * (len(widths) - 1)))
            cells = [line[at] for at in used]
            first = cells[0].ljust(widths[0])
            lines.append(
                "  ".join(
                    [first, *(cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True))]
                ).rstrip()
            )
        lines.append("")
    lines += _notes(report)
    return "\n".join(lines).rstrip("\n") + "\n"


def _total(report: Profitability, group: str) -> Row:
    """The total row of a table; budgets are of phases and matters."""
    return report.total if group in ("phase", "matter") else report.total._replace(budget=None)


def _named(row: Row, longest: int = 44) -> str:
    name = f"{row.key} {row.label}".strip()
    return printable(name if len(name) <= longest else name[: longest - 1] + "…")


def _notes(report: Profitability) -> Iterator[str]:
    if report.without_amount:
        yield (
            f"{report.without_amount} entries tell neither an amount nor hours and a rate; "
            "they count with their hours only."
        )


def _csv(report: Profitability, firm: Firm, groups: Sequence[str]) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(_CSV_HEAD)
    for group in groups:
        for row in report.groups[group]:
            amounts = (row.hours, row.fees, row.effective_rate, row.value, row.written_down, row.expenses, row.budget)
            figures = ["" if amount is None else format(amount, "f") for amount in (*amounts, row.left)]
            writer.writerow([group, harmless(row.key), harmless(row.label), *figures])
    return out.getvalue()


def _html(report: Profitability, firm: Firm, groups: Sequence[str]) -> str:
    template = templates().get_template("profitability.html.jinja")
    tables = [
        {
            "group": group,
            "bars": _bars(report.groups[group]),
            "rows": [(_named(row), _cells(row)) for row in [*report.groups[group], _total(report, group)]],
        }
        for group in groups
    ]
    return template.render(
        title=printable(firm.name) or "Profitability", head=_HEAD, tables=tables, notes=list(_notes(report)),
        width=_WIDTH, height=_HEIGHT,
    )  # fmt: skip


def _bars(rows: Sequence[Row]) -> list[dict[str, object]]:
    """The bars of a chart: fees, what was written down beyond them, and a mark for the budget, all to one scale."""
    rows = [row for row in rows if row.fees > ZERO or row.value > ZERO or row.budget][:_MOST_BARS]
    longest = max((max(row.fees, row.value, row.budget or ZERO) for row in rows), default=ZERO)
    if not longest:
        return []

    def pixels(amount: Decimal) -> int:
        return int(max(amount, ZERO) / longest * _WIDTH)

    return [
        {
            "name": _named(row, _LONGEST_NAME),
            "fees": pixels(row.fees),
            "written_down": pixels(row.written_down) if row.fees >= ZERO else 0,
            "budget": None if row.budget is None else pixels(row.budget),
            "over": row.left is not None and row.left < ZERO,
            "end": max(pixels(row.fees) + pixels(row.written_down), pixels(row.budget or ZERO)),
            "told": f"{row.fees:,.2f}",
        }
        for row in rows
    ]
