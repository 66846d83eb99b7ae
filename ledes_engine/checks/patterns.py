"""Kinds about habits that show over many lines: round hours, like texts, many small entries."""

from collections import Counter
from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

from ledes_engine.checks.narratives import hours_of, looked_over, narrative_hit, sum_of, total_of
from ledes_engine.checks.scope import Scope, chosen_rows, kind, missing
from ledes_engine.checks.staffing import by_person, share_text
from ledes_engine.model import Hit
from ledes_engine.narrative import analyse
from ledes_engine.values import CENT, ZERO, plain


@kind
def round_hours(scope: Scope) -> Iterator[Hit]:
    """A person whose hours on an invoice are multiples of `step` on more than `max` of the lines, `min_lines` at least.

    Quarter hours show where tenths would not fall on them so often.
    """
    lines, step = scope.lines, Decimal(scope.params["step"])
    limit, least = Decimal(scope.params["max"]), int(scope.params["min_lines"])
    if not step:
        raise missing("step")
    round_ = {text for text, value in lines.numbers("units").items() if value and not value % step}
    if not round_:
        return
    for (_, person), rows in by_person(scope).items():
        some = [row for row in rows if lines["units"][row] in round_]
        if len(rows) >= least and len(some) > limit * len(rows) and person:
            share = share_text(Decimal(len(some)), Decimal(len(rows)))
            facts = {"timekeeper": person, "share": share, "lines": len(rows), "step": plain(step)}
            yield Hit(some[0], "units", lines["units"][some[0]], facts)


@kind
def uniform_hours(scope: Scope) -> Iterator[Hit]:
    """A person who bills one figure for nearly every line of one activity: more than `max` of at least `min_lines`."""
    lines, limit, least = scope.lines, Decimal(scope.params["max"]), int(scope.params["min_lines"])
    smallest = Decimal(scope.params["min_hours"])
    for (_, person), rows in by_person(scope).items():
        by_code: dict[str, list[int]] = {}
        for row in rows:
            by_code.setdefault(lines["activity_code"][row].strip(), []).append(row)
        for code, some in by_code.items():
            if len(some) < least or not code:
                continue
            (hours, times), *_ = Counter(hours_of(scope, row) for row in some).most_common(1)
            if times > limit * len(some) and hours >= smallest:
                facts = {"timekeeper": person, "times": times, "of": len(some), "hours": plain(hours), "code": code}
                yield Hit(some[0], "units", lines["units"][some[0]], facts)


@kind
def small_entries(scope: Scope) -> Iterator[Hit]:
    """At least `min_lines` lines of at most `max_hours` hours by one person on one day and matter.

    With `same_start`, only those whose texts begin with the same two words; with `phrases`, those that hold one.
    One hit for each day, at its first line.
    """
    p, lines, matters_ = scope.params, scope.lines, scope.matters()
    most, least = Decimal(p["max_hours"]), int(p["min_lines"])
    small = {text for text, value in lines.numbers("units").items() if value is not None and 0 < value <= most}
    words = [phrase.lower() for phrase in p["phrases"]]
    found: dict[tuple[str, ...], list[int]] = {}
    for row in chosen_rows(scope) if small else ():
        text = lines["narrative"][row].lower()
        if lines["units"][row] in small and (not words or any(word in text for word in words)):
            start = " ".join(text.split()[:2]) if p["same_start"] else ""
            key = (lines["timekeeper_id"][row], lines["line_date"][row], matters_[row], start)
            found.setdefault(key, []).append(row)
    for (person, day, _, start), rows in found.items():
        if len(rows) >= least:
            amount = sum_of(scope, rows)
            facts = {"timekeeper": person, "day": day, "lines": len(rows), "max": plain(most), "start": start}
            yield Hit(rows[0], "units", lines["units"][rows[0]], facts, amount)


@kind
def recurring_text(scope: Scope) -> Iterator[Hit]:
    """One text by one person on at least `min_days` days, or for more than `max_hours` hours together.

    Where a figure is 0, that test is not made. One hit, at the first line.
    """
    lines, days, limit = scope.lines, int(scope.params["min_days"]), Decimal(scope.params["max_hours"])
    if len(looked_over(lines).texts) == len(lines):
        return
    found: dict[tuple[str, str], list[int]] = {}
    for row in chosen_rows(scope):
        found.setdefault((lines["timekeeper_id"][row], " ".join(lines["narrative"][row].lower().split())), []).append(
            row
        )
    for (person, _), rows in found.items():
        on = {lines["line_date"][row] for row in rows}
        hours = sum((hours_of(scope, row) for row in rows), ZERO)
        if len(rows) > 1 and ((days and len(on) >= days) or (limit and hours > limit)):
            facts = {"timekeeper": person, "days": len(on), "lines": len(rows), "hours": plain(hours)}
            amount = sum_of(scope, rows)
            yield Hit(rows[0], "narrative", lines["narrative"][rows[0]], facts, amount)


@kind
def rounding_mode(scope: Scope) -> Iterator[Hit]:
    """A total that was rounded in another way than the client's: `mode` is `half-up`, `half-even` or `none`."""
    mode = scope.params["mode"]
    if mode not in ("half-up", "half-even", "none"):
        raise missing("way of rounding")
    lines = scope.lines
    units, costs, totals = (lines.numbers(name) for name in ("units", "unit_cost", "total"))
    how = {"half-up": ROUND_HALF_UP, "half-even": ROUND_HALF_EVEN}
    for row in chosen_rows(scope):
        hours, cost, total = (
            known[lines[name][row]] for known, name in ((units, "units"), (costs, "unit_cost"), (totals, "total"))
        )
        if hours is None or cost is None or total is None or lines["adjustment"][row].strip(" 0."):
            continue
        exact = hours * cost
        wanted = exact if mode == "none" else exact.quantize(CENT, how[mode])
        if total != wanted and abs(total - exact) < CENT:
            facts = {"exact": plain(exact), "expected": plain(wanted), "mode": mode}
            yield Hit(row, "total", lines["total"][row], facts, abs(total - wanted))


@kind
def rounded_up(scope: Scope) -> Iterator[Hit]:
    """Hours above the minutes that the text gives by `max_minutes` or more."""
    most = Decimal(scope.params["max_minutes"])
    for row in chosen_rows(scope):
        text = scope.lines["narrative"][row]
        if "min" not in text.lower():
            continue
        given = [task.hours for task in analyse(text).tasks if task.hours is not None]
        told, hours = sum(given, ZERO) * 60, hours_of(scope, row) * 60
        if given and 0 < told < hours and hours - told >= most and len(given) == len(analyse(text).tasks):
            yield narrative_hit(scope, row, {"minutes": plain(told.quantize(Decimal(1)))})


@kind
def same_charge(scope: Scope) -> Iterator[Hit]:
    """Two expenses of one code, day and amount whose texts are alike but for what stands in brackets or is a number."""
    lines = scope.lines
    found: dict[tuple[str, ...], tuple[str, int]] = {}
    for row in chosen_rows(scope):
        total = total_of(scope, row)
        key = (lines["invoice_number"][row], lines["expense_code"][row], lines["line_date"][row], str(total))
        text = " ".join(lines["narrative"][row].lower().split())
        before, at = found.setdefault(key, (text, row))
        if at != row and before != text and total and _alike(before, text):
            yield Hit(row, "narrative", lines["narrative"][row], {"first_line": lines.line[at]}, total)


def _alike(one: str, other: str) -> bool:
    first, second = set(one.split()), set(other.split())
    return len(first & second) * 3 >= max(len(first), len(second)) * 2
