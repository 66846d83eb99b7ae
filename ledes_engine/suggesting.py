"""Codes for entries under a client's guidelines: the door to the chain for programs and for `ledes code`."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from ledes_engine.coding.chain import Coder
from ledes_engine.coding.entry import Entry
from ledes_engine.coding.memory import Memory
from ledes_engine.coding.spaces import Rules, task_sets
from ledes_engine.coding.suggestion import Suggestion
from ledes_engine.guidelines import Guidelines, load_guidelines, standard
from ledes_engine.model import LedesError
from ledes_engine.values import number


def suggest(
    entries: Iterable[Entry | str],
    code_sets: Sequence[str] | None = None,
    guidelines: Guidelines | str | None = None,
) -> list[Suggestion]:
    """What codes fit entries (or bare narratives), in their order, by the deterministic and offline steps only.

    `code_sets` are names of sets of task codes in play ("litigation", "bankruptcy" ...); without them those of the
    guidelines, else what the codes and words on each matter tell. Raises LedesError for unknown sets and guidelines.
    """
    return coder_of(_resolved(guidelines), code_sets).suggest(list(map(_entry, entries)))


def suggest_stream(
    entries: Iterable[Entry | str],
    code_sets: Sequence[str] | None = None,
    guidelines: Guidelines | str | None = None,
) -> Iterator[Suggestion]:
    """As `suggest`, one after another. Without sets, some hundred entries at a time tell which are in play."""
    yield from coder_of(_resolved(guidelines), code_sets).stream(map(_entry, entries))


def _entry(entry: Entry | str) -> Entry:
    return Entry(entry) if isinstance(entry, str) else entry


def _resolved(guidelines: Guidelines | str | None) -> Guidelines:
    if isinstance(guidelines, Guidelines):
        return guidelines
    return load_guidelines(guidelines) if guidelines else standard()


def coder_of(
    guidelines: Guidelines,
    code_sets: Sequence[str] | None = None,
    *,
    threshold: str = "",
    memory: Memory | None = None,
) -> Coder:
    """The chain under guidelines; `code_sets`, `threshold` and `memory` take the place of theirs."""
    coding = guidelines.settings.coding
    return Coder(
        rules_of(guidelines, code_sets),
        threshold=float(threshold_of(threshold or coding.threshold)),
        phrases=coding.phrases,
        memory=memory or (Memory(coding.memory) if coding.memory else None),
    )


def threshold_of(text: str) -> Decimal:
    """The confidence from which on a code is filled in; raises LedesError unless it is between 0 and 1."""
    found = number(text)
    if found is None or not 0 < found <= 1:
        raise LedesError(f'the threshold is {text!r}; write a number above 0 and up to 1, like "0.8"')
    return found


def rules_of(guidelines: Guidelines, code_sets: Sequence[str] | None = None) -> Rules:
    """What guidelines say of codes, as the chain asks for it; raises LedesError for a set that there is not."""
    codes = guidelines.settings.codes
    unknown = next((name for name in code_sets or () if name not in (*task_sets(), "expenses", "expenses-x")), None)
    if unknown:
        raise LedesError(f"there is no set of task codes {unknown!r}; there are {', '.join(task_sets())}")
    names = code_sets or codes.sets
    allowed = None if codes.allowed is None else frozenset([*codes.allowed, *codes.custom])
    return Rules.of(
        names,
        {one.id: one.code_sets for one in guidelines.settings.matter},
        allowed,
        [code.upper() for code in codes.denied],
        activities_of_2013=guidelines.settings.coding.activities == "2013",
    )
