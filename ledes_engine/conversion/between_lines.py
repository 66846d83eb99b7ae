"""Between LEDES 1998B and 1998BI, which both are lines: nothing is taken apart, the fields of one go to the other."""

from collections.abc import Mapping

from ledes_engine.conversion.amounts import without_tax
from ledes_engine.conversion.losses import Ledger
from ledes_engine.conversion.sheet import Sheet
from ledes_engine.formats.fields import fields_of
from ledes_engine.model import Document
from ledes_engine.values import number

# What 1998BI has twice, or computes from other fields.
_SAID_ELSEWHERE = ("timekeeper_last_name", "timekeeper_first_name", "invoice_net_total")


def lines_between(document: Document, format: str, defaults: Mapping[str, str], ledger: Ledger) -> Document:
    """The lines in the other of the two formats, or in the same."""
    lines, fields = document.lines, fields_of(format)
    count = len(lines)
    columns = {field.column: list(lines.columns.get(field.column, [""] * count)) for field in fields}
    if format == "1998BI" and document.format == "1998B":
        columns["tax_total"] = ["0"] * count
        names = [name.partition(", ") for name in columns["timekeeper_name"]]
        columns["timekeeper_last_name"] = [last for last, _, _ in names]
        columns["timekeeper_first_name"] = [first for _, _, first in names]
    elif format == "1998B" and document.format == "1998BI":
        columns["total"] = [without_tax(*pair) for pair in zip(lines["total"], lines["tax_total"], strict=True)]
    for column in lines.columns:
        if column not in columns and column not in _SAID_ELSEWHERE and not _says_nothing(document, column):
            ledger.lose_column("lines", lines, column, f"LEDES {format} has no such field")
    numbers = [number_.strip() for number_ in lines["invoice_number"]]
    pairs = zip(numbers, lines["total"], columns["total"], strict=True)
    changed = {invoice for invoice, before, after in pairs if before != after}
    return Sheet(columns, document, format, ledger, numbers, set(numbers) - changed).finished(defaults)


def _says_nothing(document: Document, column: str) -> bool:
    """A column of no tax at all."""
    return column in ("tax_total", "tax_rate", "invoice_tax_total") and not any(
        number(value) for value in document.lines.distinct(column)
    )
