"""How well codes are assigned, on labelled narratives. `python -m benchmarks.quality` ends with these tables.

A code is right when it is one of those that the label accepts; `strict` counts the label's first code only. Only the
deterministic steps run. The set of each matter is given, as a client gives it. Intervals are Wilson's, of 95 per cent.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from benchmarks.coding.labelled import Labelled, labelled
from benchmarks.quality.intervals import wilson
from ledes_engine.coding.chain import Coder
from ledes_engine.coding.entry import EXPENSE, FEE, Entry
from ledes_engine.coding.spaces import Rules
from ledes_engine.coding.suggestion import BLOCK, CONTRADICTORY, UNSURE, VAGUE, Choice, Suggestion

_EXPENSES = ("expenses", "expenses-x")
_FOR_THE_MODEL = (UNSURE, CONTRADICTORY)
# The share of entries that the aims speak of.
_AIM = 0.85


class Judged(NamedTuple):
    """The best choice for one field of one narrative."""

    row: Labelled
    field: str
    choice: Choice | None
    given: bool  # sure enough to be filled in
    right: bool
    strict: bool


def suggestions(rows: Sequence[Labelled]) -> list[Suggestion]:
    """What the chain says of each narrative."""
    found: dict[str, Suggestion] = {}
    for name in {row.set for row in rows}:
        some = [row for row in rows if row.set == name]
        rules = Rules(expenses=name) if name in _EXPENSES else Rules(sets=(name,))
        kind = EXPENSE if name in _EXPENSES else FEE
        told = Coder(rules).suggest([Entry(row.narrative, kind, matter=name) for row in some])
        found.update(zip((row.id + row.narrative for row in some), told, strict=True))
    return [found[row.id + row.narrative] for row in rows]


def judged(rows: Sequence[Labelled], told: Sequence[Suggestion]) -> Iterator[Judged]:
    """Each field of each narrative that has a label."""
    for row, suggestion in zip(rows, told, strict=True):
        for field in ("expense",) if row.kind == "expense" else ("task", "activity") if row.kind == "fee" else ():
            accepted = getattr(row, field)
            choice = suggestion.choices.get(field)
            code = choice.code if choice else ""
            yield Judged(row, field, choice, field in suggestion.sure, code in accepted, code == accepted[0])


def measure(part: str, errors: bool) -> Iterator[str]:
    """The tables of a part."""
    rows = labelled(part)
    told = suggestions(rows)
    found = list(judged(rows, told))
    yield f"{len(rows)} narratives of the part {part}; the deterministic steps"
    head = f"{'set':22} {'field':9}{'n':>5}  best  strict  given  right of those given   at {_AIM:.0%}  macro"
    yield head
    for name in sorted({one.row.set for one in found}):
        for field in ("task", "activity", "expense"):
            some = [one for one in found if one.row.set == name and one.field == field]
            if some:
                yield _line(name, field, some)
    for field in ("task", "activity", "expense"):
        yield _line("all", field, [one for one in found if one.field == field])
    yield from _rest(rows, told)
    yield from _calibration(found)
    for one in found if errors else ():
        if not one.right and one.choice:
            labels = "|".join(getattr(one.row, one.field))
            told_so = f"{one.choice.code:6} not {labels:12} {one.choice.confidence:.2f} {one.choice.step:9}"
            yield f"    {told_so} {one.row.narrative}"


def _line(name: str, field: str, some: Sequence[Judged]) -> str:
    given = [one for one in some if one.given]
    right = sum(one.right for one in given)
    low, high = wilson(right, len(given))
    ranked = sorted(some, key=lambda one: -(one.choice.confidence if one.choice else 0))[: round(len(some) * _AIM)]
    by_code: dict[str, list[bool]] = defaultdict(list)
    for one in some:
        by_code[getattr(one.row, field)[0]].append(one.right)
    macro = sum(sum(rights) / len(rights) for rights in by_code.values()) / len(by_code)
    return (
        f"{name:22} {field:9}{len(some):5} {_share(one.right for one in some)}   {_share(one.strict for one in some)}"
        f"  {len(given) / len(some):.3f}  {right / max(1, len(given)):.3f} ({low:.3f}-{high:.3f})  "
        f"{_share(one.right for one in ranked)}  {macro:.3f}"
    )


def _share(rights: Iterable[bool]) -> str:
    found = list(rights)
    return f"{sum(found) / max(1, len(found)):.3f}"


def _rest(rows: Sequence[Labelled], told: Sequence[Suggestion]) -> Iterator[str]:
    """What is left for the model, what each step decided, and what became of vague and block-billed entries."""
    single = [one for row, one in zip(rows, told, strict=True) if row.kind in ("fee", "expense")]
    left = sum(any(reason in _FOR_THE_MODEL for reason in one.abstained.values()) for one in single)
    fields = [(field, reason) for one in single for field, reason in one.abstained.items() if reason in _FOR_THE_MODEL]
    whole = sum(len(one.choices) for one in single)
    yield f"left for the model: {left / len(single):.3f} of the entries, {len(fields) / max(1, whole):.3f} of the codes"
    steps = Counter(choice.step for one in single for choice in one.sure.values())
    yield "decided by: " + ", ".join(f"{step} {count / steps.total():.3f}" for step, count in steps.most_common())
    for kind, reason in (("vague", VAGUE), ("block", BLOCK)):
        some = [one for row, one in zip(rows, told, strict=True) if row.kind == kind]
        empty = sum(not one.sure.keys() & {"task", "expense"} for one in some)
        named = sum(reason in one.abstained.values() for one in some)
        others = sum(reason in one.abstained.values() for one in single)
        yield (
            f"{kind}: {len(some)} entries, {empty} get no task code, {named} are told to be so "
            f"({others} of {len(single)} others)"
        )


def _calibration(found: Sequence[Judged]) -> Iterator[str]:
    """Of the codes given a confidence, the share that is right."""
    bins: dict[int, list[Judged]] = defaultdict(list)
    for one in found:
        if one.choice:
            bins[min(9, int(one.choice.confidence * 10))].append(one)
    yield "confidence   codes  stated  right"
    for place, some in sorted(bins.items()):
        stated = sum(one.choice.confidence for one in some if one.choice) / len(some)
        right = sum(one.right for one in some)
        low, high = wilson(right, len(some))
        told_right = f"{right / len(some):.3f} ({low:.3f}-{high:.3f})"
        yield f"{place / 10:.1f}-{place / 10 + 0.1:.1f}  {len(some):8}   {stated:.3f}  {told_right}"
