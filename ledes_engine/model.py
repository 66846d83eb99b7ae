"""The plain data that everything else passes along: tables, documents, hits, findings, reports."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import filterfalse, groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from ledes_engine import values

if TYPE_CHECKING:
    from ledes_engine.views import Invoice

SEVERITIES = ("error", "warning", "info")


class LedesError(Exception):
    """Anything this package refuses to do; the text says what is wrong and what to do."""


class Field(NamedTuple):
    """One field of a format: a row of the format's `fields.csv`."""

    position: int
    name: str
    column: str
    type: str  # text | code | date | number
    length: str  # bytes of a text, `12.4` for whole and decimal digits of a number
    level: str  # invoice | line | timekeeper | tax, or the segment of an XML format: whose attribute it is
    required: str  # `all`, or the line types it is required on, or nothing
    when_empty: str  # id of the rule that reports a required field left empty
    aliases: str  # other spellings of the name seen in the wild, separated by blanks
    values: str = ""  # the values allowed, separated by blanks; `@currencies` is a shipped list
    formats: str = ""  # of an element of the XML formats: those that have it (`2.1 2.2`)


class Fault(NamedTuple):
    """What a reader stumbled over: a slug that a card of kind `reading` turns into a finding."""

    slug: str
    record: int = 0
    line: int = 0
    field: str = ""
    value: str = ""
    facts: Mapping[str, Any] = {}
    invoice: str = ""
    path: str = ""


class Hit(NamedTuple):
    """What a check found: the row of the lines table, the column, and the facts that the message needs."""

    row: int
    field: str
    value: str
    facts: Mapping[str, Any] = {}
    amount: Decimal | None = None


class NotChecked(Exception):
    """Raised by a check that lacks what it needs; the text says what, and the rule's outcome is `not checked`."""


class NotApplicable(Exception):
    """Raised when a file has not the column (the only argument) that a rule speaks of."""


