"""The fuzzy step: words that are misspelt, short narratives that are nearly a label, and texts like approved ones."""

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from ledes_engine.coding.classifier import keywords
from ledes_engine.coding.cues import Cue, Verdict, judge
from ledes_engine.coding.memory import Approved, same_text
from ledes_engine.coding.words import STOP, content_of, stem
from ledes_engine.model import LedesError

# Longer narratives say more than a label.
_SHORT = 7
# Shorter words are too much alike to be put right.
_LONG = 6
_LIKE_A_WORD, _LIKE_A_LABEL, _LIKE_A_TEXT = 84, 86, 90


class Lists(NamedTuple):
    """The words that cues are made of, by first letter; labels and keywords, and the code of each."""

    words: Mapping[str, tuple[str, ...]]
    phrases: Mapping[str, str]


def lists_of(known: Mapping[str, Cue], codes: Collection[str]) -> Lists:
    """What misspelt words and short narratives are compared with."""
    words = sorted({word for phrase in known for word in phrase.split() if len(word) >= _LONG and word.isalpha()})
    by_letter: dict[str, list[str]] = {}
    for word in words:
        by_letter.setdefault(word[0], []).append(word)
    phrases = {
        " ".join(content_of(one.lower().split())): code
        for code, some in keywords(frozenset(codes)).items()
        for one in some
    }
    return Lists({letter: tuple(some) for letter, some in by_letter.items()}, phrases)


def judge_fuzzily(
    words: Sequence[str], known: dict[str, Cue], lists: Lists, codes: Collection[str], *, with_deeds: bool
) -> Verdict | None:
    """The code that the words speak for when they are read with good will; None where that does not help."""
    process, fuzz = _library()
    content = content_of(words)
    if 1 < len(content) <= _SHORT:
        found = process.extractOne(
            " ".join(content), lists.phrases.keys(), scorer=fuzz.token_sort_ratio, score_cutoff=_LIKE_A_LABEL
        )
        if found and lists.phrases[found[0]] in codes:
            return Verdict(lists.phrases[found[0]], found[1] / 100, (found[0],), "", False)
    read = [_read(word, lists.words.get(word[0], ())) for word in words]
    if read == list(words):
        return None
    return judge(read, known, codes, with_deeds=with_deeds)


@lru_cache(maxsize=100_000)
def _read(word: str, known: tuple[str, ...]) -> str:
    """The word that a misspelt one probably is."""
    meant = stem(word)
    if len(meant) < _LONG or word in STOP or not word.isalpha() or meant in known:
        return word
    process, fuzz = _library()
    near = [one for one in known if abs(len(one) - len(meant)) < 3]
    found = process.extractOne(meant, near, scorer=fuzz.ratio, score_cutoff=_LIKE_A_WORD)
    return str(found[0]) if found else word


def like_approved(narrative: str, approved: Sequence[Approved]) -> tuple[Approved, float] | None:
    """The approved coding whose text is most like a narrative, and how like, from 0 to 1; None where none is."""
    process, fuzz = _library()
    texts = [same_text(one.narrative) for one in approved]
    found = process.extractOne(same_text(narrative), texts, scorer=fuzz.token_sort_ratio, score_cutoff=_LIKE_A_TEXT)
    return (approved[found[2]], found[1] / 100) if found else None


def available() -> bool:
    """Whether the library is there."""
    try:
        _library()
    except LedesError:
        return False
    return True


@lru_cache(maxsize=1)
def _library():  # type: ignore[no-untyped-def]
    try:
        from rapidfuzz import fuzz, process
    except ImportError:
        raise LedesError("the fuzzy step needs rapidfuzz: pip install 'ledes-engine[coding]'") from None
    return process, fuzz
