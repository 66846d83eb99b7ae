"""From the rows of an XML invoice to tables, and to a table of line items like that of the other formats."""

from collections.abc import Sequence
from itertools import accumulate, groupby
from typing import Any, NamedTuple

from ledes_engine import values
from ledes_engine.formats.elements import HOMES, Elements, Rows
from ledes_engine.formats.fields import fields_of
from ledes_engine.formats.segments import EXTENSION_COLUMNS, fields_of_table
from ledes_engine.model import Field, Table

_TYPES = {"fee": "F", "expense": "E"}
# Where the columns stand that the ASCII formats repeat on each line: the nearest table first.
_OUTER = ("matters", "invoices", "clients", "firms")
_OF_TIMEKEEPERS = ("timekeeper_last_name", "timekeeper_first_name", "timekeeper_class")
EXTENSION_FIELDS = tuple(
    Field(place, name, column, "text", "", "extend_header", "", "", "")
    for place, (column, name) in enumerate(
        zip(
            ("segment", *EXTENSION_COLUMNS),
            ("extend_header", *EXTENSION_COLUMNS[:4], "ext_name", "ext_value"),
            strict=True,
        ),
        1,
    )
)


class Tables(NamedTuple):
    """The line items with all that is said of them, the fields of that table, and the other tables."""

    lines: Table
    fields: tuple[Field, ...]
    segments: dict[str, Table]


def tables_of(format: str, elements: Elements) -> Tables:
    """The tables of what was read."""
    tables = {name: _table(format, name, rows) for name, rows in elements.tables.items()}
    own = tables.pop("lines")
    return Tables(*lines_with_all(own, tables), tables)


def _table(format: str, name: str, rows: Rows) -> Table:
    fields = EXTENSION_FIELDS if name == "extensions" else fields_of_table(format, name)
    cells = list(zip(*rows.cells, strict=True)) or [()] * len(rows.narrow or fields)
    if rows.narrow is None:
        columns = {field.column: _filled(column) for field, column in zip(fields, cells, strict=True)}
    else:
        columns = {field.column: [""] * len(rows.cells) for field in fields}
        columns |= {fields[place].column: list(column) for place, column in zip(rows.narrow, cells, strict=True)}
    homes = list(zip(*rows.homes, strict=True)) if rows.homes else [()] * len(HOMES)
    links = {home: numbers for home, numbers in zip(HOMES, homes, strict=True) if home != name}
    numbers = range(1, len(rows.cells) + 1)
    return Table(
        columns, numbers, rows.lines, fields=fields, segments=rows.segments, links=links, read_day=values.iso_day
    )


def _filled(cells: Sequence[Any]) -> list[str]:
    return [cell or "" for cell in cells] if None in cells else list(cells)


def lines_with_all(own: Table, tables: dict[str, Table]) -> tuple[Table, tuple[Field, ...]]:
    """The line items with what their matter, invoice, client, firm and timekeeper say, by the canonical names."""
    homes = zip(*(own.links[name] for name in _OUTER), strict=True)
    runs = [(home, len(list(run))) for home, run in groupby(homes)]
    wanted = {field.column for field in fields_of("1998BI")}
    columns = {"line_type": [_TYPES[segment] for segment in own.segments], **own.columns}
    fields = [*own.fields]
    steady = []
    for place, name in enumerate(_OUTER):
        for field in tables[name].fields:
            if field.column in wanted and field.column not in columns:
                columns[field.column] = _repeated(tables[name][field.column], place, runs)
                fields.append(field._replace(level="invoice"))
                steady.append(field.column)
    people = tables["timekeepers"]
    for field in people.fields:
        if field.column in _OF_TIMEKEEPERS and field.column not in columns:
            columns[field.column] = _of_timekeepers(
                people, field.column, own, [(home[0], count) for home, count in runs]
            )
            fields.append(field._replace(level="timekeeper"))
    starts = [0, *accumulate(count for _, count in runs)][:-1]
    more: dict[str, Any] = {
        "fields": own.fields,
        "segments": own.segments,
        "links": own.links,
        "read_day": own.read_day,
    }
    return Table(columns, own.record, own.line, None, steady, starts, **more), tuple(fields)


def _repeated(cells: list[str], place: int, runs: list[tuple[tuple[int, ...], int]]) -> list[str]:
    """A cell of an outer table on each line item below it."""
    repeated: list[str] = []
    for home, count in runs:
        repeated += [cells[home[place] - 1] if home[place] else ""] * count
    return repeated


def _of_timekeepers(people: Table, column: str, own: Table, matters: list[tuple[int, int]]) -> list[str]:
    """What the matter's list of timekeepers says of each line's; the first entry governs where a person has several."""
    first: dict[int, dict[str, str]] = {}
    for matter, person, value in zip(people.links["matters"], people["timekeeper_id"], people[column], strict=True):
        first.setdefault(matter, {}).setdefault(person, value)
    ids, start = own["timekeeper_id"], 0
    named: list[str] = []
    for matter, count in matters:
        known = first.get(matter, {})
        named += [known.get(person, "") for person in ids[start : start + count]]
        start += count
    return named
