"""Writing a mended file: lines with the terminators and line ends of the standard, XML with its cells put in."""

from collections.abc import Mapping

from ledes_engine.formats.fields import FORMATS, match_header
from ledes_engine.formats.markup_write import patched
from ledes_engine.model import Document, Table

_MARK = b"\xef\xbb\xbf"


def rewritten(document: Document, tables: Mapping[str, Table], encoding: str) -> bytes:
    """The bytes of the file with these tables. What a value holds that breaks records stays as it stood."""
    if document.family == "XML":
        return patched(document, tables, encoding)
    lines = tables["lines"]
    names = _names(document)
    head = [FORMATS[document.format].identifier, "|".join(names) + "[]"]
    records = map("|".join, zip(*lines.columns.values(), strict=True))
    text = "\r\n".join([*head, *(record + "[]" for record in records), ""])
    try:
        return text.encode(encoding, "surrogateescape")
    except UnicodeEncodeError:  # a strange sign in a number or a date, which is left as it is
        return text.encode("utf-8", "surrogateescape")


def _names(document: Document) -> list[str]:
    """The header with the names of the standard, in the order of the file."""
    given = document.layout.names
    if not given:
        return [field.name for field in document.fields]
    native = {field.column: field.name for field in document.fields}
    header = match_header(given, document.fields)
    return [native.get(column, name) for column, name in zip(header.columns, given, strict=True)]
