"""One cheap pass over a column of narratives: which of them are worth an analysis.

Each narrative becomes a word of as many letters as it has words and marks, each letter a class; most narratives of a
clean invoice have a shape in which nothing can be found. The pass may let through too many and never too few: a test
holds it against the analysis of everything.
"""

import re
from collections.abc import Collection, Iterable
from functools import cached_property, lru_cache

from ledes_engine.narrative.lexicon import lexicon, spelt
from ledes_engine.narrative.steps import SUBJECTS, TOWARDS
from ledes_engine.narrative.tokens import COLON, HARD, LONGEST, NUMBER, QUOTE, SHUT, SOFT, TIME, WORD, tokens

# The classes. Words that name an activity: K a talk, P in the past tense, B both, M secretarial or nebulous work, V any
# other, X one that only begins a phrase for it, Y one that is more often a noun. F says nothing of the activity, A is
# an article, R introduces a topic, O a party, D is dull, W names something, N is a number, and , ; : T ) stand for
# themselves.
_ANOTHER = re.compile(r"[,T)][,FAN]*[KPMVYB]|P.{2,}[PB]|B.{2,}P")
_LABEL = re.compile(r"[^KPMVYB]*:[FAN]*[KPMVB]")
_LEADS = re.compile(r"[FAN]*[MBY]|N\)|.{,3}$")
_FIRST = re.compile(r"[KPMVYB]")
_PHRASE_LEADS = re.compile(r"[,T):][FAN,]*X")
_DULL_TOPIC = re.compile(r"R[^WN]*$")


def _doubtful(shape: str) -> bool:
    """Whether a narrative of this shape may have several tasks, times in its text, or something left out."""
    if "T" in shape or ";" in shape.rstrip(";") or shape.count("W") < 2:
        return True
    first = _FIRST.search(shape)
    if first and first[0] in "KB" and ("R" not in shape or "O" not in shape):
        return True  # a talk about nothing, or with nobody
    return bool(
        _ANOTHER.search(shape)
        or _LEADS.match(shape)
        or (":" in shape and _LABEL.match(shape))
        or _DULL_TOPIC.search(shape)
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
    if word in ("followed", "by"):
        return "," if word == "followed" else "F"
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
    if verb is None and right in words.nouns and all(len(phrase) > 1 for phrase, _ in words.nouns[right]):
        return "X"
    if verb is None and right not in words.nouns:
        dull = word in words.stop or word in words.generic or word in words.anaphora
        return "D" if dull else "W"
    if verb and verb.lemma in words.clerical and not talks:
        return "B" if verb.form == "past" else "M"
    if talks:
        return "B" if verb and verb.form == "past" else "K"
    if verb and verb.form == "past":
        return "P"
    if verb and verb.lemma in words.weak and right not in words.nouns:
        return "Y"
    return "M" if verb and verb.activity in ("file", "send", "manage") else "V"


# One number is like another here, so that a column has few different pieces.
_DIGITS = str.maketrans("123456789", "0" * 9)
# Pieces of text are remembered from one column to the next, up to so many.
_REMEMBERED = 200_000
_shapes = _Shapes()


class _Pieces(dict[str, str]):
    """The shapes of the pieces of one column."""

    def __missing__(self, piece: str) -> str:
        shape = self[piece] = _shapes[piece]
        return shape


@lru_cache(maxsize=1)
def _phrases() -> re.Pattern[str]:
    """The phrases that name an activity, and whose first word alone does not."""
    words = lexicon()
    found = [
        " ".join(phrase)
        for first, phrases in words.nouns.items()
        if first not in words.verbs and all(len(phrase) > 1 for phrase, _ in phrases)
        for phrase, _ in phrases
    ]
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(found)))})(?!\w)")


class _Verdicts(dict[str, str]):
    """What is thought of each shape: `doubtful`, `phrase` (it depends on its words), or nothing."""

    def __missing__(self, shape: str) -> str:
        verdict = "doubtful" if _doubtful(shape) else "phrase" if _PHRASE_LEADS.search(shape) else ""
        self[shape] = verdict
        return verdict


def _lines(texts: Collection[str]) -> list[str]:
    """The texts in small letters, each on a line, all digits 0; all of them are changed at once."""
    joined = "\n".join(texts)
    if joined.count("\n") >= len(texts) or max(map(len, texts), default=0) > LONGEST:
        texts = [text[:LONGEST].replace("\n", " ") for text in texts]
        joined = "\n".join(texts)
    return joined.lower().translate(_DIGITS).split("\n") if texts else []


class Column:
    """The different narratives of a column, looked over once: `suspects` are those that an analysis may find something
    in, and `words` holds every word of the column in small letters."""

    def __init__(self, texts: Collection[str]) -> None:
        if len(_shapes) > _REMEMBERED:
            _shapes.clear()
        self.texts = texts
        self._pieces = _Pieces()
        shape_of = self._pieces.__getitem__
        verdicts = _Verdicts()
        self.suspects: list[str] = []
        for text, line in zip(texts, _lines(texts), strict=True):
            verdict = verdicts["".join(map(shape_of, line.split()))]
            if verdict == "doubtful" or (verdict and _phrases().search(line)) or "\n" in text:
                self.suspects.append(text)

    @cached_property
    def pieces(self) -> str:
        """Everything that stands between two blanks somewhere in the column, once, in small letters."""
        return " ".join(self._pieces)

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word of the column, its digits all 0."""
        return frozenset(_WORDS.findall(self.pieces))

    def known(self, phrases: Iterable[str]) -> list[str]:
        """Those of the phrases whose words all stand in the column."""
        return [
            phrase for phrase in phrases if self.words.issuperset(_WORDS.findall(phrase.lower().translate(_DIGITS)))
        ]


_WORDS = re.compile(r"\w+")
