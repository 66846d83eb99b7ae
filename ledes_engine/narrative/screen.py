"""One cheap pass over a column of narratives: which of them are worth an analysis.

Each narrative becomes a word of as many letters as it has words and marks, each letter a class; most narratives of a
clean invoice have a shape in which nothing can be found. The pass may let through too many and never too few: a test
holds it against the analysis of everything.
"""

import re
from collections.abc import Collection
from functools import cached_property

from ledes_engine.narrative.lexicon import lexicon, spelt
from ledes_engine.narrative.steps import SUBJECTS, TOWARDS
from ledes_engine.narrative.tokens import COLON, HARD, LONGEST, NUMBER, QUOTE, SHUT, SOFT, TIME, WORD, tokens

# The classes. Words that name an activity: K a talk, P in the past tense, B both, M secretarial or nebulous work, V any
# other, Y one that is more often a noun. F says nothing of the activity, A is an article, R introduces a topic, O a
# party, D is dull, W names something, N is a number, and , ; : T ) stand for themselves.
_SECOND = re.compile(
    r"""[,T)][,FAN]*[KPMVYB]     # another task after a comma, an `and`, a time, the number of an item
      | ^[^KPMVYB]*:[FAN]*[KPMVB]  # or after a label
      | ^N\)|^.{,3}$
      | [;T][^;,T)]              # anything after a semicolon or a stop
      | P.{2,}[PB]|B.{2,}P         # two verbs with nothing between them
      | T
      | ^[^W]*W?[^W]*$           # hardly anything is named
      | ^[FAN]*[MBY]             # it begins with work that says little
      | ^[^R]*[KB][^R]*$         # a talk about nothing
      | ^[^O]*[KB][^O]*$         # or with nobody
      | R[^WN]*$                 # or about something dull
    """,
    re.VERBOSE,
)


class _Shapes(dict[str, str]):
    """The letters for a piece of text between two blanks; as a dict, which remembers."""

    def __missing__(self, piece: str) -> str:
        if piece[0].isdigit() and piece.rstrip(").,").isdigit():
            return "N" + ("," if piece[-1] == "," else ";" if piece[-1] == "." else ")" if piece[-1] == ")" else "")
        if not piece.strip("-/"):
            return ","
        shape = "".join(_letter(token.kind, token.word) for token in tokens(piece))
        if piece[-1] == "." and piece[:-1].strip("(\"'") not in lexicon().stops and len(piece) > 2:
            shape += ";"
        self[piece] = shape
        return shape


_MARKS = {SOFT: ",", HARD: ";", COLON: ":", SHUT: ")", TIME: "T", NUMBER: "N", QUOTE: "W"}


def _letter(kind: str, word: str) -> str:
    if kind != WORD:
        return "N)" if kind == NUMBER and word[0] == "(" else _MARKS.get(kind, "")
    words = lexicon()
    if word == "followed":
        return ","
    if word in SUBJECTS:
        return "R"
    if word in TOWARDS or word in words.people:
        return "O"
    right = spelt(word)
    verb = words.verbs.get(right)
    talks = any(activity == "communicate" for _, activity in words.nouns.get(right, ())) or (
        verb is not None and verb.activity == "communicate"
    )
    if word in words.fillers:
        return "B" if right in words.heads else "A" if word in ("the", "a", "an") else "F"
    if verb is None and right not in words.nouns:
        dull = word in words.stop or word in words.generic or word in words.anaphora
        return "D" if dull else "W"
    if talks:
        return "B" if verb and verb.form == "past" else "K"
    if verb and verb.form == "past":
        return "P"
    if verb and verb.lemma in words.weak and right not in words.nouns:
        return "Y"
    return "M" if verb and verb.activity in ("file", "send", "manage") else "V"


# Pieces of text are remembered from one column to the next, up to so many.
_REMEMBERED = 200_000
_shapes = _Shapes()


class _Pieces(dict[str, str]):
    """The shapes of the pieces of one column."""

    def __missing__(self, piece: str) -> str:
        shape = self[piece] = _shapes[piece]
        return shape


class Column:
    """The different narratives of a column, looked over once: `suspects` are those that an analysis may find something
    in, and `words` holds every word of the column in small letters."""

    def __init__(self, texts: Collection[str]) -> None:
        if len(_shapes) > _REMEMBERED:
            _shapes.clear()
        self._pieces = _Pieces()
        shape_of, found = self._pieces.__getitem__, _SECOND.search
        self.suspects = [
            text for text in texts if found("".join(map(shape_of, text[:LONGEST].lower().split()))) or "\n" in text
        ]

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word of the column."""
        return frozenset(_WORDS.findall(" ".join(self._pieces)))


_WORDS = re.compile(r"\w+")
