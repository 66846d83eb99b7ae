"""The fuzzy step: words that are misspelt, short narratives that are nearly a label, and texts like approved ones."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache

from ledes_engine.coding.classifier import keywords
from ledes_engine.coding.cues import Cue, Text, Verdict, cues, judge
from ledes_engine.coding.memory import Approved, same_text
from ledes_engine.coding.words import STOP, content_of, stem
from ledes_engine.model import LedesError

# Longer narratives say more than a label.
_SHORT = 7
# Shorter words are too much alike to be put right.
_LONG = 6
_LIKE_A_WORD, _LIKE_A_LABEL, _LIKE_A_TEXT = 84, 86, 90


class Reader:
    """Reads misspelt words as those that cues are made of, and remembers what it made of each."""

    def __init__(self, known: Iterable[Mapping[str, Cue]]) -> None:
        words = {word for some in known for phrase in some for word in phrase.split()}
        self._known = {word for word in words if len(word) >= _LONG and word.isalpha()}
        self._by_letter: dict[str, list[str]] = {}
        for word in sorted(self._known):
            self._by_letter.setdefault(word[0], []).append(word)
        self._read: dict[str, str] = {}

    def read(self, text: Text) -> Text | None:
        """The text with its misspelt words read as what was meant; None where there are none."""
        known = self._read
        read = [known.get(word) or self._meant(word) for word in text.words]
        return None if read == text.words else Text(read, text.narrative)

    def _meant(self, word: str) -> str:
        found = self._nearest(word)
        if len(self._read) < _REMEMBERED:
            self._read[word] = found
        return found

    def _nearest(self, word: str) -> str:
        meant = stem(word)
        if len(meant) < _LONG or word in STOP or not word.isalpha() or meant in self._known:
            return word
        process, fuzz = _library()
        near = [one for one in self._by_letter.get(meant[0], ()) if abs(len(one) - len(meant)) < 3]
        found = process.extractOne(meant, near, scorer=fuzz.ratio, score_cutoff=_LIKE_A_WORD)
        return str(found[0]) if found else word


@lru_cache(maxsize=1)
def reader() -> Reader:
    """The reader by all shipped cues; every chain uses it, because to make it costs more than many entries."""
    return Reader(cues().values())


class Labels:
    """The labels and keywords of some codes, for short narratives that are nearly one of them."""

    def __init__(self, codes: Collection[str]) -> None:
        self._codes: dict[str, str] = {}
        self._by_word: dict[str, list[str]] = {}
        for code, some in keywords(frozenset(codes)).items():
            for one in some:
                content = content_of(one.lower().split())
                self._codes[" ".join(content)] = code
                for word in content:
                    self._by_word.setdefault(word, []).append(" ".join(content))

    def judge(self, text: Text) -> Verdict | None:
        """The code whose label or keyword a short text nearly is."""
        if not 1 < len(text.words) <= _SHORT:
            return None
        process, fuzz = _library()
        content = text.content
        near = dict.fromkeys(phrase for word in content for phrase in self._by_word.get(word, ()))
        found = process.extractOne(" ".join(content), near, scorer=fuzz.token_sort_ratio, score_cutoff=_LIKE_A_LABEL)
        return Verdict(self._codes[found[0]], found[1] / 100, (found[0],), "", False) if found else None


_REMEMBERED = 100_000


def judge_fuzzily(
    text: Text, read: Text | None, known: dict[str, Cue], labels: Labels, codes: Collection[str], *, with_deeds: bool
) -> Verdict | None:
    """The code that a text speaks for when it is read with good will; None where that does not help."""
    nearly = labels.judge(text)
    if nearly and nearly.code in codes:
        return nearly
    return judge(read, known, codes, with_deeds=with_deeds) if read else None


def like_approved(narrative: str, approved: Sequence[Approved]) -> tuple[Approved, float] | None:
    """The approved coding whose text is most like a narrative, and how like, from 0 to 1; None where none is."""
    process, fuzz = _library()
    texts = [one.text for one in approved]
    found = process.extractOne(same_text(narrative), texts, scorer=fuzz.token_sort_ratio, score_cutoff=_LIKE_A_TEXT)
    return (approved[found[2]], found[1] / 100) if found else None


@lru_cache(maxsize=1)
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
