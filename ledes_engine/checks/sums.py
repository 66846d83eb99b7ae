"""Kinds that recompute the amounts of an XML file: line items, discounts, taxes, matters and invoices. All exact."""

import operator
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import reduce
from typing import Any, NamedTuple

from ledes_engine.checks.arithmetic import agrees
from ledes_engine.checks.scope import Scope, chosen_rows, judge, kind
from ledes_engine.checks.segments import taxes_of
from ledes_engine.codesets import currency_digits
from ledes_engine.model import Hit, Table
from ledes_engine.values import CENT, ZERO, number, plain, precision


@kind
def product(scope: Scope) -> Iterator[Hit]:
    """A `column` that is not the product of the columns `of`, but for rounding."""
    column, factors = scope.params["column"], scope.params["of"]
    currency = ["currency"] if "currency" in scope.lines else []

    def judged(stated_text: str, first: str, second: str, *rest: str) -> Mapping[str, Any] | None:
        texts = first, second
        stated, (one, other) = number(stated_text), map(number, texts)
        if stated is None or one is None or other is None or agrees(stated, one * other, _digits(*rest)):
            return None
        formula = " x ".join(text.strip() for text in texts)
        return {"formula": formula, "expected": plain(one * other), "difference": plain(stated - one * other)}

    for row, (text, *_), facts in judge(scope, [column, *factors, *currency], judged):
        yield Hit(row, column, text, facts, number(facts["difference"]))


def _digits(currency: str = "") -> int:
    """The decimals that amounts of a currency are rounded to; two where it is not known, and never more."""
    return min(2, currency_digits().get(currency.strip(), 2))


@kind
def adds_up(scope: Scope) -> Iterator[Hit]:
    """A `column` that is none of the sums that `is` accepts; blank is another rule's.

    `is` lists sums, each a list of terms: a column of the row itself, or `table.column`, the sum over the rows of that
    table that stand in this row and that the card's `where` and `unless` speak of. What an own column that is blank
    would say is not known, so the row is not judged; but for the column `blank_without`, which is nothing where the row
    holds no discounts. Where a term has parts of a cent, half a cent is allowed for each of its rows.
    `without_credits` leaves out matters with discounts or credits of their own.
    """
    scope.whole()
    column = scope.params["column"]
    readings = [[_Term(scope, name) for name in reading] for reading in scope.params["is"]]
    own = {name for reading in scope.params["is"] for name in reading if name in scope.lines}
    known = scope.lines.numbers(column)
    amounts = [known[text] for text in scope.lines[column]]
    spared = _credited(scope) if scope.params.get("without_credits") else frozenset()
    discounts = scope.document.segments.get("discounts")
    with_discounts = frozenset(discounts.links["lines"] if discounts is not None else ())
    rows: Iterable[int] = range(len(amounts))
    for reading in readings:  # nearly all agree at once: whole columns are added and compared first
        totals = reduce(_added, (term.amounts for term in reading))
        rows = [row for row in rows if amounts[row] != totals[row]]
    for row in rows:
        amount = amounts[row]
        sums = [_sum(reading, row) for reading in readings] if amount is not None else []
        if amount is None or None in sums or scope.lines.record[row] in spared:
            continue
        blank = {name for name in own if not scope.lines[name][row].strip()}
        if blank and (blank != {scope.params.get("blank_without")} or scope.lines.record[row] in with_discounts):
            continue
        if any(one and one.covers(amount) for one in sums):
            continue
        first = sums[0] or _NOTHING
        facts = {"expected": plain(first.amount), "difference": plain(amount - first.amount)}
        yield Hit(row, column, scope.lines[column][row], facts, amount - first.amount)


def _added(one: list[Decimal], other: list[Decimal]) -> list[Decimal]:
    return list(map(operator.add, one, other))


def _credited(scope: Scope) -> frozenset[int]:
    """The matters that have discounts or credits of their own, by number."""
    credits = scope.document.segments["discounts"]
    pairs = zip(credits.links["matters"], credits.links["lines"], strict=True)
    return frozenset(matter for matter, line in pairs if not line)


