"""Converting documents between formats: what a format can hold is carried over, and all that it cannot is told.

The way is `source -> tables -> target`: tables with the segments of LEDES XML 2.2 and the canonical column names hold
all that any of the formats can say. A reader of tables makes them of line items, a writer makes the target of them.
Amounts that a format asks for and another leaves to be added up are computed; nothing is invented.
"""

from collections.abc import Mapping
from typing import NamedTuple

from ledes_engine.conversion.between_lines import lines_between
from ledes_engine.conversion.from_lines import tables_of_lines
from ledes_engine.conversion.losses import Ledger, Loss
from ledes_engine.conversion.to_lines import lines_of_tables
from ledes_engine.conversion.to_markup import markup_of_tables, with_credits
from ledes_engine.formats.fields import ASCII_FORMATS, FORMATS, simple
from ledes_engine.model import Document, LedesError
from ledes_engine.resources import without_collector
from ledes_engine.values import number

__all__ = ["Conversion", "Loss", "convert", "target_format"]


class Conversion(NamedTuple):
    """The document in its new format, what it could not hold, and what it lacks."""

    document: Document
    losses: tuple[Loss, ...]
    missing: tuple[str, ...]  # what must be there and is nowhere: the file should not be written without it


def target_format(name: str) -> str:
    """The format that somebody means by `1998b`, `98BI`, `2.2` or `xml 2000`; raises LedesError for none."""
    known = {simple(format.removeprefix("XML ")): format for format in FORMATS} | {"98b": "1998B", "98bi": "1998BI"}
    found = known.get(simple(name.lower().removeprefix("ledes").removeprefix("xml")))
    if found is None:
        raise LedesError(
            f"there is no format {name!r}; there are 1998b, 1998bi, 2000, 2.0, 2.1 and 2.2 "
            "(and csv, xlsx and json for ledes convert)"
        )
    return found


def convert(
    document: Document, to: str, defaults: Mapping[str, str] | None = None, *, strict: bool = False
) -> Conversion:
    """A document in another format, with a list of what that format cannot hold.

    `to` is `1998b`, `1998bi`, `2000`, `2.0`, `2.1` or `2.2`; `defaults` (canonical column -> value) fill what the
    target requires and the source does not say. Raises LedesError for a document that was not read whole, and under
    `strict` where anything is lost or missing.
    """
    format = target_format(to)
    if not document.readable or document.damaged:
        raise LedesError("part of the file could not be read, so it is not converted; check it with ledes-check first")
    if document.format == format:
        return Conversion(document, (), ())
    ledger = Ledger(document)
    with without_collector():
        _refuse_what_is_no_number(document, ledger)
        made = _made(document, format, dict(defaults or {}), ledger)
        _lose_what_no_table_holds(document, ledger)
    conversion = Conversion(made, tuple(ledger.losses), tuple(ledger.missing))
    if strict and (conversion.losses or conversion.missing):
        raise LedesError("; ".join([*conversion.missing, *(str(loss) for loss in conversion.losses)]))
    return conversion


def _refuse_what_is_no_number(document: Document, ledger: Ledger) -> None:
    """Amounts that cannot be read cannot be added up."""
    for table in document.tables.values() if document.family == "XML" else (document.lines,):
        for field in table.fields or document.fields:
            cells = table.columns.get(field.column, []) if field.type == "number" else []
            bad = next((text for text in dict.fromkeys(cells) if text.strip() and number(text) is None), None)
            if bad is not None:
                line = table.line[cells.index(bad)]
                ledger.refuse(
                    f"{field.name} is {bad[:40]!r} (line {line}), which is no number; mend it and convert again"
                )


def _lose_what_no_table_holds(document: Document, ledger: Ledger) -> None:
    """Elements of an XML file that its format does not have, second ones of a kind, and text between elements."""
    for fault in document.faults:
        if fault.slug in ("element-unknown", "element-repeated", "stray-text"):
            told = fault.facts.get("text") or f"{fault.value} x {fault.facts.get('count', 1)}"
            ledger.lose("file", fault.path, "it is no part of the format that the file is in", [(fault.line, told)])


def _made(document: Document, format: str, defaults: Mapping[str, str], ledger: Ledger) -> Document:
    if document.family == "ASCII":
        if format in ASCII_FORMATS:
            return lines_between(document, format, defaults, ledger)
        return markup_of_tables(tables_of_lines(document, ledger), document, format, defaults, ledger)
    tables = dict(document.tables)
    if document.format == "XML 2000" != format:
        tables = with_credits(tables, format, ledger)
    make = lines_of_tables if format in ASCII_FORMATS else markup_of_tables
    return make(tables, document, format, defaults, ledger)
