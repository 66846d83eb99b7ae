"""Tables in the making, with the links of each row to the rows that hold it."""

from collections.abc import Mapping, Sequence
from typing import Any

from ledes_engine import values
from ledes_engine.formats.elements import HOMES
from ledes_engine.formats.segments import EXTENSION, fields_of_table, segments_of, table_names
from ledes_engine.formats.tables import EXTENSION_FIELDS
from ledes_engine.model import Field, Table


class Draft:
    """Rows of one table: cells by canonical name, segment, line of the source and home."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows: list[Mapping[str, str]] = []
        self.segments: list[str] = []
        self.lines: list[int] = []
        self.homes: list[Mapping[str, int]] = []

    def add(self, segment: str, home: Mapping[str, int], line: int, cells: Mapping[str, str]) -> int:
        """Add a row; its number."""
        self.rows.append(cells)
        self.segments.append(segment)
        self.lines.append(line)
        self.homes.append(home)
        return len(self.rows)

    def table(self, format: str) -> Table:
        """The table, with the columns that the format has."""
        fields = table_fields(format, self.name)
        columns = {field.column: [row.get(field.column, "") for row in self.rows] for field in fields}
        links = {name: [home.get(name, 0) for home in self.homes] for name in HOMES if name != self.name}
        return made(columns, self.lines, fields, self.segments, links)


def made(
    columns: dict[str, list[str]],
    lines: Sequence[int],
    fields: tuple[Field, ...],
    segments: Sequence[str],
    links: Mapping[str, Sequence[int]],
) -> Table:
    """A table of a document that no file was read for."""
    more: dict[str, Any] = {"fields": fields, "segments": segments, "links": links, "read_day": values.iso_day}
    return Table(columns, range(1, len(segments) + 1), lines, **more)


def table_fields(format: str, name: str) -> tuple[Field, ...]:
    """The fields of a table of a format; of the extensions, those of every format."""
    return EXTENSION_FIELDS if name == "extensions" else fields_of_table(format, name)


def tables_in(format: str) -> list[str]:
    """The tables that a format can fill."""
    has = any(field.type == EXTENSION for segment in segments_of(format).values() for field in segment.fields)
    return [*table_names(format), *(["extensions"] if has else [])]