class Table:
    """Columns of equal length, every cell the text as it stood in the file.

    `record` and `line` give, for each row, the number of its record (from 1) and the physical line it starts on.
    `steady` columns keep their value from one of the rows `starts` to the next: what leads each record of an invoice.
    A table of an XML file also has its `fields`, the `segments` that its rows were, and the `links` of each row to the
    rows of other tables that hold it (their numbers from 1, by the table's name; 0 for none).
    """

    def __init__(
        self,
        columns: dict[str, list[str]],
        record: Sequence[int],
        line: Sequence[int],
        distinct: Mapping[str, Collection[str]] | None = None,
        steady: Collection[str] = (),
        starts: Sequence[int] = (),
        *,
        fields: tuple[Field, ...] = (),
        segments: Sequence[str] = (),
        links: Mapping[str, Sequence[int]] | None = None,
        read_day: Callable[[str], date | None] = values.day,
    ) -> None:
        self.columns = columns
        self.record = record
        self.line = line
        self.fields = fields
        self.segments = segments
        self.links = links or {}
        self.read_day = read_day
        self._steady, self._starts = frozenset(steady), starts
        self._memory: dict[Any, Any] = {("distinct", name): seen for name, seen in (distinct or {}).items()}

    def __len__(self) -> int:
        return len(self.record)

    def __contains__(self, name: str) -> bool:
        return name in self.columns

    def __getitem__(self, name: str) -> list[str]:
        if name not in self.columns:
            raise NotApplicable(name)
        return self.columns[name]

    def __reduce__(self) -> tuple[Any, ...]:
        more = {name: getattr(self, name) for name in ("fields", "segments", "links", "read_day")}
        return _table, (self.columns, self.record, self.line, more)

    def remember(self, key: Any, build: Callable[[], Any]) -> Any:
        """`build()`, computed once per table: many rules ask the same question of the same columns."""
        if key not in self._memory:
            self._memory[key] = build()
        return self._memory[key]

    def distinct(self, name: str) -> Collection[str]:
        """The different values of a column; of one in which nearly every value is new, the column itself."""
        return self.remember(("distinct", name), lambda: set(self[name]))  # type: ignore[no-any-return]

    def combinations(self, names: tuple[str, ...]) -> set[tuple[str, ...]]:
        """The different combinations of values of several columns."""

        def build() -> set[tuple[str, ...]]:
            columns = [self[name] for name in names]
            if self._steady.issuperset(names):
                columns = [[cells[row] for row in self._starts] for cells in columns]
            return set(zip(*columns, strict=True))

        return self.remember(("combinations", names), build)  # type: ignore[no-any-return]

    def numbers(self, name: str) -> dict[str, Decimal | None]:
        """The exact value of each different cell of a column; None where it is blank or no number."""
        key = ("numbers", name)
        return self.remember(key, lambda: {text: values.number(text) for text in self.distinct(name)})  # type: ignore[no-any-return]

    def days(self, name: str) -> dict[str, date | None]:
        """The date of each different cell of a column; None where it is blank or no date."""
        key = ("days", name)
        return self.remember(key, lambda: {text: self.read_day(text) for text in self.distinct(name)})  # type: ignore[no-any-return]

    def blanks(self, name: str) -> set[str]:
        """The values of a column that say nothing: empty, or blanks only."""
        key = ("blanks", name)
        return self.remember(key, lambda: set(filterfalse(str.strip, self.distinct(name))))  # type: ignore[no-any-return]

    def groups(self, name: str) -> dict[str, Sequence[int]]:
        """The rows of each value of a column, in order; a range where they stand together.

        Blanks around a value do not make another group of it.
        """
        starts = self._starts if name in self._steady else range(len(self))

        def build() -> dict[str, Sequence[int]]:
            cells = self[name]
            padded = any(value != value.strip() for value in self.distinct(name))
            return _groups([value.strip() for value in cells] if padded else cells, starts)

        return self.remember(("groups", name), build)  # type: ignore[no-any-return]

    def part(self, name: str, rows: Sequence[int]) -> list[str]:
        """The cells of a column in some rows, as `groups` gives them."""
        cells = self[name]
        return cells[rows.start : rows.stop] if isinstance(rows, range) else [cells[row] for row in rows]

    def numbered(self, number: int) -> int:
        """The row of a record number, which links give; rows keep their numbers when some are taken out."""
        if isinstance(self.record, range):
            return number - 1
        rows: dict[int, int] = self.remember("numbered", lambda: {one: row for row, one in enumerate(self.record)})
        return rows[number]

    def with_columns(self, columns: dict[str, list[str]]) -> "Table":
        """A table of the same rows with other columns."""
        more = {name: getattr(self, name) for name in ("fields", "segments", "links", "read_day")}
        return Table(columns, self.record, self.line, **more)

    def take(self, rows: Sequence[int]) -> "Table":
        """A table of these rows only."""
        pick = itemgetter(*rows) if len(rows) > 1 else lambda cells: tuple(cells[row] for row in rows)
        columns = {name: list(pick(cells)) for name, cells in self.columns.items()}
        return Table(
            columns,
            list(pick(self.record)),
            list(pick(self.line)),
            fields=self.fields,
            segments=list(pick(self.segments)) if self.segments else (),
            links={name: list(pick(numbers)) for name, numbers in self.links.items()},
            read_day=self.read_day,
        )


def _table(columns: dict[str, list[str]], record: Sequence[int], line: Sequence[int], more: dict[str, Any]) -> Table:
    return Table(columns, record, line, **more)


def _groups(cells: list[str], starts: Sequence[int]) -> dict[str, Sequence[int]]:
    """Rows by value, where the value changes at some of `starts` only."""
    found: dict[str, Any] = {}
    if not cells:
        return found
    firsts = [next(run) for _, run in groupby(starts, cells.__getitem__)]
    for start, stop in zip(firsts, [*firsts[1:], len(cells)], strict=True):
        rows = range(start, stop)
        earlier = found.setdefault(cells[start], rows)
        if isinstance(earlier, list):
            earlier.extend(rows)
        elif earlier is not rows:
            found[cells[start]] = [*earlier, *rows]
    return found


class Layout(NamedTuple):
    """How the bytes of a file were laid out, so that writing gives the same bytes back."""

    identifier: str
    names: tuple[str, ...]  # the header as it stood
    newline: str = "\r\n"
    tail: str = "\r\n"  # what follows the last terminator
    encoding: str = "ascii"
    byte_order_mark: bool = False
    source: bytes = b""  # of an XML file: the file, for what is in it beside the tables


