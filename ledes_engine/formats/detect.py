"""What a file is, judged by its first bytes and lines and never by its name."""

import codecs
import re
from functools import cache, lru_cache
from typing import NamedTuple

from ledes_engine.formats.fields import FORMATS, fields_of, simple

# How far into a file detection looks.
_HEAD = 1 << 16
_FIELD_NAMES_TO_TRUST = 8
_NOTHING = b"\0 \t\r\n\x1a"

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_OTHER_KINDS = (
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or a Word or Excel file"),
    (b"\xd0\xcf\x11\xe0", "an old Word or Excel file or an Outlook message"),
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"GIF8", "a picture (GIF)"),
    (b"II*\x00", "a picture (TIFF)"),
    (b"MM\x00*", "a picture (TIFF)"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"{\\rtf", "a rich text document"),
)
# The identifiers seen in the wild: LEDES98B, LEDES1998BI V2, LEDES98BI V5, with or without [].
_IDENTIFIER = re.compile(
    r"[\s\"']*+LEDES[\s_-]*+(?:19)?98[\s_-]*+(BI?)?[\s_-]*+(V\s*+\d++)?\s*+(?:\[\s*+\])?[\s\"',;|]*+", re.I
)
_FIRST_TAG = re.compile(r"<(?:[\w.-]+:)?([\w.-]+)")
# What may stand before the root element of an XML file: instructions, comments, a DTD.
_BEFORE_ROOT = re.compile(
    r"\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*|<!DOCTYPE(?:[^\[>'\"]|'[^']*'|\"[^\"]*\")*(?:\[(?:[^\]'\"]|'[^']*'|\"[^\"]*\")*\]\s*)?>\s*)*+",
    re.S,
)
_LONGEST_PROLOG = 1 << 24


class Detected(NamedTuple):
    """What the bytes are."""

    kind: str  # a format name, `xml` (LEDES XML of a version that is not known), `empty`, or `unknown`
    encoding: str = "ascii"
    byte_order_mark: int = 0  # its length in bytes
    identifier: str = ""  # the first line as it stands, when it names a format
    delimiter: str = "|"
    description: str = ""  # of a file that is no LEDES file: "a PDF document"


def detect(data: bytes) -> Detected:
    """Say what `data` is: the format, the encoding, the delimiter, or what else it looks like."""
    if not data[:_HEAD].strip(_NOTHING) and not data.strip(_NOTHING):
        return Detected("empty")
    markup = data[:_HEAD].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
    encoding, mark = encoding_of(data[:_HEAD] if markup else data, whole=not markup)
    for start, description in _OTHER_KINDS:
        if data.startswith(start):
            return Detected("unknown", description=description)
    text = data[mark : mark + _HEAD].decode(encoding, "replace").lstrip("\0")
    if text.lstrip().startswith("<"):
        if len(data) > _HEAD and not _FIRST_TAG.match(text, _BEFORE_ROOT.match(text).end()):  # type: ignore[union-attr]
            text = data[mark : mark + _LONGEST_PROLOG].decode(encoding, "replace")
        return _markup(text, encoding, mark)
    lines = [line for line in text.splitlines() if line.strip()][:2]
    first = lines[0] if lines else ""
    named = _IDENTIFIER.fullmatch(first.split("[]")[0] + "[]" if "[]" in first else first)
    if named and first.lstrip(" \"'").upper().startswith("LEDES"):
        header = lines[1] if len(lines) > 1 else ""
        kind = "1998BI" if (named[1] or "").upper() == "BI" else "1998B"
        return Detected(_kind_by_header(header, kind), encoding, mark, first, _delimiter(header))
    if _names_in(first) >= _FIELD_NAMES_TO_TRUST:
        return Detected(_kind_by_header(first, "1998B"), encoding, mark, "", _delimiter(first))
    pipes = first.removesuffix("[]").count("|") + 1
    if re.match(r"\s*[0-9]{8}\|", first) and pipes in (len(fields_of("1998B")), len(fields_of("1998BI"))):
        return Detected("1998B" if pipes == len(fields_of("1998B")) else "1998BI", encoding, mark)
    binary = b"\0" in data[:_HEAD] and not encoding.startswith("utf-16")
    return Detected("unknown", encoding, mark, description="a binary file" if binary else "some other text")


def encoding_of(data: bytes, whole: bool = True) -> tuple[str, int]:
    """The encoding and the length of the byte order mark; what is neither ASCII nor UTF-8 is taken for cp1252.

    Data that is not the `whole` may end in the middle of a character.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding, len(mark)
    zeros = data[1:_HEAD:2].count(0), data[0:_HEAD:2].count(0)
    if max(zeros) > 0.9 * (min(len(data), _HEAD) // 2):
        return ("utf-16-le" if zeros[0] > zeros[1] else "utf-16-be"), 0
    if data.isascii():
        return "ascii", 0
    try:
        codecs.utf_8_decode(data, "strict", whole)
    except UnicodeDecodeError:
        return "cp1252", 0
    return "utf-8", 0


def _markup(text: str, encoding: str, mark: int) -> Detected:
    """An XML file: LEDES if its first element says so."""
    before = _BEFORE_ROOT.match(text)
    tag = _FIRST_TAG.match(text, before.end() if before else 0)
    root = tag[1].lower() if tag else ""
    if root == "ledesxml":
        return Detected("XML 2000", encoding, mark)
    named = re.match(r"ledesxmlebilling(\d(?:\.\d+)*)?", root)
    if named:
        version = named[1] or _version_of_namespace(text)
        kind = f"XML {version[:3]}"
        return Detected(kind if kind in FORMATS else "xml", encoding, mark, description=f"LEDES XML {version}".strip())
    return Detected(
        "unknown", encoding, mark, description="a web page" if root == "html" else "an XML file that is not LEDES"
    )


def _version_of_namespace(text: str) -> str:
    """The version that a namespace names where the root element does not: `http://www.ledes.org/LEDES22.xsd`."""
    found = re.search(r"LEDES[ _]?(2)\.?([0-9])", text[:4096], re.I)
    return f"{found[1]}.{found[2]}" if found else ""


@cache
def _known_names(format: str) -> frozenset[str]:
    return frozenset(simple(field.name) for field in fields_of(format))


@lru_cache(maxsize=2)
def _cells(header: str) -> list[str]:
    return [simple(cell) for cell in re.split(r"[|,;\t]", header)]


def _names_in(header: str) -> int:
    return len(_known_names("1998BI").intersection(_cells(header)))


def _kind_by_header(header: str, named: str) -> str:
    """The header decides between 1998B and 1998BI where it clearly is one of them; else the identifier does."""
    if _names_in(header) < _FIELD_NAMES_TO_TRUST:
        return named
    international = _known_names("1998BI") - _known_names("1998B")
    return "1998BI" if len(international.intersection(_cells(header))) >= _FIELD_NAMES_TO_TRUST else "1998B"


def _delimiter(header: str) -> str:
    """The character that separates the fields of a header; a spreadsheet may have put commas or tabs for pipes."""
    return max("|\t,;", key=header.count) if _names_in(header) >= _FIELD_NAMES_TO_TRUST else "|"


def exact_identifier(text: str, format: str) -> bool:
    """Whether the first line is the identifier of the format to the letter."""
    return text.rstrip("\r\n") == FORMATS[format].identifier
