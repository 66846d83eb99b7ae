"""Repairs that change what a file says, each made only when it is asked for by name."""

from collections.abc import Callable, Collection
from decimal import Decimal

from ledes_engine.fixes.cells import Mender
from ledes_engine.model import Field
from ledes_engine.values import ZERO, number, plain


def _names(mender: Mender) -> None:
    """`Robin Arnold` becomes `Arnold, Robin`, where the name has two plain words and no comma.

    Only in 1998B: 1998BI has the last name and the first name beside it, and puts the last one first without a comma.
    """

    def better(value: str) -> str:
        words = value.split()
        plain_words = len(words) == 2 and not any(word.lower().strip(".,") in _NO_NAMES for word in words)
        return f"{words[1]}, {words[0]}" if plain_words and "," not in value else value

    if mender.document.format != "1998B":
        return
    _column(mender, "timekeeper_name", "order of a name", better)


_NO_NAMES = frozenset("van von de del della di da dos du la le st jr sr ii iii iv esq dr mr mrs ms".split())


def _line_breaks(mender: Mender) -> None:
    """A line break within a value becomes a blank."""

    def better(value: str, field: Field) -> str:
        return " ".join(part.strip() for part in value.splitlines()) if "\n" in value or "\r" in value else value

    mender.each("line break in a value", better)


def _pipes(mender: Mender) -> None:
    """A pipe within a value becomes a slash."""
    if mender.document.family == "ASCII":
        mender.each("pipe in a value", lambda value, field: value.replace("|", "/"))


def _line_numbers(mender: Mender) -> None:
    """The lines of each invoice are numbered 1, 2, 3 ..., where two have one number or one has none."""
    lines = mender.tables["lines"]
    field = _field(mender, "line_number")
    if field is None:
        return
    for rows in mender.document.lines.groups("invoice_number").values():
        numbers = [lines[field.column][row].strip() for row in rows]
        if len(set(numbers)) < len(numbers) or "" in numbers:
            mender.put("lines", field, "line number", {row: str(place) for place, row in enumerate(rows, 1)})


def _invoice_total(mender: Mender) -> None:
    """The total of an invoice becomes the sum of its lines; in XML the sum of its matters."""
    if mender.document.family == "XML":
        _total_of_matters(mender)
        return
    field = _field(mender, "invoice_total")
    lines = mender.tables["lines"]
    for rows in mender.document.lines.groups("invoice_number").values() if field else ():
        total = _sum([number(lines["total"][row]) for row in rows])
        if len({lines["client_id"][row] for row in rows}) > 1:
            continue  # two invoices of one number
        if field and total is not None and any(number(lines[field.column][row]) != total for row in rows):
            mender.put("lines", field, "invoice total", dict.fromkeys(rows, plain(total)))


def _total_of_matters(mender: Mender) -> None:
    invoices, matters = mender.tables["invoices"], mender.tables["matters"]
    field = next(field for field in invoices.fields if field.column == "invoice_total")
    for row, record in enumerate(invoices.record):
        pairs = zip(matters.links["invoices"], matters["matter_total"], strict=True)
        total = _sum([number(text) for invoice, text in pairs if invoice == record])
        if total is not None and number(invoices["invoice_total"][row]) != total:
            mender.put("invoices", field, "invoice total", {row: plain(total)})


def _sum(amounts: list[Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known, ZERO) if len(known) == len(amounts) and known else None


def _field(mender: Mender, column: str) -> Field | None:
    return next((field for field in mender.fields("lines") if field.column == column), None)


def _column(mender: Mender, column: str, what: str, better: Callable[[str], str]) -> None:
    field = _field(mender, column)
    if field is not None:
        mender.column("lines", field, what, better)


REQUESTS: dict[str, Callable[[Mender], None]] = {
    "names": _names,
    "line-breaks": _line_breaks,
    "pipes": _pipes,
    "line-numbers": _line_numbers,
    "invoice-total": _invoice_total,
}


def on_request(mender: Mender, requests: Collection[str]) -> None:
    """The named repairs, in their order."""
    for name, repair in REQUESTS.items():
        if name in requests:
            repair(mender)
