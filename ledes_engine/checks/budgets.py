"""Kinds about money that was agreed: budgets, caps by code, fixed fees, accruals, approved tax rates."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from ledes_engine.checks.narratives import hours_of, sum_of, total_of
from ledes_engine.checks.scope import Matter, Scope, chosen_rows, kind, missing
from ledes_engine.checks.staffing import share_text
from ledes_engine.model import Hit, NotChecked
from ledes_engine.values import ZERO, plain


def _matters(scope: Scope, what: str) -> Mapping[str, Matter]:
    matters = scope.client.matters
    if not matters:
        raise missing(what)
    return matters


def _by_matter(scope: Scope) -> dict[str, list[int]]:
    column = scope.matters()
    found: dict[str, list[int]] = {}
    for row in chosen_rows(scope):
        found.setdefault(column[row], []).append(row)
    return found


def _before(scope: Scope, matters: Mapping[str, Matter]) -> dict[str, dict[str, Decimal]]:
    """What was billed before this file, by matter and task code: the guidelines' figure, else the history's."""
    history = scope.past()
    found = history.billed(list(matters), scope.own()) if history else {}
    for one in matters.values():
        if one.billed is not None:
            found[one.id] = {"": one.billed}
    return found


@kind
def budget(scope: Scope) -> Iterator[Hit]:
    """What a matter has cost, held against what was agreed, by `fault`.

    `missing`: no budget. `over`: the invoices of this file, with what was billed before, exceed the budget. `level`:
    they reach the share `level` of it. `authorised`: they exceed the amount of the order or engagement. What was billed
    before is the guidelines' `billed`, else what the history holds; without either, these invoices alone are judged.
    """
    p, matters = scope.params, _matters(scope, "matters with budgets")
    fault = p["fault"]
    name = "authorised" if fault == "authorised" else "budget"
    if fault != "missing" and not any(getattr(one, name) for one in matters.values()):
        raise missing(f"matters with {'an authorised amount' if name == 'authorised' else 'a budget'}")
    before = _before(scope, matters)
    lines = scope.lines
    for matter, rows in _by_matter(scope).items():
        known = matters.get(matter)
        agreed = getattr(known, name) if known else None
        if fault == "missing":
            if known and known.budget is None:
                yield Hit(rows[0], scope.matter_column(), matter, {"matter": matter})
            continue
        if not agreed:
            continue
        earlier, now = sum(before.get(matter, {}).values(), ZERO), sum_of(scope, rows)
        total = earlier + now
        level = Decimal(p["level"])
        if (total > agreed) if fault != "level" else (agreed * level <= total <= agreed):
            facts = {
                "matter": matter,
                "budget": plain(agreed),
                "before": plain(earlier),
                "now": plain(now),
                "sum": plain(total),
                "share": share_text(total, agreed),
            }
            if now <= 0:
                continue  # a credit exceeds nothing
            over = min(total - agreed, now) if fault != "level" else None
            yield Hit(rows[0], scope.matter_column(), lines[scope.matter_column()][rows[0]], facts, over)


@kind
def phase_budget(scope: Scope) -> Iterator[Hit]:
    """More billed to a task code or a phase of a matter than was agreed, with what was billed before."""
    matters = _matters(scope, "matters with budgets by phase")
    if not any(one.phases for one in matters.values()):
        raise missing("matters with budgets by phase")
    before, codes = _before(scope, matters), scope.lines["task_code"]
    for matter, rows in _by_matter(scope).items():
        for phase, most in (matters[matter].phases if matter in matters else {}).items():
            some = [row for row in rows if _in_phase(codes[row].strip().upper(), phase)]
            earlier = sum((amount for code, amount in before.get(matter, {}).items() if _in_phase(code, phase)), ZERO)
            now = sum_of(scope, some)
            if some and earlier + now > most:
                facts = {
                    "matter": matter,
                    "phase": phase,
                    "budget": plain(most),
                    "before": plain(earlier),
                    "now": plain(now),
                }
                facts["sum"] = plain(earlier + now)
                yield Hit(some[0], "task_code", codes[some[0]], facts, min(earlier + now - most, now))


def _in_phase(code: str, phase: str) -> bool:
    """`L310` belongs to `L310` and to its phase `L300`."""
    return code == phase or (phase.endswith("00") and code[: len(phase) - 2] == phase[:-2] and len(code) == len(phase))


@kind
def code_limits(scope: Scope) -> Iterator[Hit]:
    """Too much under one code on an invoice: `amounts`, `hours`, `lines`, `shares` (of the lines) give limits by code.

    Codes of tasks and activities. Not checked without a limit.
    """
    p, lines = scope.params, scope.lines
    limits = [
        (of, code.upper(), Decimal(most))
        for of in ("amounts", "hours", "lines", "shares")
        for code, most in p[of].items()
        if Decimal(most)
    ]
    if not limits:
        raise missing("limits of codes")
    invoices: dict[str, list[int]] = {}
    for row in chosen_rows(scope):
        invoices.setdefault(lines["invoice_number"][row], []).append(row)
    for rows in invoices.values():
        for of, code, most in limits:
            column = next(
                (
                    name
                    for name in ("task_code", "activity_code")
                    if any(lines[name][r].strip().upper() == code for r in rows)
                ),
                "",
            )
            some = [row for row in rows if column and lines[column][row].strip().upper() == code]
            value = _weight(scope, of, some, len(rows)) if some else ZERO
            if value > most:
                shown = share_text(value, Decimal(1)) if of == "shares" else plain(value)
                limit = share_text(most, Decimal(1)) if of == "shares" else plain(most)
                facts = {
                    "code": code,
                    "of": {"shares": "share of the lines"}.get(of, of),
                    "charged": shown,
                    "limit": limit,
                }
                yield Hit(some[0], column, lines[column][some[0]], facts, value - most if of == "amounts" else None)


def _weight(scope: Scope, of: str, rows: list[int], all_rows: int) -> Decimal:
    if of == "amounts":
        return sum_of(scope, rows)
    if of == "hours":
        return sum((hours_of(scope, row) for row in rows), ZERO)
    return Decimal(len(rows)) / (all_rows if of == "shares" else 1)


@kind
def fixed_fee(scope: Scope) -> Iterator[Hit]:
    """Hourly amounts on a matter of fixed fee, not offset by credits of the invoice."""
    matters = _matters(scope, "matters of fixed fee")
    if not any(one.fee == "fixed" for one in matters.values()):
        raise missing("matters of fixed fee")
    lines = scope.lines
    classes = lines["timekeeper_class"] if "timekeeper_class" in lines else [""] * len(lines)
    for matter, rows in _by_matter(scope).items():
        if matter not in matters or matters[matter].fee != "fixed":
            continue
        hourly = [
            r
            for r in rows
            if lines["line_type"][r] == "F" and classes[r] != "FLTFEE" and hours_of(scope, r) and total_of(scope, r)
        ]
        credits = -sum((min(total_of(scope, row) or ZERO, ZERO) for row in rows), ZERO)
        amount = sum_of(scope, hourly)
        if hourly and amount > credits:
            facts = {"matter": matter, "lines": len(hourly), "amount": plain(amount), "credits": plain(credits)}
            yield Hit(hourly[0], "total", lines["total"][hourly[0]], facts, amount - credits)


@kind
def large_total(scope: Scope) -> Iterator[Hit]:
    """An invoice whose fees exceed `max`. Not checked without a figure (0)."""
    most = Decimal(scope.params["max"])
    if not most:
        raise missing("amount from which an invoice is to be explained")
    for rows in scope.lines.groups("invoice_number").values():
        fees = sum_of(scope, [row for row in rows if scope.lines["line_type"][row] == "F"])
        if fees > most:
            facts = {"fees": plain(fees), "limit": plain(most)}
            yield Hit(rows[0], "invoice_total", scope.lines["invoice_total"][rows[0]], facts, fees)


@kind
def accrual(scope: Scope) -> Iterator[Hit]:
    """An invoice that differs from the month's estimate for its matter by more than the share `max` of it.

    The guidelines' `estimates` (matter -> amount) are parameters of the rule; not checked without one.
    """
    estimates = {matter: Decimal(text) for matter, text in scope.params["estimates"].items() if Decimal(text)}
    if not estimates:
        raise missing("estimates")
    for matter, rows in _by_matter(scope).items():
        told, now = estimates.get(matter), sum_of(scope, rows)
        if told and abs(now - told) > told * Decimal(scope.params["max"]):
            facts = {
                "matter": matter,
                "estimate": plain(told),
                "now": plain(now),
                "share": share_text(abs(now - told), told),
            }
            yield Hit(rows[0], scope.matter_column(), matter, facts, abs(now - told))


@kind
def approved_tax_rate(scope: Scope) -> Iterator[Hit]:
    """A tax rate that the client did not approve."""
    approved = scope.client.tax_rates
    if not approved:
        raise missing("approved tax rates")
    lines = scope.lines
    rates = lines.numbers("tax_rate")
    bad = {text for text, value in rates.items() if value and value not in approved}
    for row in chosen_rows(scope) if bad else ():
        if lines["tax_rate"][row] in bad:
            facts = {"approved": ", ".join(map(plain, approved))}
            yield Hit(row, "tax_rate", lines["tax_rate"][row], facts)


@kind
def amount_below(scope: Scope) -> Iterator[Hit]:
    """An invoice below the client's smallest amount, `min`. Not checked without one (0)."""
    least = Decimal(scope.params["min"])
    if not least:
        raise NotChecked("the guidelines give no smallest amount of an invoice")
    lines = scope.lines
    for rows in lines.groups("invoice_number").values():
        total = lines.numbers("invoice_total")[lines["invoice_total"][rows[0]]]
        if total is not None and 0 <= total < least:
            yield Hit(rows[0], "invoice_total", lines["invoice_total"][rows[0]], {"min": plain(least)})
