"""From tables to the lines of LEDES 1998B or 1998BI."""

from collections import defaultdict
from collections.abc import Mapping

from ledes_engine.conversion.amounts import Tables
from ledes_engine.conversion.losses import Ledger
from ledes_engine.conversion.sheet import Sheet
from ledes_engine.conversion.taxes import Tax, tax_amounts
from ledes_engine.formats.fields import fields_of
from ledes_engine.formats.tables import lines_with_all
from ledes_engine.model import Document, Field, Table
from ledes_engine.values import ZERO, iso_day, number, plain

# Tables of which nothing is lost when their rows have no place: others say the same.
_SAID_ELSEWHERE = ("timekeepers", "tax_sums")
# Computed from the lines, whatever the source says.
_DERIVED = (
    "fees_total expenses_total fees_credit expenses_credit credit_total fees_tax expenses_tax fees_net expenses_net "
    "matter_total has_lines funds_applied fees_adjustment expenses_adjustment base_amount charge_type hours cost "
    "timekeeper_rate direction category credit_type split on_tax tiered".split()
)


def lines_of_tables(
    tables: Tables, document: Document, format: str, defaults: Mapping[str, str], ledger: Ledger
) -> Document:
    """The document as lines: each fee and expense, and each credit of a matter as an adjustment of the invoice."""
    return _Writer(tables, document, format, defaults, ledger).document()


