"""Kinds that recompute: line totals, taxes, and the sums of an invoice. All exact; tolerances cover rounding only.

The standard publishes no rounding rule. A recomputed amount that has more decimals than the file's may have been
rounded in any direction, so less than one unit of the file's last decimal place is no fault; where nothing had to be
rounded, the amounts must be equal.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from ledes_engine.checks.scope import Scope, judge, kind
from ledes_engine.codesets import currency_digits
from ledes_engine.model import Hit, NotChecked
from ledes_engine.values import CENT, ZERO, number, plain, precision


@kind
def line_total(scope: Scope) -> Iterator[Hit]:
    """A fee or expense line: units times unit cost plus adjustment (plus tax where the format has it) is the total.

    LEDES 1998B field 13; 1998BI field 13 adds the line's tax. A line whose numbers cannot be read is left to the rules
    on numbers. The amount in question is the difference.
    """
    tolerance = Decimal(scope.params.get("tolerance", "0"))
    columns = ["units", "unit_cost", "adjustment", "total", *_where_there(scope, "tax_total")]
    cells = _Cells(scope, columns)

    def judged(*texts: str) -> Mapping[str, Any] | None:
        amounts = cells.read(texts)
        if amounts is None or not texts[0].strip() or not texts[1].strip() or not texts[3].strip():
            return None  # the rules on numbers and on empty fields tell
        units, cost, adjustment, total, *tax = amounts
        expected = units * cost + adjustment + sum(tax, ZERO)
        if agrees(total, expected, cells.digits(texts), tolerance) or (tax and not texts[4].strip()):
            return None
        formula = (
            f"{texts[0].strip()} x {texts[1].strip()}" + _term(adjustment) + (_term(tax[0]) if tax and tax[0] else "")
        )
        return {"formula": formula, "expected": plain(expected), "difference": plain(total - expected)}

    yield from _hits(scope, [*columns, *cells.extra], judged, "total")


@kind
def adjustment_total(scope: Scope) -> Iterator[Hit]:
    """An IF or IE line, by any of the placements seen: units times cost plus adjustment, or the adjustment alone.

    The standard puts the value into the adjustment; samples and receiving systems differ (units 1 and the value as unit
    cost). The tax of a 1998BI line may come on top.
    """
    columns = ["units", "unit_cost", "adjustment", "total", *_where_there(scope, "tax_total")]
    cells = _Cells(scope, columns)

    def judged(*texts: str) -> Mapping[str, Any] | None:
        amounts = cells.read(texts)
        if amounts is None or not texts[3].strip():
            return None
        units, cost, adjustment, total, *taxes = amounts
        tax = sum(taxes, ZERO)
        readings = [units * cost + adjustment, adjustment, cost if not texts[0].strip() else units * cost]
        if any(agrees(total, reading + tax, cells.digits(texts)) for reading in readings):
            return None
        return {"expected": plain(readings[0] + tax), "difference": plain(total - readings[0] - tax)}

    yield from _hits(scope, [*columns, *cells.extra], judged, "total")


@kind
def adjustment_place(scope: Scope) -> Iterator[Hit]:
    """An IF or IE line whose value stands in the unit cost and not, as the standard has it, in the adjustment."""
    columns = ["adjustment", "unit_cost", "total"]

    def judged(adjustment: str, cost: str, total: str) -> Mapping[str, Any] | None:
        return {} if not (number(adjustment) or ZERO) and number(cost) and number(total) else None

    for row, (_, cost, _), facts in judge(scope, columns, judged):
        yield Hit(row, "unit_cost", cost, facts)


@kind
def line_tax(scope: Scope) -> Iterator[Hit]:
    """1998BI field 49: the line's tax is its total before tax times the rate.

    On IF and IE lines, whose units and price may be ignored, the total before tax is the total less the tax.
    """
    columns = ["tax_rate", "tax_total", "units", "unit_cost", "adjustment", "total"]
    cells = _Cells(scope, columns)
    place = len(columns) + len(cells.extra)

    def judged(*texts: str) -> Mapping[str, Any] | None:
        amounts = cells.read(texts)
        of_invoice = texts[place].strip() in ("IF", "IE")
        needed = texts[:2] if of_invoice else texts[:4]
        if amounts is None or not all(text.strip() for text in needed) or not 0 <= amounts[0] <= 1:
            return None
        rate, tax, units, cost, adjustment, total = amounts
        base = total - tax if of_invoice else units * cost + adjustment
        if agrees(tax, base * rate, cells.digits(texts)):
            return None
        expected = plain((base * rate).quantize(CENT))
        return {
            "base": plain(base),
            "rate": texts[0].strip(),
            "expected": expected,
            "difference": plain(tax - base * rate),
        }

    yield from _hits(scope, [*columns, *cells.extra, "line_type"], judged, "tax_total")


@kind
def invoice_sum(scope: Scope) -> Iterator[Hit]:
    """A figure of the invoice (`total`) is the sum of a figure of its lines (`of`).

    `part` picks one side of the tolerance for rounding: `difference` (the default) what exceeds half a cent a line,
    `rounding` what lies within it. There is such a tolerance only where a line of the invoice has parts of a cent, or
    where `rounded_lines` says that a line's figure always is rounded (taxes).
    """
    total_column, line_column = scope.params["total"], scope.params["of"]
    lines = scope.lines
    totals, amounts = lines.numbers(total_column), lines.numbers(line_column)
    always = bool(scope.params.get("rounded_lines"))
    fine = {text for text, value in amounts.items() if value is not None and precision(value) < CENT}
    unreadable = {text for text, value in amounts.items() if value is None}
    known = {text: value or ZERO for text, value in amounts.items()}
    damaged = scope.document.damaged
    groups = lines.groups("invoice_number")
    if "" in groups or "" in damaged:
        raise NotChecked("part of the file could not be read, or a line names no invoice")
    currencies = lines.columns.get("currency")
    for invoice, rows in groups.items():
        if invoice in damaged:
            continue
        stated = totals[lines[total_column][rows[0]]]
        texts = lines.part(line_column, rows)
        if stated is None or not unreadable.isdisjoint(texts):
            continue  # the rules on numbers and on empty fields tell
        expected = sum(map(known.__getitem__, texts), ZERO)
        difference = stated - expected
        if not difference:
            continue
        unit = _unit(scope, currencies[rows[0]] if currencies else "")
        rounded = always or not fine.isdisjoint(texts)
        within = rounded and abs(difference) <= -(-len(rows) // 2) * unit
        if within != (scope.params.get("part") == "rounding"):
            continue
        facts = {"expected": plain(expected), "difference": plain(difference), "count": len(rows)}
        yield Hit(rows[0], total_column, lines[total_column][rows[0]], facts, difference)


@kind
def invoice_net(scope: Scope) -> Iterator[Hit]:
    """1998BI field 29: the net total of an invoice is its total less its tax total."""
    columns = ["invoice_total", "invoice_tax_total", "invoice_net_total"]
    lines = scope.lines
    parts = ("total", "tax_total")
    fine = {text for name in parts for text, value in lines.numbers(name).items() if value and precision(value) < CENT}
    for rows in lines.groups("invoice_number").values():
        total, tax, net = (number(lines[column][rows[0]]) for column in columns)
        if total is None or net is None or tax is None or net == total - tax:
            continue
        if abs(net - total + tax) <= CENT and any(lines[name][row] in fine for name in parts for row in rows):
            continue  # three figures rounded each on its own
        facts = {"expected": plain(total - tax), "total": plain(total), "tax": plain(tax)}
        yield Hit(rows[0], "invoice_net_total", lines["invoice_net_total"][rows[0]], facts, net - total + tax)


def agrees(stated: Decimal, expected: Decimal, digits: int = 2, tolerance: Decimal = ZERO) -> bool:
    """Whether an amount is another one, perhaps rounded to the decimals that it was stated with, or to `digits`."""
    difference = abs(stated - expected)
    return difference == 0 or difference < precision(stated, digits) or difference <= tolerance


def _digits(scope: Scope, currency: str) -> int:
    """The decimals that amounts of a currency are rounded to; two where it is not known, and never more."""
    return min(2, currency_digits().get(currency.strip() or scope.client.currency, 2))


def _unit(scope: Scope, currency: str) -> Decimal:
    return Decimal(1).scaleb(-_digits(scope, currency))


def _where_there(scope: Scope, *columns: str) -> list[str]:
    return [column for column in columns if column in scope.lines]


def _term(value: Decimal | None) -> str:
    if not value:
        return ""
    return f" + {plain(value)}" if value > 0 else f" - {plain(-value)}"


class _Cells:
    """The exact values of the cells of several columns, and beside them the line's currency where there is one."""

    def __init__(self, scope: Scope, columns: Sequence[str]) -> None:
        self._scope = scope
        self._values = [scope.lines.numbers(column) for column in columns]
        self.extra = _where_there(scope, "currency")

    def read(self, texts: Sequence[str]) -> list[Decimal] | None:
        """The values, a blank cell as 0; None when a cell is no number."""
        found = []
        for values, text in zip(self._values, texts, strict=False):
            value = values[text]
            if value is None and text.strip():
                return None
            found.append(value or ZERO)
        return found

    def digits(self, texts: Sequence[str]) -> int:
        """The decimals of the line's currency."""
        return _digits(self._scope, texts[len(self._values)] if self.extra else "")


def _hits(scope: Scope, columns: list[str], judged: Any, at: str) -> Iterator[Hit]:
    place = columns.index(at)
    for row, texts, facts in judge(scope, columns, judged):
        yield Hit(row, at, texts[place], facts, number(facts["difference"]))
