"""Kinds about who works and how long: long entries, levels, approvals, travel."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from ledes_engine.checks.narratives import described, hours_of, looked_over, narrative_hit, sum_of, total_of
from ledes_engine.checks.scope import Scope, chosen_rows, kind, missing
from ledes_engine.checks.words import having
from ledes_engine.model import Hit, NotChecked
from ledes_engine.narrative import Narrative, analyse
from ledes_engine.narrative.lexicon import lexicon
from ledes_engine.values import CENT, ZERO, plain


def share_text(part: Decimal, whole: Decimal) -> str:
    """A share in whole per cent."""
    return f"{(100 * part / whole).quantize(Decimal(1))} %"


def by_person(scope: Scope) -> dict[tuple[str, str], list[int]]:
    """The chosen lines of each person on each invoice."""
    lines = scope.lines
    found: dict[tuple[str, str], list[int]] = {}
    for row in chosen_rows(scope):
        found.setdefault((lines["invoice_number"][row], lines["timekeeper_id"][row]), []).append(row)
    return found


@kind
def long_entry(scope: Scope) -> Iterator[Hit]:
    """A line of more than `max` hours; lines whose work is one of the activities `unless_activities` may be longer."""
    lines, limit = scope.lines, Decimal(scope.params["max"])
    long = {text for text, value in lines.numbers("units").items() if value is not None and value > limit}
    free = set(scope.params["unless_activities"])
    for row in chosen_rows(scope) if long else ():
        if lines["units"][row] in long:
            tasks = analyse(lines["narrative"][row]).tasks
            if not any(task.activity in free for task in tasks):
                yield narrative_hit(scope, row, {"limit": plain(limit)})


@kind
def hours_a_line(scope: Scope) -> Iterator[Hit]:
    """A person whose lines are long: `min_lines` or more on an invoice, of more than `max_mean` hours on average."""
    lines, least, limit = scope.lines, int(scope.params["min_lines"]), Decimal(scope.params["max_mean"])
    for (_, person), rows in by_person(scope).items():
        if len(rows) < least or not person:
            continue
        hours = sum((hours_of(scope, row) for row in rows), ZERO)
        if hours / len(rows) > limit:
            facts = {"timekeeper": person, "lines": len(rows), "hours": plain(hours), "limit": plain(limit)}
            yield Hit(rows[0], "units", lines["units"][rows[0]], facts)


@kind
def people_on_invoice(scope: Scope) -> Iterator[Hit]:
    """More than `max` timekeepers on an invoice; not checked where the guidelines set no number (0)."""
    limit = int(scope.params["max"])
    if not limit:
        raise missing("number of timekeepers")
    lines = scope.lines
    found: dict[str, dict[str, int]] = {}
    for row in chosen_rows(scope):
        if lines["timekeeper_id"][row].strip():
            found.setdefault(lines["invoice_number"][row], {}).setdefault(lines["timekeeper_id"][row], row)
    for people in found.values():
        if len(people) > limit:
            row = list(people.values())[limit]
            yield Hit(row, "timekeeper_id", lines["timekeeper_id"][row], {"people": len(people), "limit": limit})


@kind
def share_of(scope: Scope) -> Iterator[Hit]:
    """Too large a share of an invoice's fees for lines of some kind: above `max` of the `of` (hours, amount, lines).

    The lines are those with one of the `values` of a column, and with `internal` those that only speak of talk within
    the firm. Invoices of fewer than `min_lines` lines are passed over. Without a `max` (0) nothing is checked.
    """
    p, lines = scope.params, scope.lines
    limit = Decimal(p["max"])
    if not limit:
        raise missing("share")
    if p["of"] not in ("hours", "amount", "lines"):
        raise missing("share of hours, amount or lines")
    counted = _counted(scope)
    weigh = {"hours": lambda row: hours_of(scope, row), "amount": lambda row: total_of(scope, row) or ZERO}
    weight = weigh.get(p["of"], lambda row: Decimal(1))
    of_invoice: dict[str, list[int]] = {}
    for row in chosen_rows(scope):
        of_invoice.setdefault(lines["invoice_number"][row], []).append(row)
    for rows in of_invoice.values():
        some = [row for row in rows if row in counted]
        whole = sum(map(weight, rows), ZERO)
        part = sum(map(weight, some), ZERO)
        if len(rows) >= int(p["min_lines"]) and whole > 0 and part / whole > limit:
            facts = {"share": share_text(part, whole), "limit": share_text(limit, Decimal(1)), "lines": len(some)}
            yield Hit(
                some[0],
                "narrative",
                lines["narrative"][some[0]],
                facts,
                sum_of(scope, some),
            )


def _counted(scope: Scope) -> set[int]:
    lines = scope.lines
    counted: set[int] = set()
    for name, wanted in scope.params["values"].items():
        if name in lines and set(wanted) & set(lines.distinct(name)):
            counted |= {row for row in chosen_rows(scope) if lines[name][row].strip() in wanted}
    if scope.params["internal"]:
        counted |= {row for row, _ in internal_lines(scope)}
    return counted


def internal_lines(scope: Scope) -> list[tuple[int, Narrative]]:
    """The chosen lines that only tell of talk among people of the firm."""
    words = {phrase for phrases in lexicon().people.values() for phrase, role in phrases if role == "internal"}
    if not any(looked_over(scope.lines).words.issuperset(phrase) for phrase in words):
        return []
    cells = scope.lines["narrative"]
    told = having({cells[row] for row in chosen_rows(scope)}, [" ".join(phrase) for phrase in sorted(words)])
    return [(row, one) for row in chosen_rows(scope) if cells[row] in told and is_internal(one := analyse(cells[row]))]


def is_internal(narrative: Narrative) -> bool:
    """Whether a narrative only tells of talk among people of the firm, as far as its words name the parties."""
    return bool(narrative.tasks) and all(
        task.activity == "communicate" and task.parties and set(task.parties) == {"internal"}
        for task in narrative.tasks
    )


@kind
def barred_class(scope: Scope) -> Iterator[Hit]:
    """A timekeeper of a class that the client does not pay: one of `classes`. Not checked when none is given."""
    barred = {one.upper() for one in scope.params["classes"]}
    if not barred:
        raise missing("classes of timekeepers that are not paid")
    lines = scope.lines
    bad = {text for text in lines.distinct("timekeeper_class") if text.strip().upper() in barred}
    for row in chosen_rows(scope) if bad else ():
        if lines["timekeeper_class"][row] in bad:
            total = total_of(scope, row)
            facts = {"base": total, "allowed": ZERO, "timekeeper": lines["timekeeper_id"][row]}
            yield Hit(row, "timekeeper_class", lines["timekeeper_class"][row], facts, total)


@kind
def level_and_work(scope: Scope) -> Iterator[Hit]:
    """Timekeepers of `classes` who do work of the `activities` for at least `min_hours` hours on one line."""
    p, lines = scope.params, scope.lines
    classes, least = {one.upper() for one in p["classes"]}, Decimal(p["min_hours"])
    if not classes or not p["activities"]:
        raise missing("levels and their work")
    for row in chosen_rows(scope):
        if lines["timekeeper_class"][row].strip().upper() in classes and hours_of(scope, row) >= least:
            tasks = analyse(lines["narrative"][row]).tasks
            if tasks and all(task.activity in p["activities"] for task in tasks):
                yield narrative_hit(scope, row, {"level": lines["timekeeper_class"][row], "work": tasks[0].activity})


@kind
def approved_record(scope: Scope) -> Iterator[Hit]:
    """A timekeeper who differs from the client's record, by `fault`.

    `class` (another classification), `expired` (approval ended before the work), `admission` (an attorney of `classes`
    without a year of admission, or admitted later), `summary` (no name, rate or year of admission on record).
    """
    people, fault = scope.client.timekeepers, scope.params["fault"]
    if not people:
        raise missing("timekeepers")
    needs = {"class": "classification", "expired": "until", "admission": "admitted"}
    if fault in needs and not any(getattr(one, needs[fault]) for one in people.values()):
        raise missing(f"{needs[fault]} of timekeepers")
    lines, told = scope.lines, set()
    days = lines.days("line_date")
    classes = set(scope.params["classes"])
    for row in chosen_rows(scope):
        person = people.get(lines["timekeeper_id"][row].strip())
        if person is None or person.id in told:
            continue
        level, day = lines["timekeeper_class"][row].strip(), days[lines["line_date"][row]]
        facts: Mapping[str, Any] | None = None
        if fault == "class" and person.classification and level and level != person.classification:
            facts = {"level": level, "approved": person.classification}
        elif fault == "expired" and person.until and day and day > person.until:
            facts = {"until": scope.written(person.until)}
        elif fault == "admission" and level in classes and day and (person.admitted or 9999) > day.year:
            facts = {"level": level, "year": person.admitted or "no year on record"}
        elif fault == "summary" and not (person.name and person.rates and person.admitted):
            known = {"name": person.name, "rate": person.rates, "year of admission": person.admitted}
            lacking = [what for what, there in known.items() if not there]
            facts = {"lacking": " and ".join(lacking)}
        if facts is not None:
            told.add(person.id)
            yield Hit(row, "timekeeper_id", lines["timekeeper_id"][row], {"timekeeper": person.id, **facts})


@kind
def not_in_plan(scope: Scope) -> Iterator[Hit]:
    """A timekeeper who is new on the matter: not in its staffing plan, or, without one, on no earlier invoice of it."""
    lines, matters_ = scope.lines, scope.matters()
    plans = {one.id: set(one.staff) for one in (scope.client.matters or {}).values() if one.staff}
    matters = set(matters_)
    history = scope.past()
    if not plans and history is None:
        raise NotChecked("the guidelines give no staffing plan, and there are no earlier invoices")
    before = history.people(matters, scope.own()) if history else {}
    told = set()
    for row in chosen_rows(scope):
        matter, person = matters_[row], lines["timekeeper_id"][row].strip()
        known = plans.get(matter) or before.get(matter)
        if known and person and person not in known and (matter, person) not in told:
            told.add((matter, person))
            where = "the staffing plan" if matter in plans else "the earlier invoices"
            yield Hit(row, "timekeeper_id", person, {"matter": matter, "where": where, "timekeeper": person})


@kind
def work_hours(scope: Scope) -> Iterator[Hit]:
    """More than `max` hours of one `activity` on an invoice; a matter whose approvals name it is passed over."""
    limit, activity = Decimal(scope.params["max"]), scope.params["activity"]
    if not limit:
        raise missing(f"hours of {activity}")
    lines = scope.lines
    codes = set(scope.params["codes"])
    sums: dict[str, tuple[Decimal, int]] = {}
    for row in chosen_rows(scope):
        coded = lines["activity_code"][row].strip()
        tasks = () if coded else analyse(lines["narrative"][row]).tasks
        if coded in codes or (tasks and all(task.activity == activity for task in tasks)):
            hours, first = sums.get(lines["invoice_number"][row], (ZERO, row))
            sums[lines["invoice_number"][row]] = hours + hours_of(scope, row), first
    for hours, row in sums.values():
        if hours > limit and not _approves(scope, row, activity):
            yield Hit(row, "narrative", lines["narrative"][row], {"hours": plain(hours), "limit": plain(limit)})


def _approves(scope: Scope, row: int, work: str) -> bool:
    matter = (scope.client.matters or {}).get(scope.matters()[row])
    return bool(matter) and any(work.lower() in one.lower() for one in matter.approved)  # type: ignore[union-attr]


@kind
def unapproved_work(scope: Scope) -> Iterator[Hit]:
    """Work that the client approves beforehand (`phrases`), on a matter whose approvals do not name it."""
    matters = {one.id for one in (scope.client.matters or {}).values() if one.approved}
    if not scope.params["phrases"] or not matters:
        raise missing("work to be approved, or matters with their approvals")
    lines, matters_ = scope.lines, scope.matters()
    rows = [row for row in chosen_rows(scope) if matters_[row] in matters]
    for phrase in scope.params["phrases"]:
        found = having({lines["narrative"][row] for row in rows}, [phrase])
        told: set[str] = set()
        for row in rows:
            matter = matters_[row]
            if lines["narrative"][row] in found and matter not in told and not _approves(scope, row, phrase):
                told.add(matter)
                yield narrative_hit(scope, row, {"phrase": phrase, "matter": matter})


@kind
def routine_time(scope: Scope) -> Iterator[Hit]:
    """More hours than usual for a short or form document: `limits` gives the hours by name. Not checked without."""
    limits = {name: Decimal(most) for name, most in scope.params["limits"].items() if Decimal(most)}
    if not limits:
        raise missing("usual hours of documents")
    for row in chosen_rows(scope):
        text = scope.lines["narrative"][row]
        for name, most in limits.items():
            if hours_of(scope, row) > most and having([text], [name]) and len(analyse(text).tasks) == 1:
                yield narrative_hit(scope, row, {"document": name, "limit": plain(most)})


def _travels(narrative: Narrative) -> bool:
    return bool(narrative.tasks) and all(task.activity == "travel" for task in narrative.tasks)


@kind
def travel_time(scope: Scope) -> Iterator[Hit]:
    """Travel that is billed otherwise than the client pays it, by `fault`.

    `rate`: at more than `share` of the person's usual rate, the highest of the file. `mixed`: with other work in one
    line and no times in the text. `short`: a line of less than `min_hours` hours. A line is travel when its code is one
    of `codes`, or its text tells of nothing else.
    """
    p, lines = scope.params, scope.lines
    codes = set(p["codes"])
    usual = _usual_rates(scope, codes) if p["fault"] == "rate" else {}
    known = dict(described(scope))
    coded = lines["activity_code"] if "activity_code" in lines else [""] * len(lines)
    hints = {text for text in set(lines.distinct("narrative")) if _says_travel(text)} if _may_travel(scope) else set()
    for row in chosen_rows(scope):
        text = lines["narrative"][row]
        if coded[row].strip() not in codes and text not in hints:
            continue
        narrative = known.get(row) or analyse(text)
        travels = coded[row].strip() in codes or _travels(narrative)
        mixed = any(t.activity == "travel" for t in narrative.tasks) and not _travels(narrative)
        if p["fault"] == "mixed" and mixed and narrative.allocation != "each":
            spans = [(task.start, task.end) for task in narrative.tasks]
            yield narrative_hit(scope, row, {"spans": spans})
        elif p["fault"] == "short" and travels and hours_of(scope, row) < Decimal(p["min_hours"]):
            yield narrative_hit(scope, row, {"least": p["min_hours"]}, allowed=ZERO)
        elif p["fault"] == "rate" and travels and not mixed:
            yield from _at_full_rate(scope, row, usual, Decimal(p["share"]))


_TRAVEL = frozenset(
    "travel traveling travelling traveled travelled travels trav drive drove driving flight flights fly flew train "
    "trip commute commuted return returned".split()
)


def _says_travel(text: str) -> bool:
    return not _TRAVEL.isdisjoint(text.lower().replace(",", " ").replace(".", " ").replace(";", " ").split())


def _may_travel(scope: Scope) -> bool:
    return not _TRAVEL.isdisjoint(looked_over(scope.lines).words)


_AT_A_PART = re.compile(r"\bhalf\b|\b50 ?%|\bone-half\b|\b1/2\b|\breduced\b|\bno charge\b", re.I)


def _usual_rates(scope: Scope, codes: set[str]) -> dict[str, Decimal]:
    """The highest rate of each person for other work than travel, in this file or approved by the client."""
    lines = scope.lines
    rates = lines.numbers("unit_cost")
    coded = lines["activity_code"] if "activity_code" in lines else [""] * len(lines)
    found: dict[str, Decimal] = {}
    for person in (scope.client.timekeepers or {}).values():
        found[person.id] = max((Decimal(rate) for _, _, rate in person.rates), default=ZERO)
    for row in chosen_rows(scope):
        if coded[row].strip() not in codes and not _says_travel(lines["narrative"][row]):
            person_id = lines["timekeeper_id"][row]
            found[person_id] = max(found.get(person_id, ZERO), rates[lines["unit_cost"][row]] or ZERO)
    return found


def _at_full_rate(scope: Scope, row: int, usual: dict[str, Decimal], share: Decimal) -> Iterator[Hit]:
    lines = scope.lines
    rate, full = lines.numbers("unit_cost")[lines["unit_cost"][row]], usual.get(lines["timekeeper_id"][row], ZERO)
    total = total_of(scope, row)
    if _AT_A_PART.search(lines["narrative"][row]):
        return  # the hours are cut already
    if rate is None or not full or rate <= full * share or total is None or total <= 0:
        return
    allowed = (total * full * share / rate).quantize(CENT)
    if total > allowed:
        yield narrative_hit(scope, row, {"rate": plain(rate), "share": share_text(share, Decimal(1))}, allowed=allowed)
