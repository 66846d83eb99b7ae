"""The narrative step: spaCy's blank English with this package's own cut into words, a PhraseMatcher for the labels and
keywords of the code sets, and a small linear classifier that judges many texts at a time.

Its weights are in `rules/lexicon/coding.npz`, which `python -m benchmarks.coding.train` makes from the labelled
narratives in `fixtures/coding/`, the same on every run.
"""

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from ledes_engine.coding import features
from ledes_engine.coding.cues import Text
from ledes_engine.coding.spaces import Space
from ledes_engine.coding.words import words_of
from ledes_engine.model import LedesError
from ledes_engine.resources import lexicon_file

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]


class Weights(NamedTuple):
    """What was learned of one space: the weight of each feature for each code, per block, and how rare a feature is."""

    codes: tuple[str, ...]
    blocks: tuple[str, ...]
    weights: "tuple[Floats, ...]"  # of each block: features x codes
    rarity: "tuple[Floats, ...]"  # of each block: features


class Guess(NamedTuple):
    """What the classifier thinks of a narrative: the first two codes, the share of the first, and the words for it."""

    code: str
    share: float
    runner_up: str
    evidence: tuple[str, ...]


@cache
def weights_of(space: str) -> Weights | None:
    """The shipped weights of a space; None where nothing was learned."""
    import numpy as np

    with np.load(lexicon_file("coding.npz"), allow_pickle=False) as file:
        if f"{space}.codes" not in file:
            return None
        codes = tuple(str(file[f"{space}.codes"]).split())
        blocks = tuple(str(file[f"{space}.blocks"]).split())
        scaled = [file[f"{space}.{block}"].astype(np.float32) * file[f"{space}.{block}.scale"] for block in blocks]
        rarity = [file[f"{space}.{block}.rarity"].astype(np.float32) / RARITY_STEP for block in blocks]
    return Weights(codes, blocks, tuple(scaled), tuple(rarity))


# Rarities are kept as small whole numbers.
RARITY_STEP = 20.0


class Scorer:
    """Adds up the weights of one space, for many texts at a time.

    The sum of each word is remembered, because words come again and again.
    """

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self._rows: dict[str, int] = {}
        self._sums: list[Any] = []  # of each word: the weights of its features by code, and its square at the end
        self._table: Any = None

    def scores(self, texts: Sequence[Text]) -> "Floats":
        """The score of each code for each text: texts x codes."""
        import numpy as np

        if len(self._rows) > _REMEMBERED:
            self._rows, self._sums, self._table = {}, [], None
        total = np.zeros((len(texts), len(self.weights.codes)), np.float32)
        for at, block in enumerate(self.weights.blocks):
            if block == "letters":
                places = [[self._row(word) for word in dict.fromkeys(text.words)] for text in texts]
                parts = self._words_table()
                present, sums = _summed(places, lambda flat, parts=parts: parts[flat])
            else:
                make = features.pairs if block == "pairs" else features.deeds
                places = [make(text) for text in texts]
                present, sums = _summed(places, lambda flat, at=at: self._weighed(at, flat))
            if len(present):
                total[present] += sums[:, :-1] / np.sqrt(np.maximum(sums[:, -1:], _LEAST))
        return total

    def _weighed(self, at: int, flat: Any) -> Any:
        """The weights of features times their rarity, and the square of it at the end."""
        import numpy as np

        rarity = self.weights.rarity[at][flat][:, None]
        return np.hstack([self.weights.weights[at][flat] * rarity, rarity * rarity])

    def _row(self, word: str) -> int:
        row = self._rows.get(word)
        if row is None:
            row = self._rows[word] = len(self._sums)
            found = list(features.of_word(word))
            self._sums.append(self._weighed(0, found).sum(0))
        return row

    def _words_table(self) -> Any:
        """The sums of all words met so far, one row each."""
        import numpy as np

        if self._table is None or len(self._table) < len(self._sums):
            fresh = np.array(self._sums[0 if self._table is None else len(self._table) :], np.float32)
            self._table = fresh if self._table is None else np.concatenate([self._table, fresh])
        return self._table

    def evidence(self, text: Text, at: int) -> tuple[str, ...]:
        """The words that speak most for the code of that number."""
        words = list(dict.fromkeys(text.words))
        weighed = self._words_table()[[self._rows[word] for word in words], at]
        return tuple(words[place] for place in (-weighed).argsort(kind="stable")[:3] if weighed[place] > 0)


