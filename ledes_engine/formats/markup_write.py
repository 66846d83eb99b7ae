"""Writing LEDES XML: a file that was read with its changed cells put in, or tables put into elements."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from ledes_engine.formats.elements import HOMES, local
from ledes_engine.formats.fields import FORMATS, simple
from ledes_engine.formats.segments import EXTENSION, Segment, segments_of
from ledes_engine.model import Document, Field, LedesError, Table

if TYPE_CHECKING:
    from lxml import etree

# Generators name this one; none is confirmed for the other versions.
_NAMESPACES = {"XML 2.2": "http://www.ledes.org/LEDES22.xsd"}
_DOCTYPES = {"XML 2000": '<!DOCTYPE ledesxml SYSTEM "ledes2000.dtd">\n'}
_INDENT = "  "


def write_xml(document: Document) -> bytes:
    """The bytes of an XML document; of one that was read and not changed, the very bytes it was read from."""
    if document.layout.source:
        return patched(document, document.tables)
    return _Writer(document).write().encode()


# A file that was read: everything stays but the cells that were changed.


def patched(document: Document, tables: Mapping[str, Table], encoding: str = "") -> bytes:
    """The file that a document was read from, with the cells of these tables.

    Everything else stays: comments, line ends, elements that the format does not have. With an `encoding`, the file is
    put into it and loses its byte order mark.
    """
    from lxml import etree

    from ledes_engine.formats import read

    source = document.layout.source
    before = read(source)
    changes = list(_changes(before, tables))
    mark = next((mark for mark in _MARKS if source.startswith(mark)), b"")
    same = not encoding or (not mark and before.layout.encoding in (encoding, "us-ascii", "ascii"))
    if not changes and same:
        return source
    if before.damaged:
        raise LedesError("part of the file could not be read, so it cannot be changed")
    if changes and any(fault.slug == "misplaced" for fault in before.faults):
        raise LedesError("segments of the file stand at unusual places, so it cannot be changed; put them right first")
    text = source.decode(before.layout.encoding, "replace").lstrip("\ufeff")
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, strip_cdata=False, encoding="utf-8"
    )
    root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    for name, row, field, value in changes:
        path = before.place(before.tables[name], row, field.column)[1]
        element = _element(root, path, field, document.format)
        for part in list(element):
            element.remove(part)
        element.text = value
    whole = _around(root, text, encoding)
    if encoding:
        return whole.encode(encoding, "xmlcharrefreplace")
    codec = before.layout.encoding if not mark else _MARKS[mark]
    return mark + whole.encode(codec, "xmlcharrefreplace")


def _around(root: Any, text: str, encoding: str) -> str:
    """The root element as it is now, with what stood before and after it in the file, and the file's line ends."""
    from lxml import etree

    inner = etree.tostring(root, encoding="unicode", with_tail=False)
    tag = re.compile(rf"<(?:[\w.-]+:)?{re.escape(local(root.tag))}[\s/>]")
    start = next((found.start() for found in tag.finditer(_without_comments(text))), 0)
    if "\r\n" in text and text.count("\n") == text.count("\r\n"):
        inner = inner.replace("\n", "\r\n")
    end = text.rfind(f"{local(root.tag)}>")
    tail = text[text.index(">", end) + 1 :] if end > start else "\n"
    head = _DECLARED.sub(rf"\g<1>{encoding.upper()}\g<2>", text[:start], count=1) if encoding else text[:start]
    return f"{head}{inner}{tail}"


_DECLARED = re.compile(r"""(<\?xml[^>]*encoding\s*=\s*["'])[\w.-]+(["'])""")


def _without_comments(text: str) -> str:
    """The text with blanks in place of its comments, so that places stay what they are."""
    return re.sub("<!--.*?-->", lambda found: " " * len(found[0]), text[:_FAR], flags=re.S) + text[_FAR:]


# The root element starts well before here.
_FAR = 1 << 16
_MARKS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


def _changes(before: Document, tables: Mapping[str, Table]) -> Iterator[tuple[str, int, Field, str]]:
    """The cells that differ: table, row, field, new value."""
    for name, table in before.tables.items():
        other = tables.get(name, table)
        if len(other) != len(table):
            raise LedesError(
                f"{name}: the file has {len(table)} of these and the document {len(other)}; rows of a file that was "
                "read are changed, not added or taken out: convert the document to write another file"
            )
        own = {field.column: field for field in table.fields}
        for column, cells in table.columns.items():
            if other.columns.get(column, cells) == cells:
                continue
            if column not in own or name == "extensions":
                raise LedesError(f"{column} of {name} cannot be changed here; it stands in another table of the file")
            for row, (old, new) in enumerate(zip(cells, other.columns[column], strict=True)):
                if old != new:
                    segment = segments_of(before.format)[table.segments[row]]
                    field = next((one for one in segment.fields if one.column == column), None)
                    if field is None:
                        raise LedesError(f"a {segment.name} has no {column}")
                    yield name, row, field, new


