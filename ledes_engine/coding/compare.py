"""The codes that an entry has, held against what its words say. Nothing here changes a code."""

from collections.abc import Mapping
from functools import lru_cache

from ledes_engine.coding.entry import Entry
from ledes_engine.coding.spaces import Space, labels
from ledes_engine.coding.suggestion import Choice, Existing
from ledes_engine.resources import lexicon_file, remembered, shipped_toml

# A code contradicts the words only where they are this sure.
CERTAIN = 0.9


def compared(
    entry: Entry, choices: Mapping[str, Choice], abstained: Mapping[str, str], known: Mapping[str, Space]
) -> tuple[Existing, ...]:
    """Whether each code of an entry is missing, agrees with its words, contradicts them, or they do not tell."""
    found = []
    for field in entry.wanted:
        code = getattr(entry, field).strip().upper()
        if not code:
            found.append(Existing(field, "", "missing"))
        else:
            found.append(_compared(field, code, choices.get(field), field in abstained, known.get(field), entry))
    return tuple(found)


def _compared(
    field: str, code: str, choice: Choice | None, abstained: bool, space: Space | None, entry: Entry
) -> Existing:
    if choice and choice.code == code:
        return Existing(field, code, "agrees")
    if choice and code in either(choice.code, entry.narrative):
        return Existing(field, code, "agrees", "convention differs from client to client")
    if abstained or choice is None or space is None or choice.confidence < CERTAIN or code == choice.runner_up:
        return Existing(field, code, "unsure")
    if code not in space.codes:
        return Existing(field, code, "unsure", "the code is of another set")
    words = ", ".join(choice.evidence)
    why = f"{words} speaks for {choice.code} {choice.label}, not for {labels().get(code, code)}"
    return Existing(field, code, "contradicts", why)


@lru_cache(maxsize=1)
def conventions() -> list[tuple[tuple[str, ...], frozenset[str]]]:
    """Codes that clients use for one thing: the words it is about (none: any), and the codes."""
    path = lexicon_file("conventions.toml")
    rows = remembered("either-code", [path], lambda: shipped_toml(path)["either"])
    return [(tuple(one["words"]), frozenset(one["codes"])) for one in rows]


def either(code: str, narrative: str) -> frozenset[str]:
    """The codes that are as right as one, by the conventions that differ from client to client."""
    low = narrative.lower()
    found = frozenset({code})
    for words, codes in conventions():
        if code in codes and (not words or any(word in low for word in words)):
            found |= codes
    return found
