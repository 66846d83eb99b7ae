"""A document as sheets of texts, for people who mend it in a spreadsheet, and back."""

from collections.abc import Sequence
from typing import NamedTuple

from ledes_engine.conversion.draft import made, table_fields, tables_in
from ledes_engine.formats.elements import HOMES
from ledes_engine.formats.fields import ASCII_FORMATS, FORMATS, fields_of, match_header
from ledes_engine.formats.segments import segments_of
from ledes_engine.formats.tables import lines_with_all
from ledes_engine.model import Document, Layout, LedesError, Table

# Columns of an XML table's sheet that are no elements: what the row is, and the rows of other sheets it stands in.
_SEGMENT, _NUMBER, _WITHIN = "element", "number", "within "


class Grid(NamedTuple):
    """One sheet: its name, its head, and its rows."""

    name: str
    head: tuple[str, ...]
    rows: list[tuple[str, ...]]


def grids_of(document: Document) -> list[Grid]:
    """The sheets of a document: one of lines, or one for each table of an XML file."""
    if document.family == "ASCII":
        table = document.lines
        head = tuple(document.native(column) for column in table.columns)
        return [Grid("lines", head, list(zip(*table.columns.values(), strict=True)))]
    return [_grid(name, document) for name in tables_in(document.format)]


def _grid(name: str, document: Document) -> Grid:
    table = document.tables[name]
    homes = [home for home in HOMES if home in table.links and any(table.links[home])]
    columns: list[Sequence[str]] = [table.segments, [str(number) for number in table.record]]
    columns += [[str(number or "") for number in table.links[home]] for home in homes]
    columns += [table[field.column] for field in table.fields]
    head = (
        _SEGMENT,
        _NUMBER,
        *(_WITHIN + home for home in homes),
        *(_title(name, f.name, f.column) for f in table.fields),
    )
    return Grid(name, head, list(zip(*columns, strict=True)))


def _title(table: str, name: str, column: str) -> str:
    """The head of a column: the element, or the column where several segments share one under other names."""
    return column if table == "extensions" else name


def document_of(format: str, grids: Sequence[Grid]) -> Document:
    """The document that sheets make; raises LedesError that names the sheet, the row and what to do."""
    if format not in FORMATS:
        raise LedesError(f"the sheet names the format {format!r}; there are {', '.join(FORMATS)}")
    by_name = {grid.name: grid for grid in grids}
    if format in ASCII_FORMATS:
        return _lines(format, by_name)
    tables = {name: _table(format, name, by_name.get(name)) for name in tables_in(format)}
    for name, table in tables.items():
        for home, numbers in table.links.items():
            lost = next((row for row, number in enumerate(numbers, 2) if number > len(tables.get(home, ()))), None)
            if lost is not None:
                raise LedesError(f"sheet {name}, row {lost}: there is no row {numbers[lost - 2]} in sheet {home}")
    own = tables.pop("lines")
    lines, fields = lines_with_all(own, tables)
    return Document(format, fields, lines, Layout(FORMATS[format].identifier, (), "\n", "", "utf-8"), segments=tables)


def _lines(format: str, grids: dict[str, Grid]) -> Document:
    if "lines" not in grids:
        raise LedesError("there is no sheet `lines`")
    grid, fields = grids["lines"], fields_of(format)
    header = match_header(grid.head, fields)
    if header.missing:
        raise LedesError(f"the sheet has no column {header.missing[0]}; put it back, empty if there is nothing in it")
    columns = {name: [row[place] for row in grid.rows] for place, name in enumerate(header.columns)}
    plain = all(cell.isascii() for cells in columns.values() for cell in set(cells))
    layout = Layout(FORMATS[format].identifier, tuple(grid.head), encoding="ascii" if plain else "utf-8")
    count = len(grid.rows)
    return Document(format, fields, Table(columns, range(1, count + 1), range(3, count + 3)), layout)


def _table(format: str, name: str, grid: Grid | None) -> Table:
    fields = table_fields(format, name)
    head, rows = (grid.head, grid.rows) if grid else ((), [])
    places = {title: place for place, title in enumerate(head)}
    known = {_title(name, field.name, field.column) for field in fields} | {_SEGMENT, _NUMBER}
    unknown = next((title for title in head if title not in known and not title.startswith(_WITHIN)), None)
    if unknown is not None:
        raise LedesError(f"sheet {name}: there is no element {unknown!r} in LEDES {format}; take the column out")
    columns = {
        field.column: [
            row[places[title]] if (title := _title(name, field.name, field.column)) in places else "" for row in rows
        ]
        for field in fields
    }
    segments = [row[places[_SEGMENT]] if _SEGMENT in places else "" for row in rows]
    allowed = {one.name for one in segments_of(format).values() if one.table == name} or {"extend_header"}
    for row, segment in enumerate(segments, 2):
        if segment not in allowed:
            raise LedesError(f"sheet {name}, row {row}: {segment!r} is none of {', '.join(sorted(allowed))}")
    links = {home: _numbers(name, rows, places.get(_WITHIN + home)) for home in HOMES if home != name}
    table = made(columns, [0] * len(rows), fields, segments, links)
    given = _numbers(name, rows, places.get(_NUMBER))
    if any(given) and given != list(table.record):
        raise LedesError(f"sheet {name}: the column `number` must count the rows 1, 2, 3 ...; other sheets refer to it")
    return table


def _numbers(name: str, rows: Sequence[tuple[str, ...]], place: int | None) -> list[int]:
    if place is None:
        return [0] * len(rows)
    texts = [row[place].strip() or "0" for row in rows]
    bad = next((row for row, text in enumerate(texts, 2) if not text.isdecimal()), None)
    if bad is not None:
        raise LedesError(f"sheet {name}, row {bad}: {texts[bad - 2]!r} is no row number")
    return [int(text) for text in texts]