def _element(root: "etree._Element", path: str, field: Field, format: str) -> Any:
    """The element at a path, made where it is not there; spelt as the file spells it."""
    steps = path.split("/")[1:]
    parts = field.name.split("/")
    at: Any = root
    for step in steps[: len(steps) - len(parts)]:
        name, _, number = step.rstrip("]").partition("[")
        tags = segments_of(format)[_segment_of(format, name)].tags
        like = [child for child in at if _is(child, tags)]
        if len(like) < int(number):
            raise LedesError(f"{path}: the element stands at an unusual place and cannot be changed")
        at = like[int(number) - 1]
    names = [part.split("/") for part in field.aliases.split()]
    for place, part in enumerate(parts):
        spellings = (part, *(alias[place] for alias in names if len(alias) > place))
        wrapped = [inner for child in at if _is(child, ("address_info", "contact_info")) for inner in child]
        found = next((child for child in [*at, *wrapped] if _is(child, spellings)), None)
        at = found if found is not None else _made(at, part, field, format)
    return at


def _segment_of(format: str, tag: str) -> str:
    return next(segment.name for segment in segments_of(format).values() if tag in segment.tags)


def _is(element: Any, tags: Sequence[str]) -> bool:
    return isinstance(element.tag, str) and simple(local(element.tag)) in {simple(tag) for tag in tags}


def _made(parent: Any, name: str, field: Field, format: str) -> Any:
    """A new element at the place that the format gives it among its neighbours."""
    space = parent.tag.rpartition("}")[0]
    from lxml import etree

    made = etree.SubElement(parent, f"{space}}}{name}" if space else name)
    order = [one.name.partition("/")[0] for one in segments_of(format)[field.level].fields]
    later = set(order[order.index(name) + 1 :]) if name in order else set()
    later |= {tag for one in segments_of(format).values() if one.parent == field.level for tag in one.tags}
    after = next((child for child in parent if isinstance(child.tag, str) and local(child.tag) in later), None)
    if after is not None and name in order:
        after.addprevious(made)
        made.tail = parent.text
    return made


# A document that was made: tables into text. Line items are many, and are written column by column.


