"""Hours, fees, effective rates, write-downs and budgets per phase, task, timekeeper and matter."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from ledes_engine.coding.entry import EXPENSE, FEE, Entry
from ledes_engine.coding.spaces import labels
from ledes_engine.practice.firm import Firm
from ledes_engine.values import ZERO

_CENT = Decimal("0.01")
GROUPS = ("phase", "task", "timekeeper", "matter")


class Row(NamedTuple):
    """One phase, task, timekeeper or matter: exact hours and amounts.

    `budget` is None where there is none; it is held against the fees of the phases and matters that have one. `value`
    is the work at the standard rates of the firm, else at the rates of the entries; `written_down` is what of it was
    not billed.
    """

    key: str
    label: str
    hours: Decimal
    fees: Decimal
    value: Decimal
    expenses: Decimal
    budget: Decimal | None = None
    budgeted: Decimal = ZERO  # the fees of the work that the budget is for

    @property
    def effective_rate(self) -> Decimal | None:
        """Fees for each hour, to the cent; None without hours."""
        return (self.fees / self.hours).quantize(_CENT) if self.hours else None

    @property
    def written_down(self) -> Decimal:
        """The value of the work less the fees; negative where more was billed than it is worth."""
        return self.value - self.fees

    @property
    def left(self) -> Decimal | None:
        """What is left of the budget, negative when it is overspent."""
        return None if self.budget is None else self.budget - self.budgeted


class Profitability(NamedTuple):
    """The rows of each of `GROUPS`, the total, and how many entries told no amount."""

    groups: dict[str, list[Row]]
    total: Row
    without_amount: int


def profitability(entries: Iterable[Entry], firm: Firm) -> Profitability:
    """The report on entries that are read by the firm's file. An entry without an amount counts hours times rate."""
    entries = firm.read(list(entries))
    worked = [entry for entry in entries if entry.kind in (FEE, EXPENSE, "adjustment")]
    keys = {
        "phase": [firm.phase_of(entry) for entry in worked],
        "task": [entry.task.strip().upper() or "(no task)" for entry in worked],
        "timekeeper": [entry.timekeeper or "(nobody)" for entry in worked],
        "matter": [entry.matter or "(no matter)" for entry in worked],
    }
    groups = {name: _rows(name, worked, keys[name], firm) for name in GROUPS}
    total = _row(
        "total", "", worked, firm, sum((sum(one.values(), ZERO) for one in firm.budgets.values()), ZERO) or None
    )
    silent = sum(entry.kind == FEE and fee_of(entry) is None for entry in worked)
    return Profitability(groups, total, silent)


def _rows(group: str, entries: Sequence[Entry], keys: Sequence[str], firm: Firm) -> list[Row]:
    by_key: dict[str, list[Entry]] = {}
    if group == "phase":
        by_key = {phase: [] for phase in firm.phases}  # in the firm's order, those without work too
    for entry, key in zip(entries, keys, strict=True):
        by_key.setdefault(key, []).append(entry)
    rows = [
        _row(key, labels().get(key, "") if group == "task" else "", some, firm, _budget(group, key, some, firm))
        for key, some in by_key.items()
    ]
    return rows if group == "phase" else sorted(rows, key=lambda row: (-row.fees, row.key))


def _budget(group: str, key: str, entries: Sequence[Entry], firm: Firm) -> Decimal | None:
    """The budget of a phase on the matters that the entries are of, or of a matter."""
    if group == "matter":
        return sum(firm.budgets[key].values(), ZERO) if key in firm.budgets else None
    if group != "phase":
        return None
    known = [phases[key] for phases in firm.budgets.values() if key in phases]
    return sum(known, ZERO) if known else None


def _row(key: str, label: str, entries: Sequence[Entry], firm: Firm, budget: Decimal | None) -> Row:
    work = [entry for entry in entries if entry.kind == FEE]
    in_budget = [one for one in entries if firm.phase_of(one) in firm.budgets.get(one.matter, {})]
    return Row(
        key,
        label,
        hours=sum((entry.hours or ZERO for entry in work), ZERO),
        fees=_fees(entries),
        value=sum((_value(entry, firm) for entry in entries if entry.kind != EXPENSE), ZERO),
        expenses=sum((entry.amount or ZERO for entry in entries if entry.kind == EXPENSE), ZERO),
        budget=budget,
        budgeted=_fees(in_budget),
    )


def _fees(entries: Sequence[Entry]) -> Decimal:
    return sum((fee_of(entry) or ZERO for entry in entries if entry.kind in (FEE, "adjustment")), ZERO)


def fee_of(entry: Entry) -> Decimal | None:
    """What was billed of an entry; None where it tells neither an amount nor hours and a rate."""
    if entry.billed is not None:
        return entry.billed
    if entry.amount is not None:
        return entry.amount
    return None if entry.hours is None or entry.rate is None else (entry.hours * entry.rate).quantize(_CENT)


def _value(entry: Entry, firm: Firm) -> Decimal:
    """The work at its standard rate; a fixed fee is worth itself, a discount takes nothing from the work."""
    if entry.kind != FEE:
        return max(entry.amount or ZERO, ZERO)
    rate = firm.rates.get(entry.timekeeper, entry.rate)
    if entry.hours is None or rate is None:
        return fee_of(entry) or ZERO
    return (entry.hours * rate).quantize(_CENT)
