"""What a check may look at, and the one way to judge values: each distinct combination once, then find its rows."""

import os
from array import array
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import compress
from typing import TYPE_CHECKING, Any, NamedTuple

from ledes_engine.codesets import CodeSets
from ledes_engine.model import Document, Field, Hit, NotChecked, Table

if TYPE_CHECKING:
    from ledes_engine.history import History


class Timekeeper(NamedTuple):
    """A timekeeper that the client approved. `rates` are (first day, last day, hourly rate), days None when open."""

    id: str
    name: str = ""
    classification: str = ""
    rates: tuple[tuple[date | None, date | None, Any], ...] = ()
    admitted: int | None = None  # the year of admission to the bar
    until: date | None = None  # the last day of the approval


class Matter(NamedTuple):
    """A matter that the client assigned to the firm."""

    id: str
    opened: date | None = None
    closed: date | None = None
    code_sets: tuple[str, ...] = ()
    budget: Decimal | None = None
    phases: Mapping[str, Decimal] = {}  # task code or phase -> the most that may be billed to it
    authorised: Decimal | None = None  # by an order or an engagement letter
    billed: Decimal | None = None  # to date, where it is not in the history
    fee: str = "hourly"  # or fixed
    staff: tuple[str, ...] = ()  # the timekeepers of the staffing plan
    approved: tuple[str, ...] = ()  # work that was approved: `summary judgment`, `expert`


class Dispute(NamedTuple):
    """What the client rejected or disputes of an earlier invoice; a line of it, or the whole."""

    invoice: str
    reason: str = ""
    raised: date | None = None
    line: str = ""  # the number of the line
    status: str = "rejected"  # or disputed


class Client(NamedTuple):
    """What a client's guidelines say beyond rules: lists that some checks need. None means: not told."""

    code_sets: CodeSets
    allowed_codes: frozenset[str] | None = None
    denied_codes: Mapping[str, str] = {}  # code -> reason
    timekeepers: Mapping[str, Timekeeper] | None = None
    matters: Mapping[str, Matter] | None = None
    firm_ids: frozenset[str] | None = None
    currency: str = ""
    tax_rates: tuple[Decimal, ...] = ()
    disputes: tuple[Dispute, ...] = ()
    history: "History | None" = None


class Scope(NamedTuple):
    """One check on one document: the tables, the card's parameters as the guidelines set them, the client, the day."""

    document: Document
    lines: Table  # or another table, where the card's `tables` name it
    rule: str
    params: Mapping[str, Any]
    client: Client
    today: date
    file: str = ""
    size: int = 0  # of the file, in bytes
    fields: tuple[Field, ...] = ()  # of the table

    def columns(self) -> list[str]:
        """The columns of the table that the parameters `columns` or `types` name; all when neither is given."""
        named = self.params.get("columns")
        if named:
            own = {field.column for field in self.fields} if "tables" in self.params else self.lines.columns
            return [column for column in named if column in own]
        return self.of_type(*self.params.get("types", ()))

    def of_type(self, *types: str) -> list[str]:
        """The columns of the table whose fields are of these types; all when none is given."""
        return [f.column for f in self.fields if f.column in self.lines and (not types or f.type in types)]

    def written(self, day: date) -> str:
        """A day as the document's format writes it."""
        return f"{day:%Y-%m-%d}" if self.document.format.startswith("XML 2.") else f"{day:%Y%m%d}"

    def past(self) -> "History | None":
        """The earlier invoices, where there are any to look at."""
        history = self.client.history
        return history if history and os.path.isfile(history.path) else None

    def history(self) -> "History":
        """The earlier invoices; raises NotChecked when there are none to look at."""
        history = self.past()
        if history is None:
            raise NotChecked("no earlier invoices are given (--history, or a store that --record fills)")
        return history

    def own(self) -> set[tuple[str, str]]:
        """The invoices of this file, by client and number: they are no earlier ones."""
        heads = self.document.heads(("client_id",))
        return {(head.get("client_id", "").strip(), number) for number, head in heads.items()}

    def matter_column(self) -> str:
        """The column of the client's matter number, or of the firm's where no line has the client's."""
        lines = self.lines
        known = "client_matter_id" in lines and any(lines.distinct("client_matter_id"))
        return "client_matter_id" if known else "matter_id"

    def matters(self) -> list[str]:
        """The matter of each line: the client's number, or the firm's where that is blank."""
        lines = self.lines

        def build() -> list[str]:
            own = [text.strip() for text in lines["matter_id"]] if "matter_id" in lines else [""] * len(lines)
            if "client_matter_id" not in lines:
                return own
            return [text.strip() or other for text, other in zip(lines["client_matter_id"], own, strict=True)]

        return lines.remember("matters of lines", build)  # type: ignore[no-any-return]

    def whole(self) -> None:
        """Refuse to compare the parts of an XML file of which something could not be read."""
        if self.document.damaged:
            raise NotChecked("part of the file could not be read")


