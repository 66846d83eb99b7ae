"""The quick way through an XML invoice: runs of plain line items are read by one expression, the rest by the parser.

Nine tenths of a large file are fees and expenses whose elements hold nothing but text. Where a file has no comments,
no CDATA and nothing else that could hide markup, such line items are found by a pattern made of the file's own
elements, and each run of them gives way to one empty element that says which rows it stands for. Line breaks stay, so
that the parser's line numbers remain right. What the pattern does not fit (discounts, references, prefixes) is left
to the parser, and the outcome is the same either way; the tests hold the two ways against each other.
"""

import re
from collections.abc import Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from ledes_engine.formats.segments import EXTENSION, Segment, fields_of_table

# The attribute of an element that stands for a run of line items: the number of the first, and how many there are.
MARK = "ledes-engine-run"
_ENCODING = re.compile(rb"""\s*<\?xml[^>]*?encoding\s*=\s*["']([\w.-]+)["']""")
# What a plain text is made of; a carriage return the parser would turn into a line feed.
_TEXT = "[^<&\\0-\\x08\\x0b-\\x1f]*+"
_BLANKS = " \t\r\n"
_ELEMENT = re.compile(r"<([A-Za-z_][\w.-]*)(?:/>|>[^<]*</\1>)[ \t\r\n]*")
# A group that takes part in no match, for the columns of elements that a file does not have.
_NEVER = "(?!)(.)"
# Line items with fewer elements than these are not worth it.
_FEWEST = 2
_SAMPLES = 300
# A small file is read in no time by the parser alone.
_WORTH_IT = 1 << 18


class Runs(NamedTuple):
    """A file with its runs of plain line items taken out."""

    rest: bytes
    places: tuple[int, ...]  # the columns of the table that the line items have cells for
    cells: list[tuple[Any, ...]]  # of each line item
    lines: list[int]


def take_runs(data: bytes, format: str, segments: Sequence[Segment], least: int = _WORTH_IT) -> Runs | None:
    """The runs of a file of at least so many bytes; None where it has to go to the parser as it is."""
    worth_it = len(data) >= least and any(f"<{segment.name}>".encode() in data for segment in segments)
    text = _plain_text(data) if worth_it else None
    if text is None:
        return None
    shapes = [_Shape(segment, format, text) for segment in segments]
    shapes = [shape for shape in shapes if shape.names]
    if not shapes:
        return None
    places = tuple(sorted({place for shape in shapes for place in shape.places}))
    if len(places) < _FEWEST:
        return None
    groups = 0
    for shape in shapes:
        shape.aim(groups, places)
        groups += len(shape.names)
    picks = {shape.tag[0]: shape.pick for shape in shapes}
    cells: list[tuple[Any, ...]] = []
    spans: list[tuple[int, int]] = []
    for found in re.finditer("|".join([*(shape.pattern for shape in shapes), _NEVER]), text):
        span = found.span()
        spans.append(span)
        cells.append(picks[text[span[0] + 1]](found.groups("")))
    return Runs(_rest(text, spans).encode(), places, cells, _lines_of(text, spans)) if spans else None


def _rest(text: str, spans: list[tuple[int, int]]) -> str:
    """The text with one empty element for each run of line items of one kind, and the line breaks that it had."""
    parts: list[str] = []
    done = first = 0
    start, end = spans[0]
    letter = text[start + 1]
    blank = ""  # what usually stands between two line items
    for row, (next_start, next_end) in enumerate([*spans[1:], (len(text), 0)], 1):
        gap = text[end:next_start]
        if gap != blank and not gap.strip(_BLANKS):
            blank = gap
        if gap != blank or text[next_start + 1 : next_start + 2] != letter:
            tag = text[start + 1 : text.index(">", start)]
            breaks = "\n" * text.count("\n", start, end)
            parts += [text[done:start], f'<{tag} {MARK}="{first} {row}"/>{breaks}']
            done, first, start, letter = end, row, next_start, text[next_start + 1 : next_start + 2]
        end = next_end
    return "".join([*parts, text[done:]])


