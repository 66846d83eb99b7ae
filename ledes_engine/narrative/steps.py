"""What a part of a narrative says: activity, parties, subject, times, counts, and what it is about."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from ledes_engine.narrative.heads import Head, phrase_at
from ledes_engine.narrative.lexicon import Lexicon, lexicon, stem
from ledes_engine.narrative.segments import Part
from ledes_engine.narrative.tokens import COLON, NUMBER, OPEN, QUOTE, TIME, WORD, Token

TOWARDS = frozenset({"with", "w/", "w", "to", "from", "between", "among", "fr", "f/"})
SUBJECTS = frozenset(
    "re regarding concerning about rgd whether that requesting attaching enclosing explaining describing advising "
    "confirming asking seeking summarizing summarising outlining identifying proposing addressing on as discussing "
    "following for objecting demanding relating pertaining surrounding over why how when where what".split()
)
# Verbs that the party follows at once.
_ADDRESSED = frozenset(
    "call telephone phone email e-mail contact advise inform notify update instruct brief debrief remind interview "
    "text tell message counsel teleconference conference ask consult meet".split()
)
_TOPIC = frozenset({"re", "regarding", "concerning", "about", "on", "over"})
_UNITS = frozenset("hour hours hr hrs h minute minutes min mins".split())
_TIME = re.compile(r"[(\[]? ?(\d*\.?\d+) ?(h|m)?[a-z.]* ?[)\]]?")
_SIXTY = Decimal(60)


class Step(NamedTuple):
    """One step of the work that a narrative describes. Offsets count characters of the narrative."""

    start: int
    end: int
    activity: str  # communicate, draft, review ...; empty where the words name none
    lemma: str  # of the verb or noun that names it
    form: str  # base, past, gerund, third, noun; empty without a head
    content: frozenset[str]  # stems of the words that name a document, an event, a person or a topic
    kinds: frozenset[str]  # stems of words that only say what kind of document or event it is: motion, agreement
    refers: bool  # whether it points back: `same`, `thereto`
    same: bool  # whether its object is nothing but that: `revised it`
    follows: bool  # whether it says that it follows from something: a response, a summary
    parties: tuple[str, ...]  # roles: client, opposing, court ...; `named` for a name
    subject: bool  # whether a topic is introduced: `re ...`
    topic: bool  # whether it is named by `re`, `about`, `on`
    purpose: str  # the clause that says what for, or nothing
    hours: Decimal | None  # given in the text
    quantity: int  # of calls, emails or documents; 0 where not given
    plural: bool  # several of something, not said how many: `various emails`
    shares: bool  # whether it shares its object with the step before it
    tail: bool  # whether anything follows the words that name the activity
    length: int  # in words
    hard: bool  # whether a semicolon, a stop or a new line stands before it
    section: bool  # whether its object is a part of a paper: `sharpen the conclusion`
    first: str  # its first word


def step_of(part: Part, text: str) -> Step:
    """What a part says."""
    words = lexicon()
    tokens, head = part.tokens, part.head
    rest = tokens[head.stop :] if head else tokens
    parties, topic = _parties_and_topic(tokens, head, text, words)
    content, kinds = _content(topic, head, tokens, words)
    said = {token.word for token in tokens}
    first = next((token.word for token in tokens if token.kind == WORD), "")
    return Step(
        start=tokens[0].start,
        end=tokens[-1].end,
        activity=head.activity if head else "",
        lemma=head.lemma if head else "",
        form=head.form if head else "",
        content=frozenset(content),
        kinds=frozenset(kinds),
        refers=not words.anaphora.isdisjoint(said),
        same=bool(rest) and rest[0].word in words.anaphora,
        follows=not words.consequent.isdisjoint(said),
        parties=tuple(dict.fromkeys(parties)),
        subject=not SUBJECTS.isdisjoint(said) or any(token.kind == COLON for token in rest),
        topic=not _TOPIC.isdisjoint(said),
        purpose=_purpose(rest, text, words),
        hours=_hours(tokens),
        quantity=_count(tokens, head),
        plural=not _PLURALS.isdisjoint(said),
        shares=part.shares,
        tail=any(token.kind in (WORD, QUOTE) for token in rest),
        length=sum(token.kind == WORD for token in tokens),
        hard=part.hard,
        section=not words.sections.isdisjoint(said),
        first=first,
    )


_PLURALS = frozenset({"various", "several", "numerous", "multiple", "misc", "miscellaneous", "sundry"})


def _parties_and_topic(
    tokens: Sequence[Token], head: Head | None, text: str, words: Lexicon
) -> tuple[list[str], list[Token]]:
    """The parties of a step, and its tokens without those that name them."""
    rest = tokens[head.stop :] if head else tokens
    parties: list[str] = []
    topic: list[Token] = []
    talks = head is not None and head.activity in ("communicate", "send")
    # `call client`, `TC J. Park`: the party follows at once, unless another one is named by `to` or `with`.
    direct: list[Token] = []
    towards = talks and head is not None and (head.form == "noun" or head.lemma in _ADDRESSED)
    at_once, told = towards, False
    flat = text.isupper()
    at = 0
    while at < len(rest):
        token = rest[at]
        capital = text[token.start].isupper() and not flat
        if token.kind == WORD and token.word in TOWARDS:
            towards = (
                talks and not _is_infinitive(rest, at, words) and not (told and _purposeful(rest, at, text, words))
            )
            if towards and told is False and _purposeful(rest, at, text, words):
                parties.append("named")  # `follow-up call to fix the date`: whom, the words do not tell
                towards = False
            if at_once and direct and not told:
                topic += direct  # `e-mailed executed copies to ...`
                direct, parties = [], []
            at_once = False
        elif token.kind == WORD and (token.word in SUBJECTS or (token.word.endswith("ing") and not capital)):
            towards = False
            topic.append(token)
        elif token.kind == WORD:
            length, role = phrase_at(rest, at, words.people)
            if length:
                parties.append(role)
                if not towards:
                    topic += rest[at : at + length]
                told = told or towards
                at += length
                continue
            if not towards or token.word in words.generic or (told and not capital and not flat):
                topic.append(token)
            elif token.word not in words.stop and (capital or token.word not in words.verbs):
                parties.append("named")
                direct.append(token)
                told = told or capital
        elif token.kind == COLON and at == 0 and towards:
            pass  # `Teleconference: G. Stroud, J. Beale`
        elif token.kind in (COLON, NUMBER, QUOTE, OPEN) or token.word == "-":
            towards = towards and token.word[0] == "("  # `emails (3) with Lee`
            if token.kind in (NUMBER, QUOTE):
                topic.append(token)
        at += 1
    if head:
        parties += [role for place in range(head.at) if (role := phrase_at(tokens, place, words.people)[1])]
    return parties, topic


def _purposeful(rest: Sequence[Token], at: int, text: str, words: Lexicon) -> bool:
    """Whether a `to` after a party begins a clause of purpose: `met with Lee to allocate issues`."""
    if rest[at].word != "to" or at + 1 >= len(rest):
        return False
    after = rest[at + 1]
    return text[after.start].islower() and after.word not in words.stop and not phrase_at(rest, at + 1, words.people)[0]


def _is_infinitive(rest: Sequence[Token], at: int, words: Lexicon) -> bool:
    verb = words.verbs.get(rest[at + 1].word) if rest[at].word == "to" and at + 1 < len(rest) else None
    return verb is not None and verb.form == "base" and verb.lemma not in words.weak


def _content(
    topic: Sequence[Token], head: Head | None, tokens: Sequence[Token], words: Lexicon
) -> tuple[set[str], set[str]]:
    content: set[str] = set()
    kinds: set[str] = set()
    named = (
        [token.word for token in tokens[: head.at]] + [token.word for token in tokens[head.at : head.stop][1:]]
        if head
        else []
    )
    for word in _expanded([token.word for token in topic if token.kind in (WORD, QUOTE)] + named, words):
        if (
            len(word) < 2
            or word in words.stop
            or word in words.anaphora
            or (word in words.fillers and word != "settlement")
        ):
            continue
        (kinds if word in words.generic else content).add(stem(word))
    content.update(
        token.word for token in topic if token.kind == NUMBER and len(token.word) > 1 and "/" not in token.word
    )
    return content, kinds


def _expanded(found: Sequence[str], words: Lexicon) -> Iterator[str]:
    for word in found:
        yield from words.expansions.get(word, word).split()


def _purpose(rest: Sequence[Token], text: str, words: Lexicon) -> str:
    """The clause of purpose: `in order to ...`, `to prepare ...`, `in preparation for ...`, `for use in ...`."""
    for at in range(len(rest) - 1):
        for_use = rest[at].word in _ENDS and rest[at + 1].word in ("for", "in", "of")
        if for_use or _is_infinitive(rest, at, words):
            return text[rest[at].start : rest[-1].end]
    return ""


_ENDS = frozenset({"preparation", "use", "purpose", "purposes", "anticipation"})


def _hours(tokens: Sequence[Token]) -> Decimal | None:
    """The hours given in the text, summed; None for none."""
    total: Decimal | None = None
    for at, token in enumerate(tokens):
        if token.kind == TIME:
            match = _TIME.fullmatch(token.word)
            if match:
                total = (total or Decimal(0)) + _in_hours(match[1], match[2] or "")
        elif token.kind == NUMBER and at + 1 < len(tokens) and tokens[at + 1].word in _UNITS:
            if token.word.replace(".", "", 1).isdigit():
                total = (total or Decimal(0)) + _in_hours(token.word, tokens[at + 1].word)
        elif token.kind == NUMBER and token.word[-1:] in ("h", "m") and token.word[:-1].replace(".", "", 1).isdigit():
            total = (total or Decimal(0)) + _in_hours(token.word[:-1], token.word[-1])
    return total


def _in_hours(number: str, unit: str) -> Decimal:
    value = Decimal(number)
    return value / _SIXTY if unit.startswith("m") else value


def _count(tokens: Sequence[Token], head: Head | None) -> int:
    """How many calls, emails or documents: a number before the head, or in brackets after it."""
    if head is None:
        return 0
    near = [*tokens[max(0, head.at - 3) : head.at], *tokens[head.stop : head.stop + 1]]
    numbers = [token.word.strip("()[]x ") for token in near if token.kind == NUMBER]
    return next((int(number) for number in numbers if number.isdigit() and len(number) < 5), 0)
