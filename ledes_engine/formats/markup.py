"""Reading LEDES XML 2000, 2.0, 2.1 and 2.2: any bytes to tables, line items as they stream by, the rest from a tree.

The parser expands no entities, loads no DTD, opens no connection, and keeps libxml2's limits on depth and on the size
of one text. Line items are taken from the stream and emptied, so that a file with a million of them needs no tree of
them; whatever is unusual about a file sends it the careful way, through the whole tree, with the same code.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ledes_engine.formats.detect import Detected, encoding_of
from ledes_engine.formats.elements import Elements, local
from ledes_engine.formats.fields import FORMATS
from ledes_engine.formats.places import Places
from ledes_engine.formats.runs import MARK, Runs, take_runs
from ledes_engine.formats.tables import tables_of
from ledes_engine.model import Document, Fault, Layout

if TYPE_CHECKING:
    from lxml import etree

_CHUNK = 1 << 16
# Below this size, less the plain line items, the tree of the whole file is no burden.
_LARGE = 1 << 26
_SAFE: dict[str, Any] = {
    "resolve_entities": False,
    "load_dtd": False,
    "dtd_validation": False,
    "attribute_defaults": False,
    "no_network": True,
    "huge_tree": False,
    "remove_blank_text": True,
    "remove_comments": True,
    "remove_pis": True,
}
# libxml2's numbers: a limit of the parser; bytes that are not of the encoding that the file claims.
_LIMIT = re.compile(r"huge|excessive|too (?:long|big|deep)|limit|amplification|xmlSAX2Characters", re.I)
_ENCODING = re.compile(r"not proper UTF-8|encoding|labelled|input conversion|invalid bytes", re.I)


def read_xml(data: bytes, found: Detected) -> Document:
    """A document of the bytes of an XML invoice; what is odd about them stands in its faults."""
    reading = _Reading(data, found)
    reading.run()
    return reading.document()


class _Reading:
    """One file on its way from bytes to a document."""

    def __init__(self, data: bytes, found: Detected) -> None:
        self._data = data
        self._kind = found.kind
        self._override: str | None = None  # what the parser is told, whatever the file claims
        self._codec = ""  # of a file that claims another encoding
        self._encoding = ""
        self._faults: list[Fault] = []
        self._broken = self._hidden = False
        self._root_tag = FORMATS[found.kind].identifier
        self.elements = Elements(found.kind)

    def run(self) -> None:
        """Read the quick way; where the file is broken, as far as it can be read."""
        from lxml import etree

        runs = take_runs(self._data, self._kind, self.elements.line_segments)
        try:
            root = self._parsed(etree, runs)
        except etree.XMLSyntaxError as error:
            root = self._mended(etree, self._error_in_file(etree) if runs else error)
        if root is None:
            return
        self._look_at(root)
        self.elements.walk(root, complete=not self._broken)

    def _parsed(self, etree: Any, runs: Runs | None) -> "etree._Element | None":
        """The tree of the file, or of what is left without its runs of plain line items."""
        self.elements = Elements(self._kind, runs)
        data = runs.rest if runs else self._data
        return self._whole(etree, data) if len(data) < _LARGE else self._streamed(etree, data)

    def _streamed(self, etree: Any, data: bytes) -> "etree._Element":
        parser: etree.XMLPullParser = etree.XMLPullParser(
            events=("end",), tag=["{*}fee", "{*}expense"], encoding=self._override, **_SAFE
        )
        for start in range(0, len(data), _CHUNK):
            parser.feed(data[start : start + _CHUNK])
            for _, element in parser.read_events():
                nested = next(element.iterancestors("{*}fee", "{*}expense"), None) is not None
                if MARK not in element.attrib and not nested:  # what is in another line is told with that
                    self.elements.take_line(element)
        root: Any = parser.close()
        return root  # type: ignore[no-any-return]

    def _whole(self, etree: Any, data: bytes, recover: bool = False) -> "etree._Element | None":
        parser = etree.XMLParser(recover=recover, encoding=self._override, **_SAFE)
        root: etree._Element | None = etree.fromstring(data, parser) if data.strip() else None
        return root

    def _error_in_file(self, etree: Any) -> Any:
        """The parser's error with its place in the file itself, and not in what was left of it."""
        try:
            self._whole(etree, self._data)
        except etree.XMLSyntaxError as error:
            return error
        raise AssertionError("a file is as broken as what is left of it without its plain line items")

    def _mended(self, etree: Any, error: Any) -> "etree._Element | None":
        """What can be read of a broken file: all of it in another encoding, or what stands before the break."""
        self.elements = Elements(self._kind)
        reason, data = _reason(error), self._data
        if _ENCODING.search(reason) or _WIDE.match(data):
            self._faults.append(Fault("xml-encoding", line=error.lineno or 1, facts={"reason": reason}))
            self._codec, mark = encoding_of(data)
            data = data[mark:].decode(self._codec, "replace").encode("utf-8", "replace")
            self._override = "utf-8"
            try:
                return self._whole(etree, data)
            except etree.XMLSyntaxError as other:
                error, reason = other, _reason(other)
        self._broken = True
        line, column = error.position
        limit = bool(_LIMIT.search(reason))
        self._hidden |= limit
        slug = "xml-limit" if limit else "xml-broken"
        self._faults.append(Fault(slug, line=max(1, line), facts={"reason": reason, "column": column}))
        try:
            root = self._whole(etree, data[: _offset(data, line, column)], recover=True)
        except etree.XMLSyntaxError:
            return None
        if root is not None:
            _drop_unfinished(root)
        return root

    def _look_at(self, root: "etree._Element") -> None:
        """The root element, the encoding and the DTD."""
        about = root.getroottree().docinfo
        self._root_tag = local(root.tag)
        self._encoding = (about.encoding or "utf-8").lower()
        if self._override is None and self._encoding not in ("utf-8", "utf8", "us-ascii", "ascii"):
            self._faults.append(Fault("xml-not-utf-8", line=1, facts={"encoding": about.encoding}))
        declared: Any = about.internalDTD
        entities = [entity.name for entity in declared.iterentities()] if declared is not None else []
        if entities:
            self._hidden = True
            names = ", ".join(map(str, entities[:3])) + (" ..." if len(entities) > 3 else "")
            self._faults.append(Fault("xml-entity", line=1, facts={"names": names, "count": len(entities)}))

    def document(self) -> Document:
        """The tables and all that was noticed."""
        lines, fields, segments = tables_of(self._kind, self.elements)
        hidden = self._broken or self._hidden or self.elements.hidden
        return Document(
            self._kind,
            fields,
            lines,
            Layout(self._root_tag, (), "\n", "", self._codec or self._encoding or "utf-8", source=self._data),
            [*self._faults, *self.elements.faults()],
            frozenset([""]) if hidden else frozenset(),
            segments=segments,
            locate=Places(self._data, self._codec or self._encoding, {**segments, "lines": lines}),
        )


