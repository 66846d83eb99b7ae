"""What the classifier sees of a narrative: numbered features in three blocks, the same when it learns and judges.

The blocks are words with their runs of letters (so that `depo` and `deposition`, or a typo, are alike), pairs of words,
and what the analysis of the narrative says of the deed and the people. A feature's number is a hash, not looked up.
"""

from functools import lru_cache
from itertools import pairwise
from zlib import crc32

from ledes_engine.coding.cues import Text
from ledes_engine.coding.words import STOP, stem
from ledes_engine.narrative import steps_of

BLOCKS = ("letters", "pairs", "deeds")
SIZE = 1 << 15
_RUNS = (3, 4, 5)


@lru_cache(maxsize=200_000)
def number_of(feature: str) -> int:
    """The number of a feature."""
    return crc32(feature.encode()) % SIZE


@lru_cache(maxsize=200_000)
def of_word(word: str) -> tuple[int, ...]:
    """The features of one word: itself, and its runs of three to five letters with the ends marked."""
    if word in STOP:
        return ()
    marked = f"<{word[:40]}>"
    runs = (marked[at : at + size] for size in _RUNS for at in range(len(marked) - size + 1))
    return tuple(dict.fromkeys([number_of("w" + word), *map(number_of, runs)]))


def letters(text: Text) -> list[int]:
    """The first block."""
    return [number for word in dict.fromkeys(text.words) for number in of_word(word)]


@lru_cache(maxsize=400_000)
def _pair(first: str, second: str) -> int:
    return number_of(f"p{first} {second}")


@lru_cache(maxsize=400_000)
def _follows(first: str, second: str) -> int:
    return number_of(f"r{first} {second}")


@lru_cache(maxsize=100_000)
def _single(word: str) -> int:
    return number_of("s" + word)


def pairs(text: Text) -> list[int]:
    """The second block: the stems and the pairs of neighbours among them."""
    content = text.content
    return list(dict.fromkeys([*map(_single, content), *map(_pair, content, content[1:])]))


def deeds(text: Text) -> list[int]:
    """The third block: what was done, with whom, and how the narrative begins."""
    found: dict[str, None] = {}
    for at, step in enumerate(steps_of(text.narrative)[:3]):
        place = "first" if at == 0 else "later"
        done = step.activity or "none"
        found |= dict.fromkeys([f"{place}:{done}", f"{place}:{done}:{step.form}", f"{place}:{step.lemma}"])
        found |= dict.fromkeys(f"{place}:{done}>{party}" for party in step.parties or ("nobody",))
        found |= dict.fromkeys(f">{party}" for party in step.parties)
    for at, word in enumerate(text.words[:3]):
        found[f"at{min(at, 1)}:{stem(word)}"] = None
    numbers = [*map(number_of, found), *(_follows(one, other) for one, other in pairwise(text.words))]
    return list(dict.fromkeys(numbers))
