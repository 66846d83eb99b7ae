"""Which code sets are in play on each matter: as the client says, as its entries are coded, or as their words tell."""

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from ledes_engine.coding.classifier import Scorer, weights_of
from ledes_engine.coding.cues import Text
from ledes_engine.coding.entry import FEE, Entry
from ledes_engine.coding.spaces import FAMILY, KINDS_OF_MATTER, Rules, family_of, set_of, usable
from ledes_engine.coding.words import words_of

if TYPE_CHECKING:
    from ledes_engine.coding.classifier import Floats

Matter = tuple[str, str]  # client and matter
# So many entries of a matter tell what kind of matter it is.
_ENOUGH = 120
# By so much (a logarithm) the words must speak more for one set than for the next; a narrative counts for so much.
_LEAD, _MOST = 1.5, 4.0
# Sets that only insurers and few others use are never guessed from words.
_GUESSED = ("litigation", "bankruptcy", "patent", "trademark", "project", "counseling", "workers-comp", "j-codes")


def sets_by_matter(entries: Iterable[Entry], rules: Rules) -> dict[Matter, tuple[str, ...]]:
    """The names of the sets of task codes in play on each matter; none where nothing tells."""
    by_matter: dict[Matter, list[Entry]] = {}
    for entry in entries:
        by_matter.setdefault((entry.client, entry.matter), []).append(entry)
    return {matter: _sets_of(matter[1], some, rules) for matter, some in by_matter.items()}


def _sets_of(matter: str, entries: list[Entry], rules: Rules) -> tuple[str, ...]:
    if rules.by_matter.get(matter):
        return tuple(rules.by_matter[matter])
    coded = _coded(entries, rules)
    if rules.sets is not None:
        families = {family_of(name) for name in rules.sets}
        if len(families) == 1:
            return rules.sets
        family = family_of(coded) if coded else _told_by_words(entries, [n for n in rules.sets if n in families])
        return tuple(name for name in rules.sets if family_of(name) == family)
    if coded:
        return (
            (coded, "ediscovery") if FAMILY.get(coded) and _discovers(entries) and coded != "ediscovery" else (coded,)
        )
    told = _told_by_words(entries, _GUESSED)
    return (told,) if told else ()


def _coded(entries: list[Entry], rules: Rules) -> str:
    """The set that most task codes on the matter belong to."""
    found = Counter(name for entry in entries if entry.task and (name := set_of(entry.task)))
    if not found:
        return ""
    names = [name for name, _ in found.most_common() if rules.sets is None or name in rules.sets]
    main = next((name for name in names if name != "ediscovery"), "")
    return main or (names[0] if names else "")


def _discovers(entries: list[Entry]) -> bool:
    codes = usable("ediscovery")
    return any(entry.task in codes for entry in entries)


def _told_by_words(entries: list[Entry], names: Iterable[str]) -> str:
    """The set that the narratives speak for together; nothing where they speak for none clearly."""
    scorer = _scorer()
    chosen = [at for at, name in enumerate(scorer.weights.codes) if name in names] if scorer else []
    texts = list(dict.fromkeys(entry.narrative for entry in entries if entry.kind == FEE))[:_ENOUGH]
    if scorer is None or not chosen or not texts:
        return ""
    total = [0.0] * len(chosen)
    for text in texts:
        shares = _shares(scorer.scores([Text(words_of(text), text)])[0][chosen])
        total = [before + float(share) for before, share in zip(total, shares, strict=True)]
    order = sorted(range(len(chosen)), key=lambda at: -total[at])
    lead = total[order[0]] - (total[order[1]] if len(order) > 1 else 0.0)
    return scorer.weights.codes[chosen[order[0]]] if lead >= _LEAD else ""


def _shares(scores: "Floats") -> "Floats":
    """The logarithm of the share of each set, where no single narrative counts for too much."""
    import numpy as np

    scores = scores - scores.max()
    shares: Floats = np.maximum(scores - np.log(np.exp(scores).sum()), -_MOST)
    return shares


@lru_cache(maxsize=1)
def _scorer() -> Scorer | None:
    try:
        weights = weights_of(KINDS_OF_MATTER)
    except ImportError:  # without the extra `coding` only codes and guidelines tell the set
        return None
    return Scorer(weights) if weights else None