def _reason(error: Any) -> str:
    """What libxml2 says, without the place and without its advice to programmers."""
    return re.sub(
        r", (?:(?:use|try) XML_PARSE_HUGE(?: option)?|line \d+, column \d+)", "", str(error.msg or "it holds nothing")
    )


# A declaration of two or four bytes a character, in one byte a character.
_WIDE = re.compile(rb"""\s*<\?xml[^>]*encoding\s*=\s*["'](?:utf-?(?:16|32)|ucs-?[24])""", re.I)


def _offset(data: bytes, line: int, column: int) -> int:
    """Where a line and a column of an error message are in the bytes."""
    place = 0
    for _ in range(line - 1):
        found = data.find(b"\n", place)
        if found < 0:
            break
        place = found + 1
    return place + max(0, column - 1)


_CONTAINERS = ("firm", "client", "invoice", "matter")


def _drop_unfinished(root: "etree._Element") -> None:
    """Take away what the file breaks off in: half of it would give findings of its own."""
    for element in _last_ones(root):
        parent = element.getparent()
        if parent is not None and (local(element.tag).lower() not in _CONTAINERS or not len(element)):
            parent.remove(element)
            return


def _last_ones(element: "etree._Element") -> Iterator["etree._Element"]:
    while len(element):
        element = element[-1]
        yield element
