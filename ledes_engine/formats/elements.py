"""From the elements of an XML invoice to rows: what each segment holds, and which segments it stands in."""

from collections import Counter
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from ledes_engine.formats.fields import simple
from ledes_engine.formats.runs import MARK, Runs
from ledes_engine.formats.segments import EXTENSION, EXTENSION_COLUMNS, Segment, fields_of_table, segments_of
from ledes_engine.model import Fault

if TYPE_CHECKING:
    from lxml import etree

# The tables that hold rows of others; a row's home is its number (from 1, 0 for none) in each of them.
HOMES = ("firms", "clients", "invoices", "matters", "lines", "discounts")
NOWHERE = (0,) * len(HOMES)
_LINE_TAGS = ("fee", "expense")
# Documented as standing once a file, beside the firm or within it.
OF_THE_FILE = ("tax", "tax_tier_detail")
_MOST_NOTES = 200
# The attribute of a line item that was read from the stream: its number.
_TAKEN = "ledes-engine-line"
# Around the parts of an address or a contact: whether the element stands there is not settled.
WRAPPERS = ("address_info", "contact_info")


class Rows:
    """A table under construction: cells (None where empty), place, segment and home of each row.

    While all rows came in runs, they have the cells of the columns `narrow` only, those that the file has.
    """

    def __init__(self) -> None:
        self.cells: list[Any] = []
        self.lines: list[int] = []
        self.segments: list[str] = []
        self.homes: list[tuple[int, ...]] = []
        self.narrow: tuple[int, ...] | None = None

    def add(self, cells: Any, line: int, segment: str, home: tuple[int, ...]) -> int:
        """Add a row; its number."""
        if self.narrow is not None:
            self.cells = _widened(self.cells, self.narrow, len(cells))
            self.narrow = None
        self.cells.append(cells)
        self.lines.append(line)
        self.segments.append(segment)
        self.homes.append(home)
        return len(self.cells)

    def add_run(self, runs: Runs, start: int, stop: int, segment: str, home: tuple[int, ...]) -> int:
        """Add the line items of a run; the number of the last one."""
        cells = runs.cells[start:stop]
        if not self.cells:
            self.narrow = runs.places
        if self.narrow is None:
            cells = _widened(cells, runs.places, len(self.cells[0]))
        self.cells += cells
        self.lines += runs.lines[start:stop]
        self.segments += [segment] * (stop - start)
        self.homes += [home] * (stop - start)
        return len(self.cells)


def _widened(rows: list[Any], places: tuple[int, ...], width: int) -> list[Any]:
    wide = []
    for row in rows:
        cells: list[Any] = [None] * width
        for place, cell in zip(places, row, strict=True):
            cells[place] = cell
        wide.append(cells)
    return wide


class _Read(NamedTuple):
    """A segment's element, read: its cells, and the elements in it that are no cells."""

    cells: list[Any] | tuple[Any, ...]
    line: int
    nested: tuple[tuple["etree._Element", Segment], ...] = ()
    extensions: tuple[tuple[str, ...], ...] = ()


class _Names:
    """What the names within one segment mean: a place in the row, a segment, an address or contact, an extension."""

    def __init__(self, segment: Segment, format: str) -> None:
        columns = {field.column: place for place, field in enumerate(fields_of_table(format, segment.table))}
        self.width = len(columns)
        self.places: dict[str, int] = {}
        self.groups: set[str] = set()
        self.extensions: set[str] = set()
        for field in segment.fields:
            for name in (*field.aliases.split(), field.name):
                if field.type == EXTENSION:
                    self.extensions.add(name)
                    continue
                self.places[name] = columns[field.column]
                if "/" in name:
                    self.groups.add(name.partition("/")[0])
        self.official = {field.name for field in segment.fields} | {
            field.name.partition("/")[0] for field in segment.fields
        }
        self.known: dict[Any, Any] = {}  # what each tag was found to be: a place, a segment, or "" for another thing
        self.loose = {simple(name): name for name in (*self.places, *self.groups, *self.extensions)}