class _Sum(NamedTuple):
    amount: Decimal
    rows: int  # that were added up, where one of them had parts of a cent
    fine: bool  # whether one of them had parts of a cent

    def covers(self, stated: Decimal) -> bool:
        allowed = -(-self.rows // 2) * CENT if self.fine else ZERO
        return abs(stated - self.amount) <= allowed


_NOTHING = _Sum(ZERO, 0, False)


class _Term:
    """One term of a sum: a column of the row, or the rows of another table that stand in it."""

    def __init__(self, scope: Scope, name: str) -> None:
        table, _, column = name.rpartition(".")
        self._record = scope.lines.record
        self._cells = scope.lines.columns.get(column) if not table else None
        self._values = scope.lines.numbers(column) if self._cells else {}
        self._sums: dict[int, _Sum | None] = {}
        if table and table in scope.document.tables:
            self._sums = _sums_of(scope, scope.document.tables[table], column)

    @property
    def amounts(self) -> list[Decimal]:
        """What the term comes to in each row, what is no number left out."""
        if self._cells is not None:
            known = {text: value or ZERO for text, value in self._values.items()}
            return [known[text] for text in self._cells]
        known_sums = {place: one.amount for place, one in self._sums.items() if one}
        return [known_sums.get(record, ZERO) for record in self._record]

    def at(self, row: int) -> _Sum | None:
        """What the term comes to in a row; None when a cell of it is no number."""
        if self._cells is None:
            return self._sums.get(self._record[row], _NOTHING)
        text = self._cells[row]
        value = self._values[text]
        return (None if text.strip() else _NOTHING) if value is None else _Sum(value, 1, precision(value) < CENT)


def _sums_of(scope: Scope, children: Table, column: str) -> dict[int, _Sum | None]:
    """For each row of the card's table, by its number, the sum of a column over the chosen rows that stand in it."""
    name = next(name for name, table in scope.document.tables.items() if table is scope.lines)
    values = children.numbers(column)
    cells, links = children[column], children.links[name]
    rows = chosen_rows(scope._replace(lines=children))
    unreadable = {text for text, value in values.items() if value is None and text.strip()}
    fine = {text for text, value in values.items() if value is not None and precision(value) < CENT}
    known = {text: value or ZERO for text, value in values.items()}
    amounts: dict[int, Decimal] = defaultdict(Decimal)
    for row in rows:
        amounts[links[row]] += known[cells[row]]
    odd = [row for row in rows if cells[row] in unreadable or cells[row] in fine] if unreadable or fine else []
    counts = Counter(links[row] for row in rows) if odd else Counter()
    with_fine = {links[row] for row in odd if cells[row] in fine}
    sums: dict[int, _Sum | None] = {
        place: _Sum(amount, counts[place], place in with_fine) for place, amount in amounts.items()
    }
    sums |= {links[row]: None for row in odd if cells[row] in unreadable}
    return sums | dict.fromkeys(_undecided(scope, children, links))


def _undecided(scope: Scope, children: Table, links: Sequence[int]) -> set[int]:
    """The rows that hold one of which the card's `where` and `unless` cannot tell, because the cell is blank."""
    names = {name for key in ("where", "unless") for name in scope.params.get(key, ()) if name in children}
    of_lines: Sequence[int] = children.links.get("lines", ())  # discounts of lines have no category, and none is asked
    return {
        links[row]
        for name in names
        if children.blanks(name)
        for row, text in enumerate(children[name])
        if not text.strip() and not (of_lines and of_lines[row])
    }


def _sum(terms: Sequence[_Term], row: int) -> _Sum | None:
    parts = [term.at(row) for term in terms]
    if None in parts:
        return None
    known = [part for part in parts if part is not None]
    return _Sum(sum((p.amount for p in known), ZERO), sum(p.rows for p in known), any(p.fine for p in known))


@kind
def tax_amount(scope: Scope) -> Iterator[Hit]:
    """A tax (`amount`) that is not its rate times what is taxed (`base`), negative for a tax that decreases.

    The rate is the row's own, or that of the tax in the file's list; the summary of a tiered tax states 0. A summary
    may add taxes that were rounded line by line.
    """
    scope.whole()
    table, base_column, column = scope.lines, scope.params["base"], scope.params["amount"]
    invoices = scope.document.segments["invoices"]
    taxes = taxes_of(scope)
    rounded = _lines_taxed(scope)
    for row, text in enumerate(table[column]):
        tax = taxes.get(table["tax_id"][row].strip(), {})
        rate = number(table["tax_rate"][row] if "tax_rate" in table else tax.get("tax_rate", ""))
        base, stated = number(table[base_column][row]), number(text)
        if "tax_rate" not in table and tax.get("tiered", "").upper() == "Y":
            rate, base = ZERO, ZERO
        if stated is None or base is None or rate is None:
            continue
        expected = base * rate * (-1 if tax.get("direction", "").lower() == "decrease" else 1)
        lines = rounded.get((table.links["matters"][row], table["tax_id"][row].strip()), 1)
        invoice = table.links["invoices"][row]
        digits = _digits(invoices["currency"][invoices.numbered(invoice)] if invoice else "")
        if not agrees(stated, expected, digits, lines * Decimal(1).scaleb(-digits) / 2):
            facts = {"rate": f"{rate:f}", "base": plain(base), "expected": plain(expected)}
            yield Hit(row, column, text, facts, stated - expected)


def _lines_taxed(scope: Scope) -> dict[tuple[int, str], int]:
    """How many line items of a matter name a tax."""
    uses = scope.document.segments.get("tax_uses")
    counts: dict[tuple[int, str], int] = defaultdict(int)
    for matter, tax in zip(uses.links["matters"], uses["tax_id"], strict=True) if uses else ():
        counts[matter, tax.strip()] += 1
    return counts


@kind
def timekeeper_sums(scope: Scope) -> Iterator[Hit]:
    """LEDES 2000: the hours (`column = "hours"`) or the cost of a timekeeper at a rate are the sums over the fees."""
    scope.whole()
    column, of = scope.params["column"], scope.params["of"]
    lines, people = scope.document.lines, scope.lines
    sums: dict[tuple[int, str, Decimal | None], Decimal] = defaultdict(Decimal)
    totals, rates = lines.numbers(of), lines.numbers("unit_cost")
    for row, segment in enumerate(lines.segments):
        if segment == "fee":
            key = lines.links["matters"][row], lines["timekeeper_id"][row].strip(), rates[lines["unit_cost"][row]]
            sums[key] += totals[lines[of][row]] or ZERO
    keys = [
        (matter, person.strip(), number(rate))
        for matter, person, rate in zip(
            people.links["matters"], people["timekeeper_id"], people["timekeeper_rate"], strict=True
        )
    ]
    times = Counter(keys)
    for row, key in enumerate(keys):
        stated = number(people[column][row])
        if stated is not None and key in sums and times[key] == 1 and not agrees(stated, sums[key]):
            facts = {"expected": plain(sums[key]), "timekeeper": key[1], "rate": people["timekeeper_rate"][row]}
            yield Hit(row, column, people[column][row], facts, stated - sums[key] if column == "cost" else None)


@kind
def discounted(scope: Scope) -> Iterator[Hit]:
    """LEDES 2000: a line's total is its base amount less the discount, of which percent or fraction is not settled."""
    columns = ["base_amount", "discount_percent", "total"]

    def judged(base_text: str, discount_text: str, text: str) -> Mapping[str, Any] | None:
        base, total, discount = number(base_text), number(text), number(discount_text)
        if base is None or total is None or (discount is None and discount_text.strip()):
            return None
        share = discount or ZERO
        readings = [base * (1 - share), base * (1 - share / 100), base - share]
        if any(agrees(total, reading) for reading in readings):
            return None
        return {"expected": plain(readings[0]), "difference": plain(total - readings[0])}

    for row, (_, _, text), facts in judge(scope, columns, judged):
        yield Hit(row, "total", text, facts, number(facts["difference"]))
