"""Earlier invoices: a local SQLite store that `ledes-check --record` fills and `--history` makes for one run.

Amounts and hours are kept as text, because they are exact. Every query opens the file for itself, so that a store may
be read and written from several threads and processes; writers wait for one another. Of an invoice that was recorded
in several versions the last one counts; what the check rejected was not sent, and does not.
"""

import decimal
import hashlib
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from ledes_engine.model import Document, LedesError, Table
from ledes_engine.values import ZERO, day
from ledes_engine.values import number as number_of

if TYPE_CHECKING:
    import sqlite3

_SCHEMA = """
CREATE TABLE IF NOT EXISTS invoices (
    id INTEGER PRIMARY KEY, digest BLOB UNIQUE, firm TEXT, client TEXT, number TEXT, matter TEXT,
    dated TEXT, first_day TEXT, last_day TEXT, total TEXT, verdict TEXT, recorded TEXT);
CREATE INDEX IF NOT EXISTS by_number ON invoices (number);
CREATE TABLE IF NOT EXISTS lines (
    invoice INTEGER REFERENCES invoices, record INTEGER, item TEXT, matter TEXT, type TEXT, person TEXT, day TEXT,
    task TEXT, units TEXT, rate TEXT, total TEXT, narrative TEXT, same BLOB, work BLOB);
CREATE INDEX IF NOT EXISTS by_same ON lines (same);
CREATE INDEX IF NOT EXISTS by_work ON lines (work);
CREATE INDEX IF NOT EXISTS by_person ON lines (person, day);
CREATE INDEX IF NOT EXISTS by_invoice ON lines (invoice);
CREATE TABLE IF NOT EXISTS sums (
    invoice INTEGER REFERENCES invoices, matter TEXT, task TEXT, type TEXT, hours TEXT, amount TEXT);
CREATE INDEX IF NOT EXISTS by_matter ON sums (matter);
CREATE VIEW IF NOT EXISTS sent AS SELECT * FROM invoices WHERE verdict != 'reject'
    AND id IN (SELECT max(id) FROM invoices GROUP BY firm, client, number);
"""
_HEAD = ("client_id", "law_firm_id", "invoice_date", "billing_start", "billing_end", "invoice_total")
_EXACT = 80  # digits: sums of twelve whole and four decimal digits multiplied stay exact
_PATIENCE = 60.0  # seconds that a writer waits for another one
_AT_A_TIME = 500  # SQLite takes so many values in a query, and more


# Invoices by client and number: those of the file that is checked, which are not earlier ones.
Own = Collection[tuple[str, str]]


class Earlier(NamedTuple):
    """An earlier invoice, or one of its lines, as findings name it."""

    number: str
    dated: str
    client: str
    matter: str
    item: str = ""  # the number of the line item


class Period(NamedTuple):
    """An earlier invoice of a matter: its number, dates, billing period and total; days None where there is none."""

    number: str
    dated: date | None
    first: date | None
    last: date | None
    total: Decimal


def same_key(cells: Sequence[str]) -> bytes:
    """What two lines have in common that bill one thing: person or code, day, text, hours and amount."""
    return hashlib.blake2b("\0".join(cell.strip() for cell in cells).encode(errors="replace"), digest_size=12).digest()