class Elements:
    """Gathers the rows of one file, and notes what is odd about its elements."""

    def __init__(self, format: str, runs: Runs | None = None) -> None:
        self.format = format
        self.runs = runs
        self.tables = {name: Rows() for name in _all_tables(format)}
        self.hidden = False  # something of the file's content could not be read
        self._segments = segments_of(format)
        self._by_tag = {tag: segment for segment in self._segments.values() for tag in segment.tags}
        self._loose = {simple(tag): tag for tag in self._by_tag}
        self._names = {name: _Names(segment, format) for name, segment in self._segments.items()}
        self._shapes: dict[tuple[Any, ...], Any] = {}
        self.line_segments = [segment for segment in self._segments.values() if segment.table == "lines"]
        self._streamed: list[_Read] = []
        self._streaming = False
        self._complete = True
        self._notes: dict[tuple[str, str], Fault] = {}
        self._counts: Counter[tuple[str, str]] = Counter()

    # Line items, which are many.

    def take_line(self, element: "etree._Element") -> None:
        """Read a fee or an expense that has just ended in the stream, and leave an empty element in its place."""
        self._streaming = True
        if any(local(child.tag) in _LINE_TAGS for child in element):
            return  # line items within one: the walk will tell
        read = self._line(element)
        self._streamed.append(read)
        held = {child for child, _ in read.nested}
        for child in list(element):
            if child not in held:
                element.remove(child)
        element.set(_TAKEN, str(len(self._streamed)))

    def _line(self, element: "etree._Element") -> _Read:
        children = list(element)
        tags = (element.tag, *[child.tag for child in children])
        pick = self._shapes[tags] if tags in self._shapes else self._shape(tags)
        if pick is None or any(map(len, children)):
            return self._read(element, self._by_tag[local(element.tag)])
        texts = [child.text for child in children]
        texts.append(None)
        return _Read(pick(texts), _line_of(element))

    def _shape(self, tags: tuple[Any, ...]) -> Any:
        """How a line item with these children becomes a row; no picker where each child has to be looked at."""
        segment = self._by_tag[local(tags[0])]
        names, columns = self._names[segment.name], [len(tags) - 1] * self._names[segment.name].width
        plain = all(isinstance(tag, str) and local(tag) in names.places for tag in tags[1:])
        for position, tag in enumerate(tags[1:] if plain else ()):
            place = names.places[local(tag)]
            plain = plain and columns[place] == len(tags) - 1 and local(tag) in names.official
            columns[place] = position
        self._shapes[tags] = itemgetter(*columns) if plain else None
        return self._shapes[tags]

    # All other segments.

    def walk(self, root: "etree._Element", complete: bool) -> None:
        """Read the tree from its root on; `complete` says that the file does not break off."""
        self._complete = complete
        nested = []
        for child in root:
            segment = self._segment_at(child, "")
            if segment:
                nested.append((child, segment))
            else:
                self._unknown(child)
        self._stray(root)
        self._enter(nested, NOWHERE, "", root)

    def _enter(
        self,
        nested: "list[tuple[etree._Element, Segment]] | tuple[tuple[etree._Element, Segment], ...]",
        home: tuple[int, ...],
        within: str,
        parent: "etree._Element",
    ) -> None:
        found = Counter(segment.name for _, segment in nested)
        for segment in self._segments.values():
            if segment.parent == within and found[segment.name] < segment.least and self._complete:
                self.note("segment-missing", parent, segment.name, expected=segment.name)
        for element, segment in nested:
            if segment.parent != within and not (segment.name in OF_THE_FILE and within in ("", "firm")):
                expected = segment.parent or local(parent.getroottree().getroot().tag)
                self.note("misplaced", element, segment.name, expected=expected, found=within or "the root element")
            row = self._add(element, segment, home)
            if segment.name == "firm" and self.format == "XML 2000":
                home = _at(home, "firms", row)  # in LEDES 2000 the clients stand beside the firm that bills them

    def _add(self, element: "etree._Element", segment: Segment, home: tuple[int, ...]) -> int:
        run = element.get(MARK) if self.runs else None
        if self.runs and run:
            return self._add_run(self.runs, run, segment, home)
        taken = element.get(_TAKEN) if self._streaming else None
        if segment.table == "lines" and taken:
            read = self._streamed[int(taken) - 1]
        elif segment.table == "lines":
            read = self._line(element) if local(element.tag) in _LINE_TAGS else self._read(element, segment)
        else:
            read = self._read(element, segment)
        row = self.tables[segment.table].add(read.cells, read.line, segment.name, home)
        if segment.table in HOMES:
            home = _at(home, segment.table, row)
        for extension in read.extensions:
            self.tables["extensions"].add((segment.name, *extension), read.line, "extend_header", home)
        if read.nested or segment.table not in ("lines", "tax_uses"):
            self._enter(read.nested, home, segment.name, element)
        return row

    def _add_run(self, runs: Runs, run: str, segment: Segment, home: tuple[int, ...]) -> int:
        """Add the line items that an element stands for."""
        start, stop = map(int, run.split())
        return self.tables["lines"].add_run(runs, start, stop, segment.name, home)

    def _read(self, element: "etree._Element", segment: Segment) -> _Read:
        names = self._names[segment.name]
        cells: list[Any] = [None] * names.width
        nested: list[tuple[etree._Element, Segment]] = []
        extensions: list[tuple[str, ...]] = []
        seen: set[int] = set()
        known, stray = names.known, element.text
        for child in element:
            tag = child.tag
            what = known.get(tag)
            if what is None:
                what = known[tag] = self._meaning(tag, segment)
            if what.__class__ is int and what not in seen and not len(child):
                seen.add(what)
                cells[what] = child.text
            elif what.__class__ is Segment:
                nested.append((child, what))
            else:
                self._child(child, "", segment, cells, seen, nested, extensions)
            stray = stray or child.tail
        if stray:
            self._stray(element)
        return _Read(cells, _line_of(element), tuple(nested), tuple(extensions))

    def _meaning(self, tag: Any, segment: Segment) -> Any:
        """What a tag within a segment is, where there is nothing to say of it: a place, a segment; else nothing."""
        names, name = self._names[segment.name], local(tag)
        if name in names.places:
            return names.places[name] if name in names.official else ""
        return self._by_tag.get(name, "") if name not in names.groups and name not in names.extensions else ""

    def _child(
        self,
        child: "etree._Element",
        group: str,
        segment: Segment,
        cells: list[Any],
        seen: set[int],
        nested: list[tuple["etree._Element", Segment]],
        extensions: list[tuple[str, ...]],
    ) -> None:
        if not isinstance(child.tag, str):
            self._unknown(child)
            return
        names = self._names[segment.name]
        name = group + local(child.tag)
        known = name
        if group and name.removeprefix(group) in WRAPPERS:
            for part in child:
                self._child(part, group, segment, cells, seen, nested, extensions)
            return
        if not (name in names.places or name in names.groups or name in names.extensions):
            inner = None if group else self._segment_at(child, segment.name)
            if inner:
                nested.append((child, inner))
                return
            known = names.loose.get(simple(name), "")
        if not known:
            self._unknown(child)
            return
        if known != name or (known not in names.official and name.startswith("if_")):
            self.note("name-variant", child, known.rpartition("/")[2])
        if known in names.extensions:
            if any(not isinstance(part.tag, str) for part in child.iter()):
                self._reference(child)
            extensions += _extensions(child)
        elif known in names.groups:
            for part in child:
                self._child(part, known + "/", segment, cells, seen, nested, extensions)
            self._stray(child)
        elif names.places[known] in seen:
            self.note("element-repeated", child, local(child.tag))
        else:
            seen.add(names.places[known])
            cells[names.places[known]] = self._text(child)

    def _text(self, element: "etree._Element") -> str | None:
        if not len(element):
            return element.text
        if any(not isinstance(part.tag, str) for part in element.iter()):
            self._reference(element)
        else:
            self._unknown(element[0])
        parts = [part for part in element.iter() if isinstance(part.tag, str)]
        texts = [text for part in parts for text in (part.text, *(child.tail for child in part))]
        return "".join(text for text in texts if text) or None

    def _reference(self, element: "etree._Element | None") -> None:
        """A reference to an entity, which is not followed."""
        self.hidden = True
        if element is not None:
            self.note("entity-reference", element, local(element.tag))

    def _segment_at(self, element: "etree._Element", within: str) -> Segment | None:
        name = local(element.tag)
        segment = self._by_tag.get(name)
        if segment is None and simple(name) in self._loose:
            segment = self._by_tag[self._loose[simple(name)]]
            self.note("name-variant", element, segment.tags[0])
        return segment

    # What is odd.

    def _unknown(self, element: "etree._Element") -> None:
        if not isinstance(element.tag, str):
            self._reference(element.getparent())
            return
        self.note("element-unknown", element, local(element.tag))

    def _stray(self, element: "etree._Element") -> None:
        for text in (element.text, *(child.tail for child in element)) if self._complete else ():
            if text and text.strip():
                self.note("stray-text", element, local(element.tag), text=text.strip()[:60])

    def note(self, slug: str, element: "etree._Element", value: str, **facts: Any) -> None:
        """Note a fault; a like one at a like place is counted, not told again."""
        parent = element.getparent()
        key = slug, f"{'' if parent is None else parent.tag}/{element.tag}|{value}"
        self._counts[key] += 1
        if key not in self._notes and len(self._notes) < _MOST_NOTES:
            chain = [local(one.tag) for one in (element, *element.iterancestors())]
            path = "/".join(reversed(chain))
            whole = {**facts, "element": chain[0], "parent": chain[1] if len(chain) > 1 else "", "version": self.format}
            self._notes[key] = Fault(slug, line=_line_of(element), value=value, facts=whole, path=path)

    def faults(self) -> list[Fault]:
        """What was noted, each with how often."""
        return [
            fault._replace(facts={**fault.facts, "count": self._counts[key], "times": _times(self._counts[key])})
            for key, fault in self._notes.items()
        ]


