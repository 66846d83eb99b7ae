"""`ledes code --review`: the uncertain entries one after another, for a person to accept, choose or skip."""

from collections.abc import Mapping, Sequence
from datetime import date

from ledes_engine.cards import near_miss
from ledes_engine.coding.chain import Coder
from ledes_engine.coding.entry import Entry
from ledes_engine.coding.matters import Matter
from ledes_engine.coding.memory import Memory
from ledes_engine.coding.spaces import labels
from ledes_engine.coding.suggestion import BLOCK, REASONS, Suggestion
from ledes_engine.report.words import printable

_HELP = (
    "Enter accepts the first (of an entry with several tasks it skips), a number or a code chooses, s skips the entry, "
    "q ends the review."
)


def review(
    entries: Sequence[Entry],
    suggestions: Sequence[Suggestion],
    coder: Coder,
    memory: Memory,
    sets: Mapping[Matter, tuple[str, ...]],
    today: date,
) -> dict[int, dict[str, str]]:
    """What the person chose, by entry and field. Each choice is kept at once: a broken-off review loses none."""
    left = [
        (number, [field for field in one.abstained if not getattr(entries[number], field).strip()])
        for number, one in enumerate(suggestions)
    ]
    left = [(number, fields) for number, fields in left if fields]
    if left:
        print(f"{len(left)} to review. {_HELP}")
    chosen: dict[int, dict[str, str]] = {}
    answered: dict[tuple[str, str, str, str], str] = {}
    for position, (number, fields) in enumerate(left, 1):
        entry, one = entries[number], suggestions[number]
        print(f"\n{position}/{len(left)}  {entry.place}: {printable(entry.narrative)}")
        known = coder.spaces_of(sets.get((entry.client, entry.matter), ()))
        for field in fields:
            again = (entry.narrative, entry.matter, entry.kind, field)
            if again not in answered:
                if field not in known:
                    continue
                print(f"  {field}: {REASONS.get(one.abstained[field], one.abstained[field])}")
                answer = _asked(_offers(one, field), known[field].codes, field, alone=one.abstained[field] != BLOCK)
                if answer is None:
                    return chosen
                answered[again] = answer
            if not answered[again]:
                break
            chosen.setdefault(number, {})[field] = answered[again]
            memory.approve(entry, {field: answered[again]}, today)
    return chosen


def _offers(one: Suggestion, field: str) -> dict[str, str]:
    """The codes to choose from, the likeliest first, and what is to be said of each."""
    choice = one.choices.get(field)
    offered = {choice.code: f" ({choice.percent})"} if choice else {}
    if choice and choice.runner_up:
        offered.setdefault(choice.runner_up, "")
    for text, some in one.tasks:
        if field in some:
            offered[some[field].code] = f"  for: {printable(text)}"
    return offered


def _asked(offered: Mapping[str, str], codes: frozenset[str], field: str, *, alone: bool) -> str | None:
    """The code that the person chose; empty to skip, None to end. `alone` lets Enter accept the first."""
    for place, (code, told) in enumerate(offered.items(), 1):
        print(f"    {place} {code} {labels().get(code, '')}{told}")
    while True:
        try:
            answer = input("    > ").strip()
        except EOFError:
            print()
            return None
        if answer.lower() == "q":
            return None
        if answer.lower() == "s" or (not answer and not (offered and alone)):
            return ""
        if not answer:
            return next(iter(offered))
        if answer.isdigit() and 0 < int(answer) <= len(offered):
            return list(offered)[int(answer) - 1]
        if answer.upper() in codes:
            return answer.upper()
        hint = near_miss(answer.upper(), sorted(codes))
        print(f"    {printable(answer)} is no {field} code that fits here{hint}. {_HELP}")
