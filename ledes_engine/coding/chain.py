"""The chain of steps: exact, lexicon, fuzzy, narrative. The first that is sure enough decides, or the entry abstains.

Everything here is deterministic and offline. The language model is asked afterwards, by `ledes_engine.coding.llm`,
about what is left.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from ledes_engine.coding import fuzzy
from ledes_engine.coding.classifier import Classifier
from ledes_engine.coding.compare import compared
from ledes_engine.coding.confidence import confidence
from ledes_engine.coding.cues import Text, Verdict, cues, evidence_of, judge
from ledes_engine.coding.entry import ACTIVITY, EXPENSE, FEE, TASK, Entry
from ledes_engine.coding.matters import sets_by_matter
from ledes_engine.coding.memory import Approved, Memory, same_text
from ledes_engine.coding.spaces import Rules, Space, labels, spaces
from ledes_engine.coding.suggestion import BLOCK, CONTRADICTORY, NO_SET, UNSURE, VAGUE, Choice, Suggestion
from ledes_engine.coding.words import LONGEST, content_of, counterparts, deed_of, deeds, words_of
from ledes_engine.narrative import Column, analyse
from ledes_engine.narrative.lexicon import lexicon
from ledes_engine.resources import without_collector

THRESHOLD = 0.6
# Approved by a person for this matter, for another one, and a text that is only like an approved one.
_APPROVED, _APPROVED_ELSEWHERE = 0.99, 0.95
_AT_A_TIME = 512
# So many entries are remembered from earlier in a stream.
_REMEMBERED = 200_000
# A step that is so sure ends the chain; below that the later steps, which see more, may do better.
_SURE = 0.93


class Coder:
    """The chain for one client: rules on codes, the firm's own phrases, what was approved, and how sure to be."""

    def __init__(
        self,
        rules: Rules = Rules(),  # noqa: B008  a plain value
        *,
        threshold: float = THRESHOLD,
        phrases: Mapping[str, str] | None = None,
        memory: Memory | None = None,
        classify: bool = True,
    ) -> None:
        """`phrases` are the firm's own texts and their codes, separated by blanks; `classify` allows spaCy's step."""
        self.rules, self.threshold = rules, threshold
        self._phrases = {same_text(text): tuple(codes.upper().split()) for text, codes in (phrases or {}).items()}
        self._classify = classify
        self._memory = memory
        self._known: dict[tuple[object, ...], Suggestion] = {}
        self._left: dict[Space, list[_Question]] = {}
        self._last_read: tuple[Text | None, Text | None] = (None, None)
        self._spaces: dict[tuple[str, ...], dict[str, Space]] = {}
        self._labels: dict[frozenset[str], fuzzy.Labels] = {}

    @cached_property
    def classifier(self) -> Classifier:
        """The pipeline of the narrative step, made when the step is first reached."""
        return Classifier()

    @cached_property
    def _approved(self) -> dict[tuple[str, str], list[Approved]]:
        """What people approved, by kind and field."""
        found: dict[tuple[str, str], list[Approved]] = {}
        for one in self._memory.approved() if self._memory else ():
            found.setdefault((one.kind, one.field), []).append(one)
        return found

    @cached_property
    def _approved_texts(self) -> dict[tuple[str, str, str], dict[str, str]]:
        """The approved codes of each text by matter, by (kind, field, text); the last approval stands."""
        found: dict[tuple[str, str, str], dict[str, str]] = {}
        for (kind, field), some in self._approved.items():
            for one in some:
                found.setdefault((kind, field, one.text), {})[one.matter] = one.code
        return found

    def suggest(self, entries: Sequence[Entry]) -> list[Suggestion]:
        """The suggestions for entries, in their order."""
        with without_collector():
            return list(self.stream(entries, sets_by_matter(entries, self.rules)))

    def stream(
        self, entries: Iterable[Entry], sets: Mapping[tuple[str, str], tuple[str, ...]] | None = None
    ) -> Iterator[Suggestion]:
        """The suggestions one after another; `sets` are those in play by (client, matter), from a look at the whole."""
        rest = iter(entries)
        while some := list(islice(rest, _AT_A_TIME)):
            with without_collector():
                found = self._some(some, sets if sets is not None else sets_by_matter(some, self.rules))
            yield from found

    def _some(self, entries: list[Entry], sets: Mapping[tuple[str, str], tuple[str, ...]]) -> list[Suggestion]:
        """The suggestions for some entries; like ones are judged once, and the classifier judges many at a time."""
        doubtful = set(Column(list({one.narrative: None for one in entries if one.kind == FEE})).suspects)
        keys = []
        drafts: dict[tuple[object, ...], _Draft] = {}
        for entry in entries:
            names = sets.get((entry.client, entry.matter), ())
            matter = entry.matter if self._approved else ""
            key = (entry.narrative, entry.kind, names, matter, entry.task, entry.activity, entry.expense)
            keys.append(key)
            if key not in self._known and key not in drafts:
                drafts[key] = self._draft(entry, names, doubtful=entry.narrative in doubtful)
        self._classify_left()
        if len(self._known) > _REMEMBERED:
            self._known = {key: self._known[key] for key in keys if key in self._known}
        self._known |= {key: self._finished(draft) for key, draft in drafts.items()}
        return [self._known[key] for key in keys]

    def forget(self) -> None:
        """Judge everything anew, also what was judged before."""
        self._known.clear()

    def spaces_of(self, names: tuple[str, ...]) -> dict[str, Space]:
        """The spaces of a matter with these sets in play."""
        if names not in self._spaces:
            self._spaces[names] = spaces(names, self.rules)
        return self._spaces[names]

    def _draft(self, entry: Entry, names: tuple[str, ...], *, doubtful: bool) -> "_Draft":
        """The questions that an entry comes to, as far as the quick steps answer them."""
        known = self.spaces_of(names) if entry.kind in (FEE, EXPENSE) else {}
        text = Text(words_of(entry.narrative), entry.narrative)
        wanted = entry.wanted if known else ()
        questions = {field: self._question(entry, text, known[field]) for field in wanted if field in known}
        parts: list[tuple[str, dict[str, _Question]]] = []
        several = doubtful and TASK in known and may_be_several(text)
        narrative = analyse(entry.narrative) if several else None
        if narrative and len(narrative.tasks) > 1 and (narrative.groups > 1 or ";" in entry.narrative):
            for told in map(narrative.words_of, narrative.tasks):
                part = Text(words_of(told), told)
                whole = entry._replace(narrative=told)
                parts.append((told, {field: self._question(whole, part, known[field]) for field in (TASK, ACTIVITY)}))
        vague = says_nothing(text.words) or (doubtful and len(text.content) <= _FEW and leaves_all_out(entry.narrative))
        return _Draft(entry, text, wanted, known, questions, parts, vague)

    def _finished(self, draft: "_Draft") -> Suggestion:
        """The suggestion, when every question has its answer."""
        entry, known = draft.entry, draft.known
        choices = {
            field: self._refined(_shown(one.choice, one.text.words), one.text)
            for field, one in draft.questions.items()
            if one.choice is not None
        }
        tasks = tuple((told, self._sure_of(questions)) for told, questions in draft.parts)
        abstained: dict[str, str] = {}
        for field in draft.wanted:
            if field not in known:
                abstained[field] = NO_SET
                continue
            vague = draft.vague and (field != ACTIVITY or deeds(draft.text.words)[0] in _TELL_NOTHING)
            conflict = draft.questions[field].conflict
            reason = self._reason(field, choices.get(field), tasks, vague=vague, conflict=conflict)
            if reason:
                abstained[field] = reason
        return Suggestion(choices, abstained, compared(entry, choices, abstained, known) if known else (), tasks)

    def _refined(self, choice: Choice, text: Text) -> Choice:
        """Talk with witnesses and experts has codes of its own where the client takes the list of 2013."""
        if choice.code != "A108" or not self.rules.activities_of_2013:
            return choice
        code = next((_OF_2013[role] for role in counterparts(text.words) if role in _OF_2013), "A108")
        return choice._replace(code=code, label=labels()[code])

    def _sure_of(self, questions: "Mapping[str, _Question]") -> dict[str, Choice]:
        """The choices for one task of a block-billed entry that are sure enough."""
        return {
            field: _shown(one.choice, one.text.words)
            for field, one in questions.items()
            if one.choice is not None and one.choice.confidence >= self.threshold
        }

    def _reason(
        self,
        field: str,
        choice: Choice | None,
        tasks: tuple[tuple[str, dict[str, Choice]], ...],
        *,
        vague: bool,
        conflict: bool,
    ) -> str:
        """Why a field gets no code; empty when it gets one."""
        if choice and choice.step == "exact":
            return "" if self.rules.permits(choice.code) else UNSURE
        if tasks and len({one[1][field].code for one in tasks if field in one[1]}) > 1:
            return BLOCK
        if vague and not (choice and choice.step != "narrative" and choice.confidence >= _SURE):
            return VAGUE
        if choice is None or choice.confidence < self.threshold or not self.rules.permits(choice.code):
            return CONTRADICTORY if conflict else UNSURE
        return ""

    def _question(self, entry: Entry, text: Text, space: Space) -> "_Question":
        """What the quick steps answer; where they are not sure, the question is kept for the classifier."""
        exact = self._exact(entry, space)
        if exact:
            return _Question(text, space, exact)
        verdict = judge(text, cues().get(space.name, {}), space.codes, with_deeds=space.field == ACTIVITY)
        one = _Question(text, space, _chosen(verdict, "lexicon", space), bool(verdict and verdict.conflict))
        enough = max(self.threshold, _SURE)
        if not one.sure(enough) and fuzzy.available():
            one.choice = _better(one.choice, self._fuzzy(entry, text, space))
        if not one.sure(enough) and self._classify and text.words:
            self._left.setdefault(space, []).append(one)
        return one

    def _classify_left(self) -> None:
        """Put the questions that are left to the classifier."""
        for space, questions in self._left.items():
            guesses = self.classifier.guesses([one.text for one in questions], space)
            for one, guess in zip(questions, guesses, strict=True):
                if guess is None:
                    continue
                sure = confidence(space.name, "narrative", guess.share)
                label = labels().get(guess.code, "")
                choice = Choice(guess.code, label, sure, "narrative", guess.evidence, guess.runner_up)
                # It sees all the words, where a phrase that is not sure sees a few.
                differs = one.choice is None or guess.code != one.choice.code
                one.choice = choice if differs else _better(one.choice, choice)
        self._left.clear()

    def _exact(self, entry: Entry, space: Space) -> Choice | None:
        """The code of the firm's own phrase, or one that a person approved for this very text."""
        if not self._phrases and not self._approved_texts:
            return None
        text = same_text(entry.narrative)
        for code in self._phrases.get(text, ()):
            if code in space.codes:
                return Choice(code, labels().get(code, ""), 1.0, "exact", (text,))
        by_matter = self._approved_texts.get((entry.kind, space.field, text), {})
        code = by_matter.get(entry.matter) or next(reversed(by_matter.values()), "")
        if code not in space.codes:
            return None
        sure = _APPROVED if entry.matter in by_matter else _APPROVED_ELSEWHERE
        return Choice(code, labels().get(code, ""), sure, "exact", (text,))

    def _fuzzy(self, entry: Entry, text: Text, space: Space) -> Choice | None:
        approved = self._approved.get((entry.kind, space.field), [])
        like = fuzzy.like_approved(text.narrative, approved) if approved else None
        if like and like[0].code in space.codes:
            code = like[0].code
            sure = round(like[1] * _APPROVED_ELSEWHERE, 3)
            return Choice(code, labels().get(code, ""), sure, "fuzzy", (like[0].narrative,))
        if space.codes not in self._labels:
            self._labels[space.codes] = fuzzy.Labels(space.codes)
        known, near = cues().get(space.name, {}), self._labels[space.codes]
        with_deeds = space.field == ACTIVITY
        if self._last_read[0] is not text:  # each field of a text asks for the same
            self._last_read = text, fuzzy.reader().read(text)
        verdict = fuzzy.judge_fuzzily(text, self._last_read[1], known, near, space.codes, with_deeds=with_deeds)
        return _chosen(verdict, "fuzzy", space)


