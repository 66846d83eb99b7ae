"""From tables to a document of LEDES XML 2000, 2.0, 2.1 or 2.2."""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal

from ledes_engine.conversion.amounts import Tables, credit, fill_in
from ledes_engine.conversion.draft import Draft, made, table_fields, tables_in
from ledes_engine.conversion.losses import Ledger
from ledes_engine.formats.elements import HOMES
from ledes_engine.formats.fields import FORMATS
from ledes_engine.formats.segments import EXTENSION, segments_of
from ledes_engine.formats.tables import lines_with_all
from ledes_engine.model import Document, Field, Layout, Table
from ledes_engine.values import ZERO, iso_day, number, plain


def markup_of_tables(
    tables: Tables, document: Document, format: str, defaults: Mapping[str, str], ledger: Ledger
) -> Document:
    """The document in an XML format: what it has of each table, with amounts filled in and gaps told."""
    if document.family == "ASCII":
        fill_in(tables)
    made_tables = {name: _carried(name, tables.get(name), format, ledger) for name in tables_in(format)}
    for name, table in tables.items():
        if name not in made_tables:
            _lose_rows(name, table, range(len(table)), format, ledger)
    if format == "XML 2000" != document.format:
        _sum_up_people(made_tables)
        _state_discounts(made_tables["lines"], tables["lines"])
    if "tier_totals" in tables and "tier_totals" not in made_tables:
        _leave_out_tiers(made_tables, tables["tier_totals"], format, ledger)
    fill_in(made_tables)
    _fill_gaps(made_tables, defaults, format, ledger)
    own = made_tables.pop("lines")
    lines, fields = lines_with_all(own, made_tables)
    layout = Layout(FORMATS[format].identifier, (), "\n", "", "utf-8")
    return Document(format, fields, lines, layout, segments=made_tables)


def _carried(name: str, source: Table | None, format: str, ledger: Ledger) -> Table:
    """The rows and columns of a table that the format has; the rest goes into the ledger."""
    fields = table_fields(format, name)
    if source is None:
        return made(
            {field.column: [] for field in fields}, [], fields, [], {home: [] for home in HOMES if home != name}
        )
    kept = [row for row in range(len(source)) if _has_place(name, source, row, format)]
    if len(kept) < len(source):
        _lose_rows(name, source, sorted(set(range(len(source))) - set(kept)), format, ledger)
        source = source.take(kept)
    columns = {}
    for field in fields:
        cells = source.columns.get(field.column) or source.columns.get(_AKIN.get(field.column, ""))
        dates = (
            {text: _day(text, format) for text in source.distinct(field.column)}
            if field.type == "date" and cells
            else {}
        )
        columns[field.column] = [""] * len(source) if cells is None else [dates.get(cell, cell) for cell in cells]
    for column in source.columns:
        known = {field.column for field in source.fields}
        told = column in columns or column not in known or column.endswith("item_number") or column in _SAID_ELSEWHERE
        if not told and not set(source.distinct(column)) <= {"", _SILENT.get(column)}:
            ledger.lose_column(name, source, column, f"LEDES {format} has no such element")
    links = {home: source.links.get(home, [0] * len(source)) for home in HOMES if home != name}
    return made(columns, source.line, fields, source.segments, links)


# A column of LEDES 2000 that is another of 2.x.
_AKIN = {"fees_adjustment": "fees_credit", "expenses_adjustment": "expenses_credit"}
# Columns that LEDES 2000 has elsewhere (the level of a timekeeper, the tax of an invoice) or that can be added up.
_SAID_ELSEWHERE = (
    "timekeeper_class fees_credit expenses_credit credit_total has_lines adjustment invoice_tax_total".split()
)
# A value that says no more than that there is nothing to say.
_SILENT = {"tiered": "N", "on_tax": "N", "funds_applied": "0.00"}


def _day(text: str, format: str) -> str:
    day = iso_day(text)
    return text if day is None else f"{day:%Y%m%d}" if format == "XML 2000" else f"{day:%Y-%m-%d}"


def _has_place(name: str, table: Table, row: int, format: str) -> bool:
    segments = segments_of(format)
    if name == "extensions":
        holder = segments.get(table["segment"][row])
        return holder is not None and any(field.type == EXTENSION for field in holder.fields)
    return table.segments[row] in segments


def _lose_rows(name: str, table: Table, rows: "range | list[int]", format: str, ledger: Ledger) -> None:
    """Note whole rows, each by what it says."""
    for segment in dict.fromkeys(table.segments[row] for row in rows):
        told = []
        for row in rows:
            if table.segments[row] == segment:
                cells = [c[row] for column, c in table.columns.items() if not column.endswith("item_number") and c[row]]
                told.append((table.line[row], " ".join(cells)))
        ledger.lose(name, segment, f"LEDES {format} has no such segment", told)


