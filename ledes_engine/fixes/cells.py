"""Repairs of cells. Each different value of a column is looked at once."""

import re
from collections.abc import Callable, Mapping, Sequence

from ledes_engine import values
from ledes_engine.codesets import CodeSets, value_list
from ledes_engine.model import Document, Field, Table

_CODES = ("task_code", "activity_code", "expense_code")
# Columns by which others find something; two of them must not become the same.
_KEYS = ("_id", "_number")
_NULL = re.compile(r"\(?null\)?", re.I)
_DATE = re.compile(r"([0-9]{1,4})[-/. ]([0-9]{1,2})[-/. ]([0-9]{1,4})")
_LISTS = {
    "line_type": ("F", "E", "IF", "IE"),
    "account_type": ("O", "T"),
    "currency": "currencies",
    "tax_currency": "currencies",
    "timekeeper_class": "classifications",
}


class Mender:
    """The tables of a document while they are mended, and an account of the changes."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.tables = {name: _copy(table) for name, table in _own_tables(document).items()}
        self.changes: list[tuple[str, str, str, str, int, int]] = []

    def fields(self, name: str) -> Sequence[Field]:
        """The fields of a table that may be changed there."""
        table = self.tables[name]
        return table.fields or [field for field in self.document.fields if field.column in table.columns]

    def each(self, what: str, better: Callable[[str, Field], str]) -> None:
        """Put `better(value, field)` for every cell; the account says `what` for."""
        for name in self.tables:
            for field in self.fields(name):
                self.column(name, field, what, lambda value, field=field: better(value, field))  # type: ignore[misc]

    def column(self, name: str, field: Field, what: str, better: Callable[[str], str]) -> None:
        """Put `better(value)` for every cell of one column."""
        table = self.tables[name]
        cells = table.columns[field.column]
        mended = {value: new for value in dict.fromkeys(cells) if (new := better(value)) != value}
        if mended:
            for value, new in mended.items():
                line = self._line(name, cells.index(value), field)
                self.changes.append((what, field.name, value, new, cells.count(value), line))
            table.columns[field.column] = [mended.get(cell, cell) for cell in cells]

    def put(self, name: str, field: Field, what: str, new: Mapping[int, str]) -> None:
        """Put new values into some rows of a column."""
        table = self.tables[name]
        cells = list(table.columns[field.column])
        for row, value in new.items():
            if cells[row] != value:
                self.changes.append((what, field.name, cells[row], value, 1, self._line(name, row, field)))
                cells[row] = value
        table.columns[field.column] = cells

    def _line(self, name: str, row: int, field: Field) -> int:
        return self.document.place(self.document.tables[name], row, field.column)[0]

    def is_what(self, document: Document) -> bool:
        """Whether a document says what these tables say."""
        if document.format != self.document.format:
            return False
        other = _own_tables(document)
        return all(
            list(table.columns.values()) == [other[name].columns.get(column) for column in table.columns]
            for name, table in self.tables.items()
        )


def _own_tables(document: Document) -> dict[str, Table]:
    """The tables with the columns that stand in the file; copies on the line items of an XML file are left out."""
    if document.family == "ASCII":
        return {"lines": document.lines}
    tables = {name: table for name, table in document.tables.items() if name != "extensions"}
    own = {field.column for field in document.lines.fields}
    columns = {column: cells for column, cells in document.lines.columns.items() if column in own}
    return {**tables, "lines": document.lines.with_columns(columns)}


def _copy(table: Table) -> Table:
    return table.with_columns(dict(table.columns))


class Safe:
    """The repairs that change how a value is written and not what it says."""

    def __init__(self, sets: CodeSets, encoding: str, document: Document) -> None:
        self._sets = sets
        self._encoding = encoding
        self._format = document.format

    def apply(self, mender: Mender) -> None:
        """All of them, in an order in which none undoes another."""
        mender.each("blanks around a value", lambda value, field: value.strip())
        mender.each("the word NULL", lambda value, field: "" if _NULL.fullmatch(value) else value)
        mender.each("letter case", self._case)
        mender.each("label in a code field", self._code)
        mender.each("date punctuation", self._date)
        mender.each(f"characters outside {self._encoding}", self._letters)

    def _case(self, value: str, field: Field) -> str:
        allowed = _LISTS.get(field.column, ())
        known = value_list(allowed) if isinstance(allowed, str) else frozenset(allowed)
        known |= frozenset(field.values.split()) if not field.values.startswith("@") else frozenset()
        if not value or value in known:
            return value
        return next((one for one in known if one.lower() == value.lower()), value)

    def _code(self, value: str, field: Field) -> str:
        fault = self._sets.fault(field.column, value) if field.column in _CODES else None
        return str(fault[1]["code"]) if fault and fault[0] == "not-bare" else value

    def _date(self, value: str, field: Field) -> str:
        """The date without or with the right punctuation, where it can be read in one way only."""
        if field.type != "date" or not value:
            return value
        modern = self._format.startswith("XML 2.")
        if (values.iso_day(value) is not None and "-" in value) if modern else values.day(value) is not None:
            return value
        readings = _readings(value)
        if len(readings) != 1:
            return value
        (text,) = readings
        return f"{text[:4]}-{text[4:6]}-{text[6:]}" if modern else text

    def _letters(self, value: str, field: Field) -> str:
        if value.isascii() or self._encoding == "utf-8" or field.type != "text" or field.column.endswith(_KEYS):
            return value  # in a number, a date, a code or an id a strange sign may be anything
        from anyascii import anyascii

        text = ""
        for letter in value:
            new = letter if _fits(letter, self._encoding) else anyascii(letter)
            fraction = new[:1].isdigit() and new != letter and text[-1:].isdigit()  # 1½ is 1 1/2 and not 11/2
            text += f" {new}" if fraction else new
        # What the letters turn into must not end a field or a record.
        return text if "|" in value or "[]" in value else text.replace("|", "/").replace("[]", "()")


def _readings(value: str) -> set[str]:
    """The days, YYYYMMDD, that a text may mean; a year of two digits may be any."""
    if values.day(value):
        return {value}
    found = _DATE.fullmatch(value)
    if not found:
        return set()
    one, two, three = found.groups()
    if len(one) == 4:
        tries = [(one, two, three)]
    elif len(three) == 4:
        tries = [(three, one, two), (three, two, one)]
    else:
        return set()
    texts = {f"{year}{int(month):02}{int(day):02}" for year, month, day in tries if len(day) < 3 and len(month) < 3}
    return {text for text in texts if values.day(text)}


def _fits(letter: str, encoding: str) -> bool:
    if "\ud800" <= letter <= "\udfff":
        return True  # a byte that was no character: it is written as it stood
    try:
        letter.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
