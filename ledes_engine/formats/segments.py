"""The segments of the LEDES XML formats, from `segments.csv` and `fields.csv` of the pack `ledes-xml`.

A segment is an element that repeats (an invoice, a fee, a tax); each lands in a row of a table, and segments of a kind
(fees and expenses; the three discounts) share one. Addresses and contacts are elements within a segment: their parts
are columns of the segment's row, and the name of such a field is a path (`lf_address/city`).
"""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from ledes_engine.formats.fields import FORMATS, table_of
from ledes_engine.model import Field

# Parts of an address or a contact, which stand in several segments.
_STRUCTURES = {"address": "address_info", "contact": "contact_info"}
# A field required in these segments is required on that type of line.
_LINE_TYPES = {"fee": "F", "expense": "E"}
EXTENSION = "extension"
EXTENSION_COLUMNS = ("vendor", "app", "sequence", "date", "name", "value")


class Segment(NamedTuple):
    """A segment of one format. The parent of the outermost ones is empty: they stand in the root element."""

    name: str
    table: str
    parent: str
    tags: tuple[str, ...]  # the first is written, all are read
    least: int  # how many its parent must have
    fields: tuple[Field, ...]


@cache
def segments_of(format: str) -> dict[str, Segment]:
    """The segments of an XML format by name, parents before children; raises KeyError for a format that has none."""
    version = format.removeprefix("XML ")
    pack = FORMATS[format].pack
    fields = [Field(int(row[0]), *row[1:]) for row in table_of(pack, "fields")]
    fields = [field for field in fields if version in field.formats.split()]
    segments: dict[str, Segment] = {}
    for name, table, parent, parent_2000, tags, least, formats in table_of(pack, "segments"):
        if version in formats.split():
            within = parent_2000 if version == "2000" else parent
            own = tuple(_flat([field for field in fields if field.level == name], fields))
            segments[name] = Segment(name, table, within, tuple(tags.split()), int(least), own)
    return segments


def _flat(own: list[Field], fields: list[Field]) -> Iterator[Field]:
    """The fields of a segment with addresses and contacts taken apart; their parts are required if they are."""
    for field in own:
        if field.type not in _STRUCTURES:
            yield field
            continue
        for part in fields:
            if part.level == _STRUCTURES[field.type]:
                required, rule = (part.required, part.when_empty) if field.required else ("", "")
                yield part._replace(
                    name=f"{field.name}/{part.name}",
                    column=field.column + part.column,
                    level=field.level,
                    required=required,
                    when_empty=rule,
                    aliases=" ".join(f"{other}/{part.name}" for other in field.aliases.split()),
                )


@cache
def fields_of_table(format: str, table: str) -> tuple[Field, ...]:
    """The fields of a table: those of its segments, each column once."""
    merged: dict[str, Field] = {}
    for segment in segments_of(format).values():
        for field in segment.fields if segment.table == table else ():
            if field.type == EXTENSION:
                continue
            other = merged.get(field.column)
            if other is None:
                merged[field.column] = field
            elif segment.name in _LINE_TYPES:
                both = dict.fromkeys([*other.required.split(), *field.required.split()])
                rule = other.when_empty or field.when_empty
                merged[field.column] = other._replace(required=" ".join(both), when_empty=rule)
    return tuple(merged.values())


def field_in(format: str, segment: str, column: str) -> Field | None:
    """The field of a segment that a column holds."""
    return next((field for field in segments_of(format)[segment].fields if field.column == column), None)


@cache
def table_names(format: str) -> tuple[str, ...]:
    """The tables of a format, in the order of its segments."""
    return tuple(dict.fromkeys(segment.table for segment in segments_of(format).values()))