class _Writer:
    def __init__(self, document: Document) -> None:
        self._format = document.format
        self._tables = document.tables
        self._segments = segments_of(document.format)
        self._numbers = count(1)
        self._children = self._rows_by_parent()
        self._lines = self._rendered_lines()
        self._extensions = self._rows_of_extensions()
        lines = self._tables["lines"]
        self._numbered = "item_number" in lines and "" in lines.distinct("item_number")
        self._with_more = {
            number for table in self._tables.values() for number in table.links.get("lines", ()) if number
        }

    def write(self) -> str:
        """The whole file."""
        tag = FORMATS[self._format].identifier
        space = f' xmlns="{_NAMESPACES[self._format]}"' if self._format in _NAMESPACES else ""
        inner = "".join(self._segment(name, 0, 1) for name, one in self._segments.items() if not one.parent)
        head = '<?xml version="1.0" encoding="UTF-8"?>\n' + _DOCTYPES.get(self._format, "")
        return f"{head}<{tag}{space}>\n{inner}</{tag}>\n"

    def _rows_by_parent(self) -> dict[tuple[str, int], list[int]]:
        """The rows of each segment in each row of the one that holds it."""
        rows: dict[tuple[str, int], list[int]] = defaultdict(list)
        for name, segment in self._segments.items():
            table = self._tables[segment.table]
            if segment.parent:
                links: Sequence[int] = table.links[self._segments[segment.parent].table]
            else:
                links = [0] * len(table)
            for row, (kind, holder) in enumerate(zip(table.segments, links, strict=True)):
                if kind == name:
                    rows[name, holder].append(row)
        return rows

    def _rows_of_extensions(self) -> dict[tuple[str, int], list[int]]:
        rows: dict[tuple[str, int], list[int]] = defaultdict(list)
        table = self._tables.get("extensions")
        for row, name in enumerate(table["segment"] if table else ()):
            holder = self._segments[name].table if name in self._segments else ""
            if table and holder in HOMES:
                rows[name, table.links[holder][row]].append(row)
        return rows

    def _segment(self, name: str, holder: int, depth: int) -> str:
        """All elements of a segment in one row of the segment that holds it."""
        return "".join(self._one(name, row, depth) for row in self._children.get((name, holder), ()))

    def _one(self, name: str, row: int, depth: int) -> str:
        segment = self._segments[name]
        table = self._tables[segment.table]
        indent, tag = _INDENT * depth, segment.tags[0]
        number = table.record[row]
        if segment.table == "lines":
            cells = self._lines[row]
            cells = cells.replace(_NUMBER, str(next(self._numbers)), 1) if self._numbered else cells
            if number not in self._with_more:
                return f"{indent}<{tag}>\n{cells}{indent}</{tag}>\n"
        else:
            cells = self._cells(segment, table, row, depth + 1)
        inner = "".join(
            self._segment(one.name, number, depth + 1) for one in self._segments.values() if one.parent == name
        )
        return f"{indent}<{tag}>\n{cells}{self._extended(name, number, depth + 1)}{inner}{indent}</{tag}>\n"

    def _cells(self, segment: Segment, table: Table, row: int, depth: int) -> str:
        """The elements of a row, those of an address or a contact within an element of their own."""
        parts: list[str] = []
        group, indent = "", _INDENT * depth
        for field in segment.fields:
            if field.type == EXTENSION:
                continue
            outer, _, inner = field.name.rpartition("/")
            value = table[field.column][row]
            if not value and inner == "file_item_nbr" and (not outer or outer == group):
                value = str(next(self._numbers))
            if outer != group and group:
                parts.append(f"{indent}</{group}>\n")
                group = ""
            if not value:
                continue
            if outer and outer != group:
                parts.append(f"{indent}<{outer}>\n")
                group = outer
            parts.append(f"{indent}{_INDENT if outer else ''}<{inner}>{escaped(value)}</{inner}>\n")
        return "".join([*parts, f"{indent}</{group}>\n" if group else ""])

    def _rendered_lines(self) -> list[str]:
        """The cells of each line item as text, column by column; each different value is escaped once."""
        table = self._tables["lines"]
        rendered = [""] * len(table)
        depth = 5 if self._format != "XML 2000" else 4
        for name in ("fee", "expense"):
            rows = [row for row, segment in enumerate(table.segments) if segment == name]
            columns = [self._rendered(field, table, rows, depth) for field in self._segments[name].fields]
            for row, text in zip(rows, map("".join, zip(*columns, strict=True)), strict=True):
                rendered[row] = text
        return rendered

    def _rendered(self, field: Field, table: Table, rows: list[int], depth: int) -> list[str]:
        if field.type == EXTENSION:
            return [""] * len(rows)
        start, end = f"{_INDENT * depth}<{field.name}>", f"</{field.name}>\n"
        texts = {value: f"{start}{escaped(value)}{end}" if value else "" for value in table.distinct(field.column)}
        if field.name == "file_item_nbr":
            texts[""] = f"{start}{_NUMBER}{end}"
        cells = table[field.column]
        return [texts[cells[row]] for row in rows]

    def _extended(self, name: str, holder: int, depth: int) -> str:
        """The extension blocks of a row: one for each vendor, application, sequence and date."""
        table = self._tables.get("extensions")
        blocks: dict[tuple[str, ...], list[int]] = {}
        for row in self._extensions.get((name, holder), ()) if table else ():
            key = tuple(table[column][row] for column in ("vendor", "app", "sequence", "date"))  # type: ignore[index]
            blocks.setdefault(key, []).append(row)
        return "".join(self._block(key, rows, depth) for key, rows in blocks.items())

    def _block(self, about: tuple[str, ...], rows: list[int], depth: int) -> str:
        table, indent = self._tables["extensions"], _INDENT * depth
        named = [(n, v) for n, v in zip(("vendor", "app", "sequence", "date"), about, strict=True) if v]
        if self._format == "XML 2000":
            head = "".join(f' {name}="{escaped(value)}"' for name, value in named)
            parts = [f"{indent}<extend_header{head}>\n"]
        else:
            parts = [f"{indent}<extend_header>\n"]
            parts += [f"{indent}{_INDENT}<{name}>{escaped(value)}</{name}>\n" for name, value in named]
        for row in rows:
            name, value = escaped(table["name"][row]), escaped(table["value"][row])
            pair = f"<ext_name>{name}</ext_name><ext_value>{value}</ext_value>"
            parts.append(f"{indent}{_INDENT}<extend_data>{pair}</extend_data>\n")
        return "".join([*parts, f"{indent}</extend_header>\n"])


# Where the number of an element goes that has none yet; no value can hold it.
_NUMBER = "\0"


def escaped(value: str) -> str:
    """A value as element text; also safe within double quotes."""
    return escape(value, _ENTITIES)


_ENTITIES = {'"': "&quot;", "\r": "&#13;"}
