"""Records, one at a time: the careful way through text that is not laid out as it should be.

`pipe` reads well-formed text a block at a time; what it cannot prove well-formed comes here. Records end at `[]`,
not at the line break, so a narrative with a line break stays in one piece and is reported.
"""

import operator
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ledes_engine import values
from ledes_engine.model import Field

_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_BLANK_LINES = re.compile(r"(?:[ \t\0\x1a]*(?:\r\n|\r|\n))*")
_STARTS_A_RECORD = re.compile(r"[0-9]{8}\|")
_NOTHING = " \t\r\n\0\x1a"
LINE_TYPES = ("F", "E", "IF", "IE")


class Record(NamedTuple):
    """The text of one record and how it was delimited."""

    text: str  # without the terminator
    line: int  # physical line that it starts on, from 1
    terminated: bool = True
    broken: bool = False  # a line break stands inside
    shared_line: bool = False  # starts on the line on which the record before it ends
    blank_lines: int = 0  # before it
    padded: bool = False  # blanks stand behind the terminator before it


def split_records(text: str, first_line: int, width: int, newline: str) -> Iterator[Record]:
    """Cut text into records of (as far as can be seen) `width` fields; linear in the length of the text.

    Physical lines are counted by the file's own line end; another one breaks a record, but makes no line.
    """
    line = first_line
    parts: list[str] = []
    pipes = 0
    first = True
    for piece in text.split("[]"):
        if parts and _continues(piece, pipes, width):
            parts.append(piece)
        else:
            if parts:
                yield from _records(parts, line, width, newline, first=first, terminated=True)
                line += sum(_lines(part, newline) for part in parts)
                first = False
            parts, pipes = [piece], 0
        pipes += piece.count("|")
    yield from _records(parts, line, width, newline, first=first, terminated=False)


def _continues(piece: str, pipes: int, width: int) -> bool:
    """Whether a piece after `[]` is the rest of a record that has `pipes` delimiters so far."""
    if pipes + 1 >= width or piece[:1] in ("", "\r", "\n") or _STARTS_A_RECORD.match(piece):
        return False
    return pipes + piece.count("|") + 1 <= width


def _lines(text: str, newline: str) -> int:
    """The number of physical lines that end in a text."""
    return text.count("\n" if "\n" in newline else "\r")


def _records(
    parts: list[str], line: int, width: int, newline: str, *, first: bool, terminated: bool
) -> Iterator[Record]:
    """The record, or the unterminated records, in the text between two terminators."""
    body = "[]".join(parts)
    blank = _BLANK_LINES.match(body)
    skipped = body[: blank.end()] if blank else ""
    body = body[len(skipped) :]
    if not body.strip(_NOTHING):
        return
    ends = _lines(skipped, newline)
    for number, record in enumerate(_by_lines(body, line + ends, width, newline, terminated)):
        if number:
            yield record
            continue
        yield record._replace(
            shared_line=not first and not skipped,
            blank_lines=max(0, ends - (not first)),
            padded=not first and skipped[:1] in (" ", "\t"),
        )


def _by_lines(body: str, line: int, width: int, newline: str, terminated: bool) -> Iterator[Record]:
    """Several records where physical lines look complete, else one record with line breaks inside."""
    end = len(body.rstrip(_NOTHING))
    start, begin = 0, line
    counted, pipes = 0, 0
    for mark in _LINE_BREAK.finditer(body, 0, end):
        pipes += body.count("|", counted, mark.start())
        line += _lines(body[counted : mark.end()], newline)
        counted = mark.end()
        if pipes + 1 >= width or _STARTS_A_RECORD.match(body, mark.end()):
            text = body[start : mark.start()]
            yield Record(text, begin, terminated=False, broken=bool(_LINE_BREAK.search(text)))
            start, begin, pipes = mark.end(), line, 0
    tail = _LINE_BREAK.search(body, end)
    text = body[start:end] if tail else body[start:]
    yield Record(text, begin, terminated, broken=bool(_LINE_BREAK.search(text)) or (terminated and tail is not None))


class Shape:
    """What the fields of a record must look like; used to find the place of a stray delimiter."""

    def __init__(self, columns: Sequence[str], fields: Sequence[Field]) -> None:
        by_column = {field.column: field for field in fields}
        types = [by_column[column].type if column in by_column else "text" for column in columns]
        self.width = len(columns)
        self.dates = [i for i, type_ in enumerate(types) if type_ == "date"]
        self.numbers = [i for i, type_ in enumerate(types) if type_ == "number"]
        self.line_type = columns.index("line_type") if "line_type" in columns else None
        texts = [i for i, type_ in enumerate(types) if type_ == "text"]
        # Free text is where people type pipes: narratives first, then the longest fields.
        self.texts = sorted(texts, key=lambda i: (columns[i] != "narrative", -_length(by_column.get(columns[i]))))

    def fits(self, cells: Sequence[str]) -> bool:
        """Whether every date, number and line type of the record can be one."""
        if self.line_type is not None and cells[self.line_type].strip().upper() not in LINE_TYPES:
            return False
        if any(cells[i].strip() and values.day(cells[i]) is None for i in self.dates):
            return False
        return all(not cells[i].strip() or values.number(cells[i]) is not None for i in self.numbers)

    def realign(self, cells: list[str], before: Sequence[str]) -> tuple[list[str], int] | None:
        """A record with too many fields, put right: the cells and the position of the field that held the delimiter.

        None when no single text field explains the surplus. Where several do, the record most like the one `before`
        it is taken, because most fields of an invoice repeat. A surplus of empty cells at the end is dropped
        (position -1).
        """
        surplus = len(cells) - self.width
        if surplus <= 0:
            return None
        if not any(cells[self.width :]) and self.fits(cells[: self.width]):
            return cells[: self.width], -1
        best: tuple[list[str], int] | None = None
        likest = -1
        for place in self.texts:
            joined = [*cells[:place], "|".join(cells[place : place + surplus + 1]), *cells[place + surplus + 1 :]]
            if self.fits(joined):
                like = sum(map(operator.eq, joined, before))
                if like > likest:
                    best, likest = (joined, place), like
        return best


def _length(field: Field | None) -> int:
    return int(field.length) if field else 0
