"""Excel files whose cells are changed in place: formats, formulas, charts and other sheets stay byte for byte."""

import io
import posixpath
import zipfile
from collections.abc import Callable
from typing import Any

from ledes_engine.conversion.office import excel_text, open_workbook
from ledes_engine.model import LedesError

# The header stands among so many rows.
_HEADER_WITHIN = 15
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


class Workbook:
    """The cells of the first sheet with a row that is a header; see `Delimited`."""

    def __init__(self, data: bytes, is_header: Callable[[list[str]], bool]) -> None:
        self._data = data
        found: tuple[str, list[list[str]], int] | None = None
        for sheet in open_workbook(data, results=True).worksheets:
            rows = [[excel_text(cell) for cell in row] for row in sheet.iter_rows()]
            header = next((at for at, row in enumerate(rows[:_HEADER_WITHIN]) if is_header(row)), None)
            if header is not None:
                found = sheet.title, rows, header
                break
            start = next((at for at, row in enumerate(rows) if any(row)), None)
            if found is None and start is not None:
                found = sheet.title, rows, start  # what is told to lack a header
        if found is None:
            raise LedesError("the Excel file is empty")
        self._title, rows, first = found
        self._first = first
        self.header = rows[first]
        while self.header and not self.header[-1]:
            self.header.pop()
        filled = [at for at in range(first + 1, len(rows)) if any(rows[at])]
        self._numbers = [at + 1 for at in filled]
        self.rows = [rows[at] for at in filled]
        self._new: dict[tuple[int, int], str] = {}
        self._width = max(at for row in rows for at, cell in enumerate(row, 1) if cell)

    def place(self, row: int) -> str:
        """Where a row stands, in words."""
        return f"row {self._numbers[row]}"

    def add(self, name: str) -> int:
        """A further column to the right of the header's last; its place."""
        self._new[self._first + 1, self._width] = name
        self._width += 1
        return self._width - 1

    def put(self, row: int, column: int, text: str) -> None:
        """Put a text into a cell."""
        self._new[self._numbers[row], column] = text

    def data(self) -> bytes:
        """The bytes of the file: the sheet's cells are put in, everything else is copied as it is."""
        out = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(self._data)) as before, zipfile.ZipFile(out, "w") as after:
            part = _part_of(before, self._title)
            for info in before.infolist():
                content = before.read(info)
                after.writestr(info, _patched(content, self._new) if info.filename == part else content)
        return out.getvalue()


def _part_of(archive: zipfile.ZipFile, title: str) -> str:
    """The name of the part that holds a sheet."""
    book = _parsed(archive.read("xl/workbook.xml"))
    related = _parsed(archive.read("xl/_rels/workbook.xml.rels"))
    wanted = next(one.get(f"{{{_RELATED}}}id") for one in book.iter(f"{{{_MAIN}}}sheet") if one.get("name") == title)
    target = next(one.get("Target") for one in related if one.get("Id") == wanted)
    return target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join("xl", target))


def _parsed(data: bytes) -> Any:
    from lxml import etree

    return etree.fromstring(data, etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True))


def _patched(content: bytes, new: dict[tuple[int, int], str]) -> bytes:
    """A sheet with texts put into cells, each by (row from 1, column from 0)."""
    from lxml import etree

    root = _parsed(content)
    merged = [_corners(one.get("ref") or "A1") for one in root.iter(f"{{{_MAIN}}}mergeCell")]
    rows = {int(row.get("r") or at): row for at, row in enumerate(root.iter(f"{{{_MAIN}}}row"), 1)}
    for (number, column), text in sorted(new.items()):
        row = rows[number]
        name = f"{_letters(column)}{number}"
        if any(top <= number <= low and left <= column <= right for top, left, low, right in merged):
            raise LedesError(
                f"cell {name} is part of merged cells; take the merging away, so that each row has its own"
            )
        _name_cells(row, number)
        cell = next((one for one in row if one.get("r") == name), None)
        if cell is None:
            cell = etree.Element(f"{{{_MAIN}}}c", {"r": name})
            before = [at for at, one in enumerate(row) if _column(one.get("r") or "") < column]
            row.insert(before[-1] + 1 if before else 0, cell)
        if cell.find(f"{{{_MAIN}}}f") is not None:
            raise LedesError(f"cell {name} holds a formula, which is not written over; put its result there")
        del cell[:]
        cell.set("t", "inlineStr")
        etree.SubElement(etree.SubElement(cell, f"{{{_MAIN}}}is"), f"{{{_MAIN}}}t").text = text
        row.attrib.pop("spans", None)
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    return written


def _corners(area: str) -> tuple[int, int, int, int]:
    """The first row and column of an area like `B2:C3`, and the last ones."""
    first, _, last = area.partition(":")
    last = last or first
    top, low = (int("".join(filter(str.isdigit, one))) for one in (first, last))
    return top, _column(first), low, _column(last)


def _name_cells(row: Any, number: int) -> None:
    """Give the cells of a row the names that a file may leave out."""
    at = -1
    for cell in row:
        at = _column(cell.get("r") or "") if cell.get("r") else at + 1
        cell.set("r", f"{_letters(at)}{number}")


def _letters(column: int) -> str:
    text = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


def _column(name: str) -> int:
    value = 0
    for letter in name:
        if letter.isalpha():
            value = value * 26 + ord(letter) - 64
    return value - 1
