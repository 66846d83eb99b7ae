"""Kinds about several people who do, attend or say one thing."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from ledes_engine.checks.narratives import hours_of, looked_over, narrative_hit, total_of
from ledes_engine.checks.scope import Scope, chosen_rows, kind
from ledes_engine.checks.staffing import internal_lines
from ledes_engine.model import Hit, Table
from ledes_engine.narrative import steps_of
from ledes_engine.values import ZERO, plain

# The events that several people attend, and the words for them.
_EVENTS = {
    "deposition": ("deposition", "depo"),
    "hearing": ("hearing", "oral argument", "hrg"),
    "mediation": ("mediation",),
    "trial": ("trial",),
    "conference": ("conference", "meeting"),
}


@kind
def attendees(scope: Scope) -> Iterator[Hit]:
    """More than `max` people of the firm at one hearing, deposition, mediation or meeting.

    They attend one when their lines on one matter and day say so; those whose words say what part they took (`roles`)
    do not count. One hit at the line of each person beyond the number.
    """
    most, roles = int(scope.params["max"]), [role.lower() for role in scope.params["roles"]]
    lines, matters_ = scope.lines, scope.matters()
    found: dict[tuple[str, str, str], dict[str, int]] = {}
    words = looked_over(lines).words
    may = any(words.issuperset(start.replace("-", " ").split()) for start in _ATTENDS)
    for row in chosen_rows(scope) if may or not words.isdisjoint(_FORMS) else ():
        event = _event(lines["narrative"][row], roles)
        if event and lines["timekeeper_id"][row]:
            key = (matters_[row], lines["line_date"][row], event)
            found.setdefault(key, {}).setdefault(lines["timekeeper_id"][row], row)
    for (_, day, event), people in found.items():
        same = _at_one(scope, people) if len(people) > most else {}
        for row in list(same.values())[most:]:
            facts = {"event": event, "day": day, "people": len(same), "names": ", ".join(same), "max": most}
            yield narrative_hit(scope, row, facts)


def _at_one(scope: Scope, people: dict[str, int]) -> dict[str, int]:
    """Of people at events of one kind, the most who name the same witness, motion or subject."""
    named: dict[str, dict[str, int]] = {}
    unnamed: dict[str, int] = {}
    for person, row in people.items():
        words = {word for step in steps_of(scope.lines["narrative"][row]) for word in step.content}
        for word in words:
            named.setdefault(word, {})[person] = row
        if not words:  # `attend hearing` is the hearing that the others name
            unnamed[person] = row
    most: dict[str, int] = max(named.values(), key=len) if named else {}
    together = {**most, **unnamed}
    return {person: row for person, row in people.items() if person in together}


def _event(text: str, roles: list[str]) -> str:
    """The event that a line's only task says was attended; nothing where the words say which part was taken."""
    low = text.lower()
    if not low.startswith(_ATTENDS) or any(role in low for role in roles):
        return ""
    return next((name for name, words in _EVENTS.items() if any(word in low for word in words)), "")


_FORMS = frozenset("attended attending attendance attends appeared appearance appearing participated defended".split())
_ATTENDS = (
    *(
        "attend",
        "appear",
        "deposition of",
        "hearing on",
        "depo of",
        "mediation",
        "trial",
        "participate",
        "defend",
        "observe",
    ),
    *("second-chair", "second chair", "court appearance", "oral argument", "took deposition", "take deposition"),
    *("prepare for and attend", "prepared for and attended"),
)


@kind
def internal_talk(scope: Scope) -> Iterator[Hit]:
    """Talk within the firm that more than `max_billers` people bill on one matter and day.

    A line is such talk when its words name colleagues only. With `max_billers = 0` every such line is a hit.
    """
    lines, most = scope.lines, int(scope.params["max_billers"])
    matters_ = scope.matters()
    found: dict[tuple[str, str], list[int]] = {}
    for row, _ in internal_lines(scope):
        found.setdefault((matters_[row], lines["line_date"][row]), []).append(row)
    for (_, day), rows in found.items():
        people = dict.fromkeys(lines["timekeeper_id"][row] for row in rows)
        if len(people) > most:
            paid = list(people)[:most]
            for row in rows:
                if lines["timekeeper_id"][row] not in paid:
                    hours = plain(sum((hours_of(scope, one) for one in rows), ZERO))
                    yield narrative_hit(scope, row, {"people": len(people), "day": day, "hours": hours}, allowed=ZERO)


@kind
def shared_text(scope: Scope) -> Iterator[Hit]:
    """Two people who bill one text on one matter within `days` days; shorter texts than `min_words` do not count."""
    lines, near, least = scope.lines, timedelta(days=int(scope.params["days"])), int(scope.params["min_words"])
    matters_ = scope.matters()
    texts: dict[tuple[str, str], list[int]] = {}
    rows = chosen_rows(scope)
    if len(looked_over(lines).texts) == len(lines):
        return  # no text stands there twice
    for row in rows:
        texts.setdefault((matters_[row], " ".join(lines["narrative"][row].lower().split())), []).append(row)
    days = lines.days("line_date")
    for (_, text), same in texts.items():
        if len(same) < 2 or len(text.split()) < least or len({lines["timekeeper_id"][row] for row in same}) < 2:
            continue
        for at, row in enumerate(same):
            other = next(
                (
                    one
                    for one in same[max(0, at - _NEAREST) : at]
                    if _other(scope, one, row) and _near(days, one, row, near, lines)
                ),
                None,
            )
            if other is not None:
                people = lines["timekeeper_id"]
                facts = {"first_line": lines.line[other], "other": people[other], "timekeeper": people[row]}
                yield Hit(row, "narrative", lines["narrative"][row], facts, total_of(scope, row))


# So many lines back another person with the same text is looked for.
_NEAREST = 100


def _near(days: Mapping[str, date | None], one: int, row: int, near: timedelta, lines: Table) -> bool:
    first, second = days[lines["line_date"][one]], days[lines["line_date"][row]]
    return first is not None and second is not None and abs(second - first) <= near


def _other(scope: Scope, one: int, row: int) -> bool:
    people = scope.lines["timekeeper_id"]
    return people[one] != people[row]
