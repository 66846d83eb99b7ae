"""From the lines of LEDES 1998B or 1998BI to tables of invoices, matters, timekeepers, discounts and taxes."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

from ledes_engine.codesets import currency_digits
from ledes_engine.conversion.amounts import credit, without_tax
from ledes_engine.conversion.draft import Draft, made
from ledes_engine.conversion.losses import Ledger
from ledes_engine.formats.elements import HOMES
from ledes_engine.formats.segments import fields_of_table
from ledes_engine.model import Document, Table
from ledes_engine.values import ZERO, number, plain

# All that lines can say has a place in this format.
_WIDEST = "XML 2.2"
_SEGMENTS = {"F": "fee", "E": "expense"}
_CATEGORIES = {"IF": "Fee", "IE": "Exp"}
_OUTER = {"firms": "firm", "clients": "client", "invoices": "invoice", "matters": "matter"}


def tables_of_lines(document: Document, ledger: Ledger) -> dict[str, Table]:
    """The tables that the lines come to. What lines say of nothing that has a place there is noted in the ledger."""
    return _Reader(document, ledger).read()


class _Reader:
    def __init__(self, document: Document, ledger: Ledger) -> None:
        self._lines = document.lines
        self._document = document
        self._ledger = ledger
        self._drafts = {name: Draft(name) for name in _DRAFTED}
        self._known = {name: fields_of_table(_WIDEST, name) for name in _OUTER}
        self._seen: dict[tuple[Any, ...], int] = {}
        self._taxes: dict[tuple[str, str], str] = {}
        self._types = [text.strip().upper() for text in document.lines["line_type"]]
        self._adjusted = {text for text, value in self._numbers("adjustment") if value}
        self._taxed = {text for text, value in self._numbers("tax_total") if value}
        self._taxed |= {text for name in ("tax_rate", "tax_type") for text in self._distinct(name) if text.strip()}
        self._sums: dict[tuple[int, str], dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))

    def read(self) -> dict[str, Table]:
        """Matter by matter, in the order in which the invoices come."""
        homes = self._homes()
        order = [row for _, rows in homes for row in rows if self._types[row] in _SEGMENTS]
        links: dict[str, list[int]] = {name: [] for name in HOMES if name != "lines"}
        for home, rows in homes:
            count = sum(self._types[row] in _SEGMENTS for row in rows)
            for name, cells in links.items():
                cells += [home.get(name, 0)] * count
            self._people(home, rows)
        lines = self._line_items(order, links)
        self._details(homes, lines)
        self._tell_what_has_no_place(homes)
        tables = {name: draft.table(_WIDEST) for name, draft in self._drafts.items()}
        return {**tables, "lines": lines}

    def _distinct(self, column: str) -> Iterable[str]:
        return self._lines.distinct(column) if column in self._lines else ()

    def _numbers(self, column: str) -> Iterable[tuple[str, Decimal | None]]:
        return self._lines.numbers(column).items() if column in self._lines else ()

    def _cell(self, column: str, row: int) -> str:
        return self._lines[column][row] if column in self._lines else ""

    def _homes(self) -> list[tuple[dict[str, int], list[int]]]:
        """The rows of each matter of each invoice, and the rows of the tables that hold it.

        An invoice is one by its number, its client and its firm: two clients may have one number.
        """
        matters: dict[tuple[str, ...], list[int]] = {}
        columns = [self._lines[name] for name in ("law_firm_id", "client_id", "invoice_number", "matter_id")]
        columns.append(self._lines["client_matter_id"])
        for row, key in enumerate(zip(*columns, strict=True)):
            matters.setdefault(tuple(cell.strip() for cell in key), []).append(row)
        first = {key[:3]: place for place, key in reversed(list(enumerate(matters)))}
        found = []
        for key, rows in sorted(matters.items(), key=lambda item: first[item[0][:3]]):
            home: dict[str, int] = {}
            for place, name in enumerate(_OUTER, 1):
                home[name] = self._outer(name, key if name == "matters" else key[:place], home, rows[0])
            found.append((home, rows))
        self._tell_what_varies(found)
        return found

    def _outer(self, name: str, key: tuple[str, ...], home: Mapping[str, int], row: int) -> int:
        """The row of a firm, a client, an invoice or a matter; made when it first comes up."""
        if (name, key) not in self._seen:
            cells = {field.column: _date(self._cell(field.column, row), field.type) for field in self._known[name]}
            self._seen[name, key] = self._drafts[name].add(_OUTER[name], dict(home), self._lines.line[row], cells)
        return self._seen[name, key]

    def _tell_what_varies(self, homes: list[tuple[dict[str, int], list[int]]]) -> None:
        """Values that lines of one invoice, matter, client or firm state differently: the first is kept."""
        for name, fields in self._known.items():
            for field in fields:
                if field.column not in self._lines or len(self._lines.distinct(field.column)) < 2:
                    continue
                cells, kept = self._lines[field.column], self._drafts[name].rows
                other: set[str] = set()
                for home, rows in homes:
                    first = kept[home[name] - 1][field.column]
                    other |= {text for text in {cells[row] for row in rows} if _date(text, field.type) != first}
                told = [(self._lines.line[cells.index(text)], text) for text in other]
                reason = f"the lines of one {_OUTER[name]} differ; the first value is kept"
                self._ledger.lose("lines", self._document.native(field.column), reason, sorted(told))

    def _people(self, home: Mapping[str, int], rows: list[int]) -> None:
        ids, classes, costs, names = (self._lines[column] for column in _OF_PEOPLE)
        seen = set()
        for row in rows:
            key = ids[row], classes[row], costs[row], names[row]
            if key in seen or self._types[row] not in _SEGMENTS or not key[0].strip():
                continue
            seen.add(key)
            last, first = self._cell("timekeeper_last_name", row), self._cell("timekeeper_first_name", row)
            if not last and not first:
                last, _, first = key[3].partition(", ")
            cells = {"timekeeper_id": key[0], "timekeeper_class": key[1], "timekeeper_rate": key[2],
                     "timekeeper_last_name": last, "timekeeper_first_name": first}  # fmt: skip
            if self._types[row] == "E":
                cells["timekeeper_rate"] = ""  # what an expense costs is nobody's rate
            self._drafts["timekeepers"].add("tksum", dict(home), self._lines.line[row], cells)

    def _line_items(self, order: list[int], links: dict[str, list[int]]) -> Table:
        """The fees and expenses, column by column."""
        segments = [_SEGMENTS[self._types[row]] for row in order]
        fields = fields_of_table(_WIDEST, "lines")
        columns: dict[str, list[str]] = {}
        for field in fields:
            cells = self._lines.columns.get(field.column)
            if cells is None:
                columns[field.column] = [""] * len(order)
                continue
            written = {value: _date(value, field.type) for value in self._lines.distinct(field.column)}
            columns[field.column] = [written[cells[row]] for row in order]
        products = self._amounts(order, columns)
        columns["base_amount"], columns["total"] = products
        columns["charge_type"] = ["U"] * len(order)
        return made(columns, [self._lines.line[row] for row in order], fields, segments, links)

    def _amounts(self, order: list[int], columns: Mapping[str, list[str]]) -> tuple[list[str], list[str]]:
        """The base amounts (units times unit cost), and the totals without the tax that 1998BI has in them."""
        totals = columns["total"]
        if "tax_total" in self._lines:
            taxes = [self._lines["tax_total"][row] for row in order]
            totals = [without_tax(total, tax) for total, tax in zip(totals, taxes, strict=True)]
        units = [_unit(self._cell("currency", row)) for row in order]
        cells = zip(columns["units"], columns["unit_cost"], columns["adjustment"], totals, units, strict=True)
        return [_base(*texts) for texts in cells], totals

    def _details(self, homes: list[tuple[dict[str, int], list[int]]], lines: Table) -> None:
        """Discounts of lines, adjustments of invoices, and taxes."""
        line = 0
        for home, rows in homes:
            for row in rows:
                kind = self._types[row]
                if kind in _SEGMENTS:
                    line += 1
                    taxed = not self._taxed.isdisjoint(self._cell(name, row) for name in _OF_TAX)
                    if not taxed and self._cell("adjustment", row) not in self._adjusted:
                        continue  # nearly every line
                    own = {**home, "lines": line}
                    amount = number(self._cell("adjustment", row))
                    if amount:
                        code = "FIA" if kind == "F" else "EIA"
                        self._discount(f"{_SEGMENTS[kind]}_item_disc_cred", own, row, code, amount, {})
                    self._tax(f"tax_item_{_SEGMENTS[kind]}", own, row, number(lines["total"][line - 1]) or ZERO, kind)
                elif kind in _CATEGORIES:
                    self._adjustment(home, row, kind)
        for (matter, tax), sums in self._sums.items():
            cells = {"tax_id": tax, **{column: plain(sums[column]) for column in _TAX_SUMS}}
            home = {**self._drafts["matters"].homes[matter - 1], "matters": matter}
            self._drafts["tax_sums"].add("tax_summary", home, 0, cells)

    def _adjustment(self, home: Mapping[str, int], row: int, kind: str) -> None:
        """An IF or IE line, which is a discount or credit of the matter."""
        total = number(without_tax(self._cell("total", row), self._cell("tax_total", row)))
        if total is None:
            self._ledger.refuse(f"line {self._lines.line[row]}: the total of the {kind} line is no number")
            return
        more = {"category": _CATEGORIES[kind], "split": "Post-Split", "note": self._cell("narrative", row)}
        entry = self._discount("matter_disc_cred", home, row, "MIA", total, more)
        self._tax("tax_matter_disc_cred", {**home, "discounts": entry}, row, total, kind)

    def _discount(
        self, segment: str, home: Mapping[str, int], row: int, code: str, amount: Decimal, more: Mapping[str, str]
    ) -> int:
        return self._drafts["discounts"].add(segment, home, self._lines.line[row], {**credit(code, amount), **more})

    def _tax(self, segment: str, home: Mapping[str, int], row: int, base: Decimal, kind: str) -> None:
        """A line's tax, of which 1998BI has at most one: its definition, its use, its share of the sums."""
        kind_of_tax, rate = self._cell("tax_type", row).strip(), self._cell("tax_rate", row).strip()
        tax = number(self._cell("tax_total", row)) or ZERO
        if not tax and not rate and not kind_of_tax:
            return
        rate = rate or self._derived_rate(tax, base, row)
        name = self._tax_id(kind_of_tax, rate, row)
        self._drafts["tax_uses"].add(segment, home, self._lines.line[row], {"tax_id": name})
        sums = self._sums[home["matters"], name]
        taxed, taxes = _TAX_SUMS[:2] if kind in ("F", "IF") else _TAX_SUMS[2:]
        sums[taxed] += base
        sums[taxes] += tax

    def _derived_rate(self, tax: Decimal, base: Decimal, row: int) -> str:
        """The rate of a tax that states none, where it is one of at most four decimals."""
        rate = tax / base if base else ZERO
        if rate != round(rate, 4) or (tax and not rate):
            self._ledger.refuse(f"line {self._lines.line[row]}: the line has tax and no rate; put the rate there")
        return f"{round(rate, 4).normalize():f}"

    def _tax_id(self, kind: str, rate: str, row: int) -> str:
        name = self._taxes.get((kind, rate))
        if name is None:
            name = self._taxes[kind, rate] = f"{kind or 'TAX'}-{len(self._taxes) + 1}"
            cells = {"tax_id": name, "tax_type": kind, "tax_rate": rate, "on_tax": "N", "tiered": "N",
                     "tax_number": self._cell("law_firm_id", row).partition("~")[0],
                     "direction": "Increase"}  # fmt: skip
            self._drafts["taxes"].add("tax", {}, self._lines.line[row], cells)
        return name

    def _tell_what_has_no_place(self, homes: list[tuple[dict[str, int], list[int]]]) -> None:
        """Columns that the tables do not have, and what is said of adjustments but not kept."""
        placed = {field.column for name in (*_DRAFTED, "lines") for field in fields_of_table(_WIDEST, name)}
        placed |= {"line_type", "timekeeper_name", "tax_total", "invoice_net_total", "line_number"}
        for column in self._lines.columns:
            if column not in placed:
                self._ledger.lose_column("lines", self._lines, column, "LEDES XML has no such element")
        self._lose("timekeeper_name", self._odd_names(), "LEDES XML has the last name and the first name")
        self._lose("line_number", self._odd_numbers(homes), "line items have no numbers in LEDES XML")
        adjustments = [row for row in range(len(self._lines)) if self._types[row] in _CATEGORIES]
        undated = [row for row in adjustments if self._cell("line_date", row) != self._cell("invoice_date", row)]
        for column in _OF_LINES_ONLY:
            rows = undated if column == "line_date" else adjustments
            self._lose(column, rows, "an adjustment of the matter has no such element in LEDES XML")

    def _odd_names(self) -> list[int]:
        """The rows whose timekeeper's name is not the last name, a comma and the first name that stand beside it."""
        if "timekeeper_last_name" not in self._lines:
            return []
        names = zip(*(self._lines[column] for column in _NAMES), strict=True)
        return [
            row
            for row, (name, last, first) in enumerate(names)
            if (last or first) and name != ", ".join(filter(None, (last, first)))
        ]

    def _odd_numbers(self, homes: list[tuple[dict[str, int], list[int]]]) -> list[int]:
        """The rows whose line number is not simply their place in the invoice, matter by matter."""
        places: Counter[int] = Counter()
        odd = []
        for home, rows in homes:
            for row in sorted(rows, key=lambda row: self._types[row] not in _SEGMENTS):
                places[home["invoices"]] += 1
                if self._cell("line_number", row).strip() != str(places[home["invoices"]]):
                    odd.append(row)
        return sorted(odd)

    def _lose(self, column: str, rows: list[int], reason: str) -> None:
        cells = [(self._lines.line[row], self._cell(column, row)) for row in rows]
        self._ledger.lose("lines", self._document.native(column), reason, cells)