class Document:
    """One file, read: its format, its tables of columns, and what the reader stumbled over.

    `lines` has one row a line item with the canonical column names of the format's `fields.csv`. `damaged` names
    the invoices of which a record could not be read ("" when it is not known which), so that no sum is judged on
    a part of its lines. `segments` are the other tables of an XML file, and `locate` says where in it a cell stands.
    """

    def __init__(
        self,
        format: str,
        fields: tuple[Field, ...],
        lines: Table,
        layout: Layout,
        faults: Sequence[Fault] = (),
        damaged: frozenset[str] = frozenset(),
        readable: bool = True,
        segments: Mapping[str, Table] | None = None,
        locate: Callable[["Document", Table, int, str], tuple[int, str]] | None = None,
        leads: bool = True,
    ) -> None:
        self.format = format
        self.fields = fields
        self.lines = lines
        self.layout = layout
        self.faults = list(faults)
        self.damaged = damaged
        self.readable = readable
        self.segments = segments or {}
        self.locate = locate
        self.leads = leads  # false of the later parts of a file that several clients' guidelines judge
        self._native = {field.column: field.name for field in fields}

    @property
    def family(self) -> str:
        """`ASCII` or `XML`; empty for what is no LEDES file."""
        return "XML" if self.format.startswith("XML") else "ASCII" if self.format.startswith("1998") else ""

    def native(self, column: str, table: Table | None = None) -> str:
        """The name of a column in the document's own format: `total` -> `LINE_ITEM_TOTAL`."""
        for field in table.fields if table else ():
            if field.column == column:
                return field.name.rpartition("/")[2]
        return self._native.get(column, column)

    def place(self, table: Table, row: int, column: str) -> tuple[int, str]:
        """Where a cell stands in the file: the physical line, and in an XML file the path of the element."""
        if self.locate:
            return self.locate(self, table, row, column)
        return table.line[row], ""

    @property
    def tables(self) -> dict[str, Table]:
        """`invoices`, `lines`, `timekeepers` and `taxes`; what the format repeats on each line stands there once.

        An XML file has further ones: `firms`, `clients`, `matters`, `discounts`, `tax_uses`, `tax_sums`, `tiers`,
        `tier_totals`, `statements`, `extensions`.
        """
        if self.segments:
            return {**self.segments, "lines": self.lines}
        return {
            "invoices": self._repeated("invoice", ("invoice_number",)),
            "lines": self.lines,
            "timekeepers": self._repeated("timekeeper", ("timekeeper_id", "timekeeper_name", "timekeeper_class")),
            "taxes": self._repeated("tax", ("tax_type", "tax_rate")),
        }

    def _repeated(self, level: str, by: tuple[str, ...]) -> Table:
        """The first row of each different `by`, with the columns of that level: the first occurrence governs."""
        columns = [field.column for field in self.fields if field.level == level and field.column in self.lines]
        key = [self.lines[name] for name in by if name in self.lines]
        if not key or not len(self.lines):
            return Table({name: [] for name in columns}, [], [])
        first: dict[tuple[str, ...], int] = {}
        for row, values_ in enumerate(zip(*key, strict=True)):
            if any(values_):
                first.setdefault(values_, row)
        whole = Table({name: self.lines[name] for name in columns}, self.lines.record, self.lines.line)
        return whole.take(list(first.values()))

    @property
    def invoice_count(self) -> int:
        """The number of invoices in the file."""
        if self.segments:
            return len(self.segments["invoices"])
        return len(self.lines.groups("invoice_number")) if "invoice_number" in self.lines else 0

    def heads(self, columns: Sequence[str]) -> dict[str, dict[str, str]]:
        """Some columns of each invoice, by its number: the values of its first line, or of what holds it."""
        heads: dict[str, dict[str, str]] = {}
        if not self.segments:
            present = [name for name in columns if name in self.lines]
            for number, rows in self.lines.groups("invoice_number").items():
                heads[number] = {name: self.lines[name][rows[0]] for name in present}
            return heads
        invoices, matters = self.segments["invoices"], self.segments["matters"]
        for row, number in enumerate(invoices["invoice_number"]):
            held = [(self.segments[name], invoices.links[name][row]) for name in ("firms", "clients")]
            first = next((at for at, of in enumerate(matters.links["invoices"], 1) if of == invoices.record[row]), 0)
            head = heads.setdefault(number.strip(), {})
            head.update({name: invoices[name][row] for name in columns if name in invoices})
            for table, at in [*held, (matters, first)]:
                head.update({name: table[name][at - 1] for name in columns if at and name in table})
        return heads

    @property
    def invoices(self) -> "list[Invoice]":
        """The invoices of the file as plain objects: `document.invoices[0].lines[3].narrative`."""
        from ledes_engine.views import invoices_of

        return self.lines.remember("views", lambda: invoices_of(self))  # type: ignore[no-any-return]


class Outcome(NamedTuple):
    """What became of one rule on one file."""

    rule: str
    name: str
    status: str  # passed | failed | not applicable | not checked | broken
    reason: str = ""
    findings: int = 0
