"""Kinds about timekeepers and rates, and about ids that the client's guidelines list."""

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from ledes_engine.checks.scope import Scope, Timekeeper, chosen_rows, judge, kind, missing
from ledes_engine.checks.words import having
from ledes_engine.model import Hit
from ledes_engine.values import ZERO, number, plain


@kind
def one_rate(scope: Scope) -> Iterator[Hit]:
    """One person, one matter, one month, several rates. Rates that are `shares` of another are agreed travel rates.

    One hit for each person, matter and month, at the first line with the second rate.
    """
    lines = scope.lines
    pairs = lines.combinations(("timekeeper_id", "unit_cost", "line_type"))
    if len({pair[:2] for pair in pairs if pair[2] == "F"}) == len({pair[0] for pair in pairs if pair[2] == "F"}):
        return  # everybody has one rate
    rate = {text: abs(value) for text, value in lines.numbers("unit_cost").items() if value}
    names = ["timekeeper_id", "matter_id", *(["currency"] if "currency" in lines else [])]
    columns, days, costs = [lines[name] for name in names], lines["line_date"], lines["unit_cost"]
    months = {text: f"{day:%Y-%m}" if day else text for text, day in lines.days("line_date").items()}
    rows: dict[tuple[str, ...], dict[Decimal, int]] = {}
    for row in chosen_rows(scope):
        if costs[row] in rate and columns[0][row]:
            key = (*(cells[row] for cells in columns), months[days[row]])
            rows.setdefault(key, {}).setdefault(rate[costs[row]], row)
    shares = [Decimal(share) for share in scope.params.get("shares", ())]
    for key, found in rows.items():
        if len(found) > 1 and not _agreed(found, shares):
            first, row, *_ = found.values()
            facts = {"first": costs[first], "first_line": lines.line[first], "timekeeper": key[0], "month": key[-1]}
            yield Hit(row, "unit_cost", costs[row], facts)


def _agreed(rates: Collection[Decimal], shares: list[Decimal]) -> bool:
    full = max(rates)
    return all(rate == full or any(rate == full * share for share in shares) for rate in rates)


@kind
def hours_a_day(scope: Scope) -> Iterator[Hit]:
    """More than `max` hours for one person on one day, over all invoices of the file; one hit for each day.

    A day on which one of the person's lines holds a phrase of `except` (a trial) is passed over.
    """
    lines, limit = scope.lines, Decimal(scope.params["max"])
    people, days, units = lines["timekeeper_id"], lines["line_date"], lines["units"]
    worked = lines.remember(
        ("hours a day", repr(scope.params.get("where")), repr(scope.params.get("unless"))), lambda: _worked(scope)
    )
    totals = ((person, day, total) for person, by_day in worked.items() for day, total in by_day.items())
    over = {(person, day): total for person, day, total in totals if total > limit and person and day}
    free = scope.params["except"]
    for row in chosen_rows(scope) if over and free else ():
        if (people[row], days[row]) in over and having([lines["narrative"][row]], free):
            del over[people[row], days[row]]
    for row in chosen_rows(scope) if over else ():
        key = people[row], days[row]
        if key in over:
            facts = {"hours": plain(over.pop(key)), "timekeeper": key[0], "day": key[1], "limit": limit}
            yield Hit(row, "units", units[row], facts)


def _worked(scope: Scope) -> dict[str, dict[str, Decimal]]:
    """The hours of each person on each day."""
    lines = scope.lines
    hours = {text: value or ZERO for text, value in lines.numbers("units").items()}
    people, days, units = lines["timekeeper_id"], lines["line_date"], lines["units"]
    worked: dict[str, dict[str, Decimal]] = {person: {} for person in lines.distinct("timekeeper_id")}
    for row in chosen_rows(scope):
        of_person, day = worked[people[row]], days[row]
        of_person[day] = of_person.get(day, ZERO) + hours[units[row]]
    return worked


@kind
def on_list(scope: Scope) -> Iterator[Hit]:
    """A value that the guidelines' list `list` (`matters`, `firm_ids`, `timekeepers` or `currency`) does not hold."""
    which, client = scope.params["list"], scope.client
    allowed = {client.currency} if which == "currency" and client.currency else getattr(client, which, None)
    if not allowed or (which == "currency" and not client.currency):
        raise missing(which.replace("_", " "))
    columns = scope.columns()

    def judged(*texts: str) -> Mapping[str, Any] | None:
        if not any(texts) or any(text.strip() in allowed for text in texts):
            return None
        from ledes_engine.cards import near_miss

        return {"hint": near_miss(texts[0], list(allowed)), "known": ", ".join(sorted(allowed)[:5])}

    for row, texts, facts in judge(scope, columns, judged):
        yield Hit(row, columns[0], texts[0], facts)


@kind
def approved_rate(scope: Scope) -> Iterator[Hit]:
    """A rate above the one that the client approved for the person and the day (`fault = "above"`), or a day for which
    no rate is approved (`fault = "no-rate"`). The amount in question is the difference times the hours."""
    timekeepers = scope.client.timekeepers
    if not timekeepers or not any(one.rates for one in timekeepers.values()):
        raise missing("timekeepers with approved rates")
    days, wanted = scope.lines.days("line_date"), scope.params["fault"]

    def judged(timekeeper: str, day: str, cost: str) -> Mapping[str, Any] | None:
        person, rate, worked = timekeepers.get(timekeeper), number(cost), days[day]
        if person is None or not person.rates or rate is None or worked is None:
            return None
        approved = _rate_on(person, worked)
        if approved is None:
            return {"day": day, "timekeeper": timekeeper} if wanted == "no-rate" else None
        if wanted == "no-rate" or rate <= approved:
            return None
        return {"approved": plain(approved), "over": rate - approved, "timekeeper": timekeeper, "day": day}

    for row, (_, _, cost), facts in judge(scope, ["timekeeper_id", "line_date", "unit_cost"], judged):
        units = number(scope.lines["units"][row]) or ZERO
        over = facts.get("over")
        if over is None:
            yield Hit(row, "unit_cost", cost, facts)
            continue
        total = scope.lines.numbers("total")[scope.lines["total"][row]]
        more = {} if total is None else {"base": total, "allowed": total - over * units}
        yield Hit(row, "unit_cost", cost, {**facts, **more}, over * units)


def _rate_on(person: Timekeeper, day: date) -> Decimal | None:
    rates = [
        rate for first, last, rate in person.rates if (first is None or first <= day) and (last is None or day <= last)
    ]
    return Decimal(max(rates)) if rates else None
