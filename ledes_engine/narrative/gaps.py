"""What a narrative leaves out: the party, the topic, the document, the question; and words that say nothing."""

import re
from collections.abc import Sequence

from ledes_engine.narrative.lexicon import lexicon
from ledes_engine.narrative.steps import Step

_BY_ACTIVITY = {"research": "question", "attend": "occasion", "review": "document", "draft": "paper"}
# Events that say by themselves what they were about.
_EVENTS = frozenset(
    "mediation arbitration trial closing auction conference341 inspection ime signing argument deposition".split()
)


def lacks(steps: Sequence[Step], text: str, *, alone: bool) -> str:
    """The first thing that a reader misses in a task; nothing where it says enough, or points back to what does.

    `anything`, `specifics`, `party`, `topic`, `question`, `occasion`, `document`, `paper`, `work` or `kinds`. `alone`
    says that the narrative holds no other task.
    """
    first, words = steps[0], lexicon()
    content: frozenset[str] = frozenset().union(*(step.content for step in steps))
    kinds: frozenset[str] = frozenset().union(*(step.kinds for step in steps))
    refers = any(step.refers for step in steps)
    telling = kinds - words.dull_stems
    if first.activity == "communicate" and first.lemma not in _TO_PAPER:
        named = bool(content or refers or first.purpose or (first.topic and telling))
        return _of_talk(steps, named, refers or any(step.parties for step in steps))
    if first.lemma in _TO_PAPER and first.parties:
        return ""
    if not first.activity:
        short = first.length < 3 and not first.subject and alone
        return "anything" if short or not content | kinds else ""
    if first.first in _INTENT and len(content) < 2:
        return "work"
    if first.activity == "manage":
        return "" if len(content) > 1 or (content and (telling or first.lemma not in _NEBULOUS)) else "specifics"
    if first.activity == "research" and not first.tail:
        return "question"
    if content or refers or (first.activity in ("draft", "communicate") and telling and len(kinds) > 1):
        return ""
    return _of_other(first, kinds, steps, text)


def _of_other(first: Step, kinds: frozenset[str], steps: Sequence[Step], text: str) -> str:
    """What work lacks that names no document, event or topic."""
    if first.lemma in _SORTING and kinds:
        return ""
    if first.activity in ("file", "send"):
        return "" if kinds or first.parties or first.tail else "anything"
    if any(step.plural for step in steps):
        return "kinds"
    if first.activity == "attend" and _named_event(text[first.start : steps[-1].end]):
        return ""
    return _BY_ACTIVITY.get(first.activity, "anything")


_INTENT = frozenset({"begin", "began", "begun", "start", "started", "commence", "commenced", "plan", "planned"})
_TO_PAPER = frozenset(
    "response responses answer report counsel advise respond reply resp memo memos note negotiate negotiation "
    "negotiations".split()
)
_NO_KIND = frozenset(
    "the a an at for attend attended attending and court telephonic video zoom today's this that client team".split()
)
_SORTING = frozenset({"organize", "organise", "compile", "assemble", "arrange", "coordinate"})
_HEARING = re.compile(r"\b([a-z-]+) (?:hearing|conference)\b")
_TOLD_TO = frozenset({"instruct", "request", "ask", "interview"})
_NEBULOUS = frozenset(
    {"attention", "attn", "work", "handle", "follow", "deal", "assist", "address", "attend to", "manage"}
)


def _of_talk(steps: Sequence[Step], named: bool, told: bool) -> str:
    if told and steps[0].lemma in _TOLD_TO:
        return ""
    if not told:
        return "party" if named or (steps[0].topic and steps[0].kinds) else "anything"
    if not named:
        return "kinds" if any(step.plural for step in steps) else "topic"
    return ""


def _named_event(text: str) -> bool:
    """Whether a hearing or conference is of a kind that says what it was about."""
    words, text = lexicon(), text.lower()
    said = text.split()
    if any(word.strip(",.;") in _EVENTS for word in said):
        return True
    kind = _HEARING.search(text)
    if kind and kind[1] not in _NO_KIND:
        return True  # `confirmation hearing`, `first day hearing`
    phrases = (phrase for word in said for phrase, kind in words.nouns.get(word, ()) if kind == "attend")
    return any(len(phrase) > 1 and phrase[-1] == "conference" and " ".join(phrase) in text for phrase in phrases)
