"""Learn from the labelled narratives what codes words speak for: `python -m benchmarks.coding.train`.

Writes into `rules/lexicon/`: `coding.npz` (the classifier's weights), `cues.csv` (phrases), `calibration.toml` (how
often strengths were right, by five-fold cross-validation) and `words.txt` (what may be sent to a language model).
Multinomial logistic regression on hashed features, by accelerated
gradient steps from zero: no chance is involved but the folds, which are made with a fixed seed. The part `unseen` is
never read.
"""

import csv
import io
import math
import re
import sys
import zipfile
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix

from benchmarks.coding.labelled import Labelled, labelled
from ledes_engine.codesets import shipped_sets
from ledes_engine.coding import features
from ledes_engine.coding.classifier import RARITY_STEP, Scorer, Weights
from ledes_engine.coding.cues import Cue, Text, judge
from ledes_engine.coding.fuzzy import Labels, Reader, judge_fuzzily
from ledes_engine.coding.spaces import KINDS_OF_MATTER, family_of, task_sets, usable
from ledes_engine.coding.words import words_of
from ledes_engine.narrative.lexicon import lexicon

FOLDER = Path(__file__).parents[2] / "rules" / "lexicon"
SEED, FOLDS = 20261123, 5
STEPS, RATE, SHRINK = 80, 60.0, 1e-5
# A cue was seen so often, and right so often.
SEEN, SHARE = 3, 0.7
# How much the rarest features weigh, and the grain of weights.
GRAIN = 127


class Example(NamedTuple):
    """A text and its codes, best first; `judged` examples count when strengths are calibrated, among codes in play."""

    text: str
    codes: tuple[str, ...]
    judged: bool
    in_play: frozenset[str] = frozenset()


def examples() -> dict[str, list[Example]]:
    """The examples of each space."""
    found: dict[str, list[Example]] = defaultdict(list)
    for row in labelled("train", "tune"):
        for space, codes in spaces_of(row):
            found[space].append(Example(row.narrative, codes, row.part == "tune", codes_in_play(space, row.set)))
    for one in shipped_sets().values():
        if one.name in (*task_sets(), "expenses", "expenses-x"):
            for code in usable(one.name).values():
                for text in [*code.keywords.split("; "), code.label, code.definition]:
                    found[family_of(one.name)].append(Example(text, (code.code,), False))
    return dict(found)


def codes_in_play(space: str, set_name: str) -> frozenset[str]:
    """The codes that a matter of that set chooses from."""
    if space == KINDS_OF_MATTER:
        return frozenset(task_sets())
    return frozenset(
        usable(set_name) if space != "activity" else (code for code in usable("activities") if code < "A113")
    )


def spaces_of(row: Labelled) -> list[tuple[str, tuple[str, ...]]]:
    """The spaces that a row is an example of, and its codes there."""
    if row.kind == "expense":
        return [(row.set, row.expense)]
    if row.kind != "fee":
        return []
    return [(family_of(row.set), row.task), ("activity", row.activity), (KINDS_OF_MATTER, (row.set,))]


def blocks_of(space: str) -> tuple[str, ...]:
    """The blocks of features that a space looks at: what was done does not tell the task."""
    return features.BLOCKS if space == "activity" else features.BLOCKS[:2]


def vectors(texts: list[str], blocks: tuple[str, ...]) -> list[list[list[int]]]:
    """The features of each text by block; a feature of two words stands there twice."""
    make = {"letters": features.letters, "pairs": features.pairs, "deeds": features.deeds}
    read = [Text(words_of(text), text) for text in texts]
    return [[make[block](text) for block in blocks] for text in read]


def learn(space: str, some: list[Example]) -> Weights:
    """The weights of a space."""
    blocks = blocks_of(space)
    rows = vectors([one.text for one in some], blocks)
    codes = tuple(sorted({code for one in some for code in one.codes}))
    rarity = [_rarity([row[at] for row in rows]) for at in range(len(blocks))]
    wanted = np.zeros((len(some), len(codes)), np.float32)
    for at, one in enumerate(some):
        for rank, code in enumerate(one.codes):
            wanted[at, codes.index(code)] = (
                (0.7 if len(one.codes) > 1 else 1.0) if not rank else 0.3 / (len(one.codes) - 1)
            )
    weights = _descend(_matrix(rows, rarity), wanted)
    split = [weights[at * features.SIZE : (at + 1) * features.SIZE] for at in range(len(blocks))]
    return Weights(codes, blocks, tuple(map(_grained, split)), tuple(rarity))


def _share_of(rank: int, count: int) -> float:
    """How much of the label a code is: the first of several has most of it."""
    if count == 1:
        return 1.0
    return 0.3 / (count - 1) if rank else 0.7


def _rarity(rows: list[list[int]]) -> Any:
    seen = np.zeros(features.SIZE)
    for row in rows:
        seen[list(set(row))] += 1
    rarity = np.log((1 + len(rows)) / (1 + seen)) + 1
    return (np.round(rarity * RARITY_STEP) / RARITY_STEP).astype(np.float32)


