"""A document seen as plain objects, for people who write ten lines of Python: invoices that hold lines."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from ledes_engine import values

if TYPE_CHECKING:
    from ledes_engine.model import Document, Table


class _Row:
    """One row of a table; every column is an attribute that holds the text of the file."""

    __slots__ = ("_row", "_table")

    def __init__(self, table: "Table", row: int) -> None:
        self._table = table
        self._row = row

    def __getattr__(self, column: str) -> str:
        if column.startswith("_") or column not in self._table:
            raise AttributeError(f"no column {column!r}; there are {', '.join(self._table.columns)}")
        return self._table[column][self._row]

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._table.columns]

    def __reduce__(self) -> tuple[type, tuple["Table", int]]:
        return type(self), (self._table, self._row)

    def number(self, column: str) -> Decimal | None:
        """The exact value of a column, or None when it is blank or no number."""
        return values.number(getattr(self, column))

    def day(self, column: str) -> date | None:
        """The date in a column, or None when it is blank or no date."""
        return values.day(getattr(self, column))


class Line(_Row):
    """One line item: `line.narrative`, `line.total`, `line.number("total")`."""

    __slots__ = ()

    @property
    def physical_line(self) -> int:
        """The line of the file that the record starts on, from 1."""
        return self._table.line[self._row]

    def __repr__(self) -> str:
        return f"<Line {self.line_number} {self.line_type} {self.total}>"


class Invoice(_Row):
    """One invoice: the values of its first line govern; `lines` are its line items in the order of the file."""

    __slots__ = ("_rows",)

    def __init__(self, table: "Table", rows: Sequence[int]) -> None:
        super().__init__(table, rows[0])
        self._rows = rows

    def __reduce__(self) -> tuple[type, tuple["Table", Sequence[int]]]:  # type: ignore[override]
        return type(self), (self._table, self._rows)

    @property
    def lines(self) -> list[Line]:
        """The line items of this invoice."""
        return [Line(self._table, row) for row in self._rows]

    def __repr__(self) -> str:
        return f"<Invoice {self.invoice_number}: {len(self._rows)} lines, {self.invoice_total}>"


def invoices_of(document: "Document") -> list[Invoice]:
    """The invoices of a document, in the order in which their numbers first appear."""
    if "invoice_number" not in document.lines:
        return []
    return [Invoice(document.lines, rows) for rows in document.lines.groups("invoice_number").values()]
