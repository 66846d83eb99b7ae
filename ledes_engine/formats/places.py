"""Where in an XML file a cell stands: the path of its element and the physical line."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from ledes_engine.formats.elements import HOMES, OF_THE_FILE, WRAPPERS
from ledes_engine.formats.fields import simple
from ledes_engine.formats.segments import Segment, field_in, segments_of
from ledes_engine.model import Document, Field, Table

# How far after the start of its segment an element is looked for, in bytes.
_REACH = 1 << 16
_OUTWARDS = ("matters", "invoices", "clients", "firms")


class Places:
    """Finds the elements of one file, of which it knows the bytes and all tables. Works only when it is asked."""

    def __init__(self, source: bytes, encoding: str, tables: Mapping[str, Table]) -> None:
        self._file = source
        self._encoding = encoding
        self._tables = tables

    def __reduce__(self) -> tuple[Any, ...]:
        return Places, (self._file, self._encoding, self._tables)

    def __call__(self, document: Document, table: Table, row: int, column: str) -> tuple[int, str]:
        """The line and the path of a cell; of its segment where the file has no such element."""
        name = next(name for name, one in document.tables.items() if one is table)
        name, number = self._owner(name, table.record[row], column)
        if name == "extensions":
            return self._tables[name].line[number - 1], ""
        segment = self._tables[name].segments[number - 1]
        line, path = self._tables[name].line[number - 1], self.path(document, name, number)
        field = field_in(document.format, segment, column)
        if field is None:
            return line, path
        return self._line_within(line, segment, field), f"{path}/{field.name}"

    def path(self, document: Document, name: str, number: int) -> str:
        """The path of a row's segment, each step with its number among its like."""
        table = self._tables[name]
        segment = segments_of(document.format)[table.segments[number - 1]]
        outer = self._parent(document.format, table, number, segment)
        above = self.path(document, *outer) if outer else document.layout.identifier
        return f"{above}/{segment.tags[0]}[{self._ordinals(name)[number - 1]}]"

    def _owner(self, name: str, number: int, column: str) -> tuple[str, int]:
        """The table and row that a column of the line items comes from: an invoice's date stands in the invoice."""
        table = self._tables[name]
        if name == "lines" and not any(field.column == column for field in table.fields):
            for outer in _OUTWARDS:
                holder = table.links[outer][number - 1]
                if holder and column in self._tables[outer]:
                    return outer, holder
        return name, number

    def _parent(self, format: str, table: Table, number: int, segment: Segment) -> tuple[str, int] | None:
        """The row of the element that a row's element stands in; None for the root element.

        What stands once a file may stand in the root element or in the firm.
        """
        if not segment.parent and segment.name not in OF_THE_FILE:
            return None
        name = segments_of(format)[segment.parent].table if segment.parent else "firms"
        holder = table.links[name][number - 1]
        return (name, holder) if holder else None

    def _ordinals(self, name: str) -> list[int]:
        """For each row of a table its number, from 1, among the like segments that the same element holds."""
        table = self._tables[name]
        above = HOMES[: HOMES.index(name)] if name in HOMES else HOMES

        def build() -> list[int]:
            seen: Counter[Any] = Counter()
            ordinals = []
            for key in zip(table.segments, *(table.links[home] for home in above), strict=True):
                seen[key] += 1
                ordinals.append(seen[key])
            return ordinals

        return table.remember("ordinals", build)  # type: ignore[no-any-return]

    @cached_property
    def _source(self) -> bytes:
        """The file in one byte a letter of markup."""
        wide = self._encoding.lower().startswith(("utf-16", "utf16", "utf-32", "ucs"))
        return self._file.decode(self._encoding, "replace").encode() if wide else self._file

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(found.end() for found in re.finditer(b"\n", self._source))]

    def _line_within(self, line: int, segment: str, field: Field) -> int:
        """The line of a field's element within the segment that starts on a line; the segment's where it has none."""
        starts = self._line_starts
        if not 0 < line <= len(starts):
            return line
        # libxml2 counts a line too many in some files beyond its 65,535th line.
        start = starts[line - 1 - (line > _COUNTED)]
        wanted = field.name.split("/")
        if self._source.find(wanted[-1].encode(), start, start + _REACH) < 0:
            return line
        path: list[str] = []
        for found in _TAG.finditer(self._source, start, start + _REACH):
            closing, name, empty = found[1], found[2].decode(), found[3]
            if not path and (closing or simple(name) not in {simple(segment), "tksum"}):
                continue
            if closing:
                path.pop()
                if not path:
                    break
                continue
            path.append(name)
            if name == wanted[-1] and len(path) < 5 and [one for one in path[1:] if one not in WRAPPERS] == wanted:
                return bisect_right(starts, found.start())
            if empty:
                path.pop()
        return line


_TAG = re.compile(rb"<(/?)(?:[\w.-]+:)?([\w.-]+)[^<>]*?(/?)>")
_COUNTED = 0xFFFF