Verdict = Callable[..., Mapping[str, Any] | None]
KINDS: dict[str, Callable[[Scope], Iterator[Any]]] = {}


def kind(check: Callable[[Scope], Iterator[Any]]) -> Callable[[Scope], Iterator[Any]]:
    """Register a function as the kind of check of its name."""
    KINDS[check.__name__] = check
    return check


def judge(
    scope: Scope, columns: Sequence[str], verdict: Verdict
) -> Iterator[tuple[int, tuple[str, ...], Mapping[str, Any]]]:
    """The rows whose values `verdict` faults: (row, values, facts), in the order of the file.

    `verdict` gets the values of `columns` and returns facts, or None when all is well. It is asked once for each
    distinct combination, and rows are looked for only when it found fault. Rows that the card's `where` and `unless`
    leave out are passed over.
    """
    lines = scope.lines
    columns = tuple(columns)
    if not chosen_rows(scope):
        return
    bad: dict[Any, Mapping[str, Any]]
    if len(columns) == 1:
        keys: Sequence[Any] = lines[columns[0]]
        bad = {value: facts for value in _candidates(scope, columns[0]) if (facts := verdict(value)) is not None}
    else:
        bad = {key: facts for key in lines.combinations(columns) if (facts := verdict(*key)) is not None}
        keys = list(zip(*(lines[name] for name in columns), strict=True)) if bad else ()
    if bad:
        for row in chosen_rows(scope):
            if keys[row] in bad:
                yield row, keys[row] if len(columns) > 1 else (keys[row],), bad[keys[row]]


def _candidates(scope: Scope, column: str) -> Collection[str]:
    """The values to judge: the column's distinct ones, or where these are many, only those of the chosen rows."""
    distinct = scope.lines.distinct(column)
    rows = chosen_rows(scope)
    if len(distinct) <= len(rows):
        return distinct
    cells = scope.lines[column]
    return {cells[row] for row in rows}


def chosen_rows(scope: Scope) -> Sequence[int]:
    """The rows that the card's `where` and `unless` speak of; equality is the only selector."""
    lines = scope.lines
    where, unless = scope.params.get("where", {}), scope.params.get("unless", {})
    if not where and not unless:
        return range(len(lines))
    if any(name not in lines for name in where):
        return ()
    unless = {name: barred for name, barred in unless.items() if name in lines}
    # The values of XML elements are compared without regard to case; a rule of its own tells of the case.
    fold = str.lower if scope.document.family == "XML" else str

    def build() -> Sequence[int]:
        rows: Sequence[int] = range(len(lines))
        for name, values, wanted in [
            *((n, v, True) for n, v in where.items()),
            *((n, v, False) for n, v in unless.items()),
        ]:
            cells = lines[name]
            known = {fold(value) for value in values}
            chosen = {text for text in lines.distinct(name) if (fold(text.strip()) in known) == wanted}
            if len(chosen) < len(lines.distinct(name)):
                texts = cells if isinstance(rows, range) else map(cells.__getitem__, rows)
                rows = array("Q", compress(rows, map(chosen.__contains__, texts)))
        return rows

    return lines.remember(("rows", repr(where), repr(unless)), build)  # type: ignore[no-any-return]


def judge_each(scope: Scope, verdict: Verdict, columns: Sequence[str] | None = None) -> Iterator[Hit]:
    """`judge` on each of the columns alone; on the card's when none are given."""
    for column in scope.columns() if columns is None else columns:
        for row, (value,), facts in judge(scope, [column], verdict):
            yield Hit(row, column, value, facts)


def missing(what: str) -> NotChecked:
    """The refusal of a check that the guidelines give nothing to go by."""
    return NotChecked(f"the guidelines give no {what}")
