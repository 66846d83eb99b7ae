"""What `ledes code` says: a summary, the entries left for review, and codes that the words contradict."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ledes_engine.coding.entry import FIELDS, Entry
from ledes_engine.coding.llm.asking import Asked, Estimate
from ledes_engine.coding.suggestion import REASONS, Suggestion
from ledes_engine.report.words import counted, printable

# So much of a narrative and so many entries are shown.
_WIDTH, _MOST, _LABEL = 76, 200, 48


class Outcome(NamedTuple):
    """Everything that a run came to."""

    source: str
    entries: Sequence[Entry]
    suggestions: Sequence[Suggestion]
    filled: Mapping[int, Mapping[str, str]]  # by entry and field
    asked: Asked | None
    written: str  # the file, empty when none was written
    added: Sequence[str]  # columns that were added
    reading: str = ""  # which columns were read as what
    sets: Mapping[tuple[str, str], Sequence[str]] = {}  # of task codes in play, by client and matter
    approved: Mapping[int, Mapping[str, str]] = {}  # what was chosen in a review


def left(outcome: Outcome) -> list[tuple[int, list[str]]]:
    """The entries with a blank that no sure code was found for: number and fields. Guesses count."""
    found = []
    for number, (entry, one) in enumerate(zip(outcome.entries, outcome.suggestions, strict=True)):
        filled = outcome.filled.get(number, {})
        fields = [
            field
            for field in one.abstained
            if not getattr(entry, field).strip() and (field not in filled or _guessed(outcome, number, field))
        ]
        if fields:
            found.append((number, fields))
    return found


def _guessed(outcome: Outcome, number: int, field: str) -> bool:
    """Whether a code was filled in though it is not sure."""
    one, code = outcome.suggestions[number], outcome.filled.get(number, {}).get(field)
    chosen = outcome.approved.get(number, {}).get(field)
    return code is not None and chosen is None and field in one.abstained and field in one.choices


def render(outcome: Outcome, *, explain: bool = False) -> str:
    """The text for the terminal."""
    parts = [*_explained(outcome)] if explain else []
    return "\n".join([*parts, *_for_review(outcome), *_contradicted(outcome), *_summary(outcome)]) + "\n"


# What decided, in words for billing staff.
_STEPS = {
    "exact": "your own phrase or approval",
    "lexicon": "known phrase",
    "fuzzy": "near match",
    "narrative": "wording",
    "model": "language model",
}


def _short(label: str) -> str:
    return label if len(label) <= _LABEL else label[: _LABEL - 1] + "…"


def _shown(text: str) -> str:
    text = printable(" ".join(text.split()))
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"


def _explained(outcome: Outcome) -> Iterator[str]:
    """Each code that was filled in, and why."""
    for number, codes in sorted(outcome.filled.items()):
        yield f"{outcome.entries[number].place}: {_shown(outcome.entries[number].narrative)}"
        for field, code in codes.items():
            choice = outcome.suggestions[number].choices.get(field)
            if choice is None or choice.code != code:
                yield f"    {field:9} {code}  chosen in the review"
                continue
            words = ", ".join(f'"{printable(word)}"' for word in choice.evidence)
            instead = f"; next {choice.runner_up}" if choice.runner_up else ""
            yield (
                f"    {field:9} {code}  {_short(choice.label)}: {choice.percent} sure, by {_STEPS[choice.step]}"
                f"{f' {words}' if words else ''}{instead}"
            )
    if outcome.filled:
        yield ""


def _for_review(outcome: Outcome) -> Iterator[str]:
    found = left(outcome)
    if found:
        yield "For review:"
    for number, fields in found[:_MOST]:
        one = outcome.suggestions[number]
        yield f"  {outcome.entries[number].place}: {_shown(outcome.entries[number].narrative)}"
        for field in fields:
            choice = one.choices.get(field)
            reason = REASONS.get(one.abstained[field], one.abstained[field])
            verb = "filled in as" if _guessed(outcome, number, field) else "perhaps"
            guess = f"; {verb} {choice.code} {_short(choice.label)} ({choice.percent})" if choice else ""
            yield f"    {field}: {reason}{guess if not one.tasks else ''}"
        for text, choices in one.tasks:
            codes = " ".join(choices[field].code for field in FIELDS if field in choices) or "no code"
            yield f"    {codes:12} {_shown(text)}"
    if len(found) > _MOST:
        yield f"  … and {len(found) - _MOST} more"
    if found:
        yield ""


def _contradicted(outcome: Outcome) -> Iterator[str]:
    """Codes in the file that the words speak against; they are left as they are."""
    told = [
        f"  {entry.place}: {existing.field} code {printable(existing.code)}: {printable(existing.why)}"
        for entry, one in zip(outcome.entries, outcome.suggestions, strict=True)
        for existing in one.existing
        if existing.verdict == "contradicts"
    ]
    if told:
        yield "Codes in the file that the words contradict (nothing was changed):"
        yield from told[:_MOST]
        yield ""


def _summary(outcome: Outcome) -> Iterator[str]:
    entries = outcome.entries
    blanks = sum(not getattr(entry, field).strip() for entry in entries for field in entry.wanted
                 if entry.kind in ("fee", "expense"))  # fmt: skip
    steps: Counter[str] = Counter()
    for number, codes in outcome.filled.items():
        for field, code in codes.items():
            choice = outcome.suggestions[number].sure.get(field)
            guess = "guess" if _guessed(outcome, number, field) else "review"
            steps[_STEPS[choice.step] if choice and choice.code == code else guess] += 1
    filled = steps.total()
    yield f"{outcome.source}: {_entries(len(entries))}, {counted(blanks, 'blank code')}"
    if outcome.reading:
        yield f"  {printable(outcome.reading)}"
    yield from _sets(outcome)
    if blanks:
        shares = ", ".join(f"{step} {count / filled:.0%}" for step, count in steps.most_common()) if filled else ""
        verb = "filled in" if outcome.written else "can be filled in"
        told = f"  {filled} {verb}{f' ({shares})' if shares else ''}"
        open_ = left(outcome)
        yield f"{told}, {sum(len(fields) for _, fields in open_)} to review in {_entries(len(open_))}"
    verdicts = Counter(existing.verdict for one in outcome.suggestions for existing in one.existing)
    if verdicts.total() > verdicts["missing"]:
        yield (
            f"  of the codes in the file {verdicts['agrees']} agree with the words, {verdicts['contradicts']} "
            f"contradict them, {verdicts['unsure']} cannot be judged"
        )
    if outcome.asked:
        yield from _asked(outcome.asked)
    if outcome.added:
        yield f"  columns added at the end: {', '.join(outcome.added)}"
    yield f"{outcome.written} written" if outcome.written else "nothing was written; add -o FILE to write the codes"


def _sets(outcome: Outcome) -> Iterator[str]:
    """Which sets of task codes were taken for which matters."""
    by_sets: dict[str, list[str]] = {}
    for (_, matter), names in outcome.sets.items():
        by_sets.setdefault(" and ".join(names) or "none", []).append(printable(matter) or "(no matter)")
    for names, matters in by_sets.items():
        more = f" and {len(matters) - _MATTERS} more" if len(matters) > _MATTERS else ""
        yield f"  task codes of the set {names}: matter {', '.join(matters[:_MATTERS])}{more}"


# So many matters are named.
_MATTERS = 6


def _entries(number: int) -> str:
    return f"{number} entr{'y' if number == 1 else 'ies'}"


def _asked(asked: Asked) -> Iterator[str]:
    spent = asked.spent
    cost = f", {spent.cost:.6f} spent" if spent.cost is not None else ""
    kept = f", {asked.cached} known from before" if asked.cached else ""
    yield (
        f"  language model: {counted(spent.calls, 'call')}, {spent.told} tokens sent, {spent.answered} received{cost}; "
        f"{len(asked.answers)} of {_entries(len(asked.answers) + len(asked.reasons))} answered{kept}"
    )
    if asked.stopped:
        yield f"  the model was not asked further: {printable(asked.stopped)}"


def estimated(estimate: Estimate, *, prompts: bool) -> str:
    """What would be sent to the language model, and what it would take."""
    lines = []
    for asked in estimate.prompts if prompts else ():
        lines += [f"--- {one['role']}\n{one['content'].rstrip()}" for one in asked]
        lines.append("")
    cost = f", at most {estimate.cost}" if estimate.cost else ", cost unknown without price_in and price_out"
    lines.append(
        f"{_entries(estimate.entries)} would be sent in {counted(estimate.calls, 'call')}: "
        f"at most {estimate.told} tokens sent, {estimate.answered} received{cost}. Nothing was sent."
    )
    return "\n".join(lines) + "\n"
