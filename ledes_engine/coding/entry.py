"""What codes are suggested for: one entry of a timesheet, or one line item of an invoice."""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

FEE, EXPENSE = "fee", "expense"
TASK, ACTIVITY = "task", "activity"
FIELDS = (TASK, ACTIVITY, EXPENSE)


class Entry(NamedTuple):
    """An entry: its narrative, what it is for, and the codes that it has; texts as they stand in the file."""

    narrative: str
    kind: str = FEE  # or `expense`
    task: str = ""
    activity: str = ""
    expense: str = ""
    matter: str = ""
    client: str = ""
    timekeeper: str = ""
    day: str = ""
    hours: Decimal | None = None
    rate: Decimal | None = None
    amount: Decimal | None = None
    billed: Decimal | None = None  # what was invoiced of the amount, where the file says so
    place: str = ""  # in the file, in words

    @property
    def wanted(self) -> tuple[str, ...]:
        """The codes that a line of this kind carries: `task` and `activity`, or `expense`."""
        return (EXPENSE,) if self.kind == EXPENSE else (TASK, ACTIVITY)


def coded(entry: Entry, codes: Mapping[str, str]) -> Entry:
    """The entry with these codes, by field, in place of its own."""
    return entry._replace(**{field: codes.get(field, getattr(entry, field)) for field in FIELDS})
