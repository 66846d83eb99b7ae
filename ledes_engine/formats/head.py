"""The two lines that lead a LEDES file: the format's identifier and the names of the fields."""

from typing import NamedTuple

from ledes_engine.formats.detect import Detected, exact_identifier
from ledes_engine.formats.fields import FORMATS, Header, fields_of, match_header, simple
from ledes_engine.model import Fault, Field

_WIDEST_HEADER = 256
_NAMES_TO_TRUST = 4


class Head(NamedTuple):
    """What leads a file, and where the line items start."""

    identifier: str
    names: tuple[str, ...]  # of the header as it stands
    header: Header
    position: int  # of the first record, in bytes
    line: int  # the physical line of it
    faults: tuple[Fault, ...]


def read_head(data: bytes, newline: str, encoding: str, found: Detected) -> Head:
    """Read the identifier and the header; what is missing or unusual becomes a fault."""
    reader = _HeadReader(data, newline, encoding)
    reader.skip_blank_lines()
    if found.identifier:
        reader.read_identifier(found.kind)
    else:
        reader.fault("identifier-missing", expected=FORMATS[found.kind].identifier)
    header, names = reader.read_header(fields_of(found.kind))
    return Head(reader.identifier, names, header, reader.position, reader.line, tuple(reader.faults))


class _HeadReader:
    """A place in the bytes that moves on line by line."""

    def __init__(self, data: bytes, newline: str, encoding: str) -> None:
        self._data = data
        self._newline = newline.encode()
        self._encoding = encoding
        self.position = 0
        self.line = 1
        self.identifier = ""
        self.faults: list[Fault] = []

    def fault(self, slug: str, value: str = "", **facts: object) -> None:
        """Note a fault on the line at hand."""
        self.faults.append(Fault(slug, line=self.line, value=value, facts=facts))

    def _text(self, start: int, stop: int) -> str:
        return self._data[start:stop].decode(self._encoding, "surrogateescape")

    def _find(self, sought: bytes) -> int:
        found = self._data.find(sought, self.position)
        return len(self._data) if found < 0 else found

    def _next_line(self) -> None:
        self.position = min(self._line_end() + len(self._newline), len(self._data))
        self.line += 1

    def skip_blank_lines(self) -> None:
        """Move to the first line that says something."""
        skipped = 0
        while self.position < len(self._data) and not self._data[self.position : self._line_end()].strip(b" \t\r\n\0"):
            self._next_line()
            skipped += 1
        if skipped:
            self.fault("blank-lines", count=skipped)

    def _line_end(self) -> int:
        return self._find(self._newline)

    def read_identifier(self, format: str) -> None:
        """The first line; the header may follow on it, because records end at `[]`."""
        stop = self._line_end()
        text = self._text(self.position, stop)
        name, terminator, rest = text.partition("[]")
        shared = bool(terminator and rest.strip(" \t|,;\0"))
        self.identifier = name + terminator if shared else text
        if not exact_identifier(self.identifier, format):
            named = "1998BI" if "BI" in simple(name).upper() else "1998B"
            slug = "identifier-variant" if named == format else "identifier-and-header"
            self.fault(slug, self.identifier[:80], expected=FORMATS[format].identifier)
        if shared:
            self.position = self._find(b"[]") + 2
            self.fault("shared-line")
        else:
            self._next_line()

    def read_header(self, fields: tuple[Field, ...]) -> tuple[Header, tuple[str, ...]]:
        """The names of the fields where there are any; without them the fields are in the order of the standard."""
        self.skip_blank_lines()
        stop, broken = self._header_end(fields)
        text = self._text(self.position, stop)
        names = text.replace("\r", "").replace("\n", "").split("|")
        if len(names) > _WIDEST_HEADER or _known(names, fields) < _NAMES_TO_TRUST:
            self.fault("header-missing")
            return Header(tuple(field.column for field in fields)), ()
        empty = len(names) - len("|".join(names).rstrip("|").split("|"))
        names = names[: len(names) - empty]
        header = match_header(names, fields)
        terminated = self._data[stop : stop + 2] == b"[]"
        self._header_faults(header, terminated=terminated, broken=broken, empty=empty)
        self.line += text.count("\n" if b"\n" in self._newline else "\r")
        self.position = stop + 2 * terminated
        if self._text(self.position, self._line_end()).strip(" \t\0"):
            self.fault("shared-line")
        else:
            self._next_line()
        return header, tuple(names)

    def _header_end(self, fields: tuple[Field, ...]) -> tuple[int, bool]:
        """Where the names end: at `[]`, or at the line's end where that is forgotten; and whether a break is inside."""
        line_end, end = self._line_end(), self._find(b"[]")
        if end <= line_end:
            return end, False
        on_line = _known(self._text(self.position, line_end).split("|"), fields)
        whole = self._text(self.position, min(end, line_end + 4096)).replace("\r", "").replace("\n", "")
        broken = _known(whole.split("|"), fields) > on_line > 0 and end < line_end + 4096
        return (end, True) if broken else (line_end, False)

    def _header_faults(self, header: Header, *, terminated: bool, broken: bool, empty: int) -> None:
        if broken:
            self.fault("header-broken")
        if not terminated:
            self.fault("header-not-terminated")
        if header.missing:
            self.fault("header-field-missing", names=", ".join(header.missing))
        unknown = [name[:60] or "an empty name" for name in header.unknown] + ["an empty name at the end"] * (empty > 0)
        if unknown:
            self.fault("header-field-unknown", names=", ".join(unknown))
        if header.moved:
            self.fault("header-order")
        for name, native in header.renamed:
            slug = "header-name-case" if simple(name) == simple(native) else "header-name"
            self.fault(slug, name, expected=native)


def _known(names: list[str], fields: tuple[Field, ...]) -> int:
    if len(names) == len(fields) and all(name == field.name for name, field in zip(names, fields, strict=True)):
        return len(names)
    known = {simple(field.name) for field in fields}
    return sum(simple(name) in known for name in names)
