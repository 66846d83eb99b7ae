"""The language model as the last step of the chain: what is asked about the entries that are left, and what is taken
of the answers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from ledes_engine.coding.chain import Coder
from ledes_engine.coding.entry import Entry
from ledes_engine.coding.llm.asking import Asked, Asker, Estimate, Group
from ledes_engine.coding.llm.prompt import Codes, Question
from ledes_engine.coding.llm.redaction import redact
from ledes_engine.coding.llm.settings import ModelSettings
from ledes_engine.coding.matters import Matter
from ledes_engine.coding.memory import Memory
from ledes_engine.coding.spaces import labels, usable
from ledes_engine.coding.suggestion import CONTRADICTORY, UNSURE, Choice, Suggestion

# However sure a model says it is.
_MOST_SURE = 0.95
_ASKED_ABOUT = (UNSURE, CONTRADICTORY)


class Open(NamedTuple):
    """An entry that is left: its number in the file, and the fields that have no code."""

    number: int
    fields: tuple[str, ...]


def left_open(entries: Sequence[Entry], suggestions: Sequence[Suggestion]) -> list[Open]:
    """The entries with a blank code that no step was sure of; vague and block-billed ones are for people."""
    found = []
    for number, (entry, one) in enumerate(zip(entries, suggestions, strict=True)):
        fields = tuple(
            field for field, why in one.abstained.items() if why in _ASKED_ABOUT and not getattr(entry, field).strip()
        )
        if fields:
            found.append(Open(number, fields))
    return found


class ModelStep:
    """One run of the step over a file."""

    def __init__(
        self,
        coder: Coder,
        settings: ModelSettings,
        memory: Memory,
        *,
        names: Iterable[str] = (),
        environment: Mapping[str, str] | None = None,
        told: Callable[[int], None] = lambda number: None,
    ) -> None:
        """`names` are texts that must not leave the machine: people, clients, matters."""
        self._coder, self._names = coder, tuple(names)
        self._asker = Asker(settings, memory, environment=environment, told=told)

    def estimate(
        self, entries: Sequence[Entry], left: Iterable[Open], sets: Mapping[Matter, tuple[str, ...]]
    ) -> Estimate:
        """What a run would send and take; nothing is sent."""
        return self._asker.estimate(self._groups(entries, left, sets))

    def ask(
        self,
        entries: Sequence[Entry],
        suggestions: list[Suggestion],
        left: Iterable[Open],
        sets: Mapping[Matter, tuple[str, ...]],
    ) -> tuple[list[Suggestion], Asked]:
        """The suggestions with the model's answers in them; an answer below the threshold stays a proposal."""
        open_ = {one.number: one for one in left}
        asked = self._asker.ask(self._groups(entries, open_.values(), sets))
        improved = list(suggestions)
        for number, answer in asked.answers.items():
            one = suggestions[number]
            choices, abstained = dict(one.choices), dict(one.abstained)
            for field in open_[number].fields:
                code = getattr(answer, field)
                if not code or not self._coder.rules.permits(code):
                    continue
                sure = min(answer.confidence, _MOST_SURE)
                before = choices.get(field)
                runner_up = before.code if before and before.code != code else ""
                choices[field] = Choice(code, labels().get(code, ""), sure, "model", (), runner_up)
                if sure >= self._coder.threshold:
                    abstained.pop(field, None)
            improved[number] = one._replace(choices=choices, abstained=abstained)
        for number, reason in asked.reasons.items():
            abstained = {field: reason if field in open_[number].fields else why
                         for field, why in improved[number].abstained.items()}  # fmt: skip
            improved[number] = improved[number]._replace(abstained=abstained)
        return improved, asked

    def _groups(
        self, entries: Sequence[Entry], left: Iterable[Open], sets: Mapping[Matter, tuple[str, ...]]
    ) -> list[Group]:
        """The open entries by the codes that they choose from, redacted."""
        groups: dict[tuple[tuple[str, ...], tuple[str, ...]], list[Question]] = {}
        for one in left:
            entry = entries[one.number]
            names = sets.get((entry.client, entry.matter), ())
            text = redact(entry.narrative, (*self._names, entry.matter, entry.client, entry.timekeeper))
            question = Question(one.number, one.fields, text, entry.narrative)
            groups.setdefault((names, one.fields), []).append(question)
        return [Group(self._codes(*key), tuple(questions)) for key, questions in groups.items()]

    def _codes(self, names: tuple[str, ...], fields: tuple[str, ...]) -> Codes:
        """The codes that may be given, by field, with their label and meaning."""
        known = self._coder.spaces_of(names)
        meanings = {
            code.code: f"{code.label}. {code.definition}"
            for name in (*names, "activities", self._coder.rules.expenses)
            for code in usable(name).values()
        }
        return {
            field: {code: meanings[code] for code in sorted(known[field].codes) if self._coder.rules.permits(code)}
            for field in fields
        }
