"""CSV, Excel and JSON files of a document, and back: every text stays the text that it was.

A spreadsheet takes `007` for a number, `MAR1` for a date and `=1+1` for a formula. Excel files state that each cell is
text. CSV files cannot, so a text that a program might change has an apostrophe before it, which reading takes away.
"""

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ledes_engine.conversion.grids import Grid, document_of, grids_of
from ledes_engine.formats.detect import detect
from ledes_engine.formats.fields import ASCII_FORMATS, fields_of, match_header
from ledes_engine.model import Document, LedesError
from ledes_engine.values import NUMBER

KINDS = ("csv", "xlsx", "json")
# Texts that no spreadsheet takes for anything else: words, but for months and truth values.
_HARMLESS = re.compile(r"[A-Za-z][^\t\r\n]*")
_TAKEN_FOR_ELSE = re.compile(
    r"(?:jan|feb|m[aä]r|mrz|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz]|true|false|wahr|falsch)", re.I
)
_ABOUT = "about"
# What Excel can hold, and what is taken for a bomb.
_LONGEST_CELL, _MOST_ROWS = 32_767, 1_048_575
_LARGEST_ZIP, _MOST_SWOLLEN = 1 << 30, 200


def dump(document: Document, kind: str) -> bytes:
    """The bytes of a CSV, Excel or JSON file; raises LedesError where the kind of file cannot hold the document."""
    return {"csv": _dump_csv, "xlsx": _dump_xlsx, "json": _dump_json}[kind](document)


def load(data: bytes, kind: str) -> Document:
    """The document in a CSV, Excel or JSON file; raises LedesError that says what is wrong in it and where."""
    return {"csv": _load_csv, "xlsx": _load_xlsx, "json": _load_json}[kind](data)


# CSV: the lines of an ASCII format, whose head tells which.


def _dump_csv(document: Document) -> bytes:
    if document.family != "ASCII":
        raise LedesError("a CSV file holds lines only; convert the XML file to 1998bi first, or write xlsx or json")
    (grid,) = grids_of(document)
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(grid.head)
    writer.writerows(map(_guarded, grid.rows))
    return b"\xef\xbb\xbf" + out.getvalue().encode("utf-8", "surrogateescape")


def _guarded(row: Iterable[str]) -> list[str]:
    return [f"'{cell}" if _needs_guard(cell) else cell for cell in row]


def _needs_guard(cell: str) -> bool:
    if not cell:
        return False
    if NUMBER.fullmatch(cell):  # a plain number, unless a program would round it or drop its zeros
        whole = cell.lstrip("-").partition(".")[0]
        return len(cell) > 15 or (len(whole) > 1 and whole.startswith("0"))
    return not _HARMLESS.fullmatch(cell) or bool(_TAKEN_FOR_ELSE.match(cell))


def _load_csv(data: bytes) -> Document:
    found = detect(data)
    encoding = "utf-8-sig" if found.encoding in ("utf-8", "ascii") else found.encoding
    text = data.decode(encoding, "surrogateescape")
    if text[:4].lower() == "sep=":  # what Excel understands and no other program does
        text = text.partition("\n")[2]
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise LedesError(f"the CSV file cannot be read: {error}") from error
    rows = [row for row in rows if any(row)]
    if not rows:
        raise LedesError("the CSV file is empty")
    format = _format_of(rows[0])
    width = len(rows[0])
    for place, row in enumerate(rows[1:], 2):
        if len(row) != width:
            raise LedesError(f"row {place} has {len(row)} cells and the head {width}")
    cells = [tuple(cell.removeprefix("'") for cell in row) for row in rows[1:]]
    return document_of(format, [Grid("lines", tuple(rows[0]), cells)])


def _format_of(head: list[str]) -> str:
    """1998BI where the head has its fields, else 1998B where it has those."""
    for format in reversed(ASCII_FORMATS):
        if not match_header(head, fields_of(format)).missing:
            return format
    lacking = match_header(head, fields_of("1998B")).missing
    raise LedesError(f"the first row must name the fields; it lacks {', '.join(lacking[:3])}")


# Excel: a sheet for each table, and one that says what the file is.


def _dump_xlsx(document: Document) -> bytes:
    openpyxl = _openpyxl()
    from openpyxl.cell import WriteOnlyCell

    book = openpyxl.Workbook(write_only=True)
    grids = [*grids_of(document), Grid(_ABOUT, ("format", "note"), [(document.format, _NOTE)])]
    for grid in grids:
        if len(grid.rows) > _MOST_ROWS:
            raise LedesError(f"{grid.name} has {len(grid.rows):,} rows; an Excel sheet holds {_MOST_ROWS:,}")
        sheet = book.create_sheet(grid.name)
        sheet.freeze_panes = "A2"
        for place, row in enumerate([grid.head, *grid.rows], 1):
            cells = []
            for text in row:
                if len(text) > _LONGEST_CELL:
                    raise LedesError(f"{grid.name}, row {place}: a text has {len(text):,} characters; "
                                     f"an Excel cell holds {_LONGEST_CELL:,}")  # fmt: skip
                cell = WriteOnlyCell(sheet, _escaped(text))
                cell.data_type, cell.number_format = "s", "@"
                cells.append(cell)
            sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _escaped(text: str) -> str:
    """Text with the characters that XML does not have as Excel writes them (`_x0001_`)."""
    return _TO_ESCAPE.sub(lambda found: f"_x{ord(found[0][0]):04X}_", text)


