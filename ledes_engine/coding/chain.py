"""The chain of steps: exact, lexicon, fuzzy, narrative. The first that is sure enough decides, or the entry abstains.

Everything here is deterministic and offline. The language model is asked afterwards, by `ledes_engine.coding.llm`,
about what is left.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice

from ledes_engine.coding import fuzzy
from ledes_engine.coding.classifier import Classifier
from ledes_engine.coding.compare import compared
from ledes_engine.coding.confidence import confidence
from ledes_engine.coding.cues import Cue, Verdict, as_written, cues, judge
from ledes_engine.coding.entry import ACTIVITY, EXPENSE, FEE, TASK, Entry
from ledes_engine.coding.matters import sets_by_matter
from ledes_engine.coding.memory import Approved, Memory, same_text
from ledes_engine.coding.spaces import Rules, Space, labels, spaces
from ledes_engine.coding.suggestion import BLOCK, CONTRADICTORY, NO_SET, UNSURE, VAGUE, Choice, Suggestion
from ledes_engine.coding.words import content_of, deeds, words_of
from ledes_engine.narrative import Column, analyse
from ledes_engine.narrative.lexicon import lexicon

THRESHOLD = 0.6
# Approved by a person for this matter, for another one, and a text that is only like an approved one.
_APPROVED, _APPROVED_ELSEWHERE = 0.99, 0.95
_AT_A_TIME = 512
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
        self._spaces: dict[tuple[str, ...], dict[str, Space]] = {}
        self._lists: dict[tuple[str, frozenset[str]], fuzzy.Lists] = {}

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
                found.setdefault((kind, field, same_text(one.narrative)), {})[one.matter] = one.code
        return found

    def suggest(self, entries: Sequence[Entry]) -> list[Suggestion]:
        """The suggestions for entries, in their order."""
        return list(self.stream(entries, sets_by_matter(entries, self.rules)))

    def stream(
        self, entries: Iterable[Entry], sets: Mapping[tuple[str, str], tuple[str, ...]] | None = None
    ) -> Iterator[Suggestion]:
        """The suggestions one after another; `sets` are those in play by (client, matter), from a look at the whole."""
        rest = iter(entries)
        while some := list(islice(rest, _AT_A_TIME)):
            found = sets if sets is not None else sets_by_matter(some, self.rules)
            doubtful = set(Column(list(dict.fromkeys(one.narrative for one in some if one.kind == FEE))).suspects)
            for entry in some:
                names = found.get((entry.client, entry.matter), ())
                matter = entry.matter if self._approved else ""
                key = (entry.narrative, entry.kind, names, matter, entry.task, entry.activity, entry.expense)
                if key not in self._known:
                    self._known[key] = self._suggestion(entry, names, doubtful=entry.narrative in doubtful)
                yield self._known[key]

    def spaces_of(self, names: tuple[str, ...]) -> dict[str, Space]:
        """The spaces of a matter with these sets in play."""
        if names not in self._spaces:
            self._spaces[names] = spaces(names, self.rules)
        return self._spaces[names]

    def _suggestion(self, entry: Entry, names: tuple[str, ...], *, doubtful: bool) -> Suggestion:
        if entry.kind not in (FEE, EXPENSE):
            return Suggestion({}, {})
        known = self.spaces_of(names)
        words = words_of(entry.narrative)
        choices: dict[str, Choice] = {}
        abstained: dict[str, str] = {}
        conflicts: set[str] = set()
        for field in entry.wanted:
            if field not in known:
                abstained[field] = NO_SET
                continue
            choice, conflict = self._choice(entry, words, known[field])
            if choice:
                choices[field] = choice
            if conflict:
                conflicts.add(field)
        tasks = self._tasks(entry, known) if doubtful and TASK in known else ()
        vague = says_nothing(words) or (doubtful and leaves_all_out(entry.narrative))
        for field in entry.wanted:
            vaguely = vague and (field != ACTIVITY or deeds(words)[0] in _TELL_NOTHING)
            reason = self._reason(field, choices.get(field), tasks, vague=vaguely, conflict=field in conflicts)
            if reason and field not in abstained:
                abstained[field] = reason
        return Suggestion(choices, abstained, compared(entry, choices, abstained, known), tasks)

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
        if vague:
            return VAGUE
        if choice is None or choice.confidence < self.threshold or not self.rules.permits(choice.code):
            return CONTRADICTORY if conflict else UNSURE
        return ""

    def _choice(self, entry: Entry, words: Sequence[str], space: Space) -> tuple[Choice | None, bool]:
        """The choice of the first step that is sure enough, else the best there is; and whether phrases conflict."""
        exact = self._exact(entry, space)
        if exact:
            return exact, False
        known = cues().get(space.name, {})
        with_deeds = space.field == ACTIVITY
        verdict = judge(words, known, space.codes, with_deeds=with_deeds)
        best = _chosen(verdict, "lexicon", space, words)
        conflict = bool(verdict and verdict.conflict)
        enough = max(self.threshold, _SURE)
        if best and best.confidence >= enough:
            return best, conflict
        if fuzzy.available():
            best = _better(best, self._fuzzy(entry, words, known, space))
            if best and best.confidence >= enough:
                return best, conflict
        guess = self._narrative(entry.narrative, space) if self._classify and words else None
        if guess and (best is None or guess.code != best.code):
            return guess, conflict  # it sees all the words, where a phrase that is not sure sees a few
        return _better(best, guess), conflict

    def _exact(self, entry: Entry, space: Space) -> Choice | None:
        """The code of the firm's own phrase, or one that a person approved for this very text."""
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

    def _fuzzy(self, entry: Entry, words: Sequence[str], known: dict[str, Cue], space: Space) -> Choice | None:
        approved = self._approved.get((entry.kind, space.field), [])
        like = fuzzy.like_approved(entry.narrative, approved) if approved else None
        if like and like[0].code in space.codes:
            code = like[0].code
            return Choice(
                code, labels().get(code, ""), round(like[1] * _APPROVED_ELSEWHERE, 3), "fuzzy", (like[0].narrative,)
            )
        key = space.name, space.codes
        if key not in self._lists:
            self._lists[key] = fuzzy.lists_of(known, space.codes)
        verdict = fuzzy.judge_fuzzily(words, known, self._lists[key], space.codes, with_deeds=space.field == ACTIVITY)
        return _chosen(verdict, "fuzzy", space, words)

    def _narrative(self, text: str, space: Space) -> Choice | None:
        guess = next(self.classifier.guesses([text], space))
        if guess is None:
            return None
        sure = confidence(space.name, "narrative", guess.share)
        return Choice(guess.code, labels().get(guess.code, ""), sure, "narrative", guess.evidence, guess.runner_up)

    def _tasks(self, entry: Entry, known: Mapping[str, Space]) -> tuple[tuple[str, dict[str, Choice]], ...]:
        """The tasks of a block-billed entry with the choices for each; nothing for an entry of one task."""
        narrative = analyse(entry.narrative)
        if len(narrative.tasks) < 2 or narrative.groups < 2:
            return ()
        found = []
        for task in narrative.tasks:
            text = narrative.words_of(task)
            words = words_of(text)
            some = {}
            for field in (TASK, ACTIVITY):
                choice, _ = self._choice(entry._replace(narrative=text), words, known[field])
                if choice and choice.confidence >= self.threshold:
                    some[field] = choice
            found.append((text, some))
        return tuple(found)


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


def leaves_all_out(narrative: str) -> bool:
    """Whether every task of a narrative leaves out what it was about."""
    tasks = analyse(narrative).tasks
    return bool(tasks) and all(task.lacks in _NOTHING_TOLD for task in tasks)


_NOTHING_TOLD = ("anything", "specifics", "topic", "occasion", "document", "work", "kinds")
# Deeds that say nothing of the activity.
_TELL_NOTHING = ("none", "manage")


# So many words say something, however general each is: `deposition preparation conference`.
_SAYS_SOMETHING = 4


def _chosen(verdict: Verdict | None, step: str, space: Space, words: Sequence[str]) -> Choice | None:
    if verdict is None:
        return None
    sure = confidence(space.name, step, round(verdict.strength, 3))
    evidence = tuple(as_written(words, phrase) for phrase in verdict.evidence)
    return Choice(verdict.code, labels().get(verdict.code, ""), sure, step, evidence, verdict.runner_up)


def _better(one: Choice | None, other: Choice | None) -> Choice | None:
    if one is None or other is None:
        return one or other
    return other if other.confidence >= one.confidence else one
