"""The kinds of check: a small closed set of functions that cards parameterise.

A kind is a function `(Scope) -> Iterator[Hit]` (or of the reader's `Fault`s) with the decorator `kind`. It yields facts
and never prose, and judges each distinct value once. It raises `NotChecked` when it lacks what it needs to judge; a
table raises `NotApplicable` by itself when it has not the column that is asked for.
"""

from ledes_engine.checks import (
    arithmetic,
    attendance,
    budgets,
    cells,
    clerical,
    codes,
    consistency,
    dates,
    earlier,
    expenses,
    miscoding,
    narratives,
    patterns,
    phrases,
    segments,
    staffing,
    sums,
    timekeepers,
)
from ledes_engine.checks.scope import KINDS, Client, Dispute, Matter, Scope, Timekeeper

__all__ = ["KINDS", "Client", "Dispute", "Matter", "Scope", "Timekeeper"]
_MODULES = (
    *(arithmetic, attendance, budgets, cells, clerical, codes, consistency, dates, earlier, expenses, miscoding),
    *(narratives, patterns, phrases, segments, staffing, sums, timekeepers),
)  # importing them fills KINDS
