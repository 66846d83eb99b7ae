"""Writing LEDES files: tables to bytes, and documents built from plain Python values."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from functools import cache

from ledes_engine import values
from ledes_engine.codesets import value_list
from ledes_engine.formats.fields import ASCII_FORMATS, FORMATS, fields_of
from ledes_engine.model import Document, Field, Layout, LedesError, Table

Value = str | int | Decimal | date | None


class WriteError(LedesError):
    """A document that cannot be written as a conformant file; `field` and `row` (from 0) say where."""

    def __init__(self, field: str, row: int, reason: str) -> None:
        super().__init__(f"line item {row + 1}, {field}: {reason}")
        self.field = field
        self.row = row


def build(format: str, lines: Iterable[Mapping[str, Value]]) -> Document:
    """A document of `format` ("1998B" or "1998BI") from line items as mappings of canonical column names to values.

    Decimals, whole numbers, dates and strings are taken; what a mapping leaves out is empty. A float is refused,
    because it does not say which amount is meant. Raises WriteError and, for an unknown column, LedesError.
    """
    if format not in ASCII_FORMATS:
        raise LedesError(f"{format!r} cannot be built from lines; 1998B and 1998BI can, and be converted to XML")
    fields = fields_of(format)
    known = {field.column: field for field in fields}
    columns: dict[str, list[str]] = {field.column: [] for field in fields}
    count = 0
    for row, line in enumerate(lines):
        unknown = [name for name in line if name not in known]
        if unknown:
            raise LedesError(f"{format} has no column {unknown[0]!r}; it has {', '.join(known)}")
        for column, cells in columns.items():
            cells.append(_text(line.get(column), known[column].name, row))
        count += 1
    layout = Layout(FORMATS[format].identifier, tuple(field.name for field in fields))
    return Document(format, fields, Table(columns, range(1, count + 1), range(3, count + 3)), layout)


def _text(value: Value, name: str, row: int) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
            raise WriteError(name, row, "the value holds half a character (a lone surrogate), which no file can hold")
        return value
    if isinstance(value, date):
        return value.strftime("%Y%m%d")
    if isinstance(value, Decimal) and value.is_finite():
        return format(value, "f")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise WriteError(name, row, f"{value!r} is no exact value; give a Decimal, a whole number, a date or a string")


def write(document: Document, *, strict: bool = True) -> bytes:
    """The bytes of a document; of a well-formed file that was read, the very bytes it was read from.

    Refuses, with a WriteError that names the field, what the format cannot hold (a delimiter or a line break inside
    a value) and, while `strict`, what it does not allow (a required field left empty, no date, no plain number, a
    value that is too long).
    """
    layout = document.layout
    table = document.lines
    if not document.readable:
        raise LedesError("there is nothing to write: the file was not read")
    if document.family == "XML":
        from ledes_engine.formats.markup_write import write_xml

        _refuse_unfit(document, strict)
        return write_xml(document)
    if strict:
        _refuse_nonconformant(document)
    _refuse_unwritable(document)
    newline = layout.newline
    head = [layout.identifier, "|".join(layout.names) + "[]" if layout.names else ""]
    records = map("|".join, zip(*table.columns.values(), strict=True))
    text = newline.join([*filter(None, head), *(record + "[]" for record in records)])
    text += layout.tail
    mark = "\ufeff" if layout.byte_order_mark else ""
    return _encoded(mark + text, document)


def _refuse_unfit(document: Document, strict: bool) -> None:
    """Values that no XML file can hold and, while `strict`, wrong dates and numbers, and gaps in what must be there."""
    for name, table in document.tables.items():
        for field in table.fields:
            for value in table.distinct(field.column):
                reason = "" if _xml_text().fullmatch(value) else "the value holds a character that XML does not allow"
                reason = reason or (unfit(value, field, document.format) if strict else "")
                if reason:
                    raise WriteError(f"{name}: {field.name}", table[field.column].index(value), reason)


def unfit(value: str, field: Field, format: str) -> str:
    """Why an XML element cannot have a value; empty when it can."""
    text = value.strip()
    if not text:
        return ""
    if field.type == "date":
        fits = values.day(text) if format == "XML 2000" else values.iso_day(text) if "-" in text else None
        return (
            "" if fits else f"{text!r} is no date; write it " + ("YYYYMMDD" if format == "XML 2000" else "YYYY-MM-DD")
        )
    if field.type == "number" and not values.NUMBER.fullmatch(text.removeprefix("+")):
        return f"{text[:40]!r} is no plain number; write it like -1250.00"
    return ""


@cache
def _xml_text() -> re.Pattern[str]:
    """Texts of the characters that XML allows; compiled when the first XML file is written."""
    return re.compile("[\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")


def _encoded(text: str, document: Document) -> bytes:
    encoding = document.layout.encoding
    try:
        return text.encode(encoding, "surrogateescape")
    except UnicodeEncodeError as error:
        for column, cells in document.lines.columns.items():
            for row, cell in enumerate(cells):
                if text[error.start] in cell:
                    letter = text[error.start]
                    reason = (
                        f"the character {letter!r} does not exist in {encoding}; set another encoding or replace it"
                    )
                    raise WriteError(document.native(column), row, reason) from error
        raise


def _refuse_unwritable(document: Document) -> None:
    """Values that would break the record they stand in."""
    for column in document.lines.columns:
        for value in document.lines.distinct(column):
            reason = _breaks_record(value)
            if reason:
                raise WriteError(document.native(column), document.lines[column].index(value), reason)


def _breaks_record(value: str) -> str:
    if "|" in value:
        return "the value holds a pipe (|), which separates fields; put a comma or a slash in its place"
    if "\n" in value or "\r" in value:
        return "the value holds a line break; put a blank in its place"
    if "[]" in value:
        return "the value holds [], which ends a record; take it out"
    return ""


def _refuse_nonconformant(document: Document) -> None:
    table = document.lines
    if not len(table):
        raise LedesError("there is nothing to write: the document has no line items")
    lacking = next((field for field in document.fields if field.column not in table), None)
    if lacking:
        raise WriteError(lacking.name, 0, "the document has no such column")
    types, classes = table["line_type"], table["timekeeper_class"]
    for field in document.fields:
        for row, value in enumerate(table[field.column]):
            if value.strip():
                reason = _not_allowed(value.strip(), field, document.layout.encoding)
            else:
                reason = "the field is required and empty" if required_on(field, types[row], classes[row]) else ""
            if reason:
                raise WriteError(field.name, row, reason)


def required_on(field: Field, line_type: str, classification: str) -> bool:
    """Whether the standard requires the field, beyond dispute, on lines of that type.

    Flat fees and adjustments are nobody's work and have neither timekeeper nor codes.
    """
    if field.when_empty in _OF_A_PERSON and classification in ("FLTFEE", "ADJSMT"):
        return False
    return field.when_empty in _UNDISPUTED and (field.required == "all" or line_type in field.required.split())


# Empty fields of the other rules (client matter, 1998BI extras) are required by some receivers only.
_UNDISPUTED = ("F03", "C01", "C04", "C05", "T01")
_OF_A_PERSON = ("C01", "C04", "T01")
_LISTS = {"line_type": ("F", "E", "IF", "IE"), "account_type": ("O", "T")}


def _not_allowed(value: str, field: Field, encoding: str) -> str:
    if field.type == "date" and values.day(value) is None:
        return f"{value!r} is no date; write it YYYYMMDD"
    if field.type == "number":
        if not values.NUMBER.fullmatch(value):
            return f"{value[:40]!r} is no plain number; write it like -1250.00"
        if not values.holds(value, field.length):
            whole, _, decimals = field.length.partition(".")
            return f"{value[:40]} has more than {whole} digits before or {decimals} after the point"
    if field.type in ("text", "code") and (size := values.size(value, int(field.length), encoding)) > int(field.length):
        return f"the value has {size} characters; {field.length} are allowed"
    if field.column in _LISTS and value not in _LISTS[field.column]:
        return f"{value!r} is not allowed; it is {', '.join(_LISTS[field.column])}"
    if field.column in ("currency", "tax_currency") and value not in value_list("currencies"):
        return f"{value!r} is no currency code of ISO 4217"
    return ""
