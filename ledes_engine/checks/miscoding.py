"""Codes that the narrative speaks against. The chain that assigns codes is the judge, without its slower steps."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ledes_engine.checks.scope import Scope, kind
from ledes_engine.coding.entry import EXPENSE, FEE, Entry
from ledes_engine.model import Hit

if TYPE_CHECKING:
    from ledes_engine.coding.spaces import Rules

_KINDS = {"F": FEE, "E": EXPENSE}


@kind
def narrative_contradicts_code(scope: Scope) -> Iterator[Hit]:
    """A code that differs from the one that the words of the narrative speak for beyond doubt.

    `fields` are the codes to look at: task, activity, expense. Entries of several tasks, and work that clients code in
    more than one way, are passed over. With `classifier` spaCy's step is asked too, which takes a second to load.
    """
    from ledes_engine.coding.chain import Coder
    from ledes_engine.coding.matters import sets_by_matter

    fields = scope.params["fields"]
    entries = _entries(scope)
    coder = Coder(_rules(scope), classify=scope.params["classifier"])
    totals = scope.lines.numbers("total")
    suggestions = coder.stream(entries, sets_by_matter(entries, coder.rules))
    for row, (entry, one) in enumerate(zip(entries, suggestions, strict=True)):
        for existing in one.existing:
            if existing.verdict != "contradicts" or existing.field not in fields:
                continue
            choice = one.choices[existing.field]
            facts = {
                "code": existing.code,
                "suggested": choice.code,
                "label": choice.label,
                "words": ", ".join(choice.evidence),
            }
            value = getattr(entry, existing.field)
            yield Hit(row, f"{existing.field}_code", value, facts, totals[scope.lines["total"][row]])


def _entries(scope: Scope) -> list[Entry]:
    lines = scope.lines
    names = ("narrative", "line_type", "task_code", "activity_code", "expense_code", "client_matter_id", "matter_id")
    blank = [""] * len(lines)
    columns = [lines.columns.get(name, blank) for name in names]
    return [
        Entry(
            text, _KINDS.get(type_.strip().upper(), ""), task.strip(), activity.strip(), expense.strip(), one or other
        )
        for text, type_, task, activity, expense, one, other in zip(*columns, strict=True)
    ]


def _rules(scope: Scope) -> "Rules":
    """What the client says of codes."""
    from ledes_engine.coding.spaces import Rules

    client = scope.client
    names = [one.name for one in client.code_sets.sets] if client.code_sets.chosen else None
    by_matter = {one.id: one.code_sets for one in (client.matters or {}).values()}
    return Rules.of(names, by_matter, client.allowed_codes, client.denied_codes)
