"""The lexicon step: phrases that speak for a code, and how often they were right.

`rules/lexicon/cues.csv` holds them, one a line: the space, the phrase (stems of words), the code, how many labelled
narratives hold the phrase, and how many of them have the code. People may read and mend it; `python -m
benchmarks.coding.train` writes it from the labelled narratives and the keywords of the code sets.
"""

import math
import os
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from ledes_engine.coding.words import STOP, content_of, deeds
from ledes_engine.resources import data_folder, remembered

# A phrase has at most so many words.
MOST_WORDS = 3
# Longer texts hold too much for one phrase to decide.
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


def phrases_of(words: Sequence[str], *, with_deeds: bool) -> Iterator[str]:
    """What may be a cue in some words: runs of up to three stems, and for activities what the first words name."""
    content = content_of(words)
    size = len(content)
    for at in range(min(size, _MOST_CUES)):
        run = content[at]
        yield run
        for stop in range(at + 1, min(at + MOST_WORDS, size)):
            run = f"{run} {content[stop]}"
            yield run
    if with_deeds:
        for deed in deeds(words):
            yield f"@{deed}"
        if content:
            yield f"^{content[0]}"
            yield "^" + " ".join(content[:2])


def cues() -> dict[str, dict[str, Cue]]:
    """The shipped cues by space and phrase."""
    return _load(_path())


def _path() -> str:
    return os.path.join(data_folder("rules"), "lexicon", "cues.csv")


@lru_cache(maxsize=2)
def _load(path: str) -> dict[str, dict[str, Cue]]:
    rows = remembered("cues", [path], lambda: read_cues(path)) if os.path.isfile(path) else []
    found: dict[str, dict[str, Cue]] = {}
    for space, phrase, code, right, seen in rows:
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


def judge(words: Sequence[str], known: dict[str, Cue], codes: Collection[str], *, with_deeds: bool) -> Verdict | None:
    """The code that the cues together speak for; None without a cue.

    A cue counts by how seldom it was wrong, so that the most specific event wins: its phrase comes in several lengths,
    each nearly always right. What speaks for the next code takes from the strength.
    """
    total: dict[str, float] = {}
    found: list[Cue] = []
    for phrase in phrases_of(words, with_deeds=with_deeds):
        cue = known.get(phrase)
        if cue is not None and cue.code in codes:
            found.append(cue)
            total[cue.code] = total.get(cue.code, 0.0) + cue.weight
    if not found:
        return None
    ranked = sorted(total.items(), key=lambda one: (-one[1], one[0]))
    code, weight = ranked[0]
    other, against = ranked[1] if len(ranked) > 1 else ("", 0.0)
    evidence = tuple(dict.fromkeys(cue.phrase for cue in found if cue.code == code))[:3]
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
