"""The words of `rules/lexicon/`: how lawyers name what they did, and with whom."""

import re
from functools import lru_cache
from typing import Any, NamedTuple

from ledes_engine.resources import lexicon_file, remembered, shipped_toml

Phrases = dict[str, list[tuple[tuple[str, ...], str]]]


class Verb(NamedTuple):
    """One form of a verb: its base form, the activity it names, and the form: base, past, gerund or third person."""

    lemma: str
    activity: str
    form: str


class Lexicon(NamedTuple):
    """The words as the analyser asks for them. Phrases stand by their first word, the longest first."""

    verbs: dict[str, Verb]
    nouns: Phrases  # heads of tasks in noun style, with the activity
    people: Phrases  # with the role
    joined: Phrases  # that hold an `and` which joins no tasks
    expansions: dict[str, str]
    weak: frozenset[str]
    fillers: frozenset[str]
    stop: frozenset[str]
    generic: frozenset[str]
    anaphora: frozenset[str]
    continues: frozenset[str]
    stops: frozenset[str]
    consequent: frozenset[str]
    dull: frozenset[str]
    participles: frozenset[str]
    clerical: frozenset[str]
    sections: frozenset[str]
    dull_stems: frozenset[str]
    heads: frozenset[str]  # every word that may begin the name of a task
    known: frozenset[str]  # every word that has another meaning here


_SETS = (
    *("weak", "fillers", "stop", "generic", "anaphora", "continues", "stops", "consequent", "dull"),
    *("participles", "clerical", "sections"),
)
_DOUBLED = re.compile(r"[^aeiou]*[aeiou][bdgmnprt]|.*mit")


@lru_cache(maxsize=1)
def _misspelt() -> dict[str, str]:
    """The words that name activities, by what is left of each when one letter is dropped."""
    found: dict[str, str] = {}
    words = lexicon()
    for word in sorted(words.heads):
        if len(word) >= _LONG - 1 and word.isalpha():
            for rest in _shorter(word):
                found.setdefault(rest, word)
    return found


def _shorter(word: str) -> set[str]:
    return {word[:at] + word[at + 1 :] for at in range(1, len(word))}


# Shorter words are too much alike to be put right.
_LONG = 6


@lru_cache(maxsize=65_536)
def spelt(word: str) -> str:
    """The word that names an activity and that this one probably is: a letter too few or too many, or two turned round.

    The word itself where it is known, or like none. A letter that is wrong makes too many other words.
    """
    words = lexicon()
    if word.endswith(("'d", "’d")) and word[:-2] + "d" in words.verbs:
        return word[:-2] + "d"
    if len(word) < _LONG - 1 or word in words.heads or word in words.known or not word.isalpha():
        return word
    misspelt = _misspelt()
    if len(misspelt.get(word, "")) >= _LONG:
        return misspelt[word]
    for rest in _shorter(word):
        like = misspelt.get(rest)
        if rest in words.heads and len(rest) >= _LONG and rest.isalpha():
            return rest
        if like and len(like) == len(word) and sorted(like) == sorted(word):
            return like
    return word


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """The shipped words."""
    files = [lexicon_file(name) for name in ("activities.toml", "people.toml")]
    kept: dict[str, Any] = remembered("lexicon", files, lambda: _build(*map(shipped_toml, files)))
    verbs = {form: Verb(*verb) for form, verb in kept["verbs"].items()}
    heads = frozenset(verbs) | frozenset(kept["nouns"])
    sets: dict[str, Any] = {name: frozenset(kept[name]) for name in _SETS}
    return Lexicon(
        verbs=verbs,
        nouns=kept["nouns"],
        people=kept["people"],
        joined=kept["joined"],
        expansions=kept["expansions"],
        **sets,
        heads=heads,
        dull_stems=frozenset(map(stem, kept["dull"])),
        known=frozenset(kept["people"]).union(kept["expansions"], *(kept[name] for name in _SETS)),
    )


def _build(activities: dict[str, Any], people: dict[str, Any]) -> dict[str, Any]:
    grammar, expansions = activities.pop("grammar"), activities.pop("expansions")
    verbs: dict[str, tuple[str, str, str]] = {}
    for activity, words in activities.items():
        for lemma in words["verbs"]:
            for form, word in inflected(lemma):
                verbs.setdefault(word, (lemma, activity, form))
        for word, lemma in words.get("past", {}).items():
            verbs[word] = (lemma, activity, "past")
        for word, lemma in words.get("short", {}).items():
            verbs.setdefault(word, (lemma, activity, "past" if word.endswith("d") else "base"))
    return {
        "verbs": verbs,
        "nouns": _phrases((text, activity) for activity, words in activities.items() for text in words["nouns"]),
        "people": _phrases((text, role) for role, words in people.items() for text in words),
        "joined": _phrases((text, "") for text in grammar["joined"]),
        "expansions": expansions,
        **{name: grammar[name] for name in _SETS},
    }


def _phrases(texts: Any) -> Phrases:
    found: Phrases = {}
    for text, value in texts:
        words = tuple(text.split())
        if all(words != known for known, _ in found.get(words[0], ())):
            found.setdefault(words[0], []).append((words, value))
    for phrases in found.values():
        phrases.sort(key=lambda phrase: -len(phrase[0]))
    return found


def stem(word: str) -> str:
    """What the forms of a word have in common."""
    return word.split("'")[0].split("’")[0].strip('"“”')[:_STEM]


# As much of a word as its forms have in common.
_STEM = 5


def inflected(lemma: str) -> list[tuple[str, str]]:
    """The regular forms of an English verb: (form, word)."""
    stem, last = lemma[:-1], lemma[-1]
    if _DOUBLED.fullmatch(lemma):
        past, gerund = lemma + last + "ed", lemma + last + "ing"
    elif last == "e":
        past, gerund = lemma + "d", (lemma if lemma.endswith(("ee", "ye", "oe")) else stem) + "ing"
    elif last == "y" and stem[-1] not in "aeiou":
        past, gerund = stem + "ied", lemma + "ing"
    else:
        past, gerund = lemma + "ed", lemma + "ing"
    third = stem + "ies" if past.endswith("ied") and last == "y" else lemma + ("es" if last in "sxzh" else "s")
    forms = [("base", lemma), ("past", past), ("gerund", gerund), ("third", third)]
    if last == "l" and stem[-1] in "aeo" and stem[-2] not in "aeiou":  # as the British write: counselled
        forms += [("past", lemma + "led"), ("gerund", lemma + "ling")]
    return forms
