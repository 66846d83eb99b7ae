"""Amounts that one format states and another leaves to be added up. Only what is blank is computed."""

from collections import defaultdict
from decimal import Decimal
from functools import lru_cache

from ledes_engine.model import Table
from ledes_engine.values import ZERO, number, plain

Tables = dict[str, Table]
_SHARED = ("MISF", "MIDB")
_APPLIED = "MIFA"


def credit(code: str, amount: Decimal) -> dict[str, str]:
    """The cells of a discount or credit of a flat amount, its direction by its sign."""
    direction = "Decrease" if amount < 0 else "Increase"
    return {"credit_code": code, "credit_type": "Flat", "direction": direction, "amount": plain(amount)}


@lru_cache(maxsize=1 << 16)
def without_tax(total: str, tax: str) -> str:
    """A total without the tax; as it stands where there is none."""
    amount, part = number(total), number(tax)
    return plain(amount - part) if part and amount is not None else total


def fill_in(tables: Tables) -> None:
    """Compute the totals of matters and invoices that are blank, from what stands below them."""
    matters = tables["matters"]
    lines = _by_matter(tables["lines"], "total", tables["lines"].segments)
    with_lines = set(tables["lines"].links["matters"])
    credits = _credits(tables)
    taxes = {column: _by_matter(tables.get("tax_sums"), column) for column in ("fees_tax", "expenses_tax")}
    for row, matter in enumerate(matters.record):
        of_matter = credits.get(matter, {})
        for side, segment, category in (("fees", "fee", "fee"), ("expenses", "expense", "exp")):
            _fill(matters, f"{side}_total", row, lines[matter, segment])
            of_side = ((code, amount) for (kind, code), amount in of_matter.items() if kind == category)
            credit = sum((amount for code, amount in of_side if code not in (*_SHARED, _APPLIED)), ZERO)
            _fill(matters, f"{side}_credit", row, credit)
            _fill(matters, f"{side}_adjustment", row, credit)
            _fill(matters, f"{side}_tax", row, taxes[f"{side}_tax"][matter, ""])
            if not any(code in _SHARED for _, code in of_matter):
                net = sum((_at(matters, f"{side}_{part}", row) for part in ("total", "credit", "tax")), ZERO)
                _fill(matters, f"{side}_net", row, net)
        applied = sum((amount for (_, code), amount in of_matter.items() if code == _APPLIED), ZERO)
        _fill(matters, "funds_applied", row, applied)
        _fill(matters, "credit_total", row, _at(matters, "fees_credit", row) + _at(matters, "expenses_credit", row))
        parts = ("fees_net", "expenses_net", "funds_applied")
        _fill(matters, "matter_total", row, sum((_at(matters, part, row) for part in parts), ZERO))
        _fill_text(matters, "has_lines", row, "Y" if matter in with_lines else "N")
    _sum_up_invoices(tables)


def _sum_up_invoices(tables: Tables) -> None:
    matters, invoices = tables["matters"], tables["invoices"]
    below: dict[int, list[int]] = defaultdict(list)
    for row, invoice in enumerate(matters.links["invoices"]):
        below[invoice].append(row)
    tiers: dict[int, Decimal] = defaultdict(Decimal)
    totals = tables.get("tier_totals")
    for row, invoice in enumerate(totals.links["invoices"] if totals is not None else ()):
        tiers[invoice] += _at(totals, "tax_amount", row) if totals is not None else ZERO
    for row, invoice in enumerate(invoices.record):
        tax = sum((_at(matters, column, at) for at in below[invoice] for column in ("fees_tax", "expenses_tax")), ZERO)
        _fill(invoices, "invoice_tax_total", row, tax + tiers[invoice])
        _fill(invoices, "invoice_total", row, sum((_at(matters, "matter_total", at) for at in below[invoice]), ZERO))


def _fill(table: Table, column: str, row: int, amount: Decimal) -> None:
    _fill_text(table, column, row, plain(amount) if "." in plain(amount) else f"{plain(amount)}.00")


def _fill_text(table: Table, column: str, row: int, text: str) -> None:
    if column in table and not table[column][row].strip():
        table.columns[column][row] = text


def _at(table: Table, column: str, row: int) -> Decimal:
    return (number(table[column][row]) if column in table else None) or ZERO


def _by_matter(table: Table | None, column: str, segments: "object" = None) -> dict[tuple[int, str], Decimal]:
    """The sums of a column by matter, and by segment where segments are given."""
    sums: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
    if table is not None and column in table:
        names = table.segments if segments is not None else [""] * len(table)
        known = {text: value or ZERO for text, value in table.numbers(column).items()}
        for matter, segment, text in zip(table.links["matters"], names, table[column], strict=True):
            sums[matter, segment] += known[text]
    return sums


def _credits(tables: Tables) -> dict[int, dict[tuple[str, str], Decimal]]:
    """The discounts and credits of each matter: (category, code) -> amount."""
    sums: dict[int, dict[tuple[str, str], Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    table = tables.get("discounts")
    for row, matter in enumerate(table.links["matters"] if table is not None else ()):
        if table is not None and not table.links["lines"][row]:
            key = table["category"][row].strip().lower(), table["credit_code"][row].strip().upper()
            sums[matter][key] += _at(table, "amount", row)
    return sums
