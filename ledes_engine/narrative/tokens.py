"""A narrative cut into tokens with their places: words, numbers, times in brackets, and what joins parts."""

import re
from typing import NamedTuple

from ledes_engine.narrative.lexicon import Phrases, lexicon

WORD, NUMBER, TIME, QUOTE, HARD, SOFT, COLON, OPEN, SHUT = "w#tq;,:()"

# Longer narratives are no description of a day's work; what stands beyond is not looked at.
LONGEST = 5_000

# Every repetition is bounded or possessive, and no two alternatives begin alike: one pass, whatever the text holds.
_TOKEN = re.compile(
    r"""  "[^"\n]{1,200}" | “[^”\n]{1,200}”
        | [(\[][ ]?(?:\d{1,3}(?:\.\d{1,2})?|\.\d{1,2})[ ]?(?:hours?|hrs?\.?|h|minutes?|mins?\.?|m)?[ ]?[)\]]
        | \((?:[a-h]|[ivx]{1,4})\) | (?<![\w(])\d{1,2}\)(?=\s|$)
        | \.?\d++(?:[.,:/-]\d++)*+(?:\([a-z0-9]{1,5}\))*+[a-z%]{0,2}
        | [a-z]\.(?:[a-z]\.)++
        | (?:t/cs?|s/w|f/u|p/c|c/c|o/c|l/r|n/c|f/w|b/w|r/r|r&r|m&a|d&o|e&o|p&l|w/o)(?![a-z]) | [wf]/
        | [^\W\d_](?:\w|['’](?=\w)|-(?=\w))*+
        | [ ](?:-{1,3}|/)[ ] | --+ | [–—] | [\n;.,:()/&+•*|>\[\]]
    """,
    re.VERBOSE,
)
_DECIMAL = re.compile(r"\d{0,2}\.\d{1,2}")
# Before a capital, so short a word with a stop is taken for an abbreviation.
_SHORT = 3
_NO_VOWEL = re.compile("[^aeiouy]{2,5}")
_BRACKETED = re.compile(r"[(\[] ?([\d.]+) ?([a-z.]*) ?[)\]]")
_SEPARATORS = {
    ";": HARD,
    "\n": HARD,
    "•": HARD,
    "|": HARD,
    "*": HARD,
    ",": SOFT,
    "/": SOFT,
    "&": SOFT,
    "+": SOFT,
    ">": SOFT,
    ":": COLON,
    "(": OPEN,
    ")": SHUT,
    "[": OPEN,
    "]": SHUT,
}
_JOINING = frozenset({"and", "then", "plus", "adn", "having"})


class Token(NamedTuple):
    """A token: what it is, its text in small letters without outer blanks, and its place in the narrative."""

    kind: str
    word: str
    start: int
    end: int


def lowered(text: str) -> str:
    """The text in small letters, as long as it was: a few letters have none, or two."""
    low = text.lower()
    return low if len(low) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def tokens(text: str) -> list[Token]:
    """The tokens of a narrative; stops of abbreviations are left out, those that end a sentence are hard separators."""
    low = lowered(text)
    words = lexicon()
    joined = _joined_places(low, words.joined) if " and " in low or " & " in low else ()
    found: list[Token] = []
    matches = list(_TOKEN.finditer(low))
    balanced = low.count("(") == low.count(")") and low.count("[") == low.count("]")
    for at, match in enumerate(matches):
        word, start, end = match[0], match.start(), match.end()
        first = word[0]
        if (
            word[-1] == ")"
            and first.isdigit()
            and "(" not in word
            and low.count("(", 0, start) <= low.count(")", 0, start)
        ):
            word, kind = f"({word}", NUMBER
        elif first.isalpha():
            kind = SOFT if word in _JOINING and start not in joined else WORD
        elif first in "([" and len(word) > 1:
            kind = TIME if _is_time(word, found) else NUMBER
        elif first.isdigit() or (first == "." and len(word) > 1):
            word, kind = word.rstrip(")") if "(" not in word else word, NUMBER
        elif first in '"“':
            kind = QUOTE
        elif word == ".":
            following = matches[at + 1][0] if at + 1 < len(matches) else ""
            if not _ends_sentence(low, text, found, following):
                continue
            kind = HARD
        elif first in _SEPARATORS:
            kind = _SEPARATORS[first]
            if kind in "()" and not balanced:
                continue
            if first == "&" and start in joined:
                kind = WORD
        else:
            kind, word = SOFT, " / " if "/" in word else "-"
        if word == "by" and found and found[-1].word == "followed":
            found[-1] = found[-1]._replace(kind=SOFT)
            continue
        found.append(Token(kind, word, start, end))
    return _with_times(found)


def _with_times(found: list[Token]) -> list[Token]:
    """Decimals that end the parts of a list are their times: `cite check 1.6, fact check 1.0`."""
    ends = [
        at
        for at, token in enumerate(found)
        if token.kind == NUMBER
        and _DECIMAL.fullmatch(token.word)
        and (at + 1 == len(found) or found[at + 1].kind in (SOFT, HARD))
    ]
    for at in ends if len(ends) > 1 else ():
        found[at] = found[at]._replace(kind=TIME)
    return found


def _is_time(word: str, before: list[Token]) -> bool:
    """Whether a number in brackets is a time: it has a unit or decimals, and does not belong to a rule or a section."""
    match = _BRACKETED.fullmatch(word)
    if match is None:  # `(a)`, `(iv)`
        return False
    number, unit = match.groups()
    cited = before and before[-1].word in ("rule", "section", "sec", "§", "article", "no", "code", "clause", "cfr")
    return bool(unit or "." in number) and not cited


def _ends_sentence(low: str, text: str, before: list[Token], following: str) -> bool:
    """Whether a stop ends a sentence or the number of an item, and not an abbreviation."""
    if not before or not following:
        return False
    last, words = before[-1], lexicon()
    if low[last.end + 1 : last.end + 2].isalnum():
        return False  # `II.B`, `pay.gov`
    if last.kind == NUMBER:
        return not low[last.end + 1 : last.end + 2].isdigit()
    if last.kind != WORD:
        return last.kind in (QUOTE, SHUT, TIME)
    begins = text[last.end + 1 : last.end + 3].strip()[:1]
    initial = len(last.word) == 1 and (last.word != "a" or text[last.start].isupper())
    if initial:
        return False
    known = following in words.heads
    if last.word not in words.stops:
        if not known and (len(last.word) <= _SHORT or _NO_VOWEL.fullmatch(last.word) or following[0] in "(["):
            return False  # `Exr. Talarico`, `paras. [12]`
        return not begins.islower() or known
    return (
        known
        and following not in words.weak
        and begins.isupper()
        and not any(following in one[1:] for one, _ in words.nouns.get(last.word, ()))
    )


def _joined_places(low: str, joined: Phrases) -> set[int]:
    """Where an `and` stands that joins no two tasks."""
    places: set[int] = set()
    for phrases in joined.values():
        for phrase, _ in phrases:
            if " ".join(phrase[:2]) not in low:
                continue
            whole = " ".join(phrase)
            at = low.find(whole)
            while at >= 0:
                offset = at
                for word in phrase:
                    if word == "and":
                        places.add(offset)
                    offset += len(word) + 1
                at = low.find(whole, at + 1)
    return places