_OF_2013 = {"witness": "A113", "expert": "A114"}


class _Question:
    """One field of one text, with the best choice so far, and whether phrases conflict."""

    __slots__ = ("choice", "conflict", "space", "text")

    def __init__(self, text: Text, space: Space, choice: Choice | None, conflict: bool = False) -> None:
        self.text, self.space, self.choice, self.conflict = text, space, choice, conflict

    def sure(self, enough: float) -> bool:
        """Whether the choice is as sure as that."""
        return self.choice is not None and self.choice.confidence >= enough


class _Draft(NamedTuple):
    """An entry on its way to a suggestion: its questions by field, and those of its tasks where it holds several."""

    entry: Entry
    text: Text
    wanted: tuple[str, ...]
    known: Mapping[str, Space]
    questions: Mapping[str, _Question]
    parts: Sequence[tuple[str, Mapping[str, _Question]]]
    vague: bool


def says_nothing(words: Sequence[str]) -> bool:
    """Whether no word names a document, an event or a topic, so that nobody could choose a task."""
    dull = lexicon()
    return (
        not any(
            word not in dull.generic and word not in dull.stop and word not in dull.heads and word not in dull.people
            for word in words
            if len(word) > 1 and not word[0].isdigit()
        )
        and len(content_of(words)) < _SAYS_SOMETHING
    )


