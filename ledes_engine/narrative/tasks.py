"""Steps that are one task put together, and tasks that belong to one document, event or topic."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from ledes_engine.narrative.gaps import lacks
from ledes_engine.narrative.joints import FILING
from ledes_engine.narrative.lexicon import lexicon
from ledes_engine.narrative.steps import Step

# Activities that are work of their own even where the words share an object: `prepare for and attend the hearing`.
_APART = [
    {"prepare", "attend"},
    {"travel", "attend"},
    {"travel", "prepare"},
    {"travel", "communicate"},
    {"research", "draft"},
    {"review", "communicate"},
]
# What says that people spoke: `called and spoke with` is one call.
_SPEAKING = frozenset({"speak", "confer", "discuss", "meet", "talk", "meeting", "consult", "conference"})
# What is put into the paper that is being written.
_INTO = frozenset({"incorporate", "insert", "conform", "add", "polish", "proof"})
# What is done at the event that was attended.
_TAKING_PART = frozenset(
    {"argue", "present", "conduct", "examine", "cross-examine", "lead", "answer", "address", "oppose", "assist"}
)
# A part of a list of so many words names a task: `title work`.
_LABEL = 6
_TELLING = frozenset({"advise", "report", "inform"})
_ON_PAPER = frozenset({"draft", "prepare", "send", "file"})


class Task(NamedTuple):
    """One task that a narrative describes. Offsets count characters; tasks of one `group` are about one thing."""

    start: int
    end: int
    activity: str  # communicate, draft, review ...; empty where the words name none
    lemma: str  # of the verb or noun that names it
    group: int
    hours: Decimal | None  # given in the text
    quantity: int  # of calls, emails or documents; 0 where not given
    parties: tuple[str, ...]  # client, opposing, court ...; `named`
    lacks: str  # the first thing that a reader misses; empty where nothing is missing


def tasks_of(steps: Sequence[Step], text: str) -> tuple[Task, ...]:
    """The tasks that the steps make up, in order."""
    made: list[list[Step]] = []
    for step in steps:
        if made and _carries_on(step, made[-1]):
            made[-1].append(step)
        else:
            made.append([step])
    groups = _groups(made)
    return tuple(_task(made, at, groups[at], text) for at in range(len(made)))


def _groups(made: list[list[Step]]) -> list[int]:
    """For each task the number of the first one that it belongs with."""
    groups: list[int] = []
    for at, task in enumerate(made):
        related = [groups[other] for other in range(at) if _related(made[other], task, adjacent=other == at - 1)]
        group = min(related, default=at)
        groups = [group if old in related else old for old in groups]  # what both belong with belongs together
        groups.append(group)
    return groups


def _task(made: list[list[Step]], at: int, group: int, text: str) -> Task:
    steps = made[at]
    shared = at + 1 < len(made) and made[at + 1][0].shares
    given = [step.hours for step in steps if step.hours is not None]
    return Task(
        start=steps[0].start,
        end=steps[-1].end,
        activity=steps[0].activity,
        lemma=steps[0].lemma,
        group=group,
        hours=sum(given, Decimal(0)) if given else None,
        quantity=sum(step.quantity for step in steps),
        parties=tuple(dict.fromkeys(party for step in steps for party in step.parties)),
        lacks="" if shared else lacks(steps, text, alone=len(made) == 1),
    )


def _carries_on(step: Step, task: list[Step]) -> bool:
    """Whether a step is part of the task before it."""
    before = task[-1]
    if not step.activity:
        return _continues(step, next((one for one in reversed(task) if one.activity), before))
    if step.shares:
        apart = {step.activity, before.activity} in _APART or (
            step.lemma in FILING and before.activity in ("draft", "prepare")
        )
        if apart and step.lemma not in _TELLING:
            return False
        both_talk = step.activity == before.activity == "communicate"
        return not both_talk or step.lemma in _SPEAKING or step.lemma == before.lemma
    same_object = step.same or (not step.content and (step.refers or not step.kinds))
    overlap = step.content & before.content
    if step.activity == before.activity == "draft" or {step.activity, before.activity} == {"draft", "prepare"}:
        into = (step.lemma in _INTO and not step.hard) or (step.section and step.activity == "draft")
        return same_object or into or bool(overlap) or (not step.content and bool(step.kinds & before.kinds))
    if step.activity == before.activity == "review":
        return same_object or bool(overlap)
    if step.activity == before.activity == "attend" or (step.lemma in _TAKING_PART and before.activity == "attend"):
        return step.form != "noun"
    if step.lemma in _TELLING and not step.hard and step.refers and not step.content:
        return True  # `analyse the limitation defence and report on it`
    return step.activity == "send" and before.activity in _ON_PAPER and same_object


def _continues(step: Step, before: Step) -> bool:
    """Whether words that name no activity carry on what stands before them, and are no task of their own."""
    words = lexicon()
    if not step.content and not step.kinds:
        return True
    if step.first in words.continues or step.first in words.anaphora:
        return True
    if not before.activity:
        return False
    listed = before.form == "noun" and before.activity in ("communicate", "attend", "travel")
    return before.subject or not listed or step.length > _LABEL


def _related(one: list[Step], other: list[Step], *, adjacent: bool) -> bool:
    """Whether two tasks are about one document, event or topic, as far as the words tell."""
    first, second = one[-1], other[0]
    if adjacent and (second.shares or second.refers):
        return True
    content, more = _all(one, "content"), _all(other, "content")
    if content & more:
        return True
    about, also = content | _all(one, "kinds"), more | _all(other, "kinds")
    if not adjacent:
        return bool(about & also) and (not content or not more)
    if not content or not more:
        return True
    if first.activity == second.activity == "review" and not second.hard:
        return True  # read, and compared with something
    if second.follows and not second.topic and len(second.content) < _PROPER and second.activity != first.activity:
        return True
    travels = "travel" in (first.activity, second.activity)
    if travels or {first.activity, second.activity} in _ONE_EVENT:
        return True
    return bool(about & also) and (not content or not more)


# Work that names so much of its own is about something else, whatever it follows.
_PROPER = 4
# Getting ready for an event, and the event; clerical steps one after another.
_ONE_EVENT = [{"prepare", "attend"}, {"file"}]


def _all(task: list[Step], name: str) -> frozenset[str]:
    return frozenset().union(*(getattr(step, name) for step in task))
