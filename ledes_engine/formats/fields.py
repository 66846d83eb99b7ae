"""The table of fields of each format, from `rules/<pack>/fields.csv`: it drives reading, writing and checking."""

import os
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from ledes_engine.model import Field
from ledes_engine.resources import data_folder, remembered


class Format(NamedTuple):
    """A format that is read and written: its name, its first line or root element, the pack that holds its fields."""

    name: str
    identifier: str
    pack: str


FORMATS = {
    "1998B": Format("1998B", "LEDES1998B[]", "ledes"),
    "1998BI": Format("1998BI", "LEDES98BI V2[]", "ledes-bi"),
    "XML 2000": Format("XML 2000", "ledesxml", "ledes-xml"),
    "XML 2.0": Format("XML 2.0", "ledesxmlebilling2.0", "ledes-xml"),
    "XML 2.1": Format("XML 2.1", "ledesxmlebilling2.1", "ledes-xml"),
    "XML 2.2": Format("XML 2.2", "ledesxmlebilling2.2", "ledes-xml"),
}
ASCII_FORMATS = ("1998B", "1998BI")


@cache
def fields_of(format: str) -> tuple[Field, ...]:
    """The fields of a format in their order; raises KeyError for a format that is not known."""
    if format not in ASCII_FORMATS:
        from ledes_engine.formats.segments import segments_of

        return tuple(field for segment in segments_of(format).values() for field in segment.fields)
    return tuple(Field(int(row[0]), *row[1:]) for row in table_of(FORMATS[format].pack, "fields"))


def table_of(pack: str, name: str) -> list[list[str]]:
    """The rows of a CSV file of a pack, without its head."""
    path = os.path.join(data_folder("rules"), pack, f"{name}.csv")
    rows: list[list[str]] = remembered(f"{pack}-{name}", [path], lambda: _rows(path))
    return rows


def _rows(path: str) -> list[list[str]]:
    import csv  # only needed when nothing is remembered yet

    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))[1:]


class Header(NamedTuple):
    """A header matched with the fields of a format: which column stands where, and what is unusual about it."""

    columns: tuple[str, ...]  # canonical names in the order of the file; unknown names stand as they are
    missing: tuple[str, ...] = ()  # native names that the header lacks
    unknown: tuple[str, ...] = ()  # names in the header that the format does not know
    renamed: tuple[tuple[str, str], ...] = ()  # (name in the file, native name)
    moved: bool = False  # the known names stand in another order


def simple(name: str) -> str:
    """A field name without case, blanks and punctuation, to compare loosely."""
    return "".join(letter for letter in name.lower() if letter.isalnum())


def match_header(names: Sequence[str], fields: tuple[Field, ...]) -> Header:
    """Match the names of a header with the fields of a format, by literal name, loose name, then known alias."""
    if len(names) == len(fields) and all(a == f.name for a, f in zip(names, fields, strict=True)):
        return Header(tuple(field.column for field in fields))
    known = {field.name: field for field in fields}
    loose = {simple(spelling): field for field in fields for spelling in [*field.aliases.split(), field.name]}
    columns: list[str] = []
    found: list[Field] = []
    unknown: list[str] = []
    renamed: list[tuple[str, str]] = []
    for name in names:
        field = known.get(name) or loose.get(simple(name))
        if field is None or field in found:
            unknown.append(name)
            columns.append(_free_name(name, columns))
            continue
        if field.name != name:
            renamed.append((name, field.name))
        found.append(field)
        columns.append(field.column)
    missing = tuple(field.name for field in fields if field not in found)
    moved = [field.position for field in found] != sorted(field.position for field in found)
    return Header(tuple(columns), missing, tuple(unknown), tuple(renamed), moved)


def _free_name(name: str, taken: list[str]) -> str:
    name = name.strip() or "unnamed"
    number = 2
    candidate = name
    while candidate in taken:
        candidate, number = f"{name} ({number})", number + 1
    return candidate
