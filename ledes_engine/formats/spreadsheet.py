"""A LEDES file that went through a spreadsheet: commas, tabs or semicolons for pipes, quotes round the cells."""

import csv
import io

from ledes_engine.formats.detect import Detected
from ledes_engine.formats.fields import fields_of, match_header
from ledes_engine.formats.records import Shape
from ledes_engine.model import Document, Fault, Layout, Table

_NAMES = {"\t": "tabs", ",": "commas", ";": "semicolons", "|": "quotes"}


def read_spreadsheet(data: bytes, found: Detected) -> Document:
    """Read a spreadsheet-saved LEDES file as far as it can be; it is never what a receiving system accepts."""
    text = data[found.byte_order_mark :].decode(found.encoding, "replace").replace("\0", "")
    fields = fields_of(found.kind)
    faults = [Fault("spreadsheet", line=1, facts={"delimiter": _NAMES[found.delimiter]})]
    header = None
    rows: list[list[str]] = []
    places: list[int] = []
    damaged: set[str] = set()
    source = csv.reader(io.StringIO(text, newline=""), delimiter=found.delimiter)
    try:
        for cells in source:
            cells = _without_end(cells)
            if not any(cells) or (header is None and _is_identifier(cells)):
                continue
            if header is None:
                header = match_header(cells[: 2 * len(fields)], fields)
                shape = Shape(header.columns, fields)
                continue
            fitted = cells if len(cells) == shape.width else shape.realign(cells, rows[-1] if rows else [])
            if fitted is None:
                facts = {"reason": "missing", "found": len(cells), "expected": shape.width}
                faults.append(Fault("field-count", len(places) + 1, source.line_num, facts=facts))
                damaged.add("")
                continue
            rows.append(fitted[0] if isinstance(fitted, tuple) else fitted)
            places.append(source.line_num)
    except csv.Error:
        faults.append(Fault("cut-off", len(rows) + 1, source.line_num, facts={"found": 0, "expected": len(fields)}))
        damaged.add("")
    names = header.columns if header else tuple(field.column for field in fields)
    if not rows:
        faults.append(Fault("no-lines", line=max(1, source.line_num)))
    columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    lines = Table(columns, range(1, len(rows) + 1), places)
    layout = Layout(found.identifier, (), encoding=found.encoding)
    return Document(found.kind, fields, lines, layout, faults, frozenset(damaged))


def _without_end(cells: list[str]) -> list[str]:
    """A row without the empty cells that a spreadsheet adds and without the terminator `[]`."""
    while cells and not cells[-1].strip():
        cells = cells[:-1]
    if cells and cells[-1].endswith("[]"):
        cells = [*cells[:-1], cells[-1][:-2]]
    return cells


def _is_identifier(cells: list[str]) -> bool:
    return cells[0].strip().upper().startswith("LEDES") and not any(cells[1:])
