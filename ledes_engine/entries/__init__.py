"""Files of time entries and expenses, whichever product wrote them, and LEDES invoices: read to entries, and written
back with nothing changed but the codes that were put in."""

import os
from collections.abc import Mapping
from decimal import Decimal
from typing import Protocol

from ledes_engine.coding.entry import EXPENSE, FEE, FIELDS, Entry
from ledes_engine.entries.delimited import Delimited
from ledes_engine.entries.invoices import InvoiceFile
from ledes_engine.entries.objects import Objects
from ledes_engine.entries.products import ADDED, columns_of, is_expense, is_header, reading_of
from ledes_engine.entries.workbook import Workbook
from ledes_engine.model import LedesError
from ledes_engine.values import number

__all__ = ["EntryFile", "Timesheet", "read_entries"]

_SIXTY = Decimal(60)
_CENTS = Decimal("0.01")


class EntryFile(Protocol):
    """A file of entries: what it comes from, its entries, and a way to put codes in."""

    source: str
    entries: list[Entry]
    names: frozenset[str]  # people, clients and matters that the file names
    reading: str  # which columns were read as what, where that is a guess

    @property
    def added(self) -> tuple[str, ...]:
        """Columns that the file has not, and that writing adds."""

    def put(self, row: int, field: str, code: str) -> None:
        """Put a code (`task`, `activity` or `expense`) into the entry of that number, from 0."""

    def data(self) -> bytes:
        """The bytes of the file with the codes that were put in."""


class _Cells(Protocol):
    header: list[str]
    rows: list[list[str]]

    def place(self, row: int) -> str: ...
    def add(self, name: str) -> int: ...
    def put(self, row: int, column: int, text: str) -> None: ...
    def data(self) -> bytes: ...


class Timesheet:
    """A CSV, Excel or JSON file of entries."""

    def __init__(self, cells: _Cells, columns: Mapping[str, str] | None = None) -> None:
        self._cells = cells
        self.source, self._columns = columns_of(cells.header, columns)
        self.reading = reading_of(cells.header, self._columns) if self.source == "table" else ""
        self.entries = [self._entry(row) for row in range(len(cells.rows))]
        self._places: dict[str, int] = {}
        self._more: dict[str, int] = {}
        named = (text for one in self.entries for text in (one.matter, one.client, one.timekeeper))
        self.names = frozenset(filter(None, named))

    @property
    def added(self) -> tuple[str, ...]:
        """Columns that the file has not, and that writing adds."""
        return (*(ADDED[field] for field in self._places if field not in self._columns), *self._more)

    def _entry(self, row: int) -> Entry:
        cells = self._cells.rows[row]

        def text(field: str) -> str:
            some = (cells[at].strip() for at in self._columns.get(field, ()) if at < len(cells))
            return next((cell for cell in some if cell), "")

        hours = amount_of(text("hours"))
        if hours is None and (minutes := amount_of(text("minutes"))) is not None:
            hours = (minutes / _SIXTY).quantize(_CENTS)
        codes = {field: text(field) for field in FIELDS}
        # A sheet that has a column for expense codes, and none for kinds: what has an amount and no time is an expense.
        untimed = hours is None and bool(text("amount")) and "expense" in self._columns and "kind" not in self._columns
        return Entry(
            text("narrative"),
            EXPENSE
            if is_expense(text("kind"), codes["expense"]) or untimed or self.source == "Juris expenses"
            else FEE,
            **codes,
            matter=text("matter"),
            client=text("client"),
            timekeeper=text("timekeeper"),
            day=text("day"),
            hours=hours,
            rate=amount_of(text("rate")),
            amount=amount_of(text("amount")),
            billed=amount_of(text("billed")),
            place=self._cells.place(row),
        )

    def put(self, row: int, field: str, code: str) -> None:
        """Put a code into an entry; where the file has no column for it, into one that is added."""
        if field not in self._places:
            known = self._columns.get(field)
            self._places[field] = known[0] if known else self._cells.add(ADDED[field])
        self._cells.put(row, self._places[field], code)

    def put_text(self, row: int, name: str, text: str) -> None:
        """Put a text into a column that is added at the end."""
        if name not in self._more:
            self._more[name] = self._cells.add(name)
        self._cells.put(row, self._more[name], text)

    def data(self) -> bytes:
        """The bytes of the file."""
        return self._cells.data()


def amount_of(text: str) -> Decimal | None:
    """The exact value of a number as products write it: `$1,250.00`, `0.40h`, `(12.50)`; None where it is none."""
    text = text.strip().rstrip("hH").replace("$", "").replace("£", "").replace("€", "").replace(" ", "")
    if text[:1] == "(" and text[-1:] == ")":
        text = "-" + text[1:-1]
    if "," in text and text.rpartition(",")[2].partition(".")[0].isdigit() and len(text.rpartition(",")[2]) != 2:
        text = text.replace(",", "")
    hours, colon, minutes = text.partition(":")
    if colon and hours.isdigit() and minutes.isdigit():
        return (Decimal(hours) + Decimal(minutes) / _SIXTY).quantize(_CENTS)
    return number(text)


def read_entries(data: bytes, name: str, columns: Mapping[str, str] | None = None) -> EntryFile:
    """The entries in a file's bytes; `name` tells CSV, Excel and JSON by its ending, anything else is read as LEDES.

    `columns` map fields to column names, for files of unknown products. Raises LedesError that says what is wrong.
    """
    kind = os.path.splitext(name)[1].lower()
    try:
        if kind in (".csv", ".tsv"):
            return Timesheet(Delimited(data), columns)
        if kind in (".xlsx", ".xlsm"):
            return Timesheet(Workbook(data, lambda row: is_header(row, columns)), columns)
        if kind == ".json":
            return Timesheet(Objects(data), columns)
        return InvoiceFile(data)
    except LedesError as error:
        raise LedesError(f"{name}: {error}") from error