class History:
    """The store in one file. Make it with `History.at`, which creates the file, or `History(path)` for one there is."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return History, (self.path,)

    @classmethod
    def at(cls, path: str) -> "History":
        """The store in a file, which is made where there is none; raises LedesError when it is something else."""
        history = cls(path)
        with history._open(write=True) as base:
            base.executescript(_SCHEMA)
        return history

    @contextmanager
    def _open(self, *, write: bool = False) -> "Iterator[sqlite3.Connection]":
        import sqlite3

        try:
            if not write and not os.path.isfile(self.path):
                raise LedesError(f"{self.path}: there is no such store of earlier invoices; --record makes one")
            with closing(sqlite3.connect(self.path, timeout=_PATIENCE, isolation_level=None)) as base:
                if write:
                    base.execute("PRAGMA journal_mode = WAL")
                yield base
        except sqlite3.Error as error:
            raise LedesError(f"{self.path}: the store of earlier invoices cannot be used ({error})") from error

    def record(self, document: Document, verdict: str, today: date) -> int:
        """Add the invoices of a document, those not there yet with the same content; the number that were added."""
        if not document.readable or "invoice_number" not in document.lines:
            return 0
        added = 0
        heads = document.heads(_HEAD)
        with decimal.localcontext(prec=_EXACT):
            rows = _rows_of(document)
        with self._open(write=True) as base, decimal.localcontext(prec=_EXACT):
            base.execute("BEGIN IMMEDIATE")
            for number, numbers in document.lines.groups("invoice_number").items():
                added += _insert(base, number, heads.get(number, {}), [rows[row] for row in numbers], verdict, today)
            base.execute("COMMIT")
        return added

    def same(self, keys: Collection[bytes], column: str, but: Own) -> dict[bytes, list[Earlier]]:
        """The earlier lines with these keys (`same` or `work`), by key; those of the invoices `but` do not count."""
        found: dict[bytes, list[Earlier]] = {}
        wanted = (
            f"SELECT {column}, number, dated, client, lines.matter, item FROM lines "  # noqa: S608  a name of ours
            f"JOIN sent ON sent.id = invoice WHERE {column} IN (%s) ORDER BY lines.rowid"
        )
        for key, *rest in self._each(wanted, list(keys)):
            earlier = Earlier(*rest)
            if (earlier.client, earlier.number) not in but:
                found.setdefault(key, []).append(earlier)
        return found

    def hours(self, people: Collection[str], but: Own) -> dict[tuple[str, str], tuple[Decimal, list[str]]]:
        """The hours that people billed on a day, and on which invoices, by person and day."""
        found: dict[tuple[str, str], tuple[Decimal, list[str]]] = {}
        wanted = (
            "SELECT person, day, units, number, client FROM lines JOIN sent ON sent.id = invoice "
            "WHERE type = 'F' AND person IN (%s)"
        )
        for person, worked, units, number, client in self._each(wanted, list(people)):
            if (client, number) not in but:
                hours, numbers = found.get((person, worked), (ZERO, []))
                found[person, worked] = (hours + Decimal(units or 0), list(dict.fromkeys([*numbers, number])))
        return found

    def billed(self, matters: Collection[str], but: Own) -> dict[str, dict[str, Decimal]]:
        """What was billed to date, by matter and task code; expenses stand under the task code of their line."""
        found: dict[str, dict[str, Decimal]] = {}
        wanted = (
            "SELECT sums.matter, task, amount, number, client FROM sums JOIN sent ON sent.id = invoice "
            "WHERE sums.matter IN (%s)"
        )
        for matter, task, amount, number, client in self._each(wanted, list(matters)):
            if (client, number) not in but:
                of_matter = found.setdefault(matter, {})
                of_matter[task] = of_matter.get(task, ZERO) + Decimal(amount)
        return found

    def rates(self, people: Collection[str], but: Own) -> dict[tuple[str, str], tuple[Decimal, str]]:
        """The highest rate that each person billed each client, and an invoice with it, by client and person."""
        found: dict[tuple[str, str], tuple[Decimal, str]] = {}
        wanted = (
            "SELECT person, rate, number, client FROM lines JOIN sent ON sent.id = invoice "
            "WHERE type = 'F' AND person IN (%s) ORDER BY lines.rowid"
        )
        for person, rate, number, client in self._each(wanted, list(people)):
            if (client, number) not in but and rate:
                highest = found.get((client, person), (ZERO, ""))
                found[client, person] = max(highest, (Decimal(rate), number), key=lambda one: one[0])
        return found

    def people(self, matters: Collection[str], but: Own) -> dict[str, set[str]]:
        """Who billed on each matter."""
        found: dict[str, set[str]] = {}
        wanted = (
            "SELECT DISTINCT lines.matter, person, number, client FROM lines JOIN sent ON sent.id = invoice "
            "WHERE type = 'F' AND lines.matter IN (%s)"
        )
        for matter, person, number, client in self._each(wanted, list(matters)):
            if (client, number) not in but:
                found.setdefault(matter, set()).add(person)
        return found

    def periods(self, matters: Collection[str], but: Own) -> dict[str, list[Period]]:
        """The earlier invoices of each matter, by date."""
        found: dict[str, dict[str, Period]] = {}
        wanted = (
            "SELECT DISTINCT sums.matter, number, dated, first_day, last_day, total, client FROM sums "
            "JOIN sent ON sent.id = invoice WHERE sums.matter IN (%s) ORDER BY sent.id"
        )
        for matter, number, dated, first, last, total, client in self._each(wanted, list(matters)):
            if (client, number) not in but:
                period = Period(number, _day(dated), _day(first), _day(last), Decimal(total or 0))
                found.setdefault(matter, {})[number] = period
        return {matter: sorted(ones.values(), key=lambda one: one.dated or date.min) for matter, ones in found.items()}

    def version(self, number: str, client: str) -> list[tuple[str, ...]]:
        """The lines of the last recorded version of an invoice: type, person, day, units, total, narrative."""
        with self._open() as base:
            last = base.execute(
                "SELECT max(id) FROM invoices WHERE number = ? AND client = ?", (number, client)
            ).fetchone()[0]
            wanted = "SELECT type, person, day, units, total, narrative FROM lines WHERE invoice = ? ORDER BY record"
            return base.execute(wanted, (last,)).fetchall() if last else []

    def numbers(self, clients: Collection[str]) -> dict[tuple[str, str], str]:
        """The invoice numbers of some clients and the date of each: (client, number) -> date."""
        wanted = "SELECT client, number, dated FROM sent WHERE client IN (%s)"
        return {(client, number): dated for client, number, dated in self._each(wanted, list(clients))}

    def __len__(self) -> int:
        with self._open() as base:
            return int(base.execute("SELECT count(*) FROM invoices").fetchone()[0])

    def _each(self, wanted: str, values: list[Any]) -> Iterator[tuple[Any, ...]]:
        """The rows of a query for many values, some hundreds at a time."""
        with self._open() as base:
            for at in range(0, len(values), _AT_A_TIME):
                some = values[at : at + _AT_A_TIME]
                yield from base.execute(wanted % ",".join("?" * len(some)), some)


class _Row(NamedTuple):
    """A line as the store keeps it."""

    item: str
    matter: str
    type: str
    person: str
    day: str
    task: str
    units: str
    rate: str
    total: str
    narrative: str
    same: bytes
    work: bytes


_SAME = ("line_type", "timekeeper_id", "expense_code", "line_date", "narrative", "units", "total")
_WORK = ("timekeeper_id", "line_date", "narrative", "units")


def keys_of(lines: Table, names: Sequence[str]) -> list[bytes]:
    """The key of each line by some of its columns; numbers by what they are worth, days without their notation."""

    def build() -> list[bytes]:
        columns = [_worth(lines, name) for name in names]
        return [same_key(cells) for cells in zip(*columns, strict=True)]

    return lines.remember(("history keys", tuple(names)), build)  # type: ignore[no-any-return]


def same_keys(lines: Table) -> list[bytes]:
    """The keys by which a line billed twice is known again."""
    return keys_of(lines, _SAME)


def work_keys(lines: Table) -> list[bytes]:
    """The keys by which one piece of work is known again on another client's or matter's invoice."""
    return keys_of(lines, _WORK)


def _worth(lines: Table, name: str) -> list[str]:
    if name not in lines:
        return [""] * len(lines)
    cells = lines[name]
    if name in ("units", "total", "unit_cost"):
        numbers = lines.numbers(name)
        plain = {text: "" if (value := numbers[text]) is None else format(value.normalize(), "f") for text in numbers}
        return [plain[cell] for cell in cells]
    if name == "line_date":
        days = lines.days(name)
        return ["" if (day := days[cell]) is None else f"{day:%Y%m%d}" for cell in cells]
    if name == "narrative":
        return [" ".join(cell.lower().split()) for cell in cells]
    return [cell.strip() for cell in cells]


def _rows_of(document: Document) -> list[_Row]:
    lines = document.lines
    matter = "client_matter_id" if "client_matter_id" in lines else "matter_id"
    matters = [one or other for one, other in zip(_worth(lines, matter), _worth(lines, "matter_id"), strict=True)]
    columns = [_worth(lines, name) for name in ("line_type", "timekeeper_id", "line_date", "task_code")]
    amounts = [_worth(lines, name) for name in ("units", "unit_cost", "total")]
    items = _worth(lines, "line_number")
    columns[-1] = [code.upper() for code in columns[-1]]
    narratives = lines["narrative"] if "narrative" in lines else [""] * len(lines)
    return [
        _Row(*cells)
        for cells in zip(
            items, matters, *columns, *amounts, narratives, same_keys(lines), work_keys(lines), strict=True
        )
    ]


def _insert(
    base: "sqlite3.Connection", number: str, head: dict[str, str], rows: list[_Row], verdict: str, today: date
) -> int:
    client, firm = head.get("client_id", "").strip(), head.get("law_firm_id", "").strip()
    content = hashlib.sha256("\0".join((firm, client, number)).encode(errors="replace"))
    for row in rows:
        content.update(row.same + row.task.encode(errors="replace"))
    dates = [_digits(head.get(name, "")) for name in ("invoice_date", "billing_start", "billing_end")]
    told = number_of(head.get("invoice_total", ""))
    total = str(told) if told is not None else str(sum((Decimal(row.total or 0) for row in rows), ZERO))
    matter = rows[0].matter if rows else ""
    values = (content.digest(), firm, client, number, matter, *dates, total, verdict, f"{today:%Y%m%d}")
    added = base.execute(f"INSERT OR IGNORE INTO invoices VALUES (NULL{',?' * 11})", values)  # noqa: S608
    if not added.rowcount:
        return 0
    at = added.lastrowid
    base.executemany(
        f"INSERT INTO lines VALUES (?{',?' * 13})",  # noqa: S608
        [(at, record, *row) for record, row in enumerate(rows, 1)],
    )
    base.executemany("INSERT INTO sums VALUES (?,?,?,?,?,?)", [(at, *one) for one in _sums(rows)])
    return 1


def _sums(rows: Iterable[_Row]) -> Iterator[tuple[str, ...]]:
    sums: dict[tuple[str, str, str], tuple[Decimal, Decimal]] = {}
    for row in rows:
        key = (row.matter, row.task, row.type)
        hours, amount = sums.get(key, (ZERO, ZERO))
        hours += Decimal(row.units or 0) if row.type == "F" else ZERO
        sums[key] = (hours, amount + Decimal(row.total or 0))
    for key, (hours, amount) in sums.items():
        yield (*key, str(hours), str(amount))


def _digits(text: str) -> str:
    return text.strip()[:10].replace("-", "")


def _day(text: str) -> date | None:
    return day(text or "")
