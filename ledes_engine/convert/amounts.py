"""Amounts that one format states and another leaves to be added up. Only what is blank is computed."""

from collections import defaultdict
from decimal import Decimal

from ledes_engine.model import Table
from ledes_engine.values import ZERO, number, plain

Tables = dict[str, Table]
_SHARED = ("MISF", "MIDB")
_APPLIED = "MIFA"


def fill_in(tables: Tables) -> None:
    """Compute the totals of matters and invoices that are blank, from what stands below them."""
    matters, invoices = tables["matters"], tables["invoices"]
    lines = _by_matter(tables["lines"], "total", tables["lines"].segments)
    with_lines = set(tables["lines"].links["matters"])
    credits = _credits(tables)
    taxes = {column: _by_matter(tables.get("tax_sums"), column) for column in ("fees_tax", "expenses_tax")}
    for row, matter in enumerate(matters.record):
        shared = any((matter, category, code) in credits for category in ("fee", "exp") for code in _SHARED)
        for side, segment, category in (("fees", "fee", "fee"), ("expenses", "expense", "exp")):
            _fill(matters, f"{side}_total", row, lines[matter, segment])
            of_side = [
                (code, amount) for (of, kind, code), amount in credits.items() if (of, kind) == (matter, category)
            ]
            credit = sum((amount for code, amount in of_side if code not in (*_SHARED, _APPLIED)), ZERO)
            _fill(matters, f"{side}_credit", row, credit)
            _fill(matters, f"{side}_adjustment", row, credit)
            _fill(matters, f"{side}_tax", row, taxes[f"{side}_tax"][matter, ""])
            if not shared:
                net = sum((_at(matters, f"{side}_{part}", row) for part in ("total", "credit", "tax")), ZERO)
                _fill(matters, f"{side}_net", row, net)
        applied = sum((amount for (of, _, code), amount in credits.items() if of == matter and code == _APPLIED), ZERO)
        _fill(matters, "funds_applied", row, applied)
        _fill(matters, "credit_total", row, _at(matters, "fees_credit", row) + _at(matters, "expenses_credit", row))
        parts = ("fees_net", "expenses_net", "funds_applied")
        _fill(matters, "matter_total", row, sum((_at(matters, part, row) for part in parts), ZERO))
        _fill_text(matters, "has_lines", row, "Y" if matter in with_lines else "N")
    for row, invoice in enumerate(invoices.record):
        of_invoice = [at for at, holder in enumerate(matters.links["invoices"]) if holder == invoice]
        tax = sum((_at(matters, column, at) for at in of_invoice for column in ("fees_tax", "expenses_tax")), ZERO)
        _fill(invoices, "invoice_tax_total", row, tax + _tiers(tables, invoice))
        _fill(invoices, "invoice_total", row, sum((_at(matters, "matter_total", at) for at in of_invoice), ZERO))


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


def _credits(tables: Tables) -> dict[tuple[int, str, str], Decimal]:
    """The discounts and credits of matters: (matter, category, code) -> amount."""
    sums: dict[tuple[int, str, str], Decimal] = defaultdict(Decimal)
    table = tables.get("discounts")
    for row, matter in enumerate(table.links["matters"] if table is not None else ()):
        if table is not None and not table.links["lines"][row]:
            key = matter, table["category"][row].strip().lower(), table["credit_code"][row].strip().upper()
            sums[key] += _at(table, "amount", row)
    return sums


def _tiers(tables: Tables, invoice: int) -> Decimal:
    table = tables.get("tier_totals")
    if table is None:
        return ZERO
    return sum((_at(table, "tax_amount", row) for row, of in enumerate(table.links["invoices"]) if of == invoice), ZERO)