def with_credits(tables: Tables, format: str, ledger: Ledger) -> Tables:
    """LEDES 2000 states a line's discount by its total only: as an entry of its own, which 2.x asks for."""
    lines, matters = tables["lines"], tables["matters"]
    discounts = Draft("discounts")
    adjustments = []
    for row, (base_text, total_text) in enumerate(zip(lines["base_amount"], lines["total"], strict=True)):
        base, total = number(base_text), number(total_text)
        amount = total - base if base is not None and total is not None else ZERO
        adjustments.append(plain(amount) if amount else "")
        if amount:
            home = {name: lines.links[name][row] for name in lines.links} | {"lines": row + 1}
            code = "FIA" if lines.segments[row] == "fee" else "EIA"
            _credit(discounts, f"{lines.segments[row]}_item_disc_cred", home, code, amount, lines.line[row], {})
    for row in range(len(matters)):
        home = {name: matters.links[name][row] for name in ("firms", "clients", "invoices")} | {"matters": row + 1}
        for column, category in (("fees_adjustment", "Fee"), ("expenses_adjustment", "Exp")):
            amount = number(matters[column][row]) or ZERO
            if amount:
                more = {"category": category, "split": "Post-Split"}
                _credit(discounts, "matter_disc_cred", home, "MIA", amount, matters.line[row], more)
        taxed = [matters[column][row] for column in ("fees_tax", "expenses_tax") if number(matters[column][row])]
        if taxed and format == "1998B":
            told = [(matters.line[row], text) for text in taxed]
            ledger.lose("matters", "matter_tax_on_fees, matter_tax_on_exp", "LEDES 1998B has no taxes", told)
        elif taxed:
            ledger.refuse(
                f"line {matters.line[row]}: the matter has tax, of which LEDES 2000 gives the amount only; "
                f"LEDES {format} needs the taxes themselves"
            )
    extra = tuple(field for field in table_fields("XML 2.2", "lines") if field.column == "adjustment")
    new = _with_columns(lines, {"adjustment": adjustments}, extra, ("discount_type", "discount_percent"))
    of_matters = _with_columns(matters, {}, (), ("fees_adjustment", "expenses_adjustment"))
    return {**tables, "lines": new, "matters": of_matters, "discounts": discounts.table("XML 2.2")}


def _with_columns(
    table: Table, more: dict[str, list[str]], fields: tuple[Field, ...], without: tuple[str, ...]
) -> Table:
    """A table with more columns and without some."""
    columns = {name: cells for name, cells in {**table.columns, **more}.items() if name not in without}
    kept = tuple(field for field in (*table.fields, *fields) if field.column in columns)
    changed = table.with_columns(columns)
    changed.fields = kept
    return changed


def _credit(
    draft: Draft, segment: str, home: Mapping[str, int], code: str, amount: Decimal, line: int, more: Mapping[str, str]
) -> None:
    draft.add(segment, home, line, {**credit(code, amount), **more})


def _sum_up_people(tables: Tables) -> None:
    """LEDES 2000: the hours and the cost of each timekeeper at each rate."""
    lines, people = tables["lines"], tables["timekeepers"]
    hours: dict[tuple[int, str, Decimal | None], Decimal] = defaultdict(Decimal)
    cost: dict[tuple[int, str, Decimal | None], Decimal] = defaultdict(Decimal)
    for row, segment in enumerate(lines.segments):
        if segment == "fee":
            key = lines.links["matters"][row], lines["timekeeper_id"][row], number(lines["unit_cost"][row])
            hours[key] += number(lines["units"][row]) or ZERO
            cost[key] += number(lines["base_amount"][row]) or ZERO
    listed = zip(people.links["matters"], people["timekeeper_id"], people["timekeeper_rate"], strict=True)
    for row, (matter, person, rate) in enumerate(listed):
        key = matter, person, number(rate)
        if key in hours and not people["hours"][row]:
            people.columns["hours"][row], people.columns["cost"][row] = plain(hours[key]), plain(cost[key])


def _leave_out_tiers(tables: Tables, totals: Table, format: str, ledger: Ledger) -> None:
    """The tax of an invoice without the tiered taxes, which the format does not have, is summed up anew."""
    invoices, matters = tables["invoices"], tables["matters"]
    for number_ in set(totals.links["invoices"]):
        row = invoices.numbered(number_)
        if "invoice_tax_total" in invoices and any(number(text) for text in totals["tax_amount"]):
            told = [(invoices.line[row], invoices["invoice_tax_total"][row])]
            below = [at for at, holder in enumerate(matters.links["invoices"]) if holder == number_]
            cells = [matters[column][at] for column in ("fees_tax", "expenses_tax") for at in below]
            left = plain(sum((number(text) or ZERO for text in cells), ZERO))
            reason = f"LEDES {format} has no tiered taxes, so it becomes {left}, and the tiered tax is not charged"
            ledger.lose("invoices", "inv_total_tax", reason, told)
            invoices.columns["invoice_tax_total"][row] = ""


def _state_discounts(lines: Table, source: Table) -> None:
    """LEDES 2000: the discount of a line as a fraction of its base amount, where it is one."""
    for row, text in enumerate(source["adjustment"]):
        amount, base = number(text), number(lines["base_amount"][row])
        share = -amount / base if amount and base else ZERO
        if 0 < share <= 1 and share == round(share, 4):
            lines.columns["discount_type"][row], lines.columns["discount_percent"][row] = "Percent", plain(share)


# What is the same for many files, so that it may come from guidelines.
_BY_DEFAULT = ("firms", "clients", "invoices", "matters")


def _fill_gaps(tables: Tables, defaults: Mapping[str, str], format: str, ledger: Ledger) -> None:
    """Put the defaults where something is blank, and tell what is required and still blank."""
    for name, table in tables.items():
        own = segments_of(format)
        for field in table.fields:
            cells = table.columns[field.column]
            if field.column in defaults and name in _BY_DEFAULT:
                cells[:] = [cell if cell.strip() else defaults[field.column] for cell in cells]
            if not field.when_empty or field.when_empty != "L26":
                continue
            for row, cell in enumerate(cells):
                if cell.strip():
                    continue
                segment = own[table.segments[row]]
                if any(one.column == field.column and one.required for one in segment.fields):
                    ledger.lack(field.name, field.column, f"in each {segment.name}", by_default=name in _BY_DEFAULT)
                    break
    if format != "XML 2000" and not all(cell.strip() for cell in tables["invoices"]["currency"]):
        ledger.lack("inv_currency", "currency", "in each invoice")