def _matrix(rows: list[list[list[int]]], rarity: list[Any]) -> Any:
    """The texts as rows of a sparse matrix, each block of a text of length one."""
    places, values, documents = [], [], []
    for at, row in enumerate(rows):
        for block, numbers in enumerate(row):
            if numbers:
                value = rarity[block][numbers]
                places.append(np.array(numbers) + block * features.SIZE)
                values.append(value / math.sqrt(float(value @ value)))
                documents.append(np.full(len(numbers), at))
    cells = np.concatenate(values).astype(np.float32), (np.concatenate(documents), np.concatenate(places))
    return csr_matrix(cells, shape=(len(rows), features.SIZE * len(rarity)))


def _descend(matrix: Any, wanted: Any) -> Any:
    """Logistic regression by Nesterov's accelerated gradient steps."""
    turned = matrix.T.tocsr()
    weights = np.zeros((matrix.shape[1], wanted.shape[1]), np.float32)
    before = weights
    for step in range(STEPS):
        ahead = weights + np.float32(step / (step + 3)) * (weights - before)
        scores = matrix @ ahead
        shares = np.exp(scores - scores.max(1, keepdims=True))
        error = shares / shares.sum(1, keepdims=True) - wanted
        before, weights = weights, ahead - np.float32(RATE) * ((turned @ error) / len(wanted) + SHRINK * ahead)
    return weights.astype(np.float32)


def _grained(weights: Any) -> Any:
    """The weights as they are kept: whole multiples of a small step."""
    step = float(np.abs(weights).max()) / GRAIN or 1.0
    return (np.round(weights / step) * step).astype(np.float32)


def cues_of(space: str, some: list[Example]) -> dict[str, Cue]:
    """The phrases that were right often enough."""
    seen: Counter[str] = Counter()
    right: dict[str, Counter[str]] = defaultdict(Counter)
    for one in some:
        for phrase in set(Text(words_of(one.text)).phrases(with_deeds=space == "activity")):
            seen[phrase] += 1
            for code in one.codes:
                right[phrase][code] += 1
    found = {}
    for phrase, times in seen.items():
        code, hits = max(right[phrase].items(), key=lambda one: (one[1], one[0]))
        if times >= SEEN and hits / times >= SHARE:
            found[phrase] = Cue.of(phrase, code, hits / (times + 1), times)
    return found


class Judged(NamedTuple):
    """A strength out of the folds, and whether it was right."""

    strength: float
    right: bool


def crossed(space: str, some: list[Example]) -> dict[str, list[Judged]]:
    """The strengths of cues and classifier on what they had not learned from."""
    order = list(range(len(some)))
    Random(SEED).shuffle(order)
    found: dict[str, list[Judged]] = {"lexicon": [], "fuzzy": [], "narrative": []}
    for fold in range(FOLDS):
        left = [some[at] for at in order[fold::FOLDS] if some[at].judged]
        known = [some[at] for at in sorted(set(order) - set(order[fold::FOLDS]))]
        cues, scorer = cues_of(space, known), Scorer(learn(space, known))
        reader, labels_of = Reader([cues]), cache(Labels)
        for one in left:
            text, with_deeds = Text(words_of(one.text), one.text), space == "activity"
            verdict = judge(text, cues, one.in_play, with_deeds=with_deeds)
            if verdict:
                found["lexicon"].append(Judged(verdict.strength, verdict.code in one.codes))
            nearly = judge_fuzzily(
                text, reader.read(text), cues, labels_of(one.in_play), one.in_play, with_deeds=with_deeds
            )
            if nearly:
                found["fuzzy"].append(Judged(nearly.strength, nearly.code in one.codes))
            scores = scorer.scores([text])[0]
            scores[[code not in one.in_play for code in scorer.weights.codes]] = -np.inf
            shares = np.exp(scores - scores.max())
            best = int(shares.argmax())
            found["narrative"].append(
                Judged(float(shares[best] / shares.sum()), scorer.weights.codes[best] in one.codes)
            )
    return found


def calibrated(judged: list[Judged], least: int = 25) -> list[tuple[float, float]]:
    """(strength from which on, share that was right), rising: pools of neighbours that keep the order."""
    pools: list[list[float]] = []
    for one in sorted(judged):
        pools.append([one.strength, float(one.right), 1.0])
        while len(pools) > 1 and (pools[-2][1] / pools[-2][2] >= pools[-1][1] / pools[-1][2] or pools[-2][2] < least):
            last = pools.pop()
            pools[-1][1] += last[1]
            pools[-1][2] += last[2]
    table: list[tuple[float, float]] = []
    for start, right, count in reversed(pools):
        share = round((right + 0.5) / (count + 1), 3)  # nobody is ever quite sure
        table.insert(0, (round(start, 3), min(share, table[0][1]) if table else share))
    return table