# So many words are remembered.
_REMEMBERED = 200_000
# No text is divided by nothing.
_LEAST = 1e-9


def _summed(places: list[list[int]], rows_of: Any) -> tuple[Any, Any]:
    """For the texts that have any places, their numbers and the sums of the rows there."""
    import numpy as np

    present = [number for number, some in enumerate(places) if some]
    if not present:
        return np.array([], np.int64), None
    counts = [len(places[number]) for number in present]
    starts = np.cumsum([0, *counts[:-1]])
    flat = np.fromiter((place for some in places for place in some), np.int64, sum(counts))
    return np.array(present), np.add.reduceat(rows_of(flat), starts)


class Classifier:
    """The pipeline. Make one and keep it: to make it takes about a second, most of it the import of spaCy."""

    def __init__(self) -> None:
        try:
            import spacy
            from spacy.matcher import PhraseMatcher
            from spacy.tokens import Doc
        except ImportError:
            raise LedesError("the narrative step needs spaCy: pip install 'ledes-engine[coding]'") from None
        self._nlp = spacy.blank("en")
        self._nlp.tokenizer = lambda text: Doc(self._nlp.vocab, words=words_of(text) or [" "])
        self._matchers: dict[frozenset[str], Any] = {}
        self._matcher = PhraseMatcher
        self._doc = Doc
        self._scorers: dict[str, Scorer | None] = {}

    def guesses(self, texts: Sequence[Text], space: Space) -> "list[Guess | None]":
        """For each text the code that it most likes among those of the space; None where nothing was learned."""
        import numpy as np

        scorer = self._scorer(space.name)
        known = [at for at, code in enumerate(scorer.weights.codes) if code in space.codes] if scorer else []
        if scorer is None or not known:
            return [None] * len(texts)
        scores = scorer.scores(texts)[:, known] + self._named(texts, [scorer.weights.codes[at] for at in known])
        shares = np.exp(scores - scores.max(1, keepdims=True))
        shares /= shares.sum(1, keepdims=True)
        order = np.argsort(-shares, axis=1, kind="stable")[:, :2]
        found: list[Guess | None] = []
        for number, text in enumerate(texts):
            best, *rest = order[number]
            runner_up = scorer.weights.codes[known[rest[0]]] if rest else ""
            code = scorer.weights.codes[known[best]]
            found.append(Guess(code, float(shares[number, best]), runner_up, scorer.evidence(text, known[best])))
        return found

    def _named(self, texts: Sequence[Text], codes: Sequence[str]) -> "Floats":
        """What is added to the score of a code whose label or keyword stands in a text."""
        import numpy as np

        added = np.zeros((len(texts), len(codes)), np.float32)
        matcher, strings = self._phrases(frozenset(codes)), self._nlp.vocab.strings
        place = {strings[code]: at for at, code in enumerate(codes)}
        for number, text in enumerate(texts):
            for found, _, _ in matcher(self._doc(self._nlp.vocab, words=text.words or [" "])):
                added[number, place[found]] += _KEYWORD
        return added

    def _scorer(self, space: str) -> Scorer | None:
        if space not in self._scorers:
            weights = weights_of(space)
            self._scorers[space] = Scorer(weights) if weights else None
        return self._scorers[space]

    def _phrases(self, codes: frozenset[str]) -> Any:
        """What finds the labels and keywords of some codes."""
        if codes not in self._matchers:
            matcher = self._matchers[codes] = self._matcher(self._nlp.vocab, attr="ORTH")
            for code, phrases in keywords(codes).items():
                matcher.add(code, [self._nlp.make_doc(phrase) for phrase in phrases])
        return self._matchers[codes]


# What one keyword of a code adds to its score.
_KEYWORD = 0.5


@lru_cache(maxsize=64)
def keywords(codes: frozenset[str]) -> Mapping[str, tuple[str, ...]]:
    """The label and the keywords of codes of several words: what names them beyond doubt."""
    from ledes_engine.codesets import shipped_sets

    known = {code.code: code for one in shipped_sets().values() for code in one.codes}
    return {
        code: tuple(one for one in [known[code].label, *known[code].keywords.split("; ")] if len(one.split()) > 1)
        for code in sorted(codes)
        if code in known
    }
