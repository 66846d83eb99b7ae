"""The file formats: `read` makes a document of any bytes, `write` makes bytes of a document."""

from ledes_engine.formats.detect import Detected, detect
from ledes_engine.formats.fields import ASCII_FORMATS, FORMATS
from ledes_engine.model import Document, Fault, Layout, LedesError, Table
from ledes_engine.resources import without_collector

__all__ = ["Detected", "detect", "read"]


def read(data: bytes) -> Document:
    """A document of any bytes whatever: they never raise an error, and what is odd stands in `document.faults`."""
    if not isinstance(data, bytes | bytearray | memoryview):
        raise LedesError(f"read takes the bytes of a file, not a {type(data).__name__}; check takes a path too")
    with without_collector():
        return _read(bytes(data))


def _read(data: bytes) -> Document:
    found = detect(data)
    if found.kind in ASCII_FORMATS:
        if found.delimiter == "|" and not _quoted(data, found):
            from ledes_engine.formats.pipe import read_pipe

            return read_pipe(data, found)
        from ledes_engine.formats.spreadsheet import read_spreadsheet

        return read_spreadsheet(data, found)
    if found.kind in FORMATS:
        from ledes_engine.formats.markup import read_xml

        return read_xml(data, found)
    slug = {"empty": "empty", "xml": "xml-version"}.get(found.kind, "not-ledes")
    fault = Fault(slug, line=1, facts={"description": found.description})
    layout = Layout("", (), encoding=found.encoding)
    return Document(found.kind, (), Table({}, [], []), layout, [fault], readable=False)


def _quoted(data: bytes, found: Detected) -> bool:
    """Whether a spreadsheet put each whole line or each cell between quotes."""
    lines = data[found.byte_order_mark : 1 << 16].decode(found.encoding, "replace").split("\n")
    return sum(line.lstrip().startswith('"') for line in lines[1:4]) >= 2