class _Writer:
    def __init__(
        self, tables: Tables, document: Document, format: str, defaults: Mapping[str, str], ledger: Ledger
    ) -> None:
        self._tables, self._source, self._format = tables, document, format
        self._defaults, self._ledger = defaults, ledger
        self._fields = fields_of(format)
        self._all, _ = lines_with_all(_bare(tables["lines"]), {k: v for k, v in tables.items() if k != "lines"})
        self._taxes = self._taxes_of_lines() if format == "1998BI" else {}
        self._tax_amounts = tax_amounts(self._taxes, tables) if self._taxes else {}
        self._columns: dict[str, list[str]] = {}
        self._adjusted: set[int] = set()  # the matters that have credits with an amount
        self._invoices: list[object] = list(self._all.links["invoices"])

    def document(self) -> Document:
        """Column by column: the fees and expenses first, then the adjustments put in behind their matter."""
        count = len(self._all)
        for field in self._fields:
            self._columns[field.column] = self._written(field, self._all, count)
        self._derive(count)
        self._adjust()
        self._tell_losses()
        return Sheet(self._columns, self._source, self._format, self._ledger, self._invoices).finished(self._defaults)

    def _written(self, field: Field, table: Table, count: int) -> list[str]:
        cells = table.columns.get(field.column)
        if cells is None:
            return [""] * count
        if field.type != "date":
            return list(cells)
        days = {text: f"{day:%Y%m%d}" if (day := iso_day(text)) else text for text in table.distinct(field.column)}
        return [days[cell] for cell in cells]

    def _derive(self, count: int) -> None:
        """Names, taxes and totals of the lines."""
        columns = self._columns
        people = self._all
        if "timekeeper_name" not in people:
            pairs = zip(people["timekeeper_last_name"], people["timekeeper_first_name"], strict=True)
            columns["timekeeper_name"] = [", ".join(filter(None, pair)) for pair in pairs]
        if self._format == "1998BI":
            for row in range(count):
                tax = self._taxes.get(("lines", row + 1))
                amount = self._tax_amounts.get(("lines", row + 1), ZERO)
                columns["tax_rate"][row], columns["tax_type"][row] = (tax.text, tax.kind) if tax else ("", "")
                columns["tax_total"][row] = plain(amount) if tax else "0"
                if amount:
                    columns["total"][row] = plain((number(columns["total"][row]) or ZERO) + amount)

    def _taxes_of_lines(self) -> dict[tuple[str, int], Tax]:
        """The tax of each line item and each discount that has just one; the others go into the ledger."""
        if "taxes" not in self._tables:
            return {}
        taxes, uses = self._tables["taxes"], self._tables["tax_uses"]
        known = {}
        for row in range(len(taxes)):
            rate, direction = number(taxes["tax_rate"][row]), taxes["direction"][row].strip().lower()
            if rate is not None and direction != "decrease":
                name = taxes["tax_id"][row]
                known[name] = Tax(name, taxes["tax_type"][row], rate, taxes["tax_rate"][row])
        found: dict[tuple[str, int], list[str]] = defaultdict(list)
        for row in range(len(uses)):
            holder = "lines" if uses.links["lines"][row] else "discounts"
            found[holder, uses.links[holder][row]].append(uses["tax_id"][row])
        single = {place: known[names[0]] for place, names in found.items() if len(names) == 1 and names[0] in known}
        self._lose_taxes(found, single)
        used = {found[place][0] for place in single}
        unused = [row for row, name in enumerate(taxes["tax_id"]) if name not in used]
        columns = [taxes[name] for name in ("tax_id", "tax_type", "tax_rate")]
        told = [(taxes.line[row], " ".join(cells[row] for cells in columns).strip()) for row in unused]
        self._ledger.lose("taxes", "tax", "a withheld or tiered tax, or one of no line, has no place in 1998BI", told)
        return single

    def _lose_taxes(self, found: Mapping[tuple[str, int], list[str]], single: Mapping[tuple[str, int], Tax]) -> None:
        lost = [(self._tables[name].line[number_ - 1], " ".join(names))
                for (name, number_), names in found.items() if (name, number_) not in single]  # fmt: skip
        self._ledger.lose("tax_uses", "tx_id", "a 1998BI line holds one tax with one rate", lost)
        sums, used = self._tables["tax_sums"], {names[0] for place, names in found.items() if place in single}
        unused = [row for row, name in enumerate(sums["tax_id"]) if name not in used]
        told = [
            (sums.line[row], " ".join(cells[row] for cells in sums.columns.values() if cells[row])) for row in unused
        ]
        self._ledger.lose("tax_sums", "tax_summary", "the tax has no place in 1998BI", told)

    def _adjust(self) -> None:
        """The discounts and credits of each matter, as IF and IE lines behind its last line."""
        credits = self._tables.get("discounts")
        entries: dict[int, list[int]] = defaultdict(list)
        for row in range(len(credits)) if credits is not None else ():
            if credits is not None and not credits.links["lines"][row] and number(credits["amount"][row]):
                entries[credits.links["matters"][row]].append(row)
        self._adjusted = set(entries)
        if not entries or credits is None:
            return
        last = {matter: row for row, matter in enumerate(self._all.links["matters"])}
        end = len(self._all)
        for matter in sorted(entries, key=lambda one: (last.get(one, end), one), reverse=True):
            for row in reversed(entries[matter]):
                place = last.get(matter, end - 1) + 1
                self._invoices.insert(place, credits.links["invoices"][row])
                self._put_in(place, self._adjustment(credits, row, matter))

    def _head(self, matter: int) -> dict[str, str]:
        """What each line of a matter repeats: the cells of the matter and of all that holds it."""
        table = self._tables["matters"]
        at = table.numbered(matter)
        held = [(table, at)]
        for name in ("invoices", "clients", "firms"):
            if table.links[name][at]:
                held.append((self._tables[name], self._tables[name].numbered(table.links[name][at])))
        head = {}
        for field in self._fields:
            found = next(((one, row) for one, row in held if field.column in one), None)
            value = found[0][field.column][found[1]] if found and field.level == "invoice" else ""
            day = iso_day(value) if field.type == "date" else None
            head[field.column] = f"{day:%Y%m%d}" if day else value
        return head

    def _adjustment(self, credits: Table, row: int, matter: int) -> dict[str, str]:
        """An IF or IE line for a credit: the value in the adjustment, as the standard has it."""
        cells = self._head(matter)
        amount = number(credits["amount"][row]) or ZERO
        kind = "IE" if credits["category"][row].strip().lower() == "exp" else "IF"
        code, note = credits["credit_code"][row], credits["note"][row]
        told = note if note and code == "MIA" else " ".join(filter(None, (code, note)))
        cells |= {"line_type": kind, "adjustment": plain(amount), "total": plain(amount), "narrative": told,
                  "line_date": cells["invoice_date"]}  # fmt: skip
        if self._format == "1998BI":
            tax = self._taxes.get(("discounts", credits.record[row]))
            part = self._tax_amounts.get(("discounts", credits.record[row]), ZERO)
            cells |= {"tax_total": plain(part) if tax else "0", "total": plain(amount + part)}
            cells |= {"tax_rate": tax.text, "tax_type": tax.kind} if tax else {}
        return cells

    def _put_in(self, place: int, cells: Mapping[str, str]) -> None:
        for column, values in self._columns.items():
            values.insert(place, cells[column])

    def _tell_credits_of_lines(self, credits: Table) -> None:
        """A line has one adjustment: what is said of the discounts that it sums up has no place."""
        for column in ("credit_code", "note"):
            name = next(field.name for field in credits.fields if field.column == column)
            cells = zip(credits.line, credits[column], credits.links["lines"], strict=True)
            reason = f"a line of LEDES {self._format} has one adjustment without a code"
            self._ledger.lose("discounts", name, reason, [(line, value) for line, value, of_line in cells if of_line])

    def _tell_what_has_no_line(self) -> None:
        """Matters without line items and credits, and listed timekeepers who worked on none."""
        matters, people = self._tables["matters"], self._tables["timekeepers"]
        reason = f"it has no line in LEDES {self._format}"
        with_lines = {*self._all.links["matters"], *self._adjusted}
        empty = [row for row, matter in enumerate(matters.record) if matter not in with_lines]
        names = [" ".join((matters["client_matter_id"][row], matters["matter_id"][row])) for row in empty]
        self._ledger.lose(
            "matters", "matter", reason, [(matters.line[row], name) for row, name in zip(empty, names, strict=True)]
        )
        worked = set(zip(self._all.links["matters"], self._all["timekeeper_id"], strict=True))
        listed = enumerate(zip(people.links["matters"], people["timekeeper_id"], strict=True))
        told = [(people.line[row], " ".join(cells[row] for cells in people.columns.values() if cells[row]))
                for row, key in listed if key not in worked]  # fmt: skip
        self._ledger.lose("timekeepers", "tksum", reason, told)

    def _tell_losses(self) -> None:
        """The columns of the source's tables that lines do not have."""
        self._tell_what_has_no_line()
        kept = {field.column for field in self._fields} | set(_DERIVED)
        if "discounts" in self._tables:
            self._tell_credits_of_lines(self._tables["discounts"])
        for name, table in self._tables.items():
            if name in _SAID_ELSEWHERE:
                continue
            for field in table.fields:
                told = field.column in kept or field.column.endswith("item_number")
                if told or (self._format == "1998BI" and name == "tax_uses"):
                    continue
                if name == "discounts" and field.column in ("amount", "credit_code", "note"):
                    continue  # in the adjustment; `_tell_credits_of_lines` tells the rest
                if field.column in ("timekeeper_last_name", "timekeeper_first_name"):
                    continue
                self._ledger.lose_column(name, table, field.column, f"LEDES {self._format} has no such field")


def _bare(lines: Table) -> Table:
    """The line items with their own columns only."""
    own = {field.column for field in lines.fields}
    columns = {name: cells for name, cells in lines.columns.items() if name in own}
    return lines.with_columns(columns)
