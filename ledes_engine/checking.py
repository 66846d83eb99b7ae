"""The main road: a file in, a report out."""

import io
import os
from datetime import date
from typing import IO

from ledes_engine.engine import Plan, Source, combine, run, select_rows
from ledes_engine.formats import read
from ledes_engine.guidelines import Guidelines, load_guidelines, standard
from ledes_engine.history import History
from ledes_engine.model import Document, LedesError
from ledes_engine.resources import without_collector
from ledes_engine.results import Report

# Larger files are refused rather than taking the machine's memory; real invoices have a few megabytes.
LARGEST_FILE = 2 << 30

Readable = bytes | str | os.PathLike[str] | IO[bytes]


def check(
    source: Readable | Document,
    guidelines: Guidelines | str | os.PathLike[str] | None = None,
    *,
    today: date | None = None,
    file: str = "",
    history: History | None = None,
) -> Report:
    """Check a LEDES file (its bytes, its path, an open file, or a document) and report what would be refused.

    `guidelines` are resolved ones, or the name of a file or of shipped ones; the standard when not given. `today` is
    the day that dates are judged by, the system's when not given. `history` holds earlier invoices.
    Raises LedesError for a file that cannot be opened
    or guidelines that are wrong, and nothing else, whatever the file holds.
    """
    if isinstance(guidelines, str | os.PathLike):
        guidelines = load_guidelines(os.fspath(guidelines))
    day = today or date.today()
    if isinstance(source, Document):
        return check_document(source, guidelines, day, Source(file), history)
    data, name = _bytes_of(source)
    with without_collector():
        return check_document(read(data), guidelines, day, Source(file or name, len(data)), history)


def check_document(
    document: Document, guidelines: Guidelines | None, today: date, source: Source, history: History | None = None
) -> Report:
    """Check what was read, each invoice by the guidelines that fit it."""
    whole = (guidelines or standard()).on(today)
    if not whole.clients or "invoice_number" not in document.lines:
        return run(document, _with(whole.plan, history), source, today)
    reports: list[Report] = []
    for part, numbers in whole.parts(document):
        groups = document.lines.groups("invoice_number")
        rows = sorted(row for number in numbers for row in groups.get(number, ()))
        piece = select_rows(document, rows, frozenset(numbers), first=not reports)
        reports.append(run(piece, _with(part.on(today).plan, history), source, today))
    return combine(reports) if reports else run(document, _with(whole.plan, history), source, today)


def _with(plan: Plan, history: History | None) -> Plan:
    """The plan with these earlier invoices, in place of those that the guidelines name."""
    return plan if history is None else plan._replace(client=plan.client._replace(history=history))


def _bytes_of(source: Readable) -> tuple[bytes, str]:
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source), ""
    if isinstance(source, str | os.PathLike):
        return read_file(os.fspath(source)), os.fspath(source)
    if not hasattr(source, "read"):
        raise LedesError(f"check takes bytes, a path, an open file or a document, not a {type(source).__name__}")
    data = source.read()
    if isinstance(data, str) or (not isinstance(source, io.IOBase) and not isinstance(data, bytes)):
        raise LedesError("open the file in binary mode (mode 'rb'): its encoding is part of what is checked")
    return data, str(getattr(source, "name", ""))


def read_file(path: str) -> bytes:
    """The bytes of a file; raises LedesError in plain words."""
    try:
        size = os.path.getsize(path)
        if size > LARGEST_FILE:
            raise LedesError(f"{path}: the file has {size} bytes; at most {LARGEST_FILE} are read")
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        raise LedesError(f"{path}: there is no such file") from None
    except IsADirectoryError:
        raise LedesError(f"{path}: this is a folder, not a file") from None
    except (OSError, ValueError) as error:
        raise LedesError(f"{path}: the file cannot be read ({getattr(error, 'strerror', None) or error})") from error