def _lines_of(text: str, spans: list[tuple[int, int]]) -> list[int]:
    """The line of the file that each span starts on."""
    lines: list[int] = []
    line, seen = 1, 0
    for start, _ in spans:
        line += text.count("\n", seen, start)
        seen = start
        lines.append(line)
    return lines


def _plain_text(data: bytes) -> str | None:
    """The text of a file in UTF-8 in which markup is what it looks like."""
    declared = _ENCODING.match(data)
    if declared and declared[1].lower() not in (b"utf-8", b"us-ascii", b"ascii"):
        return None
    if _hides_markup(data):
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _hides_markup(data: bytes) -> bool:
    """Whether a comment, CDATA, an instruction or a DTD with declarations may make markup look like what it is not.

    The rare sign is looked for and then what stands before it, which is faster by far than looking for both.
    """
    doctype = _DOCTYPE.match(data)
    start = doctype.end() if doctype else data.find(b"?>") + 2 if data[:64].lstrip().startswith(b"<?xml") else 0
    for sign, before in ((b"!", b"<"), (b"?", b"<"), (b"]", b"]"), *(() if data.isascii() else _NONCHARACTERS)):
        place, left = data.find(sign, start), _MANY_SIGNS
        while place >= 0:
            left -= 1
            if data[place - 1 : place] == before or not left:
                return True  # or there are too many of them to look at each
            place = data.find(sign, place + 1)
    return MARK.encode() in data


_MANY_SIGNS = 100_000
# U+FFFE and U+FFFF, which XML does not allow.
_NONCHARACTERS = ((b"\xbf\xbe", b"\xef"), (b"\xbf\xbf", b"\xef"))
_DOCTYPE = re.compile(rb"\s*(?:<\?xml[^>]*>)?\s*<!DOCTYPE[^\[<>]*+>")


class _Shape:
    """What a plain line item of one kind looks like in a file: its elements, each there or not, in their order."""

    def __init__(self, segment: Segment, format: str, text: str) -> None:
        self.tag = segment.name
        columns = [field.column for field in fields_of_table(format, segment.table)]
        known = {field.name: columns.index(field.column) for field in segment.fields if field.type != EXTENSION}
        self.names = _usual_order(text, self.tag, known)
        self.pattern = f"<{self.tag}>[{_BLANKS}]*+" + "".join(map(_optional, self.names)) + f"</{self.tag}>"
        self._known = known
        self.pick: Any = None

    @property
    def places(self) -> list[int]:
        """The columns of the table that the shape's elements are."""
        return [self._known[name] for name in self.names]

    def aim(self, offset: int, places: tuple[int, ...]) -> None:
        """Say where the shape's groups stand among those of the whole expression, the last of which is never set."""
        own = {place: offset + group for group, place in enumerate(self.places)}
        self.pick = itemgetter(*(own.get(place, -1) for place in places))


def _optional(name: str) -> str:
    return f"(?:<{name}>({_TEXT})</{name}>[{_BLANKS}]*+|<{name}/>[{_BLANKS}]*+)?+"


def _usual_order(text: str, tag: str, known: dict[str, int]) -> list[str]:
    """The elements of the longest of the first plain line items, and with them all that are in their order."""
    longest: list[str] = []
    position = 0
    for _ in range(_SAMPLES):
        start = text.find(f"<{tag}>", position)
        stop = text.find(f"</{tag}>", start)
        if start < 0 or stop < 0:
            break
        inner, position = text[start + len(tag) + 2 : stop], stop
        names = _ELEMENT.findall(inner)
        if not _ELEMENT.sub("", inner).strip() and len(set(names)) == len(names) and known.keys() >= set(names):
            longest = max(longest, names, key=len)
    return longest
