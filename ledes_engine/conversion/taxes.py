"""The tax of each line, which XML states by matter only: rate times base, rounded so that the lines add up to it."""

from collections import defaultdict
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from ledes_engine.codesets import currency_digits
from ledes_engine.conversion.amounts import Tables
from ledes_engine.values import ZERO, number

Place = tuple[str, int]  # `lines` or `discounts`, and the number of the row


class Tax(NamedTuple):
    """The one tax that a 1998BI line can hold."""

    id: str
    kind: str
    rate: Decimal
    text: str


def tax_amounts(taxes: Mapping[Place, Tax], tables: Tables) -> dict[Place, Decimal]:
    """The amount of each line's or discount's tax.

    Each is rounded to the currency's decimals. Where the matter's summary states another sum, which comes of rounding
    lines otherwise, the lines whose exact tax is nearest to it give way, each by less than one unit.
    """
    groups: dict[tuple[int, str, str], list[tuple[Place, Decimal]]] = defaultdict(list)
    for (name, row_number), tax in taxes.items():
        table = tables[name]
        row = table.numbered(row_number)
        base = number(table["total" if name == "lines" else "amount"][row]) or ZERO
        groups[table.links["matters"][row], tax.id, _side(tables, name, row)].append(
            ((name, row_number), base * tax.rate)
        )
    stated = _stated(tables)
    amounts: dict[Place, Decimal] = {}
    for key, entries in groups.items():
        amounts |= _rounded(entries, stated.get(key), _unit(tables, key[0]))
    return amounts


def _side(tables: Tables, name: str, row: int) -> str:
    if name == "lines":
        return "fees_tax" if tables[name].segments[row] == "fee" else "expenses_tax"
    return "expenses_tax" if tables[name]["category"][row].strip().lower() == "exp" else "fees_tax"


def _stated(tables: Tables) -> dict[tuple[int, str, str], Decimal | None]:
    sums = tables["tax_sums"]
    rows = enumerate(zip(sums.links["matters"], sums["tax_id"], strict=True))
    return {(*key, side): number(sums[side][row]) for row, key in rows for side in ("fees_tax", "expenses_tax")}


def _unit(tables: Tables, matter: int) -> Decimal:
    matters, invoices = tables["matters"], tables["invoices"]
    invoice = matters.links["invoices"][matters.numbered(matter)] if matter else 0
    currency = invoices["currency"][invoices.numbered(invoice)].strip() if invoice else ""
    return Decimal(1).scaleb(-currency_digits().get(currency, 2))


def _rounded(entries: list[tuple[Place, Decimal]], stated: Decimal | None, unit: Decimal) -> dict[Place, Decimal]:
    amounts = {place: exact.quantize(unit, ROUND_HALF_UP) for place, exact in entries}
    steps = ZERO if stated is None else (stated - sum(amounts.values(), ZERO)) / unit
    if not steps or steps != int(steps) or abs(steps) > len(entries):
        return amounts
    step = unit if steps > 0 else -unit
    nearest = sorted(entries, key=lambda entry: abs(amounts[entry[0]] + step - entry[1]))[: abs(int(steps))]
    if all(abs(amounts[place] + step - exact) < unit for place, exact in nearest):
        amounts |= {place: amounts[place] + step for place, _ in nearest}
    return amounts
