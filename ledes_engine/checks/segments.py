"""Kinds about the segments of an XML file: values, references from one to another, and what must go together."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from typing import Any

from ledes_engine.checks.scope import Scope, chosen_rows, kind
from ledes_engine.codesets import value_list
from ledes_engine.formats.segments import field_in, segments_of
from ledes_engine.model import Hit, Table
from ledes_engine.values import ZERO, number


@kind
def enumerated(scope: Scope) -> Iterator[Hit]:
    """A value that its element does not allow (`fault = "unknown"`), or allows in other letters (`fault = "case"`)."""
    wanted = scope.params["fault"]
    segments = set(scope.lines.segments) & set(segments_of(scope.document.format))
    for column in scope.lines.columns:
        faults: dict[tuple[str, str], dict[str, str]] = {}
        cells = scope.lines[column]
        for segment in segments:
            field = field_in(scope.document.format, segment, column)
            allowed = _allowed(field.values) if field else ()
            for value in scope.lines.distinct(column) if allowed else ():
                fault = _unlisted(value.strip(), allowed)
                if fault and fault[0] == wanted:
                    names = "" if len(allowed) > 20 else ", ".join(allowed)
                    faults[segment, value] = {"allowed": names, "right": fault[1]}
        if faults:
            for row, key in enumerate(zip(scope.lines.segments, cells, strict=True)):
                if key in faults:
                    yield Hit(row, column, key[1], faults[key])


def _allowed(values: str) -> tuple[str, ...]:
    return tuple(value_list(values[1:])) if values.startswith("@") else tuple(values.split())


def _unlisted(value: str, allowed: tuple[str, ...]) -> tuple[str, str] | None:
    if not value or value in allowed:
        return None
    same = next((one for one in allowed if one.lower() == value.lower()), "")
    return ("case", same) if same else ("unknown", "")


@kind
def item_numbers(scope: Scope) -> Iterator[Hit]:
    """An element number (`file_item_nbr`) that is no whole number, or that another element of the file has."""
    counts: Counter[str] = scope.document.lines.remember("item numbers", lambda: _count_numbers(scope))
    several = {text for text, count in counts.items() if count > 1}
    for column in _numbered(scope.lines):
        bad = {text for text in scope.lines.distinct(column) if text.strip() and not text.strip().isdecimal()}
        if bad or not several.isdisjoint(scope.lines.distinct(column)):
            for row, text in enumerate(scope.lines[column]):
                if text in bad:
                    yield Hit(row, column, text, {"reason": "no-number"})
                elif text in several:
                    yield Hit(row, column, text, {"reason": "repeated", "count": counts[text]})


def _numbered(table: Table) -> list[str]:
    return [field.column for field in table.fields if field.name.endswith("file_item_nbr")]


def _count_numbers(scope: Scope) -> Counter[str]:
    counts: Counter[str] = Counter()
    for table in scope.document.tables.values():
        for column in _numbered(table):
            counts.update(filter(None, table[column]))
    return counts


@kind
def refers(scope: Scope) -> Iterator[Hit]:
    """A value of `column` that stands nowhere in `to` (`table.column`).

    With `within`, the name of a table, only rows in the same row of that table count, and where there are none at all
    nothing is expected.
    """
    scope.whole()
    table, _, column = scope.params["to"].partition(".")
    within = scope.params.get("within", "")
    target = scope.document.tables.get(table)
    known: dict[int, set[str]] = defaultdict(set)
    for place, value in zip(_links(target, within), target[column], strict=True) if target else ():
        known[place].add(value.strip())
    for name in scope.columns():
        cells = scope.lines[name]
        lost = {
            (place, text)
            for place, texts in _by_holder(_links(scope.lines, within), cells)
            for text in texts
            if text.strip() and text.strip() not in known[place] and (known[place] or not within)
        }
        if lost:
            for row, key in enumerate(zip(_links(scope.lines, within), cells, strict=True)):
                if key in lost:
                    yield Hit(row, name, key[1], {"known": ", ".join(sorted(known[key[0]])[:8]) or "none"})


def _by_holder(links: Sequence[int], cells: list[str]) -> Iterator[tuple[int, set[str]]]:
    """The different cells of the rows that stand together in one holder."""
    start = 0
    for place, run in groupby(links):
        stop = start + sum(1 for _ in run)
        yield place, set(cells[start:stop])
        start = stop


def _links(table: Table, within: str) -> Any:
    return table.links[within] if within else [0] * len(table)


@kind
def listed_rate(scope: Scope) -> Iterator[Hit]:
    """A rate that the matter's list of timekeepers does not give for the person, though it gives others."""
    scope.whole()
    people, lines = scope.document.segments["timekeepers"], scope.lines
    rates: dict[tuple[int, str], set[Any]] = defaultdict(set)
    listed = zip(people.links["matters"], people["timekeeper_id"], people["timekeeper_rate"], strict=True)
    for matter, person, text in listed:
        rates[matter, person].add(number(text))
    known = lines.numbers("unit_cost")
    of_people: dict[str, set[Any]] = defaultdict(set)
    for (_, person), listed_rates in rates.items():
        of_people[person] |= listed_rates
    pairs = lines.combinations(("timekeeper_id", "unit_cost", "line_type"))
    if all(
        line_type != "F" or of_people.get(person, {None}) in ({None}, {known[cost]})
        for person, cost, line_type in pairs
    ):
        return  # everybody has one rate, and works at it
    columns = (lines.links["matters"], lines["timekeeper_id"], lines["unit_cost"])
    wrong = {}
    for matter, person, text in set(zip(*columns, strict=True)):
        of_person, rate = rates.get((matter, person), {None}), known[text]
        if rate is not None and None not in of_person and abs(rate) not in of_person:
            wrong[matter, person, text] = " and ".join(f"{one:f}" for one in sorted(of_person))
    keys = list(zip(*columns, strict=True)) if wrong else ()
    for row in chosen_rows(scope) if wrong else ():
        if keys[row] in wrong:
            yield Hit(row, "unit_cost", keys[row][2], {"listed": wrong[keys[row]], "timekeeper": keys[row][1]})


