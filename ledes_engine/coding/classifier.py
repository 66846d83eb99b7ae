"""The narrative step: a spaCy pipeline that ends in a small linear classifier.

The pipeline is blank English with this package's own cut into words, a PhraseMatcher for the labels and keywords of the
code sets, and a component that adds up weights. The weights are in `rules/lexicon/coding.npz`, which
`python -m benchmarks.coding.train` makes from the labelled narratives in `fixtures/coding/`, the same on every run.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from ledes_engine.coding import features
from ledes_engine.coding.spaces import Space
from ledes_engine.coding.words import LONGEST, words_of
from ledes_engine.model import LedesError
from ledes_engine.resources import data_folder

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

    with np.load(os.path.join(data_folder("rules"), "lexicon", "coding.npz"), allow_pickle=False) as file:
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
    """Adds up the weights of one space. The sum of each word is remembered, because words come again and again."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self._words: dict[str, tuple[Any, float]] = {}

    def scores(self, words: Sequence[str], text: str) -> "Floats":
        """The score of each code."""
        import numpy as np

        total = np.zeros(len(self.weights.codes), np.float32)
        for at, block in enumerate(self.weights.blocks):
            if block == "letters":
                parts = [self._of_word(word) for word in dict.fromkeys(words)]
                square = sum(part[1] for part in parts)
                if square:
                    total += sum(part[0] for part in parts) / square**0.5
                continue
            found = features.pairs(words) if block == "pairs" else features.deeds(words, text)
            if found:
                rarity = self.weights.rarity[at][found]
                square = float(rarity @ rarity)
                if square:
                    total += (rarity @ self.weights.weights[at][found]) / square**0.5
        return total

    def _of_word(self, word: str) -> tuple[Any, float]:
        known = self._words.get(word)
        if known is None:
            found = list(features.of_word(word))
            rarity = self.weights.rarity[0][found]
            known = self._words[word] = rarity @ self.weights.weights[0][found], float(rarity @ rarity)
        return known

    def evidence(self, words: Sequence[str], code: str) -> tuple[str, ...]:
        """The words that speak most for a code."""
        at = self.weights.codes.index(code)
        weighed = {word: float(self._of_word(word)[0][at]) for word in words if features.of_word(word)}
        return tuple(word for word, weight in sorted(weighed.items(), key=lambda one: -one[1])[:3] if weight > 0)


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
        self._matchers: dict[str, Any] = {}
        self._matcher = PhraseMatcher
        self._doc = Doc
        self._scorers: dict[str, Scorer | None] = {}

    def guesses(self, texts: Iterable[str], space: Space) -> Iterator[Guess | None]:
        """For each text the code that it most likes among those of the space; None where nothing was learned."""
        scorer = self._scorer(space.name)
        if scorer is None:
            yield from (None for _ in texts)
            return
        known = [at for at, code in enumerate(scorer.weights.codes) if code in space.codes]
        matcher = self._phrases(space)
        for text in texts:
            yield self._guess(text, scorer, known, matcher) if known else None

    def _guess(self, text: str, scorer: Scorer, known: Sequence[int], matcher: Any) -> Guess:
        import numpy as np

        doc = self._nlp.make_doc(text[:LONGEST])
        words = [token.text for token in doc]
        scores = scorer.scores(words, text)[known]
        for found, _, _ in matcher(doc):
            at = self._nlp.vocab.strings[found]
            scores[known.index(scorer.weights.codes.index(at))] += _KEYWORD
        shares = np.exp(scores - scores.max())
        shares /= shares.sum()
        order = np.argsort(-shares, kind="stable")
        names = [scorer.weights.codes[known[at]] for at in order[:2]]
        return Guess(
            names[0], float(shares[order[0]]), names[1] if len(names) > 1 else "", scorer.evidence(words, names[0])
        )

    def _scorer(self, space: str) -> Scorer | None:
        if space not in self._scorers:
            weights = weights_of(space)
            self._scorers[space] = Scorer(weights) if weights else None
        return self._scorers[space]

    def _phrases(self, space: Space) -> Any:
        """What finds the labels and keywords of the codes of a space."""
        key = f"{space.name} {hash(space.codes)}"
        if key not in self._matchers:
            matcher = self._matcher(self._nlp.vocab, attr="ORTH")
            learned = set((self._scorers[space.name] or Scorer(NOTHING)).weights.codes)
            for code, phrases in keywords(space.codes & learned).items():
                matcher.add(code, [self._nlp.make_doc(phrase) for phrase in phrases])
            self._matchers[key] = matcher
        return self._matchers[key]


# What one keyword of a code adds to its score.
_KEYWORD = 0.5
NOTHING = Weights((), (), (), ())


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
