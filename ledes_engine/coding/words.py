"""A narrative as words: what the lexicon step, the fuzzy step and the classifier look at."""

import re
from collections.abc import Sequence
from functools import lru_cache

from ledes_engine.narrative.lexicon import lexicon, spelt

# Longer narratives are no description of a day's work; what stands beyond is not looked at.
LONGEST = 3_000

_WORD = re.compile(r"[^\W\d_]++(?:['’&/.-][^\W_]++)*+|[0-9]++(?:\([a-z0-9]{1,4}\))*+")
STOP = frozenset(
    "the a an of to from with w/ w by at in on for and or as into per via its his her their our my this that these "
    "those it is are was were be been".split()
)
# The words before the verb or noun that says what was done: no more than so many are looked over.
_LEAD = 5


def words_of(text: str) -> list[str]:
    """The words of a narrative in small letters, and its numbers; citations like `30(b)(6)` are one word."""
    return _WORD.findall(text[:LONGEST].lower())


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """What the forms of a word have in common: `depositions`, `deposed` -> `deposition`, `depos`."""
    if word.isdigit():
        return "0"
    word = word.removesuffix("'s").removesuffix("’s")
    if len(word) > 4:
        for ending in ("ies", "ing", "ed", "es", "s"):
            if word.endswith(ending) and len(word) - len(ending) >= 3:
                return word[: -len(ending)] + ("y" if ending == "ies" else "")
    return word


class _Stems(dict[str, str]):
    """The stem of each word, empty for one without meaning of its own; as a dict, which remembers."""

    def __missing__(self, word: str) -> str:
        found = "" if word in STOP else stem(word)
        if len(self) < _REMEMBERED:
            self[word] = found
        return found


# Words are remembered from one narrative to the next, up to so many.
_REMEMBERED = 200_000
_stems = _Stems()


def content_of(words: Sequence[str]) -> list[str]:
    """The stems of the words that carry meaning, in their order."""
    return list(filter(None, map(_stems.__getitem__, words)))


@lru_cache(maxsize=65_536)
def deed_of(word: str) -> str:
    """The kind of work that a word names: `draft`, `review`, `communicate` ...; empty for none."""
    words = lexicon()
    verb = words.verbs.get(word) or words.verbs.get(spelt(word))
    if verb:
        return verb.activity
    return next((deed for phrase, deed in words.nouns.get(word, ()) if len(phrase) == 1), "")


def counterparts(words: Sequence[str]) -> list[str]:
    """With whom the words deal: client, opposing, court ..., in order, each once."""
    found: dict[str, None] = {}
    people = lexicon().people
    for at, word in enumerate(words):
        for phrase, role in people.get(word, ()):
            if len(phrase) == 1 or tuple(words[at : at + len(phrase)]) == phrase:
                found[role] = None
                break
    return list(found)


def deeds(words: Sequence[str]) -> list[str]:
    """What the first words name of the work, with the counterparts: `communicate`, `communicate>client`."""
    lead = next(((word, deed) for word in words[:_LEAD] if (deed := deed_of(word))), None)
    if lead is None:
        return ["none"]
    word, deed = lead
    return [deed, f"{deed}:{word}", *(f"{deed}>{role}" for role in counterparts(words)[:2])]
