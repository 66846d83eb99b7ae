"""Kinds about words and phrases: a client's watch list, and what an expense or a service is called."""

import os
import re
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache

from ledes_engine.checks.narratives import looked_over, narrative_hit
from ledes_engine.checks.scope import Scope, chosen_rows, kind, missing
from ledes_engine.model import Hit, LedesError
from ledes_engine.values import ZERO

_WORDS = re.compile(r"\w+")


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
    known = looked_over(scope.lines).words
    wanted = [one for one in wanted if known.issuperset(_WORDS.findall(one.lower()))]
    cells = scope.lines["narrative"]
    allowed = ZERO if p.get("allowed") == "0" else None
    rows = chosen_rows(scope) if wanted else ()
    found = having({cells[row] for row in rows}, wanted, p["except"]) if wanted else {}
    for row in rows if found else ():
        if cells[row] in found:
            start, end = found[cells[row]]
            facts = {"phrase": cells[row][start:end], "spans": [(start, end)]}
            yield narrative_hit(scope, row, facts, allowed=allowed)


def having(texts: Collection[str], wanted: Sequence[str], barred: Sequence[str] = ()) -> dict[str, tuple[int, int]]:
    """The texts that hold a phrase as whole words, and where; not those that hold one of `barred`."""
    pattern, against = _pattern(tuple(wanted)), _pattern(tuple(barred))
    joined = "\n".join(texts)
    if pattern is None or not pattern.search(joined):
        return {}
    told = {}
    for text in texts:
        match = pattern.search(text)
        if match and not (against and against.search(text)):
            told[text] = match.span()
    return told


@lru_cache(maxsize=512)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str] | None:
    """One expression for whole words; blanks in a phrase stand for any blanks."""
    if not words:
        return None
    parts = (r"\s+".join(map(re.escape, word.split())) for word in sorted(words, key=len, reverse=True) if word.strip())
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)", re.IGNORECASE)


@lru_cache(maxsize=64)
def phrases_in(path: str) -> tuple[str, ...]:
    """The phrases of a text file, one a line; a line that begins with # is a remark."""
    if not os.path.isfile(path):
        raise LedesError(f"{path}: there is no such list of words")
    with open(path, encoding="utf-8-sig", errors="replace") as file:
        lines = [line.strip() for line in file]
    return tuple(line for line in lines if line and not line.startswith("#"))
