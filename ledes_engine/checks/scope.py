"""What a check may look at, and the one way to judge values: each distinct combination once, then find its rows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from ledes_engine.codesets import CodeSets
from ledes_engine.model import Document, Hit, NotApplicable, NotChecked, Table


class Timekeeper(NamedTuple):
    """A timekeeper that the client approved. `rates` are (first day, last day, hourly rate), days None when open."""

    id: str
    name: str = ""
    classification: str = ""
    rates: tuple[tuple[date | None, date | None, Any], ...] = ()


class Matter(NamedTuple):
    """A matter that the client assigned to the firm."""

    id: str
    opened: date | None = None
    closed: date | None = None
    code_sets: tuple[str, ...] = ()


class Client(NamedTuple):
    """What a client's guidelines say beyond rules: lists that some checks need. None means: not told."""

    code_sets: CodeSets
    allowed_codes: frozenset[str] | None = None
    denied_codes: Mapping[str, str] = {}  # code -> reason
    timekeepers: Mapping[str, Timekeeper] | None = None
    matters: Mapping[str, Matter] | None = None
    firm_ids: frozenset[str] | None = None
    currency: str = ""


class Scope(NamedTuple):
    """One check on one document: the tables, the card's parameters as the guidelines set them, the client, the day."""

    document: Document
    lines: Table
    rule: str
    params: Mapping[str, Any]
    client: Client
    today: date
    file: str = ""
    size: int = 0  # of the file, in bytes

    def columns(self) -> list[str]:
        """The columns of the table that the parameters `columns` or `types` name; all when neither is given."""
        named = self.params.get("columns")
        if named:
            return [column for column in named if column in self.lines]
        types = self.params.get("types")
        return [f.column for f in self.document.fields if f.column in self.lines and (not types or f.type in types)]

    def need(self, *columns: str) -> None:
        """Raise NotApplicable when the document lacks one of the columns."""
        for column in columns:
            if column not in self.lines:
                raise NotApplicable(f"the file has no {self.document.native(column)}")


Verdict = Callable[..., Mapping[str, Any] | None]
KINDS: dict[str, Callable[[Scope], Iterator[Any]]] = {}


def kind(check: Callable[[Scope], Iterator[Any]]) -> Callable[[Scope], Iterator[Any]]:
    """Register a function as the kind of check of its name."""
    KINDS[check.__name__] = check
    return check


def judge(scope: Scope, columns: Sequence[str], verdict: Verdict) -> Iterator[tuple[int, tuple[str, ...], Mapping[str, Any]]]:
    """The rows whose values `verdict` faults: (row, values, facts), in the order of the file.

    `verdict` gets the values of `columns` and returns facts, or None when all is well. It is asked once for each
    distinct combination, and for no row that the card's `where` and `unless` leave out.
    """
    lines = scope.lines
    columns = tuple(columns)
    where, unless = scope.params.get("where", {}), scope.params.get("unless", {})
    if len(columns) == 1 and all(verdict(value) is None for value in lines.distinct(columns[0])):
        return
    selectors = tuple(name for name in (*where, *unless) if name in lines)
    names = columns + selectors
    bad: dict[tuple[str, ...], Mapping[str, Any]] = {}
    for combination in lines.combinations(names):
        chosen = dict(zip(selectors, combination[len(columns) :], strict=True))
        if selected(chosen, where, unless):
            facts = verdict(*combination[: len(columns)])
            if facts is not None:
                bad[combination] = facts
    if bad:
        for row, combination in enumerate(zip(*(lines[name] for name in names), strict=True)):
            if combination in bad:
                yield row, combination[: len(columns)], bad[combination]


def selected(
    values: Mapping[str, str], where: Mapping[str, Sequence[str]], unless: Mapping[str, Sequence[str]]
) -> bool:
    """Whether a row with these values is one that a card speaks of; equality is the only selector."""
    if any(values.get(column, "").strip() not in allowed for column, allowed in where.items()):
        return False
    return not any(values[column].strip() in barred for column, barred in unless.items() if column in values)


def judge_each(scope: Scope, verdict: Verdict) -> Iterator[Hit]:
    """`judge` on each of the card's columns alone."""
    for column in scope.columns():
        for row, (value,), facts in judge(scope, [column], verdict):
            yield Hit(row, column, value, facts)


def missing(what: str) -> NotChecked:
    """The refusal of a check that the guidelines give nothing to go by."""
    return NotChecked(f"the guidelines give no {what}")
