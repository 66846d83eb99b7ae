"""Kinds that compare dates: order, age, and the shape of a billing period."""

import calendar
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from ledes_engine.checks.scope import Scope, judge, kind, missing
from ledes_engine.model import Hit


@kind
def date_order(scope: Scope) -> Iterator[Hit]:
    """For each of `pairs` (column, column): the first date must not be after the second; `@today` may stand for one.

    With `max_days`, the fault is instead that the second lies more than so many days after the first. The finding
    points to the column `shows`, else to the first of the pair.
    """
    # All pairs are judged on the combinations of all dates, which the rules on dates share.
    columns = scope.of_type("date")
    for pair in scope.params["pairs"]:
        if any(name not in columns for name in pair if name != TODAY):
            continue
        shows = scope.params.get("shows") or next(name for name in pair if name != TODAY)
        for row, _, facts in judge(scope, columns, _order_judge(scope, pair, columns)):
            other = next(name for name in reversed(pair) if name != shows)
            names = {"other": "today" if other == TODAY else scope.document.native(other)}
            yield Hit(row, shows, scope.lines[shows][row], {**facts, **names})


TODAY = "@today"


def _order_judge(scope: Scope, pair: list[str], columns: list[str]) -> Any:
    known = [{} if name == TODAY else scope.lines.days(name) for name in pair]
    places = [-1 if name == TODAY else columns.index(name) for name in pair]
    limit = scope.params.get("max_days")

    def judged(*texts: str) -> Mapping[str, Any] | None:
        first = known[0][texts[places[0]]] if places[0] >= 0 else scope.today
        second = known[1][texts[places[1]]] if places[1] >= 0 else scope.today
        if first is None or second is None:
            return None
        apart = (second - first).days
        if apart <= int(limit) if limit is not None else apart >= 0:
            return None
        return {"first": scope.written(first), "second": scope.written(second), "days": abs(apart), "limit": limit}

    return judged


@kind
def outside_period(scope: Scope) -> Iterator[Hit]:
    """A line dated before the billing period or after it. A period that is turned round is another rule's."""
    columns = ["billing_start", "billing_end", "line_date"]
    starts, ends, days = (scope.lines.days(name) for name in columns)

    def judged(start: str, end: str, text: str) -> Mapping[str, Any] | None:
        first, last, day = starts[start], ends[end], days[text]
        if day is None or (first and last and first > last):
            return None
        fits = (first is None or first <= day) and (last is None or day <= last)
        return None if fits else {"start": start, "end": end}

    for row, (_, _, text), facts in judge(scope, columns, judged):
        yield Hit(row, "line_date", text, facts)


@kind
def billing_period(scope: Scope) -> Iterator[Hit]:
    """A billing period that is not what the client wants.

    `calendar_month` wants first to last days of months; `within` wants one month, quarter or year.
    """
    lines = scope.lines
    start, end = lines.days("billing_start"), lines.days("billing_end")
    for rows in lines.groups("invoice_number").values():
        first, last = start[lines["billing_start"][rows[0]]], end[lines["billing_end"][rows[0]]]
        if first and last and not _period_fits(first, last, scope.params):
            facts = {
                "start": scope.written(first),
                "end": scope.written(last),
                "unit": scope.params.get("within", "month"),
            }
            yield Hit(rows[0], "billing_start", lines["billing_start"][rows[0]], facts)


def _period_fits(first: date, last: date, params: Mapping[str, Any]) -> bool:
    if params.get("calendar_month"):
        month_end = calendar.monthrange(last.year, last.month)[1]
        return first.day == 1 and last.day == month_end
    per = {"month": 1, "quarter": 3, "year": 12}[params["within"]]
    return first.year == last.year and (first.month - 1) // per == (last.month - 1) // per


@kind
def period_overlap(scope: Scope) -> Iterator[Hit]:
    """Two invoices of the file whose billing periods for the same matter have a day in common."""
    lines = scope.lines
    start, end = lines.days("billing_start"), lines.days("billing_end")
    billed: dict[str, list[tuple[date, date, int]]] = {}
    for rows in lines.groups("invoice_number").values():
        first, last = start[lines["billing_start"][rows[0]]], end[lines["billing_end"][rows[0]]]
        if first and last:
            billed.setdefault(lines["matter_id"][rows[0]], []).append((first, last, rows[0]))
    for periods in billed.values():
        latest: tuple[date, int] | None = None
        for first, last, row in sorted(periods):
            if latest and first <= latest[0]:
                facts = {
                    "other": lines["invoice_number"][latest[1]],
                    "start": scope.written(first),
                    "end": scope.written(last),
                }
                yield Hit(row, "billing_start", lines["billing_start"][row], facts)
            if latest is None or last > latest[0]:
                latest = (last, row)


@kind
def weekend(scope: Scope) -> Iterator[Hit]:
    """A fee line dated on a Saturday or a Sunday."""
    days = scope.lines.days("line_date")

    def judged(text: str) -> Mapping[str, Any] | None:
        day = days[text]
        return {"weekday": calendar.day_name[day.weekday()]} if day and day.weekday() >= 5 else None

    for row, (text,), facts in judge(scope, ["line_date"], judged):
        yield Hit(row, "line_date", text, facts)


@kind
def matter_open(scope: Scope) -> Iterator[Hit]:
    """Work before the matter's opening (`edge = "opened"`) or more than `grace_days` after its closing (`"closed"`).

    The dates come from the guidelines' matters.
    """
    if scope.client.matters is None:
        raise missing("matters with their dates")
    column = "client_matter_id" if "client_matter_id" in scope.lines else "matter_id"
    edge, grace = scope.params["edge"], timedelta(days=int(scope.params.get("grace_days", 0)))
    days = scope.lines.days("line_date")
    totals = scope.lines.numbers("total")
    matters = scope.client.matters

    def judged(text: str, client_matter: str, firm_matter: str) -> Mapping[str, Any] | None:
        matter = matters.get(client_matter) or matters.get(firm_matter)
        day, limit = days[text], getattr(matter, edge, None)
        if day is None or limit is None or (day >= limit if edge == "opened" else day <= limit + grace):
            return None
        return {"limit": scope.written(limit), "matter": client_matter or firm_matter}

    for row, (text, *_), facts in judge(scope, ["line_date", column, "matter_id"], judged):
        yield Hit(row, "line_date", text, facts, totals[scope.lines["total"][row]])
