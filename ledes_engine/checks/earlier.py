"""Kinds that need earlier invoices: billed before, altered, resubmitted, hours and rates over several, months."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from ledes_engine.checks.narratives import hours_of, total_of
from ledes_engine.checks.scope import Dispute, Scope, chosen_rows, kind, missing
from ledes_engine.history import Earlier, Period, same_keys, work_keys
from ledes_engine.model import Hit
from ledes_engine.values import ZERO, plain


@kind
def billed_before(scope: Scope) -> Iterator[Hit]:
    """A line that stands on an earlier invoice: `of = "line"` (person or code, day, text, hours and amount alike).

    `of = "work"` (person, day, text and hours alike) finds it on another client's invoice, `of = "matter"` on another
    matter's of the same client. Lines without a text are passed over.
    """
    history, lines, of = scope.history(), scope.lines, scope.params["of"]
    keys = same_keys(lines) if of == "line" else work_keys(lines)
    rows = [row for row in chosen_rows(scope) if lines["narrative"][row].strip()]
    found = history.same({keys[row] for row in rows}, "same" if of == "line" else "work", scope.own())
    clients, matters_ = _clients(scope), scope.matters()
    for row in rows if found else ():
        fits = (one for one in found.get(keys[row], ()) if _counts(of, one, clients[row], matters_[row]))
        other = next(fits, None)
        if other is None:
            continue
        facts = {"other": other.number, "other_matter": other.matter, "other_client": other.client, "item": other.item}
        yield Hit(row, "narrative", lines["narrative"][row], facts, total_of(scope, row))


def _clients(scope: Scope) -> list[str]:
    """The client of each line."""
    heads = scope.document.heads(("client_id",))
    known = {number: head.get("client_id", "").strip() for number, head in heads.items()}
    return [known.get(number.strip(), "") for number in scope.lines["invoice_number"]]


def _counts(of: str, earlier: Earlier, client: str, matter: str) -> bool:
    if of == "line":
        return earlier.client == client
    return earlier.client != client if of == "work" else earlier.client == client and earlier.matter != matter


@kind
def hours_across(scope: Scope) -> Iterator[Hit]:
    """More than `max` hours for one person on one day over this file and the earlier invoices; one hit a day."""
    history, lines, limit = scope.history(), scope.lines, Decimal(scope.params["max"])
    before = history.hours({one.strip() for one in lines.distinct("timekeeper_id")}, scope.own())
    if not before:
        return
    days = lines.days("line_date")
    here: dict[tuple[str, str], tuple[Decimal, int]] = {}
    for row in chosen_rows(scope):
        day = days[lines["line_date"][row]]
        if day:
            key = (lines["timekeeper_id"][row].strip(), f"{day:%Y%m%d}")
            hours, first = here.get(key, (ZERO, row))
            here[key] = hours + hours_of(scope, row), first
    for key, (hours, row) in here.items():
        earlier, numbers = before.get(key, (ZERO, []))
        if earlier and hours + earlier > limit:
            facts = {
                "timekeeper": key[0],
                "day": lines["line_date"][row],
                "hours": plain(hours),
                "before": plain(earlier),
            }
            facts |= {"sum": plain(hours + earlier), "other": ", ".join(numbers[:3]), "limit": plain(limit)}
            yield Hit(row, "units", lines["units"][row], facts)


@kind
def rate_increase(scope: Scope) -> Iterator[Hit]:
    """A rate above the last one that the person billed before, by more than the share `max` of it."""
    history, lines, most = scope.history(), scope.lines, Decimal(scope.params["max"])
    before = history.rates({one.strip() for one in lines.distinct("timekeeper_id")}, scope.own())
    rates, clients = lines.numbers("unit_cost"), _clients(scope) if before else []
    over: dict[tuple[str, str], list[int]] = {}
    for row in chosen_rows(scope) if before else ():
        key, rate = (clients[row], lines["timekeeper_id"][row].strip()), rates[lines["unit_cost"][row]]
        if key in before and rate is not None and rate > before[key][0] * (1 + most):
            over.setdefault(key, []).append(row)
    for key, rows in over.items():
        last, other = before[key]
        more = [(rates[lines["unit_cost"][row]] or ZERO) - last for row in rows]
        facts = {"timekeeper": key[1], "last": plain(last), "other": other, "over": plain(more[0]), "lines": len(rows)}
        amount = sum((one * hours_of(scope, row) for one, row in zip(more, rows, strict=True)), ZERO)
        yield Hit(rows[0], "unit_cost", lines["unit_cost"][rows[0]], facts, amount)


@kind
def altered(scope: Scope) -> Iterator[Hit]:
    """An invoice that was recorded before under its number, and whose lines differ now, by `fault`.

    `changed`: texts, hours or amounts of lines differ. `grown`: there are more hours, by more than `tolerance`.
    """
    history, lines = scope.history(), scope.lines
    heads = scope.document.heads(("client_id",))
    for number, rows in lines.groups("invoice_number").items():
        before = history.version(number, heads.get(number.strip(), {}).get("client_id", "").strip())
        if not before:
            continue
        old = sum((Decimal(one[3] or 0) for one in before if one[0] == "F"), ZERO)
        new = sum((hours_of(scope, row) for row in rows if lines["line_type"][row] == "F"), ZERO)
        facts: dict[str, object] = {"old": plain(old), "new": plain(new), "count": len(before), "lines": len(rows)}
        if scope.params["fault"] == "grown":
            if new - old > Decimal(scope.params["tolerance"]):
                yield Hit(rows[0], "invoice_number", number, facts)
            continue
        here = Counter(_line(scope, row) for row in rows)
        old_lines = Counter(one[:6] for one in before)
        changed = max((old_lines - here).total(), (here - old_lines).total())
        if changed:
            facts |= {"changed": changed, "count": max(len(before), len(rows))}
            yield Hit(rows[0], "invoice_number", number, facts)


def _line(scope: Scope, row: int) -> tuple[str, ...]:
    lines = scope.lines
    day = lines.days("line_date")[lines["line_date"][row]]
    return (
        lines["line_type"][row].strip(),
        lines["timekeeper_id"][row].strip(),
        f"{day:%Y%m%d}" if day else "",
        *(_plain(lines.numbers(name)[lines[name][row]]) for name in ("units", "total")),
        lines["narrative"][row],
    )


def _plain(value: Decimal | None) -> str:
    return "" if value is None else format(value.normalize(), "f")


@kind
def resubmitted(scope: Scope) -> Iterator[Hit]:
    """A line that the client rejected on an earlier invoice and that comes back unchanged.

    Rejections stand in the guidelines (`[[dispute]]`); `reason`, when given, is a word of the reasons that count. The
    earlier line is looked up in the history, or, when the invoice has kept its number, is the line itself.
    """
    disputes = [one for one in scope.client.disputes if scope.params["reason"].lower() in one.reason.lower()]
    if not disputes:
        raise missing("rejected lines ([[dispute]])")
    history, lines = scope.history(), scope.lines
    keys = same_keys(lines)
    found = history.same({keys[row] for row in chosen_rows(scope)}, "same", ())
    clients = _clients(scope)
    for row in chosen_rows(scope) if found else ():
        earlier = [one for one in found.get(keys[row], ()) if one.client == clients[row]]
        fits = ((dispute, one) for one in earlier for dispute in disputes if _about(dispute, one))
        dispute, other = next(fits, (None, None))
        if dispute and other:
            facts = {"other": other.number, "item": other.item, "because": dispute.reason or "no reason given"}
            yield Hit(row, "narrative", lines["narrative"][row], facts, total_of(scope, row))


def _about(dispute: Dispute, earlier: Earlier) -> bool:
    rejected = dispute.invoice == earlier.number and dispute.status == "rejected"
    return rejected and dispute.line in ("", earlier.item)


@kind
def dispute_age(scope: Scope) -> Iterator[Hit]:
    """A dispute of an invoice of this file that is older than `max_days`; `status` says which kind."""
    status, limit = scope.params["status"], timedelta(days=int(scope.params["max_days"]))
    disputes = [one for one in scope.client.disputes if one.status == status and one.raised]
    if not disputes:
        raise missing(f"{status} invoices with dates ([[dispute]])")
    lines = scope.lines
    numbers = {one.strip() for one in lines.distinct("invoice_number")}
    for one in disputes:
        if one.raised and scope.today - one.raised > limit and one.invoice in numbers:
            row = next(row for row, number in enumerate(lines["invoice_number"]) if number.strip() == one.invoice)
            facts = {"days": (scope.today - one.raised).days, "limit": limit.days, "raised": scope.written(one.raised)}
            yield Hit(row, "invoice_number", lines["invoice_number"][row], facts)


@kind
def number_billed(scope: Scope) -> Iterator[Hit]:
    """An invoice number that an earlier invoice of the client has, with another date."""
    history, lines = scope.history(), scope.lines
    heads = scope.document.heads(("client_id", "invoice_date"))
    known = history.numbers({head.get("client_id", "").strip() for head in heads.values()})
    for number, rows in lines.groups("invoice_number").items():
        head = heads.get(number.strip(), {})
        dated = known.get((head.get("client_id", "").strip(), number))
        day = lines.read_day(head.get("invoice_date", ""))
        if dated and day and dated != f"{day:%Y%m%d}":
            yield Hit(rows[0], "invoice_number", number, {"other_date": dated})


@kind
def months(scope: Scope) -> Iterator[Hit]:
    """The months in which a matter is billed, by `fault`.

    `twice`: a second invoice dated in one month. `gap`: no invoice for a month between the last one and this one.
    `overlap`: a billing period that has a day in common with an earlier invoice's.
    """
    lines, fault = scope.lines, scope.params["fault"]
    history = scope.past() if fault == "twice" else scope.history()
    heads = scope.document.heads(("invoice_date", "billing_start", "billing_end"))
    matters_ = scope.matters()
    firsts: dict[tuple[str, str], int] = {}
    for row, key in enumerate(zip(matters_, lines["invoice_number"], strict=True)):
        firsts.setdefault(key, row)
    periods = history.periods({one for one, _ in firsts}, scope.own()) if history else {}
    seen: dict[tuple[str, int, int], str] = {}
    for (matter, number), row in firsts.items():
        head = {name: lines.read_day(text) for name, text in heads.get(number.strip(), {}).items()}
        dated, first, last = (head.get(name) for name in ("invoice_date", "billing_start", "billing_end"))
        facts: dict[str, str] | None = None
        if fault == "twice" and dated:
            facts = _twice(matter, dated, number, periods.get(matter, []), seen)
        elif fault == "overlap" and first and last:
            other = next((p for p in periods.get(matter, []) if _overlap(p, first, last)), None)
            facts = {"other": other.number} if other else None
        elif fault == "gap" and first:
            facts = _gap(first, [p.last for p in periods.get(matter, []) if p.last and p.last < first])
        if facts is not None:
            shown = "invoice_date" if fault == "twice" else "billing_start"
            yield Hit(row, shown, heads.get(number.strip(), {}).get(shown, ""), {"matter": matter, **facts})


def _overlap(period: Period, first: date, last: date) -> bool:
    return bool(period.first and period.last and period.first <= last and first <= period.last)


def _twice(
    matter: str, dated: date, number: str, periods: list[Period], seen: dict[tuple[str, int, int], str]
) -> dict[str, str] | None:
    month = (matter, dated.year, dated.month)
    earlier = next(
        (p.number for p in periods if p.dated and (p.dated.year, p.dated.month) == month[1:]), seen.get(month)
    )
    seen.setdefault(month, number)
    return {"other": earlier, "month": f"{dated:%Y-%m}"} if earlier and earlier != number else None


def _gap(first: date, ends: list[date]) -> dict[str, str] | None:
    if not ends:
        return None
    last = max(ends)
    apart = (first.year - last.year) * 12 + first.month - last.month
    return {"last": f"{last:%Y-%m-%d}", "months": str(apart - 1)} if apart > 1 else None


@kind
def final_invoice(scope: Scope) -> Iterator[Hit]:
    """An invoice dated more than `max_days` after its matter was closed."""
    matters = scope.client.matters
    if not matters or not any(one.closed for one in matters.values()):
        raise missing("matters with their closing dates")
    lines, matters_, told = scope.lines, scope.matters(), set()
    days = lines.days("invoice_date")
    for row in chosen_rows(scope):
        matter = matters.get(matters_[row])
        dated = days[lines["invoice_date"][row]]
        if matter and matter.closed and dated and matter.id not in told:
            after = (dated - matter.closed).days
            if after > int(scope.params["max_days"]):
                told.add(matter.id)
                facts = {"matter": matter.id, "closed": scope.written(matter.closed), "days": after}
                yield Hit(row, "invoice_date", lines["invoice_date"][row], facts)
