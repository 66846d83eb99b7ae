"""Reading the delimited formats, LEDES 1998B and 1998BI: bytes to a table of columns.

Well-formed text is read a block at a time by operations on whole strings, and proven well-formed by counting; a block
that is not is read record by record (`records`). Both give the same table for the same well-formed text, which the
tests hold.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ledes_engine.formats.detect import Detected
from ledes_engine.formats.fields import fields_of
from ledes_engine.formats.head import Head, read_head
from ledes_engine.formats.records import Record, Shape, split_records
from ledes_engine.model import Document, Fault, Field, Layout, Table

_BLOCK = 1 << 16
# The fields that lead a record and stay the same over an invoice are split off once per invoice, not once per line.
_LEADING = 8
_SHORT_RUN = 8
# From so many different values on, a column in which most are new is no longer searched for equal cells to share.
_WORTH_SHARING = 2000
_CONTROLS = bytes(set(range(32)) - {9, 10, 13}) + b"\x7f"


class _Rows:
    """Columns being filled, equal cells shared, and the place of each row."""

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = columns
        self.cells: list[list[str]] = [[] for _ in columns]
        self.seen: list[dict[str, str]] = [{} for _ in columns]
        self._share = [True] * len(columns)
        self._records: list[int] | range = range(0)
        self._lines: list[int] | range = range(0)
        self.records = 0
        self.starts: list[int] = []

    def add_runs(self, runs: "_Runs", line: int) -> int:
        """The records of several runs, each on a line of its own from `line` on; how many there are."""
        count = 0
        for leading, length in runs.leading:
            here = len(self.cells[0]) + (0 if leading else count)
            self.starts += [here] if leading else range(here, here + length)
            for place, value in enumerate(leading):
                self.cells[place].extend([self.seen[place].setdefault(value, value)] * length)
            count += length
        first = len(runs.leading[0][0])
        for place in range(first, len(self.columns)):
            self.cells[place].extend(self._shared(place, runs.cells[place - first :: runs.step]))
        self._place(range(self.records + 1, self.records + count + 1), range(line, line + count))
        self.records += count
        return count

    def settle(self) -> None:
        """Stop sharing where it costs more than it saves, as in narratives."""
        for place, seen in enumerate(self.seen):
            if len(seen) > _WORTH_SHARING and 2 * len(seen) > len(self.cells[place]):
                self._share[place] = False
                seen.clear()

    def _shared(self, place: int, column: list[str]) -> Any:
        if not self._share[place]:
            return column
        first = column[0]
        seen = self.seen[place]
        if column[-1] == first and column.count(first) == len(column):
            return [seen.setdefault(first, first)] * len(column)
        return map(seen.setdefault, column, column)

    def add(self, cells: list[str], line: int) -> None:
        """One record on its own."""
        self.starts.append(len(self.cells[0]))
        for place, value in enumerate(cells):
            if self._share[place]:
                value = self.seen[place].setdefault(value, value)
            self.cells[place].append(value)
        self._place([self.records], [line])

    def last(self) -> list[str]:
        """The cells of the last row; empty ones before the first."""
        return [cells[-1] if cells else "" for cells in self.cells]

    def _place(self, records: Sequence[int], lines: Sequence[int]) -> None:
        """Note where rows stand; ranges stay ranges while the file is regular."""
        self._records = _followed(self._records, records)
        self._lines = _followed(self._lines, lines)

    def table(self) -> Table:
        """The finished table."""
        columns = dict(zip(self.columns, self.cells, strict=True))
        seen = zip(self.columns, self.seen, self._share, strict=True)
        distinct = {name: values if shared else columns[name] for name, values, shared in seen}
        steady = self.columns[: _leading(len(self.columns))]
        return Table(columns, self._records, self._lines, distinct, steady, self.starts)


class _Runs(NamedTuple):
    """Records, cut up: runs that share their leading cells, and all other cells in one list, `step` a record."""

    leading: list[tuple[list[str], int]]  # the cells that a run shares, and its length
    cells: list[str]
    step: int


def _proven(leading: list[tuple[list[str], int]], parts: list[str], width: int) -> _Runs | None:
    """Records without their leading cells as runs, when every one is proven to have `width` fields.

    Between two records a cell with a line feed is put; that these cells, and no others, hold one, and stand where they
    must, is the proof.
    """
    joined = "|\n|".join(parts)
    cells = joined.split("|")
    step, between = width + 1, len(parts) - 1
    if len(cells) != len(parts) * step - 1 or joined.count("\n") != between or "\r" in joined or "[]" in joined:
        return None
    return _Runs(leading, cells, step) if cells[width::step].count("\n") == between else None


def _whole(text: str) -> bool:
    return "\n" not in text and "\r" not in text and "[]" not in text


def _leading(width: int) -> int:
    """The number of fields that lead a record; at least one must be left."""
    return min(_LEADING, width - 1)


def _followed(places: list[int] | range, more: Sequence[int]) -> list[int] | range:
    if isinstance(places, range):
        if not places:
            return range(more[0], more[-1] + 1)
        if more[0] == places.stop:
            return range(places.start, more[-1] + 1)
        places = list(places)
    places.extend(more)
    return places


class _Reader:
    """One pass over the text of a file."""

    def __init__(self, format: str, head: Head, newline: str) -> None:
        self.fields: tuple[Field, ...] = fields_of(format)
        self.header = head.header
        self.newline = newline
        self.rows = _Rows(self.header.columns)
        self.shape = Shape(self.header.columns, self.fields)
        self.faults: list[Fault] = []
        self.damaged: set[str] = set()
        # What the first field of a header holds, when files were put together or a header was repeated.
        self._first_name = head.names[0] if head.names else self.fields[0].name
        self._mixed = False

    def read(self, blocks: Iterator[str], line: int) -> None:
        """All data records of the file; each block ends where a record ends, but for the last."""
        for block in blocks:
            if not self._quickly(block, line):
                self._carefully(block, line)
            self.rows.settle()
            line += block.count("\n") if "\n" in self.newline else block.count("\r")

    def _quickly(self, block: str, line: int) -> bool:
        """Add a well-formed block; False, with nothing added, when it is not proven to be one."""
        found = self._runs(block)
        if found is None:
            return False
        for runs in found:
            line += self.rows.add_runs(runs, line)
        return True

    def _runs(self, block: str) -> "list[_Runs] | None":
        """Cut a block into runs of records with the same leading cells; where runs are short, into whole records."""
        end = "[]" + self.newline
        if block.endswith("[]"):
            block += self.newline
        if not block.endswith(end):
            return None
        width, lead = len(self.header.columns), _leading(len(self.header.columns))
        leading: list[tuple[list[str], int]] = []
        parts: list[str] = []
        start, length = 0, len(block)
        while start < length and (not leading or leading[-1][1] >= _SHORT_RUN):
            cells = block[start : block.index(end, start)].split("|", lead)[:-1]
            prefix = "|".join(cells) + "|"
            if len(cells) < lead or cells[0] == self._first_name or not _whole(prefix):
                return None
            run = block[start + len(prefix) :].split(end + prefix)
            last = run[-1].index(end)
            start = length - len(run[-1]) + last + len(end)
            run[-1] = run[-1][:last]
            leading.append((cells, len(run)))
            parts += run
        found = [_proven(leading, parts, width - lead)]
        if start < length:
            parts = block[start : -len(end)].split(end)
            found.append(_proven([([], len(parts))], parts, width))
            if found[-1] is None or self._first_name in found[-1].cells[:: found[-1].step]:
                return None
        return [runs for runs in found if runs] if None not in found else None

    def _carefully(self, block: str, line: int) -> None:
        """Add a block record by record, with a fault for each thing out of order."""
        if not self._mixed and ("[]\n" if self.newline == "\r\n" else "[]\r\n") in block:
            self._mixed = True
            self.faults.append(Fault("mixed-line-ends", line=line))
        for record in split_records(block, line, self.shape.width, self.newline):
            self._add(record)

    def _add(self, record: Record) -> None:
        cells = record.text.split("|")
        if cells[0].strip() == self._first_name or (len(cells) == 1 and cells[0].upper().startswith("LEDES")):
            self.faults.append(Fault("head-repeated", line=record.line))
            return
        self.rows.records += 1
        if not record.terminated and len(cells) < self.shape.width:
            self._fault("cut-off", record, cells, found=len(cells), expected=self.shape.width)
            self._damage(cells)
            return
        if record.shared_line:
            self._fault("shared-line", record, cells)
        if record.padded:
            self._fault("padded-terminator", record, cells)
        if record.blank_lines:
            self._fault("blank-lines", record, cells, count=record.blank_lines)
        if not record.terminated:
            self._fault("not-terminated", record, cells)
        fitted = self._fit(record, cells)
        if fitted is None:
            self._damage(cells)
            return
        if record.broken:
            self._report_breaks(record, fitted)
        self.rows.add(fitted, record.line)

    def _fit(self, record: Record, cells: list[str]) -> list[str] | None:
        """The cells under their columns; a surplus is explained if it can be, a lack cannot be mended."""
        width = self.shape.width
        if len(cells) == width:
            for column, cell in zip(self.header.columns, cells, strict=True):
                if "[]" in cell:
                    self._fault("bracketed", record, cells, column, cell)
            return cells
        if len(cells) < width:
            self._fault("field-count", record, cells, reason="missing", found=len(cells), expected=width)
            return None
        fit = self.shape.realign(cells, self.rows.last())
        reason = "unexplained" if fit is None else "trailing" if fit[1] < 0 else "pipe"
        told: dict[str, Any] = {"reason": reason, "found": len(cells), "expected": width}
        if fit is None or fit[1] < 0:
            self._fault("field-count", record, cells, **told)
            return fit[0] if fit else None
        column = self.header.columns[fit[1]]
        self._fault("field-count", record, cells, column, fit[0][fit[1]], near=self._name(fit[1]), **told)
        return fit[0]

    def _report_breaks(self, record: Record, cells: list[str]) -> None:
        places = [i for i, cell in enumerate(cells) if "\n" in cell or "\r" in cell] or [len(cells) - 1]
        for place in places:
            self._fault("line-break", record, cells, field=self.header.columns[place], value=cells[place])

    def _name(self, place: int) -> str:
        column = self.header.columns[place]
        return next((field.name for field in self.fields if field.column == column), column)

    def _cell(self, cells: list[str], column: str) -> str:
        place = self.header.columns.index(column) if column in self.header.columns else len(cells)
        return cells[place] if place < len(cells) else ""

    def _damage(self, cells: list[str]) -> None:
        self.damaged.add(self._cell(cells, "invoice_number"))

    def _fault(
        self, slug: str, record: Record, cells: list[str], field: str = "", value: str = "", **facts: Any
    ) -> None:
        invoice = self._cell(cells, "invoice_number")
        self.faults.append(Fault(slug, self.rows.records, record.line, field, value, facts, invoice))


def read_pipe(data: bytes, found: Detected) -> Document:
    """Read the bytes of a 1998B or 1998BI file; whatever they hold, a document comes back."""
    faults: list[Fault] = []
    data = _single_bytes(data, found, faults)
    encoding = found.encoding if found.encoding in ("ascii", "utf-8", "cp1252") else "utf-8"
    newline = _newline(data)
    if newline == "\r":
        faults.append(Fault("carriage-returns", line=1))
    head = read_head(data, newline, encoding, found)
    reader = _Reader(found.kind, head, newline)
    reader.read(_blocks(data, head.position, newline, encoding), head.line)
    faults += [*head.faults, *reader.faults]
    if not reader.rows.records:
        faults.append(Fault("no-lines", line=head.line))
    faults += _control_characters(data)
    tail = data[data.rfind(b"[]") + 2 :].decode(encoding, "surrogateescape")
    tail = tail if not tail.strip(" \t\r\n\0\x1a") else newline
    layout = Layout(head.identifier, head.names, newline, tail, found.encoding, found.byte_order_mark > 0)
    return Document(found.kind, reader.fields, reader.rows.table(), layout, faults, frozenset(reader.damaged))


def _single_bytes(data: bytes, found: Detected, faults: list[Fault]) -> bytes:
    """The data without its mark, and as UTF-8 where each character took two or four bytes."""
    data = data[found.byte_order_mark :]
    wide = found.encoding.startswith(("utf-16", "utf-32"))
    if found.byte_order_mark and not wide:
        faults.append(Fault("byte-order-mark", line=1, facts={"encoding": found.encoding.upper()}))
    if wide:
        faults.append(Fault("wide-encoding", line=1, facts={"encoding": found.encoding.upper()}))
        data = data.decode(found.encoding, "replace").encode()
    return data


def _control_characters(data: bytes) -> Iterator[Fault]:
    """One fault for all control characters, in pieces so that no second copy of the file is made."""
    count, first = 0, -1
    for start in range(0, len(data), _BLOCK):
        piece = data[start : start + _BLOCK]
        found = len(piece) - len(piece.translate(None, _CONTROLS))
        if found and first < 0:
            first = start + next(i for i, byte in enumerate(piece) if byte in _CONTROLS)
        count += found
    if count:
        facts = {"code": f"0x{data[first]:02X}", "count": count}
        yield Fault("control-character", line=data.count(b"\n", 0, first) + 1, facts=facts)


def _newline(data: bytes) -> str:
    first = data.find(b"\n")
    if first > 0 and data[first - 1 : first] == b"\r":
        return "\r\n"
    return "\n" if first >= 0 or b"\r" not in data else "\r"


def _blocks(data: bytes, position: int, newline: str, encoding: str) -> Iterator[str]:
    """The rest of the data in pieces that end where a record does, so that only one piece is decoded at a time."""
    end = b"[]" + newline.encode()
    while position < len(data):
        stop = data.rfind(end, position, position + _BLOCK)
        if stop < 0:
            stop = data.find(end, position + _BLOCK - len(end))
        stop = len(data) if stop < 0 else stop + len(end)
        yield data[position:stop].decode(encoding, "surrogateescape")
        position = stop