def may_be_several(text: Text) -> bool:
    """Whether a word that names something done follows a stop or an `and`, or another one somewhere a semicolon.

    Without it there are no two tasks; it saves the analysis of most narratives.
    """
    if any(map(deed_of, _AFTER_A_STOP.findall(text.narrative[:LONGEST].lower()))):
        return True
    return ";" in text.narrative and len(list(filter(None, map(deed_of, text.words)))) > 1


_AFTER_A_STOP = re.compile(
    r"(?:[;,.:&/+\n)]|\s[-–—]{1,2}|\band|\bthen|\bplus)\s{1,3}(?:[a-z]{1,20}ly\s|also\s)?([^\W\d_]{1,40})"
)


# Longer narratives leave out something, but not all.
_FEW = 6


def leaves_all_out(narrative: str) -> bool:
    """Whether every task of a narrative leaves out what it was about."""
    tasks = analyse(narrative).tasks
    return bool(tasks) and all(task.lacks in _NOTHING_TOLD for task in tasks)


_NOTHING_TOLD = ("anything", "specifics", "topic", "occasion", "document", "work", "kinds")
# Deeds that say nothing of the activity.
_TELL_NOTHING = ("none", "manage")


# So many words say something, however general each is: `deposition preparation conference`.
_SAYS_SOMETHING = 4


def _chosen(verdict: Verdict | None, step: str, space: Space) -> Choice | None:
    if verdict is None:
        return None
    sure = confidence(space.name, step, round(verdict.strength, 3))
    return Choice(verdict.code, labels().get(verdict.code, ""), sure, step, verdict.evidence, verdict.runner_up)


def _shown(choice: Choice, words: Sequence[str]) -> Choice:
    """A choice with its evidence as the narrative has it."""
    if choice.step != "lexicon":
        return choice
    return choice._replace(evidence=evidence_of(words, choice.evidence))


def _better(one: Choice | None, other: Choice | None) -> Choice | None:
    if one is None or other is None:
        return one or other
    return other if other.confidence >= one.confidence else one
