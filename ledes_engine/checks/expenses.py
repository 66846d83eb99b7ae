"""Kinds about expenses: what may be charged, up to which price, and how it has to be told."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from ledes_engine.checks.narratives import is_credit, looked_over, narrative_hit, total_of
from ledes_engine.checks.scope import Scope, chosen_rows, kind, missing
from ledes_engine.checks.words import having
from ledes_engine.model import Hit
from ledes_engine.values import CENT, ZERO, number, plain


def _rows(scope: Scope) -> list[int]:
    """The chosen lines with one of `codes` or one of `phrases` in their text; all where neither is given.

    With `both`, the code and the phrase are asked for; with `alone`, the
    phrase is the whole text. Lines whose text holds one of `except` are left out.
    """
    p, lines = scope.params, scope.lines
    codes, phrases = {code.upper() for code in p["codes"]}, [*p["phrases"], *p.get("also", ())]
    named = looked_over(lines).known(phrases)
    if phrases and not named and (p["both"] or not codes):
        return []
    rows = list(chosen_rows(scope))
    texts = {lines["narrative"][row] for row in rows}
    told = having(texts, named)
    if p.get("alone"):
        told = {text: place for text, place in told.items() if place == (0, len(text.strip(" .")))}
    barred = having(texts, p["except"]) if p["except"] else {}

    def fits(row: int) -> bool:
        text = lines["narrative"][row]
        coded, named = lines["expense_code"][row].strip().upper() in codes, text in told
        if text in barred or is_credit(scope, row):
            return False
        if codes and phrases:
            return coded and named if p["both"] else coded or named
        return coded or named or not (codes or phrases)

    return [row for row in rows if fits(row)]


@kind
def charge(scope: Scope) -> Iterator[Hit]:
    """An expense of some kind, above `min_total`.

    The kind: `codes`, `phrases`, `both` asked for, not those with one of `except`. With `allowed = "0"` the guideline
    pays nothing for it. Not checked where neither codes nor phrases are given and `min_total` is 0.
    """
    p, lines = scope.params, scope.lines
    least = Decimal(p["min_total"])
    if not (p["codes"] or p["phrases"] or least):
        raise missing("kinds of expense, or an amount")
    for row in _rows(scope):
        total = total_of(scope, row)
        if total is not None and total > least:
            facts = {"code": lines["expense_code"][row] or "no code", "total": plain(total), "limit": plain(least)}
            yield narrative_hit(scope, row, facts, allowed=ZERO if p["allowed"] == "0" else None)


@kind
def charge_cap(scope: Scope) -> Iterator[Hit]:
    """An expense of some kind above a cap: `max` per `per` = `unit` (the price), `line`, `day` or `invoice`.

    `caps` gives further caps by code. The amount at stake is what is above the cap. Not checked without a cap (0).
    """
    p, lines = scope.params, scope.lines
    caps = {code.upper(): Decimal(most) for code, most in p["caps"].items() if Decimal(most)}
    cap = Decimal(p["max"])
    if not cap and not caps:
        raise missing("cap")
    prices = lines.numbers("unit_cost")
    groups: dict[tuple[str, ...], list[int]] = {}
    for row in _rows(scope):
        code = lines["expense_code"][row].strip().upper()
        most = caps.get(code, cap)
        if not most:
            continue
        if p["per"] in ("unit", "line"):
            value = prices[lines["unit_cost"][row]] if p["per"] == "unit" else total_of(scope, row)
            total = total_of(scope, row)
            if value is None or total is None or value <= most:
                continue
            # Of the same proportion, so that discounts and taxes of the line stay in it.
            allowed = (total * most / value).quantize(CENT) if p["per"] == "unit" else most
            if total > allowed:
                facts: dict[str, Any] = {"charged": plain(value), "limit": plain(most)}
                yield narrative_hit(scope, row, facts, allowed=allowed)
        else:
            key = (lines["invoice_number"][row], code, lines["line_date"][row] if p["per"] == "day" else "")
            groups.setdefault(key, []).append(row)
    for (_, code, day), rows in groups.items():
        whole = sum((total_of(scope, row) or ZERO for row in rows), ZERO)
        most = caps.get(code, cap)
        if whole > most:
            facts = {
                "charged": plain(whole),
                "limit": plain(most),
                "day": day,
                "code": code,
                "base": whole,
                "allowed": most,
            }
            row = rows[0]
            yield Hit(row, "narrative", lines["narrative"][row], facts, whole - most)


_MILES = re.compile(r"(\d+(?:\.\d+)?) ?(?:miles?|mi)\b", re.I)
_RATE = re.compile(r"(?:@|x|\*|at \$) ?\$? ?(\d*\.\d+)|\$? ?(\d*\.\d+) ?(?:per|/|a) ?mi", re.I)


@kind
def mileage(scope: Scope) -> Iterator[Hit]:
    """Mileage that is not told as miles times a rate, or at more than `max_rate` (0: any rate) a mile.

    A line is mileage when its text says so. One unit with the whole amount hides the miles, unless the text tells them.
    """
    most = Decimal(scope.params["max_rate"])
    lines = scope.lines
    prices = lines.numbers("unit_cost")
    for row in chosen_rows(scope):
        text = lines["narrative"][row]
        if "mileage" not in text.lower() and "miles" not in text.lower():
            continue
        units = lines.numbers("units")[lines["units"][row]]
        told, rate = _MILES.search(text), _RATE.search(text)
        price = number((rate[1] or rate[2]) if rate else "") or prices[lines["unit_cost"][row]]
        if not told and (units is None or units <= 1):
            yield narrative_hit(scope, row, {"reason": "no-miles"})
        elif most and price is not None and units is not None and units > 1 and price > most:
            facts = {"reason": "rate", "rate": plain(price), "max": plain(most)}
            allowed = ((total_of(scope, row) or ZERO) * most / price).quantize(CENT)
            yield narrative_hit(scope, row, facts, allowed=allowed)


_COST = re.compile(
    r"\b(?:invoiced?|actual cost|vendor(?:'s)? (?:invoice|bill)|billed us)(?: (?:of|was|for|at))? ?:? ?\$? ?"
    r"(\d[\d,]*\.\d\d)\b(?! ?(?:per|a|/|each))",
    re.I,
)
# A cost below this part of what is charged was meant for something else: a price, a number.
_LIKELY = Decimal("0.6")
_PRICED = frozenset({"invoice", "invoiced", "cost", "actual", "vendor", "billed"})


@kind
def markup(scope: Scope) -> Iterator[Hit]:
    """An expense above what its own text says that it cost, or with one of `phrases` (a surcharge by its name)."""
    lines = scope.lines
    known = looked_over(lines)
    phrases = known.known(scope.params["phrases"])
    if not phrases and _PRICED.isdisjoint(known.words):
        return
    rows = list(chosen_rows(scope))
    named = having({lines["narrative"][row] for row in rows}, phrases)
    for row in rows:
        text, total = lines["narrative"][row], total_of(scope, row)
        match = _COST.search(text)
        cost = Decimal(match[1].replace(",", "")) if match else None
        if cost is not None and total is not None and total * _LIKELY <= cost < total:
            yield narrative_hit(scope, row, {"cost": plain(cost), "reason": "cost"}, allowed=cost)
        elif text in named:
            start, end = named[text]
            yield narrative_hit(scope, row, {"phrase": text[start:end], "reason": "phrase", "spans": [(start, end)]})


_BOOKED = re.compile(r"(?:booked|bought|purchased|ticketed|issued)(?: on)? (\d{1,2})/(\d{1,2})(?:/(\d{2,4}))?", re.I)


@kind
def booked_late(scope: Scope) -> Iterator[Hit]:
    """Travel booked less than `min_days` days before it, where the text says when it was booked (`booked 3/1`).

    The line's date is taken for that of the travel. Not checked without a number of days (0).
    """
    least = int(scope.params["min_days"])
    if not least:
        raise missing("days between booking and travel")
    from datetime import date

    lines, days = scope.lines, scope.lines.days("line_date")
    for row in chosen_rows(scope):
        match, day = _BOOKED.search(lines["narrative"][row]), days[lines["line_date"][row]]
        if not match or day is None:
            continue
        year = int(match[3]) % 100 + 2000 if match[3] else day.year
        if not match[3] and (int(match[1]), int(match[2])) > (day.month, day.day):
            year -= 1  # booked in December for January
        try:
            booked = date(year, int(match[1]), int(match[2]))
        except ValueError:
            continue
        if 0 <= (day - booked).days < least:
            facts = {"days": (day - booked).days, "min": least}
            yield narrative_hit(scope, row, facts)
