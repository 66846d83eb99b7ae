"""What leaves the machine of a narrative: ordinary and legal words. Everything else becomes a placeholder.

Names are not looked for, because a name can be any word. It is the other way round: a word stays only if it is one of
the words that billing narratives share, and is written as those are. No digit of a narrative leaves the machine.
"""

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from itertools import pairwise
from typing import NamedTuple

from ledes_engine.resources import lexicon_file, shipped_toml

_LONGEST = 2_000  # characters of a narrative; what is beyond does not help to choose a code

# Addresses are hidden first, because the parts of one look like words.
_ADDRESSES = r"""(?P<EMAIL>[^\s@,;:<>()\[\]"]{1,64}@[^\s@,;:<>()\[\]"]{1,255})|(?P<LINK>(?:https?://|www\.|[A-Za-z]:\\|\\\\)\S{1,500})"""
_NUMBER_WORDS = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|"
    "eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million|billion"
)
_TOKEN = re.compile(
    r"""
    (?P<amount>(?:[$€£¥]|\b(?:usd|eur|gbp|us\$|cad|aud)\b)[ ]?\d[\d.,]*
        (?:[ ]?(?:k|m|mm|bn|million|billion|thousand)\b)?
      | \d[\d.,]*[ ]?(?:dollars|euros|pounds|usd|eur|gbp)\b)
  | (?P<worded>\b(?:(?:NUMBERS)(?:[ -]|,[ ])+(?:and[ ])?)+(?:NUMBERS|dollars|percent)\b)
  | (?P<number>[^\s\d,;:()\[\]"'/–—]*\d[^\s,;:\[\]"–—]*)
  | (?P<word>[^\W\d_]+(?:['’.&-][^\W\d_]+)*)
  | (?P<other>\s+|.)
    """.replace("NUMBERS", _NUMBER_WORDS),
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_KINDS = {"worded": "NUMBER", "amount": "AMOUNT", "number": "NUMBER", "word": "NAME"}
_ENDS = frozenset(".;:!?\n•|")
_TOWARDS = frozenset(
    "with w/ w to from for of by re and v vs call called told asked tell ask spoke speak between via per meet met "
    "email emailed interview interviewed depose deposed".split()
)
_BEFORE_A_NAME = frozenset("mr mrs ms miss dr prof hon judge justice messrs sir mr. mrs. ms. dr. prof. hon.".split())
_SAYING = frozenset(
    "called calls said says emailed emails testified advised asked asks told wants wrote replied responded left "
    "and".split()
)
_DIGIT = re.compile(r"\d")


class Redacted(NamedTuple):
    """A text that may leave the machine, and what each placeholder in it stands for, which may not."""

    text: str
    originals: dict[str, str]

    def restore(self, text: str) -> str:
        """A text with the placeholders taken back."""
        for placeholder, original in self.originals.items():
            text = text.replace(placeholder, original)
        return text


class Vocabulary(NamedTuple):
    """The words that may leave the machine."""

    common: frozenset[str]  # in small letters
    titles: frozenset[str]  # that keep their meaning with a capital: Court, Motion, Plaintiff
    names: frozenset[str]  # of these, those that are also names of people: Stone, Grant
    spelt_out: tuple[tuple[re.Pattern[str], str], ...]  # citations that say what the work is, and the words for them


@cache
def vocabulary() -> Vocabulary:
    """The shipped vocabulary, `rules/lexicon/words.txt` and `rules/lexicon/redaction.toml`."""
    with open(lexicon_file("words.txt"), encoding="utf-8") as file:
        words = frozenset(line.strip() for line in file if line[:1] != "#")
    more = shipped_toml(lexicon_file("redaction.toml"))
    titles = frozenset(more["titles"])
    patterns = tuple((re.compile(pattern, re.I), said) for pattern, said in more["spelt_out"].items())
    return Vocabulary(words | titles, titles, frozenset(more["names"]), patterns)


def redact(text: str, known: Iterable[str] = ()) -> Redacted:
    """A narrative without names, identifiers, numbers, amounts and addresses.

    `known` are texts that must not leave in any case: matters, clients, timekeepers. What one stands for is the same
    placeholder wherever it comes in the text: `[NAME-A]`.
    """
    text = text[:_LONGEST]
    placeholders: dict[tuple[str, str], str] = {}
    hidden = _pattern_of(tuple(sorted({one.strip() for one in known if len(one.strip()) > 1})))
    pieces: list[str] = []
    at = 0
    for match in hidden.finditer(text):
        kind = match.lastgroup or "ID"
        pieces += [*_redacted(text[at : match.start()], text, placeholders), _placeholder(kind, match[0], placeholders)]
        at = match.end()
    pieces += _redacted(text[at:], text, placeholders)
    originals = {placeholder: original for (_, original), placeholder in placeholders.items()}
    return Redacted(" ".join("".join(pieces).split()), originals)


@lru_cache(maxsize=64)
def _pattern_of(known: tuple[str, ...]) -> re.Pattern[str]:
    """What finds addresses and the known texts, the longest first, and each of their words that is no common one."""
    words = {part for text in known for part in re.split(r"[^\w]+", text) if len(part) > 2}
    rare = {word for word in words if word.lower() not in vocabulary().common or word.lower() in vocabulary().names}
    pairs = {f"{one} {other}" for text in known for one, other in pairwise(text.split())}
    every = sorted({*known, *rare, *pairs}, key=lambda one: (-len(one), one))
    listed = rf"|(?<!\w)(?P<ID>{'|'.join(map(re.escape, every))})(?!\w)" if every else ""
    return re.compile(_ADDRESSES + listed, re.I)


def _redacted(part: str, text: str, placeholders: dict[tuple[str, str], str]) -> list[str]:
    """The pieces of a part of the text, each one fit to leave."""
    shouted = text.isupper()
    pieces: list[str] = []
    before = "" if text.startswith(part) else "]"
    for pattern, said in vocabulary().spelt_out:
        part = pattern.sub(f" {said} ", part)
    for match in _TOKEN.finditer(part):
        kind, piece = match.lastgroup or "other", match[0]
        if kind == "other":
            pieces.append(piece if piece.isascii() else " ")
            before = piece if piece.strip() else before
            continue
        if kind == "word":
            following = _following(part, match.end())
            first = not before or before in _ENDS
            if _may_leave(piece, before, following, first=first, shouted=shouted):
                pieces.append(piece)
                before = piece.lower()
                continue
        pieces.append(_placeholder(_KINDS[kind], piece, placeholders))
        before = "]"
    return pieces


def _following(text: str, start: int) -> str:
    found = _NEXT_WORD.match(text, start)
    return found[1] if found else ""


_NEXT_WORD = re.compile(r"\s*([^\W\d_]+)")


def _may_leave(word: str, before: str, following: str, *, first: bool, shouted: bool) -> bool:
    words = vocabulary()
    low = word.lower().replace("’", "'").removesuffix("'s")
    if low not in words.common or before in _BEFORE_A_NAME:
        return False
    if low in words.names:
        named = before in _TOWARDS or before == "]" or following[:1].isupper() or following.lower() in _SAYING
        return not named and word.islower() and low == word
    if word.islower() or shouted or first:
        return True
    return low in words.titles


def _placeholder(kind: str, original: str, placeholders: dict[tuple[str, str], str]) -> str:
    key = kind, original
    if key not in placeholders:
        number = sum(one == kind for one, _ in placeholders)
        letters = ""
        while True:
            letters = chr(65 + number % 26) + letters
            number = number // 26 - 1
            if number < 0:
                break
        placeholders[key] = f"[{kind}-{letters}]"
    return placeholders[key]


def leaks(text: str) -> bool:
    """Whether a text that is about to leave holds a digit or an address, which it never may."""
    return bool(_DIGIT.search(text)) or "@" in text
