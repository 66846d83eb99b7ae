"""What the chain says of an entry: codes with a confidence and the words that speak for them, or why it abstains."""

from typing import NamedTuple

from ledes_engine.coding.entry import FIELDS

# Why there is no code: reasons for an abstention.
VAGUE, BLOCK, CONTRADICTORY, NO_SET, UNSURE = "vague", "block-billed", "contradictory", "no set", "unsure"

REASONS = {
    VAGUE: "the words say too little",
    BLOCK: "the entry holds several tasks; each needs a code of its own",
    CONTRADICTORY: "the words speak for different codes",
    NO_SET: "no code set is in play",
    UNSURE: "no code is certain enough",
}


class Choice(NamedTuple):
    """One code for one field of an entry."""

    code: str
    label: str
    confidence: float  # the share of choices like this one that are right; from 0 to 1
    step: str  # exact | lexicon | fuzzy | narrative | model
    evidence: tuple[str, ...] = ()  # the words that speak for it
    runner_up: str = ""

    @property
    def percent(self) -> str:
        """The confidence for a reader; nothing is ever quite certain."""
        return f"{min(self.confidence, 0.99):.0%}"


class Existing(NamedTuple):
    """How a code that an entry has compares with what its words say."""

    field: str
    code: str
    verdict: str  # agrees | contradicts | unsure | missing
    why: str = ""


class Suggestion(NamedTuple):
    """The choices for an entry by field, what is thought of its own codes, and why a field has no choice.

    `tasks` are the choices for each task of a block-billed entry, by field, which gets no code as a whole. `choices`
    may hold ones of little confidence: `sure` gives those that may be filled in.
    """

    choices: dict[str, Choice]  # by field: task, activity, expense
    abstained: dict[str, str]  # field -> reason, one of REASONS
    existing: tuple[Existing, ...] = ()
    tasks: tuple[tuple[str, dict[str, Choice]], ...] = ()  # the words of each task, and its choices

    @property
    def task(self) -> Choice | None:
        """The task code."""
        return self._sure("task")

    @property
    def activity(self) -> Choice | None:
        """The activity code."""
        return self._sure("activity")

    @property
    def expense(self) -> Choice | None:
        """The expense code."""
        return self._sure("expense")

    def _sure(self, field: str) -> Choice | None:
        return None if field in self.abstained else self.choices.get(field)

    @property
    def sure(self) -> dict[str, Choice]:
        """The choices that are certain enough, by field."""
        return {field: self.choices[field] for field in FIELDS if self._sure(field)}