@kind
def filled(scope: Scope) -> Iterator[Hit]:
    """A column that is blank although the card's `where` holds; with `blank = true`, one that is not."""
    if not scope.params.get("blank"):
        scope.whole()
    for column in scope.columns():
        for row in chosen_rows(scope):
            value = scope.lines[column][row]
            if bool(value.strip()) == bool(scope.params.get("blank")):
                yield Hit(row, column, value)


@kind
def follows_direction(scope: Scope) -> Iterator[Hit]:
    """The amount of a discount or credit whose sign contradicts Increase or Decrease beside it."""
    amounts = scope.lines.numbers("amount")
    for row in chosen_rows(scope):
        amount, direction = amounts[scope.lines["amount"][row]], scope.lines["direction"][row].strip().lower()
        if amount and (amount < 0) == (direction == "increase") and direction in ("increase", "decrease"):
            yield Hit(row, "amount", scope.lines["amount"][row], {"direction": scope.lines["direction"][row]}, amount)


@kind
def most_children(scope: Scope) -> Iterator[Hit]:
    """An invoice with more than `most` matters; `tiered` counts only invoices with a tiered tax."""
    matters = scope.document.segments["matters"]
    counts = Counter(matters.links["invoices"])
    tiered = _tiered_invoices(scope) if scope.params.get("tiered") else counts
    for row, number_ in enumerate(scope.lines.record):
        if counts[number_] > int(scope.params["most"]) and number_ in tiered:
            value = scope.lines["invoice_number"][row]
            yield Hit(row, "invoice_number", value, {"count": counts[number_], "most": scope.params["most"]})


def taxes_of(scope: Scope) -> dict[str, Mapping[str, str]]:
    """What the file says of each tax, by its id: direction, rate, whether it has tiers."""
    taxes = scope.document.segments.get("taxes")
    if taxes is None:
        return {}
    names = [name for name in ("tax_id", "direction", "tax_rate", "tiered") if name in taxes]
    rows = zip(*(taxes[name] for name in names), strict=True)
    return {row[0].strip(): dict(zip(names, (cell.strip() for cell in row), strict=True)) for row in rows}