_TO_ESCAPE = re.compile("[\0-\x08\x0b-\x1f\ufffe\uffff\ud800-\udfff]|_(?=x[0-9A-Fa-f]{4}_)")
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_NOTE = (
    "Every cell is text. Mend what is wrong, keep the first row of each sheet, and bring the file back: ledes convert"
)


def open_workbook(data: bytes, *, results: bool = False) -> Any:
    """The workbook in an Excel file, to read, perhaps with the results of formulas in their place.

    Raises LedesError for a damaged file and for a bomb.
    """
    openpyxl = _openpyxl()
    _refuse_bombs(data)
    try:
        return openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=results)
    except Exception as error:  # whatever a damaged workbook makes of its library
        raise LedesError(f"the Excel file cannot be read ({error})") from error


def _load_xlsx(data: bytes) -> Document:
    book = open_workbook(data)
    try:
        grids = [_grid(sheet.title, sheet.iter_rows()) for sheet in book.worksheets]
    except LedesError:
        raise
    except Exception as error:  # whatever a damaged workbook makes of its library
        raise LedesError(f"the Excel file cannot be read ({error})") from error
    about = next((grid for grid in grids if grid.name == _ABOUT and grid.rows), None)
    lines = next((grid for grid in grids if grid.name == "lines"), None)
    format = about.rows[0][0] if about else _format_of(list(lines.head)) if lines else ""
    return document_of(format, [grid for grid in grids if grid is not about])


def _grid(name: str, rows: Iterator[Any]) -> Grid:
    texts: list[tuple[str, ...]] = []
    for row in rows:
        cells = tuple(_text(cell, name) for cell in row)
        if any(cells):
            texts.append(cells)
    head = texts[0] if texts else ()
    while head and not head[-1]:
        head = head[:-1]
    for place, row in enumerate(texts[1:], 2):
        if any(row[len(head) :]):
            raise LedesError(f"sheet {name}, row {place} has a cell to the right of the last named column")
    padded = [(*row[: len(head)], *("",) * (len(head) - len(row))) for row in texts[1:]]
    return Grid(name, head, padded)


def _text(cell: Any, sheet: str) -> str:
    """The text of a cell of a document's sheet, which nothing is made up for."""
    if cell.value is not None and cell.data_type == "f":
        raise LedesError(f"sheet {sheet}, cell {cell.coordinate} holds a formula; put its result there as a value")
    if cell.value is not None and not isinstance(cell.value, str | int | float | date):
        raise LedesError(f"sheet {sheet}, cell {cell.coordinate} holds a time or the like; write it as text")
    return excel_text(cell)


def excel_text(cell: Any) -> str:
    """The text of a cell; a number or a date that somebody typed is taken for what it says."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value)
    if isinstance(value, datetime | date):
        return f"{value:%Y%m%d}"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if not isinstance(value, int | float):
        return str(value)
    return format(Decimal(repr(value)), "f").removesuffix(".0")


def _refuse_bombs(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            size = sum(part.file_size for part in parts)
            if size > _LARGEST_ZIP or size > _MOST_SWOLLEN * max(len(data), 1 << 14):
                raise LedesError(f"the Excel file would unpack to {size:,} bytes, which no invoice needs")
            for part in parts:
                if part.filename.endswith((".xml", ".rels")):
                    with archive.open(part) as inner:
                        if b"<!DOCTYPE" in inner.read(4096):
                            raise LedesError("the Excel file declares a document type, which no spreadsheet does")
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as error:
        raise LedesError("this is no Excel file (xlsx)") from error


def _openpyxl() -> Any:
    try:
        import openpyxl
    except ImportError:
        raise LedesError("Excel files need openpyxl: pip install 'ledes-engine[tables]'") from None
    return openpyxl


# JSON: tables of objects, every value a string.


def _dump_json(document: Document) -> bytes:
    tables = {grid.name: [dict(zip(grid.head, row, strict=True)) for row in grid.rows] for grid in grids_of(document)}
    whole = {"format": document.format, "tables": tables}
    return (json.dumps(whole, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "surrogatepass")


def _load_json(data: bytes) -> Document:
    try:
        whole = json.loads(
            data.decode("utf-8-sig", "surrogatepass"), parse_float=str, parse_int=str, parse_constant=str
        )
        tables = whole["tables"].items()
        grids = [_grid_of(name, rows) for name, rows in tables]
        return document_of(str(whole["format"]), grids)
    except (ValueError, RecursionError) as error:
        raise LedesError(f"the JSON file cannot be read: {error}") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise LedesError('the JSON file must be {"format": "1998B", "tables": {"lines": [{...}]}}') from error


def _grid_of(name: str, rows: Any) -> Grid:
    head = tuple(dict.fromkeys(key for row in rows for key in row))
    for row in rows:
        for key, value in row.items():
            if not isinstance(value, str) and value is not None:
                raise LedesError(f"{name}: {key} is {value!r}; every value is a text between quotes")
    return Grid(name, head, [tuple(row.get(key) or "" for key in head) for row in rows])
