"""The marked-up workbook: one row a line item as the file has it, and what was found on it beside it."""

import io
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from ledes_engine.model import Document, LedesError, Table
from ledes_engine.report.statistics import statistics
from ledes_engine.report.words import headline, printable
from ledes_engine.results import SEVERITY_RANK, Finding, Report, at_stake
from ledes_engine.values import NUMBER, plain

_BESIDE = ("severity", "rules", "findings", "at stake", "guideline", "fix")
_FILLS = {"error": "F8D7DA", "warning": "FFF3CD", "info": "DCEBFA"}
_NARROW, _WIDE = 14, 60
# What Excel can hold.
_LONGEST_CELL, _MOST_ROWS = 32_767, 1_048_575
# What a reader looks at, before the findings; the other columns stand behind them.
_FIRST = (
    *("invoice_number", "line_number", "line_type", "line_date", "timekeeper_name", "units", "unit_cost", "total"),
    *("task_code", "activity_code", "expense_code", "narrative"),
)
_NUMBERS = ("units", "unit_cost", "adjustment", "total", "invoice_total")


def workbook(reports: Sequence[Report], documents: Sequence[Document]) -> bytes:
    """The bytes of an Excel file: a sheet of the verdict, one of the line items, one of what is on no line item.

    `documents` are the files that the reports are on, in the same order. Every text is stated to be text, so that none
    is a formula; amounts are numbers where the file has plain numbers. Raises LedesError where a sheet cannot hold it.
    """
    try:
        import openpyxl
    except ImportError:
        raise LedesError("--format xlsx needs openpyxl: pip install 'ledes-engine[tables]'") from None

    if sum(len(document.lines) for document in documents) > _MOST_ROWS:
        raise LedesError(f"an Excel sheet holds {_MOST_ROWS:,} rows; check fewer files at a time")
    book = openpyxl.Workbook(write_only=True)
    _summary(book, reports)
    _items(book, reports, documents)
    _others(book, reports)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _summary(book: Any, reports: Sequence[Report]) -> None:
    sheet = book.create_sheet("verdict")
    sheet.column_dimensions["A"].width = _WIDE
    sheet.append([_cell(sheet, headline(reports), bold=True)])
    for report in reports:
        sheet.append([_cell(sheet, f"{report.file}: {report.verdict}"), _cell(sheet, ", ".join(report.guidelines))])
    for title, shares in statistics(reports).items():
        sheet.append([])
        sheet.append([_cell(sheet, text, bold=True) for text in (title[:-1], "findings", "at stake", "currency")])
        for one in shares:
            row = [_cell(sheet, one.name), _cell(sheet, str(one.findings), number=True)]
            sheet.append([*row, _cell(sheet, plain(one.at_stake), number=True), _cell(sheet, one.currency)])


def _items(book: Any, reports: Sequence[Report], documents: Sequence[Document]) -> None:
    sheet = book.create_sheet("line items")
    known = _columns(documents)
    first = [column for column in _FIRST if column in known]
    rest = [column for column in known if column not in first]
    titles = [_title(documents, column) for column in (*first, *rest)]
    head = ["file", "line", *titles[: len(first)], *_BESIDE, *titles[len(first) :]]
    wide = {"findings", "fix", "guideline", *(_title(documents, one) for one in first if one == "narrative")}
    for place, title in enumerate(head, 1):
        sheet.column_dimensions[_letter(place)].width = _WIDE if title in wide else _NARROW
    sheet.freeze_panes = "C2"
    rows = sum(len(document.lines) for document in documents)
    sheet.auto_filter.ref = f"A1:{_letter(len(head))}{rows + 1}"
    sheet.append([_cell(sheet, title, bold=True) for title in head])
    for report, document in zip(reports, documents, strict=True):
        found: dict[int, list[Finding]] = {}
        for finding in report.findings:
            found.setdefault(finding.record, []).append(finding)
        lines = document.lines
        for row in range(len(lines)):
            on_line = found.get(lines.record[row], [])
            fill = _FILLS[_worst(on_line)] if on_line else ""
            placed = [_cell(sheet, report.file), _cell(sheet, str(lines.line[row]), number=True, fill=fill)]
            beside = list(_beside(sheet, on_line, fill)) or [None] * len(_BESIDE)
            sheet.append([*placed, *_texts(sheet, lines, first, row), *beside, *_texts(sheet, lines, rest, row)])


