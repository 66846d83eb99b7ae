"""LEDES invoices as files of entries: the line items, whose code cells are put in and nothing else."""

from ledes_engine.coding.entry import EXPENSE, FEE, FIELDS, Entry
from ledes_engine.formats import read
from ledes_engine.formats.write import write
from ledes_engine.model import Document, LedesError

# Columns that name people, clients, matters and the like.
_NAMING = ("name", "_id", "email", "address", "contact", "approver", "invoice_description")
_KINDS = {"F": FEE, "E": EXPENSE, "IF": "adjustment", "IE": "adjustment"}


class InvoiceFile:
    """A LEDES file."""

    added: tuple[str, ...] = ()
    reading = ""

    def __init__(self, data: bytes) -> None:
        self.document = document = read(data)
        if not document.readable or not document.family:
            raise LedesError("this is no LEDES file and no CSV, Excel or JSON file of time entries")
        if document.damaged or (document.family == "ASCII" and write(document, strict=False) != data):
            raise LedesError(
                "part of the file could not be read, so it is not changed; check it with ledes-check first"
            )
        self.source = f"LEDES {document.format}"
        self.entries = entries_of(document)
        self.names = _names_in(document)
        self._new: dict[str, dict[int, str]] = {field: {} for field in FIELDS}

    def put(self, row: int, field: str, code: str) -> None:
        """Put a code into a line item."""
        self._new[field][row] = code

    def data(self) -> bytes:
        """The bytes of the file; raises LedesError where the file has no column for a code."""
        document = self.document
        columns = dict(document.lines.columns)
        for field, new in self._new.items():
            name = f"{field}_code"
            if new and name not in columns:
                raise LedesError(f"the file has no field {name.upper()}, so no code can be put there")
            if new:
                columns[name] = [new.get(row, cell) for row, cell in enumerate(columns[name])]
        lines = document.lines.with_columns(columns)
        changed = Document(
            document.format,
            document.fields,
            lines,
            document.layout,
            document.faults,
            segments={**document.segments, "lines": lines} if document.segments else None,
            locate=document.locate,
        )
        return write(changed, strict=False)


def _names_in(document: Document) -> frozenset[str]:
    """Every value of a column that names somebody or something."""
    return frozenset(
        value.strip()
        for table in document.tables.values()
        for column in table.columns
        if any(part in column for part in _NAMING)
        for value in table.distinct(column)
        if value.strip()
    )


def entries_of(document: Document) -> list[Entry]:
    """The line items of a document as entries, in their order; adjustments of invoices have the kind `adjustment`."""
    lines = document.lines

    def column(*names: str) -> list[str]:
        cells = [lines[name] for name in names if name in lines]
        if not cells:
            return [""] * len(lines)
        return [next((cell.strip() for cell in row if cell.strip()), "") for row in zip(*cells, strict=True)]

    def amounts(name: str) -> list[object]:
        known = lines.numbers(name) if name in lines else {}
        return [known.get(cell) for cell in (lines[name] if name in lines else [""] * len(lines))]

    columns = [
        column("narrative"),
        [_KINDS.get(kind.upper(), FEE) for kind in column("line_type")],
        *(column(f"{field}_code") for field in FIELDS),
        column("matter_id", "client_matter_id"),
        column("client_id"),
        column("timekeeper_id", "timekeeper_name"),
        column("line_date"),
        *(amounts(name) for name in ("units", "unit_cost", "total")),
        [None] * len(lines),
        [f"line {line}" for line in lines.line],
    ]
    return [Entry(*row) for row in zip(*columns, strict=True)]
