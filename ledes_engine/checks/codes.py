"""Kinds about task, activity and expense codes: do they exist, do they fit, does the client take them."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from ledes_engine.checks.scope import Scope, judge, kind, missing
from ledes_engine.codesets import bare
from ledes_engine.model import Hit

_COLUMNS = ("task_code", "activity_code", "expense_code")


@kind
def code_fault(scope: Scope) -> Iterator[Hit]:
    """A code cell with the fault `fault`: `unknown`, `not-bare`, `wrong-field`, `phase` or `retired`."""
    wanted = scope.params["fault"]
    totals = scope.lines.numbers("total")
    for column in _COLUMNS:
        if column not in scope.lines:
            continue

        faults = _faults(scope, column)

        def judged(text: str, faults: _Faults = faults) -> Mapping[str, Any] | None:
            found = faults[text]
            if found is None or found[0] != wanted or _allowed(scope, text):
                return None
            suggestion = found[1].get("suggestion", "")
            return {**found[1], "hint": f"; did you mean {suggestion}?" if suggestion else ""}

        for row, (text,), facts in judge(scope, [column], judged):
            yield Hit(row, column, text, facts, totals[scope.lines["total"][row]])


_Faults = dict[str, tuple[str, Mapping[str, Any]] | None]


def _faults(scope: Scope, column: str) -> _Faults:
    """What is wrong with each value of a code column; the rules on codes share it."""
    sets = scope.client.code_sets

    def build() -> _Faults:
        return {text: sets.fault(column, text) for text in scope.lines.distinct(column)}

    return scope.lines.remember(("codes", column, id(sets)), build)  # type: ignore[no-any-return]


def _allowed(scope: Scope, text: str) -> bool:
    """A code on the client's own list is known, whatever the sets say."""
    return bool(scope.client.allowed_codes) and text in (scope.client.allowed_codes or ())


@kind
def code_permission(scope: Scope) -> Iterator[Hit]:
    """A code that the client's guidelines do not list (`list = "allowed"`), or list as never payable (`"denied"`)."""
    client, which = scope.client, scope.params["list"]
    if which == "allowed" and client.allowed_codes is None:
        raise missing("list of allowed codes")
    if which == "denied" and not client.denied_codes:
        raise missing("list of denied codes")
    allowed = client.allowed_codes or frozenset()
    totals = scope.lines.numbers("total")

    def judged(text: str) -> Mapping[str, Any] | None:
        code = bare(text)
        if which == "denied":
            return {"because": client.denied_codes[code]} if code in client.denied_codes else None
        return None if not code or code in allowed else {}

    for column in _COLUMNS:
        if column in scope.lines and (which == "denied" or _lists(allowed, column, scope)):
            for row, (text,), facts in judge(scope, [column], judged):
                yield Hit(row, column, text, facts, totals[scope.lines["total"][row]])


def _lists(allowed: frozenset[str], column: str, scope: Scope) -> bool:
    """Whether the client's list names any code of this column: a list of expense codes says nothing about tasks."""
    return any(scope.client.code_sets.find(column, code) for code in allowed)


@kind
def code_families(scope: Scope) -> Iterator[Hit]:
    """Codes of different families in a group `by`: task codes on one matter, expense sets on one invoice.

    Pairs in `tolerated` go together. One hit a group, at the first line of the second family.
    """
    lines, column = scope.lines, scope.params["column"]
    sets = scope.client.code_sets
    tolerated = {frozenset(pair) for pair in scope.params.get("tolerated", ())}
    family = {text: sets.family(column, text) for text in lines.distinct(column)}
    if len(set(family.values()) - {""}) < 2:
        return
    first: dict[tuple[str, ...], tuple[str, str]] = {}
    told = set()
    groups = zip(*(lines[name] for name in scope.params["by"]), strict=True)
    for row, (group, text) in enumerate(zip(groups, lines[column], strict=True)):
        this = family[text]
        if not this or not all(group):
            continue
        other, code = first.setdefault(group, (this, text))
        if this != other and group not in told and frozenset((this, other)) not in tolerated:
            told.add(group)
            yield Hit(row, column, text, {"family": this, "other_family": other, "other": code})


@kind
def matter_code_sets(scope: Scope) -> Iterator[Hit]:
    """A task code from another set than those that the guidelines name for the matter."""
    matters = scope.client.matters or {}
    if not any(matter.code_sets for matter in matters.values()):
        raise missing("code sets for matters")
    sets = scope.client.code_sets

    def judged(text: str, client_matter: str, firm_matter: str) -> Mapping[str, Any] | None:
        matter = matters.get(client_matter) or matters.get(firm_matter)
        found = sets.find("task_code", bare(text))
        if not found or not matter or not matter.code_sets or found[0].name in matter.code_sets:
            return None
        return {
            "set": found[0].title,
            "matter": client_matter or firm_matter,
            "expected": " or ".join(matter.code_sets),
        }

    for row, (text, *_), facts in judge(scope, ["task_code", "client_matter_id", "matter_id"], judged):
        yield Hit(row, "task_code", text, facts)


@kind
def default_code(scope: Scope) -> Iterator[Hit]:
    """One code on so large a share of an invoice's lines that software probably filled it into blank fields.

    `shares` gives for each code the share of the lines of its type from which it counts, `min_lines` how many lines
    there must be at least.
    """
    lines, least = scope.lines, int(scope.params["min_lines"])
    types = lines["line_type"]
    for code, share in scope.params["shares"].items():
        is_expense = scope.client.code_sets.find("expense_code", code)
        column, line_type = ("expense_code", "E") if is_expense else ("task_code", "F")
        cells = lines[column]
        if code not in lines.distinct(column):
            continue
        for rows in lines.groups("invoice_number").values():
            part = slice(rows[0], rows[-1] + 1)
            if cells[part].count(code) < Decimal(share) * least:
                continue
            of_type = [row for row in rows if types[row] == line_type]
            with_code = [row for row in of_type if cells[row] == code]
            if len(of_type) >= least and len(with_code) >= Decimal(share) * len(of_type):
                told = f"{100 * len(with_code) // len(of_type)} %"
                yield Hit(with_code[0], column, code, {"count": len(with_code), "of": len(of_type), "share": told})


@kind
def code_on_line_type(scope: Scope) -> Iterator[Hit]:
    """A code in a field that lines of that type leave empty: `barred` gives the columns for each line type."""
    for line_type, columns in scope.params["barred"].items():
        for column in columns:
            if column in scope.lines and set(scope.lines.distinct(column)) - {""}:
                narrowed = scope._replace(params={"where": {"line_type": [line_type]}})
                for row, (text,), _ in judge(narrowed, [column], lambda text: {} if text.strip() else None):
                    yield Hit(row, column, text, {"type": line_type})