def _texts(sheet: Any, lines: Table, columns: Sequence[str], row: int) -> Iterator[Any]:
    for column in columns:
        yield _cell(sheet, lines[column][row] if column in lines else "", number=column in _NUMBERS)


def _beside(sheet: Any, findings: Sequence[Finding], fill: str) -> Iterator[Any]:
    """The cells that tell what was found on a line item."""
    if not findings:
        return
    stake = at_stake(findings)
    yield _cell(sheet, "remark" if (worst := _worst(findings)) == "info" else worst, fill=fill)
    yield _cell(sheet, " ".join(dict.fromkeys(one.rule for one in findings)))
    yield _cell(sheet, "\n".join(f"{one.rule} {one.name}: {one.message}" for one in findings))
    yield _cell(sheet, plain(stake) if stake else "", number=True)
    yield _cell(sheet, "\n".join(one.consequence for one in findings if one.consequence))
    yield _cell(sheet, "\n".join(dict.fromkeys(one.fix for one in findings)))


def _others(book: Any, reports: Sequence[Report]) -> None:
    """Findings on files, on invoices, and on other parts of an XML file than line items."""
    others = [finding for report in reports for finding in report.findings if not finding.record]
    problems = [report for report in reports if report.problem]
    if not others and not problems:
        return
    sheet = book.create_sheet("other findings")
    head = ("file", "line", "invoice", "severity", "rule", "field", "value", "finding", "at stake", "fix")
    for place, title in enumerate(head, 1):
        sheet.column_dimensions[_letter(place)].width = _WIDE if title in ("finding", "fix") else _NARROW
    sheet.append([_cell(sheet, title, bold=True) for title in head])
    for report in problems:
        sheet.append([_cell(sheet, text) for text in (report.file, "", "", "error", "", "", "", report.problem)])
    for one in others:
        texts = (one.file, str(one.line), one.invoice, one.severity, f"{one.rule} {one.name}", one.field, one.value)
        more = (one.message, plain(one.amount) if one.amount else "", one.fix)
        sheet.append([_cell(sheet, text) for text in (*texts, *more)])


def _worst(findings: Sequence[Finding]) -> str:
    return min((finding.severity for finding in findings), key=SEVERITY_RANK.__getitem__)


def _columns(documents: Sequence[Document]) -> list[str]:
    """The columns of all the documents, in their order."""
    return list(dict.fromkeys(column for document in documents for column in document.lines.columns))


def _title(documents: Sequence[Document], column: str) -> str:
    return next(document.native(column) for document in documents if column in document.lines)


def _letter(place: int) -> str:
    letters = ""
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _cell(sheet: Any, text: str, *, number: bool = False, bold: bool = False, fill: str = "") -> Any:
    """A cell whose text stays text, whatever it begins with; a plain number where the column is one of numbers."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font, PatternFill

    if number and NUMBER.fullmatch(text.strip()) and len(text) < 16:
        value = text.strip()
        cell = WriteOnlyCell(sheet, value=Decimal(value))  # type: ignore[arg-type]  # openpyxl writes decimals as they are
    else:
        told = "\n".join(printable(line) for line in text.split("\n"))
        cell = WriteOnlyCell(sheet, value=told if len(told) <= _LONGEST_CELL else told[: _LONGEST_CELL - 1] + "…")
        cell.data_type = "s"
        cell.number_format = "@"
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    if bold:
        cell.font = Font(bold=True)
    if fill:
        cell.fill = PatternFill("solid", fgColor=fill)
    return cell
