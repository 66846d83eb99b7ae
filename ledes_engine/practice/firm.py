"""A firm's own phases, free-text activities, standard rates and budgets: the file that `--map` names."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import NamedTuple

from ledes_engine.coding.entry import ACTIVITY, TASK, Entry, coded
from ledes_engine.coding.spaces import usable
from ledes_engine.entries import EntryFile, Timesheet
from ledes_engine.model import LedesError
from ledes_engine.values import number

# Where an entry goes that fits no phase.
NO_PHASE = "(no phase)"


class FirmFile(NamedTuple):
    """The TOML file, key by key."""

    name: str = ""
    phases: dict[str, list[str]] = {}  # phase -> task codes (`L2*`), activity codes or free texts
    activities: dict[str, str] = {}  # free text in a task or activity column -> the code that it stands for
    rates: dict[str, str] = {}  # timekeeper -> standard hourly rate
    budgets: dict[str, dict[str, str]] = {}  # matter -> phase -> amount


class Firm(NamedTuple):
    """What the file says, as it is asked for."""

    name: str
    phases: Mapping[str, Sequence[str]]
    activities: Mapping[str, str]
    rates: Mapping[str, Decimal]
    budgets: Mapping[str, Mapping[str, Decimal]]

    def phase_of(self, entry: Entry) -> str:
        """The phase of an entry: the first one with its task, its activity or its words; codes before free text."""
        for text in (entry.task, entry.activity, entry.expense):
            low = text.strip().lower()
            for phase, patterns in self.phases.items():
                if low and any(fnmatchcase(low, pattern.strip().lower()) for pattern in patterns):
                    return phase
        return NO_PHASE

    def read(self, entries: Sequence[Entry]) -> list[Entry]:
        """The entries with free-text tasks and activities read as the codes that they stand for."""
        known = {text.strip().lower(): code for text, code in self.activities.items()}
        return [self._read(entry, known) for entry in entries]

    def _read(self, entry: Entry, known: Mapping[str, str]) -> Entry:
        given = {field: known.get(getattr(entry, field).strip().lower(), "") for field in (TASK, ACTIVITY)}
        if not any(given.values()):
            return entry
        found: dict[str, str] = {}
        for field, code in given.items():
            if code:
                found.setdefault(field, "")  # a text is no code
                found[ACTIVITY if code in usable("activities") else TASK] = code
        return coded(entry, found)

    def put_phases(self, file: EntryFile, entries: Sequence[Entry]) -> None:
        """Write the phase of each entry into a further column; an invoice has no place for it."""
        if isinstance(file, Timesheet):
            for number_, entry in enumerate(entries):
                file.put_text(number_, "Phase", self.phase_of(entry))


def read_firm(path: str) -> Firm:
    """The firm in a TOML file; raises LedesError that names the key that is wrong."""
    from ledes_engine.strict import read_toml, validated

    values, text = read_toml(path)
    found: FirmFile = validated(FirmFile, values, path, text)
    budgets = {
        matter: {phase: _amount(text, path, f"budgets.{matter}.{phase}") for phase, text in phases.items()}
        for matter, phases in found.budgets.items()
    }
    unknown = next((phase for phases in budgets.values() for phase in phases if phase not in found.phases), None)
    if unknown is not None:
        raise LedesError(f"{path}: there is a budget for the phase {unknown!r}, which [phases] does not have")
    rates = {person: _amount(text, path, f"rates.{person}") for person, text in found.rates.items()}
    return Firm(found.name, found.phases, found.activities, rates, budgets)


def _amount(text: str, path: str, key: str) -> Decimal:
    value = number(text)
    if value is None:
        raise LedesError(f'{path}: {key} is {text!r}; write an amount like "350.00"')
    return value
