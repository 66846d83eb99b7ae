"""The code sets in play for an entry, and the space of codes that its words are judged in."""

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from ledes_engine.codesets import Code, shipped_sets
from ledes_engine.coding.entry import ACTIVITY, EXPENSE, TASK

# Sets that meet on one matter are judged together.
FAMILY = {"litigation": "litigation", "litigation-insurer": "litigation", "ediscovery": "litigation"}
# Codes of the list of 2013, which a client must have adopted.
_OF_2013 = tuple(f"A{number}" for number in range(113, 129))
_PHASES = ("phase", "header")
# What tells the set from the words: a space whose codes are the names of the sets.
KINDS_OF_MATTER = "sets"


class Space(NamedTuple):
    """One field of one kind of matter: the name that its words are learned under, and the codes that may be given."""

    field: str
    name: str  # of the family of sets, or `activity`
    codes: frozenset[str]


@lru_cache(maxsize=256)
def usable(name: str) -> dict[str, Code]:
    """The codes of a shipped set that may stand on a line."""
    one = shipped_sets()[name]
    return {code.code: code for code in one.codes if not (code.billable == "no" and code.level in _PHASES)
            and code.status != "removed"}  # fmt: skip


@lru_cache(maxsize=1)
def labels() -> dict[str, str]:
    """The label of every shipped code; the codes of different sets differ."""
    return {code.code: code.label for one in shipped_sets().values() for code in one.codes}


@lru_cache(maxsize=1)
def task_sets() -> tuple[str, ...]:
    """The names of the shipped sets of task codes."""
    return tuple(one.name for one in shipped_sets().values() if one.field == TASK and one.name != "vendor-ip")


def family_of(name: str) -> str:
    """The family that a set of task codes is judged in."""
    return FAMILY.get(name, name)


def set_of(code: str) -> str:
    """The set of task codes that a code belongs to; empty for none."""
    return _sets_by_code().get(code.upper(), "")


@lru_cache(maxsize=1)
def _sets_by_code() -> dict[str, str]:
    shipped = shipped_sets()
    usual_last = sorted(task_sets(), key=lambda name: (shipped[name].default, name))
    return {code: name for name in usual_last for code in usable(name)}


class Rules(NamedTuple):
    """What a client says of codes: sets in play by matter, allowed and denied codes, the activity list of 2013."""

    sets: tuple[str, ...] | None = None  # None: told by each matter's own codes and words
    by_matter: Mapping[str, tuple[str, ...]] = {}
    allowed: frozenset[str] | None = None
    denied: frozenset[str] = frozenset()
    expenses: str = "expenses"  # or expenses-x
    activities_of_2013: bool = False

    @classmethod
    def of(
        cls,
        names: Sequence[str] | None,
        by_matter: Mapping[str, Sequence[str]],
        allowed: frozenset[str] | None,
        denied: Collection[str],
        *,
        activities_of_2013: bool = False,
    ) -> "Rules":
        """The rules by the names of sets that a client and its matters name, of which some are of task codes."""
        named = names or ()
        return cls(
            sets=_of_tasks(named) or None,
            by_matter={matter: _of_tasks(some) for matter, some in by_matter.items()},
            allowed=allowed,
            denied=frozenset(denied),
            expenses="expenses-x" if "expenses-x" in named and "expenses" not in named else "expenses",
            activities_of_2013=activities_of_2013,
        )

    def permits(self, code: str) -> bool:
        """Whether the client takes a code."""
        return code not in self.denied and (self.allowed is None or code in self.allowed)


def spaces(sets: Sequence[str], rules: Rules) -> dict[str, Space]:
    """The spaces of a matter by field; no task space where no set of task codes is in play."""
    tasks = _of_tasks(sets)
    found: dict[str, Space] = {}
    if tasks:
        codes = frozenset(code for name in tasks for code in usable(name))
        found[TASK] = Space(TASK, family_of(tasks[0]), codes)
    activities = usable("activities")
    found[ACTIVITY] = Space(
        ACTIVITY, ACTIVITY, frozenset(code for code in activities if rules.activities_of_2013 or code not in _OF_2013)
    )
    found[EXPENSE] = Space(EXPENSE, rules.expenses, frozenset(usable(rules.expenses)))
    return found


def _of_tasks(names: Sequence[str]) -> tuple[str, ...]:
    """Those of the names that are of sets of task codes."""
    return tuple(name for name in names if name in task_sets())