_TAX_SUMS = ("fees_taxed", "fees_tax", "expenses_taxed", "expenses_tax")
_NAMES = ("timekeeper_name", "timekeeper_last_name", "timekeeper_first_name")
_OF_TAX = ("tax_total", "tax_rate", "tax_type")
_OF_PEOPLE = ("timekeeper_id", "timekeeper_class", "unit_cost", "timekeeper_name")
_DRAFTED = (*_OUTER, "timekeepers", "discounts", "tax_uses", "tax_sums", "taxes")
_OF_LINES_ONLY = (
    "line_date task_code activity_code expense_code timekeeper_id timekeeper_name timekeeper_class units unit_cost"
).split()


def _date(value: str, type_: str) -> str:
    """A cell as the XML formats write it."""
    text = value.strip()
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if type_ == "date" and len(text) == 8 and text.isdigit() else value


@cache
def _unit(currency: str) -> Decimal:
    """What amounts of a currency are rounded to: a cent, a whole yen."""
    return Decimal(1).scaleb(-min(2, currency_digits().get(currency.strip(), 2)))


@lru_cache(maxsize=1 << 16)
def _base(units: str, cost: str, adjustment: str, total: str, unit: Decimal) -> str:
    """Units times unit cost; where the line's total was rounded, as the total has it."""
    one, other, whole = number(units), number(cost), number(total)
    if one is None or other is None:
        return ""
    stated = None if whole is None else whole - (number(adjustment) or ZERO)
    product = one * other
    return plain(stated if stated is not None and abs(stated - product) < unit else product)
