"""What is the same however lines come about: their numbers, the totals of invoices, gaps, and what a line can hold."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from ledes_engine.conversion.losses import Ledger
from ledes_engine.formats.fields import FORMATS, fields_of
from ledes_engine.formats.write import required_on
from ledes_engine.model import Document, Layout, Table
from ledes_engine.values import ZERO, holds, number, plain

# The rule on the fields that 1998BI has beyond 1998B; a conversion fills them in.
_REQUIRED_IN_BI = "F48"


class Sheet:
    """The columns of the lines in the making."""

    def __init__(
        self,
        columns: dict[str, list[str]],
        source: Document,
        format: str,
        ledger: Ledger,
        invoices: Sequence[object],
        kept: Collection[object] = (),
    ) -> None:
        """`invoices` says of each line which invoice it is of; the `kept` ones keep the totals that they state."""
        self.columns = columns
        self._invoices, self._kept = invoices, frozenset(kept)
        self._source, self._format, self._ledger = source, format, ledger
        self._fields = fields_of(format)

    def finished(self, defaults: Mapping[str, str]) -> Document:
        """The document, with what can be computed computed, and the rest told."""
        self._sum_up()
        self._fill_gaps(defaults)
        self._fit()
        layout = Layout(FORMATS[self._format].identifier, tuple(field.name for field in self._fields))
        rows = len(self.columns["line_type"])
        lines = Table(self.columns, range(1, rows + 1), range(3, rows + 3))
        return Document(self._format, self._fields, lines, layout)

    def _sum_up(self) -> None:
        """Line numbers, and the totals of each invoice where they are not what the source says."""
        columns = self.columns
        groups: dict[object, list[int]] = defaultdict(list)
        for row, invoice in enumerate(self._invoices):
            groups[invoice].append(row)
        values = {text: number(text) or ZERO for text in {*columns["total"], *columns.get("tax_total", ())}}
        for invoice, rows in groups.items():
            for position, row in enumerate(rows, 1):
                columns["line_number"][row] = columns["line_number"][row].strip() or str(position)
            stated = number(columns["invoice_total"][rows[0]])
            total = sum((values[columns["total"][row]] for row in rows), ZERO)
            if invoice not in self._kept or stated is None:
                self._state("invoice_total", rows, total)
                stated = total
            if self._format == "1998BI":
                tax = sum((values[columns["tax_total"][row]] for row in rows), ZERO)
                self._state("invoice_tax_total", rows, tax)
                for row in rows:
                    columns["invoice_net_total"][row] = plain(stated - tax)

    def _state(self, column: str, rows: list[int], amount: Decimal) -> None:
        """A total of the invoice: the source's where it is right, else the sum of the lines, and the ledger says so."""
        cells = self.columns[column]
        stated = cells[rows[0]]
        if number(stated) == amount:
            return
        if stated.strip():
            native = self._source.native(column)
            self._ledger.lose(
                "invoices", native, f"the lines of the {self._format} file sum to {plain(amount)}", [(0, stated)]
            )
        for row in rows:
            cells[row] = plain(amount)

    def _fill_gaps(self, defaults: Mapping[str, str]) -> None:
        """Put the defaults where something is blank, and tell what is required and still blank."""
        types, classes = self.columns["line_type"], self.columns["timekeeper_class"]
        for field in self._fields:
            cells = self.columns[field.column]
            if field.column in defaults and field.level == "invoice":
                cells[:] = [cell if cell.strip() else defaults[field.column] for cell in cells]
            for row, cell in enumerate(cells) if "" in cells else ():
                if cell.strip():
                    continue
                asked = (
                    field.when_empty == _REQUIRED_IN_BI
                    and field.level != "timekeeper"
                    and (field.required == "all" or types[row] in field.required.split())
                )
                if asked or required_on(field, types[row], classes[row]):
                    whole = field.level == "invoice"
                    where = "on every line" if whole else f"on {types[row]} lines; line item {row + 1} has none"
                    self._ledger.lack(field.name, field.column, where, by_default=whole)
                    break

    def _fit(self) -> None:
        """Characters that would break a record or that ASCII does not have; values that are too long or no number."""
        for field in self._fields:
            cells = self.columns[field.column]
            told: list[tuple[int, str]] = []
            fitted: dict[str, str] = {}
            for value in set(cells):
                better = fitting(value)
                if better != value:
                    fitted[value] = better
                    told.append((0, value))
                elif field.type == "number" and number(value) is not None and not holds(value.strip(), field.length):
                    self._ledger.refuse(f"{field.name}: {value} has more digits than {self._format} allows")
                elif field.type in ("text", "code") and len(value) > int(field.length):
                    self._ledger.refuse(
                        f"{field.name}: {value[:40]!r} has {len(value)} characters; {field.length} are allowed"
                    )
            if fitted:
                cells[:] = [fitted.get(cell, cell) for cell in cells]
                self._ledger.lose("lines", field.name, "written in characters that a line can hold", sorted(told))


def fitting(value: str) -> str:
    """A value as a line of LEDES 1998B can hold it: in ASCII, without pipes, brackets `[]` and line breaks."""
    if not value.isascii():
        from anyascii import anyascii

        value = anyascii(value)
    if "\n" in value or "\r" in value:
        value = " ".join(value.split())
    return value.replace("|", "/").replace("[]", "()")