def _tiered_invoices(scope: Scope) -> set[int]:
    tiered = {name for name, tax in taxes_of(scope).items() if tax.get("tiered", "").upper() == "Y"}
    found: set[int] = set()
    for name in ("tier_totals", "tax_sums", "tax_uses"):
        table = scope.document.segments.get(name)
        if table is not None:
            rows = zip(table["tax_id"], table.links["invoices"], strict=True)
            found.update(invoice for tax, invoice in rows if tax.strip() in tiered)
    return found


@kind
def terms_with_tax(scope: Scope) -> Iterator[Hit]:
    """Payment terms with a prompt-payment discount on an invoice that charges tax."""
    taxed = {row for row, text in enumerate(scope.lines["invoice_tax_total"]) if number(text)}
    for name, column in (("tax_sums", "fees_tax"), ("tax_sums", "expenses_tax"), ("tier_totals", "tax_amount")):
        table = scope.document.segments.get(name)
        for text, invoice in zip(table[column], table.links["invoices"], strict=True) if table else ():
            if number(text) and invoice:
                taxed.add(scope.lines.numbered(invoice))
    for row in sorted(taxed):
        if scope.lines["payment_terms"][row].strip():
            yield Hit(row, "payment_terms", scope.lines["payment_terms"][row])


@kind
def withheld_on_line(scope: Scope) -> Iterator[Hit]:
    """A withholding tax (one that decreases) attached to a line item."""
    held = {name for name, tax in taxes_of(scope).items() if tax.get("direction", "").lower() == "decrease"}
    for row, value in enumerate(scope.lines["tax_id"]):
        if value.strip() in held and scope.lines.segments[row] != "tax_matter_disc_cred":
            yield Hit(row, "tax_id", value)


@kind
def lines_announced(scope: Scope) -> Iterator[Hit]:
    """A matter that says it has line items and has none, or the other way round."""
    scope.whole()
    counts = Counter(scope.document.lines.links["matters"])
    for row, value in enumerate(scope.lines["has_lines"]):
        count = counts[scope.lines.record[row]]
        if value.strip().upper() == ("N" if count else "Y"):
            yield Hit(row, "has_lines", value, {"count": count or "no"})


@kind
def tier_ladder(scope: Scope) -> Iterator[Hit]:
    """The tiers of a tax: each starts where the one before ends, only the last has no top, and it is called TOP."""
    scope.whole()
    ladders: dict[str, list[int]] = {}
    for row, tax in enumerate(scope.lines["tax_id"]):
        ladders.setdefault(tax.strip(), []).append(row)
    lows, tops = scope.lines["tier_min"], scope.lines["tier_max"]
    for rows in ladders.values():
        rungs = [(number(lows[row]), row) for row in rows]
        if any(low is None for low, _ in rungs):
            continue  # the rules on numbers and on missing elements tell
        rungs.sort(key=lambda rung: rung[0] or ZERO)
        for (_, row), (low, after) in pairwise(rungs):
            top = number(tops[row])
            if top is None or low is None or not 0 <= low - top <= 1:
                yield Hit(after, "tier_min", lows[after], {"reason": "gap", "top": tops[row]})
        last = rungs[-1][1]
        if tops[last].strip().upper() != "TOP":
            yield Hit(last, "tier_max", tops[last], {"reason": "no-top", "top": tops[last]})


@kind
def tiers_present(scope: Scope) -> Iterator[Hit]:
    """A tiered tax without tiers in the file, or one that is charged on an invoice without a total of its tiers."""
    scope.whole()
    tiers = {tax.strip() for tax in scope.document.segments["tiers"]["tax_id"]}
    for row in chosen_rows(scope):
        value = scope.lines["tax_id"][row]
        if value.strip() and value.strip() not in tiers:
            yield Hit(row, "tax_id", value)
