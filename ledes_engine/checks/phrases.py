"""Kinds about words and phrases: a client's watch list, and what an expense or a service is called."""

from collections.abc import Iterator

from ledes_engine.checks.narratives import is_credit, looked_over, narrative_hit
from ledes_engine.checks.scope import Scope, chosen_rows, kind, missing
from ledes_engine.checks.words import having, phrases_in
from ledes_engine.model import Hit
from ledes_engine.values import ZERO


@kind
def phrases(scope: Scope) -> Iterator[Hit]:
    """A line whose text holds one of `phrases` (and those of `also` and of the text files `files`) as whole words.

    Case does not matter; `one` is not in `phone`. A text that also holds one of `except` is passed over. With
    `allowed = "0"` the guideline pays nothing for the line. A list that is empty means that the rule is not checked.
    """
    p = scope.params
    wanted = [*p["phrases"], *p.get("also", ()), *(one for path in p.get("files", ()) for one in phrases_in(path))]
    if not wanted:
        raise missing("words to look for")
    wanted = looked_over(scope.lines).known(wanted)
    cells = scope.lines["narrative"]
    allowed = ZERO if p.get("allowed") == "0" else None
    rows = chosen_rows(scope) if wanted else ()
    found = having({cells[row] for row in rows}, wanted, p["except"]) if wanted else {}
    for row in rows if found else ():
        if cells[row] in found and not is_credit(scope, row):
            start, end = found[cells[row]]
            facts = {"phrase": cells[row][start:end], "spans": [(start, end)]}
            yield narrative_hit(scope, row, facts, allowed=allowed)