def work(job: tuple[str, list[Example]]) -> tuple[str, Weights, dict[str, Cue], dict[str, list[Judged]]]:
    """All of one space."""
    space, some = job
    return space, learn(space, some), cues_of(space, some), crossed(space, some)


def main() -> None:
    """Train everything, and say how it did."""
    _write_words()
    jobs = sorted(examples().items(), key=lambda one: -len(one[1]))
    with ProcessPoolExecutor(2) as pool:
        done = sorted(pool.map(work, jobs), key=lambda one: one[0])
    _write_weights({space: weights for space, weights, *_ in done})
    _write_cues({space: cues for space, _, cues, _ in done})
    _write_calibration({space: judged for space, *_, judged in done})
    for space, _, cues, judged in done:
        tell(space, len(cues), judged)


def tell(space: str, cues: int, judged: dict[str, list[Judged]]) -> None:
    """The accuracy of the folds at some coverages."""
    print(f"{space:20} {cues:6} cues", end="")
    total = len(judged["narrative"])
    for step, some in judged.items():
        ranked = sorted(some, reverse=True)
        shares = [
            f"{sum(one.right for one in ranked[: int(total * part)]) / max(1, len(ranked[: int(total * part)])):.3f}"
            for part in (0.2, 0.4, 0.7, 0.85, 1)
        ]
        print(f"  {step} {len(some)}/{total}: {' '.join(shares)}", end="")
    print()


def _write_weights(found: dict[str, Weights]) -> None:
    with zipfile.ZipFile(FOLDER / "coding.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for space, weights in found.items():
            arrays = {"codes": np.array(" ".join(weights.codes)), "blocks": np.array(" ".join(weights.blocks))}
            for block, table, rarity in zip(weights.blocks, weights.weights, weights.rarity, strict=True):
                step = float(np.abs(table).max()) / GRAIN or 1.0
                arrays[block] = np.round(table / step).astype(np.int8)
                arrays[f"{block}.scale"] = np.float32(step)
                arrays[f"{block}.rarity"] = np.round(rarity * RARITY_STEP).astype(np.uint8)
            for name, array in arrays.items():
                out = io.BytesIO()
                np.save(out, array)
                archive.writestr(zipfile.ZipInfo(f"{space}.{name}.npy"), out.getvalue(), zipfile.ZIP_DEFLATED)


def _write_cues(found: dict[str, dict[str, Cue]]) -> None:
    with (FOLDER / "cues.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("space", "phrase", "code", "right", "seen"))
        for space, cues in found.items():
            for cue in sorted(cues.values(), key=lambda one: (one.code, one.phrase)):
                writer.writerow((space, cue.phrase, cue.code, round(cue.share * cue.seen, 2), cue.seen))


def common_words(texts: list[str], meanings: list[str]) -> list[str]:
    """The words that narratives share: written small in several of them, and mostly so where a name would not be.

    Narratives without capitals do not count, because names stand small in them too.
    """
    small: Counter[str] = Counter()
    large: Counter[str] = Counter()
    for text in texts:
        words = _PLAIN_WORD.findall(text)
        if text.isupper() or not any(word[0].isupper() for word in words[1:]):
            continue
        small.update({word for word in words[1:] if word.islower()})
        large.update({word.lower() for word in words[1:] if not word.islower()})
    shared = {word for word, times in small.items() if times >= SEEN and times > 2 * large[word]}
    told = {word for text in meanings for word in _PLAIN_WORD.findall(text) if word.islower()}
    lists = lexicon()
    told |= {
        word for word in (*lists.verbs, *lists.stop, *lists.fillers, *lists.generic) if _PLAIN_WORD.fullmatch(word)
    }
    told |= {
        word for phrases in (lists.nouns, lists.people) for some in phrases.values() for one, _ in some for word in one
    }
    return sorted(word for word in shared | told if len(word) > 1 or word in "aiw")


_PLAIN_WORD = re.compile(r"[^\W\d_]+(?:['’.&-][^\W\d_]+)*")


def _write_words() -> None:
    texts = [row.narrative for row in labelled("train", "tune")]
    codes = [code for one in shipped_sets().values() for code in one.codes]
    words = common_words(texts, [f"{code.definition} {code.keywords}" for code in codes])
    head = "# The words that may leave the machine. Written by `python -m benchmarks.coding.train`.\n"
    (FOLDER / "words.txt").write_text(head + "\n".join(words) + "\n", encoding="utf-8")


def _write_calibration(found: dict[str, dict[str, list[Judged]]]) -> None:
    lines = [
        "# How often a strength was right: from [strength, share right] on.",
        "# Written by `python -m benchmarks.coding.train` from five-fold cross-validation on the labelled narratives,",
        "# those that are kept unseen left out.",
    ]
    for space, judged in found.items():
        lines += ["", f'["{space}"]']
        for step, some in judged.items():
            pairs = ", ".join(f"[{strength}, {share}]" for strength, share in calibrated(some))
            lines.append(f"{step} = [{pairs}]")
    (FOLDER / "calibration.toml").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
