"""The lexicon step: phrases that speak for a code, and how often they were right.

`rules/lexicon/cues.csv` holds them, one a line: the space, the phrase (stems of words), the code, how many labelled
narratives hold the phrase, and how many of them have the code. People may read and mend it; `python -m
benchmarks.coding.train` writes it from the labelled narratives and the keywords of the code sets.
"""

import math
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import NamedTuple

from ledes_engine.coding.words import STOP, content_of, deeds
from ledes_engine.resources import lexicon_file, remembered

# What stands beyond so many words is not looked at.
_MOST_CUES = 400


class Cue(NamedTuple):
    """A phrase and what it tells: the code, and the share of narratives with the phrase that have the code."""

    phrase: str
    code: str
    share: float
    seen: int
    weight: float  # what it counts for

    @classmethod
    def of(cls, phrase: str, code: str, share: float, seen: int) -> "Cue":
        """A cue, with its weight: the smaller the share of errors, the greater."""
        return cls(phrase, code, share, seen, -math.log(1.02 - share))


class Text:
    """A narrative as the steps look at it: its words, and the runs of stems that may be cues, each made once."""

    __slots__ = ("_deeds", "content", "narrative", "runs", "words")

    def __init__(self, words: list[str], narrative: str = "") -> None:
        self.narrative = narrative
        self.words = words
        self.content = content = content_of(words)[:_MOST_CUES]
        after = content[1:]
        pairs = [f"{one} {other}" for one, other in zip(content, after)]  # noqa: B905  the last word has no neighbour
        triples = [f"{one} {other}" for one, other in zip(pairs, after[1:])]  # noqa: B905
        self.runs = dict.fromkeys([*content, *pairs, *triples])
        self._deeds: list[str] | None = None

    @property
    def deeds(self) -> list[str]:
        """What the first words name of the work, as cues for an activity."""
        if self._deeds is None:
            self._deeds = [f"@{deed}" for deed in deeds(self.words)]
            first = self.content[:2]
            self._deeds += [f"^{first[0]}", "^" + " ".join(first)] if first else []
        return self._deeds

    def phrases(self, *, with_deeds: bool) -> list[str]:
        """What may be a cue; for activities also what was done."""
        return [*self.runs, *self.deeds] if with_deeds else list(self.runs)


@lru_cache(maxsize=1)
def cues() -> dict[str, dict[str, Cue]]:
    """The shipped cues by space and phrase."""
    path = lexicon_file("cues.csv")
    found: dict[str, dict[str, Cue]] = {}
    for space, phrase, code, right, seen in remembered("cues", [path], lambda: read_cues(path)):
        found.setdefault(space, {})[phrase] = Cue.of(phrase, code, right / seen, seen)
    return found


def read_cues(path: str) -> list[tuple[str, str, str, float, int]]:
    """The rows of a file of cues."""
    import csv

    with open(path, newline="", encoding="utf-8") as file:
        return [
            (s, phrase, code, float(right), int(seen)) for s, phrase, code, right, seen in list(csv.reader(file))[1:]
        ]


class Verdict(NamedTuple):
    """What the cues in a narrative say: the code that most speaks for, its strength, the cue, and the next code."""

    code: str
    strength: float
    evidence: tuple[str, ...]
    runner_up: str
    conflict: bool  # another code has a cue as strong


def judge(text: Text, known: dict[str, Cue], codes: Collection[str], *, with_deeds: bool) -> Verdict | None:
    """The code that the cues together speak for; None without a cue.

    A cue counts by how seldom it was wrong, so that the most specific event wins: its phrase comes in several lengths,
    each nearly always right. What speaks for the next code takes from the strength.
    """
    total: dict[str, float] = {}
    hits = [known[phrase] for phrase in text.runs if phrase in known]
    if with_deeds:
        hits += [known[phrase] for phrase in text.deeds if phrase in known]
    found = [cue for cue in hits if cue.code in codes]
    for cue in found:
        total[cue.code] = total.get(cue.code, 0.0) + cue.weight
    if not found:
        return None
    ranked = sorted(total.items(), key=lambda one: (-one[1], one[0]))
    code, weight = ranked[0]
    other, against = ranked[1] if len(ranked) > 1 else ("", 0.0)
    evidence = tuple(cue.phrase for cue in found if cue.code == code)
    return Verdict(code, weight - _AGAINST * against, evidence, other, against > _CONFLICT * weight)


# What speaks for the next code takes so much of its weight; from this share of the weight on the cues conflict.
_AGAINST, _CONFLICT = 0.7, 0.6


def as_written(words: Sequence[str], phrase: str) -> str:
    """A phrase of stems in the words of the narrative that it was found in."""
    if phrase[:1] in "@^":
        return phrase.lstrip("@^").replace(":", " ").replace(">", " with ")
    carrying = [word for word in words if word not in STOP]
    wanted = phrase.split()
    stems = content_of(carrying)
    at = next((at for at in range(len(stems)) if stems[at : at + len(wanted)] == wanted), None)
    return phrase if at is None else " ".join(carrying[at : at + len(wanted)])


def evidence_of(words: Sequence[str], phrases: Sequence[str]) -> tuple[str, ...]:
    """The longest of some phrases as it is written, which says most."""
    return (as_written(words, max(phrases, key=_telling)),) if phrases else ()


def _telling(phrase: str) -> tuple[bool, int, int]:
    return phrase[:1] not in "@^", phrase.count(" "), len(phrase)