def _line_of(element: "etree._Element") -> int:
    line: Any = element.sourceline
    return line or 0


def _times(count: int) -> str:
    return "" if count == 1 else f" ({count} times in the file)"


def _all_tables(format: str) -> list[str]:
    return [*dict.fromkeys(segment.table for segment in segments_of(format).values()), "extensions"]


def local(tag: Any) -> str:
    """The name of an element without its namespace; that of an entity reference is `&`."""
    return tag.rpartition("}")[2] if isinstance(tag, str) else "&"


def _at(home: tuple[int, ...], table: str, row: int) -> tuple[int, ...]:
    place = HOMES.index(table)
    return (*home[:place], row, *home[place + 1 :])


def _extensions(element: "etree._Element") -> list[tuple[str, ...]]:
    """The name-value pairs of an `extend_header`, each with what the block says of itself."""
    parts = {str(name).lower(): str(value) for name, value in element.attrib.items()}
    pairs: list[tuple[str, str]] = []
    for child in element:
        name = local(child.tag).lower()
        if name == "extend_data":
            inner = {local(one.tag).lower(): str(one.text or "") for one in child}
            inner.update({str(key).lower(): str(value) for key, value in child.attrib.items()})
            pairs.append((inner.get("ext_name", ""), inner.get("ext_value", "")))
        else:
            parts.setdefault(name, child.text or "")
    about = tuple(parts.get(name, "") for name in EXTENSION_COLUMNS[:4])
    return [(*about, *pair) for pair in pairs or [("", "")]]
