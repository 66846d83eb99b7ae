"""`--history` and `--record`: earlier invoices to look at, and the store that this run adds to."""

import argparse
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date

from ledes_engine.cli.files import find_files
from ledes_engine.guidelines import Guidelines
from ledes_engine.history import History
from ledes_engine.model import LedesError
from ledes_engine.results import Report

STORE = "ledes-history.sqlite"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Set up the arguments on earlier invoices."""
    group = parser.add_argument_group("earlier invoices")
    group.add_argument(
        "--history",
        action="append",
        metavar="PATH",
        help="earlier invoices (files, folders) or a store of them, for duplicates, resubmissions, budgets to date",
    )
    group.add_argument(
        "--record",
        nargs="?",
        const="",
        metavar="STORE",
        help=f"add the checked invoices to a store after the check (default: {STORE}, or the guidelines' history)",
    )


def examine(options: argparse.Namespace, guidelines: Guidelines) -> None:
    """Refuse what cannot be recorded or looked at, before anything is checked; raises LedesError."""
    if options.record is not None:
        path = store_of(options, guidelines)
        if os.path.exists(path) and not _is_store(path):
            raise LedesError(f"{path}: this is no store of earlier invoices; put the files first, or --record=STORE")
        if "-" in options.paths or options.write_baseline:
            raise LedesError("--record goes neither with standard input nor with --write-baseline")
    named = [path for path in options.history or () if _is_store(path)]
    kept = guidelines.settings.history
    for path in [*named, *([kept] if kept and os.path.exists(kept) else [])]:
        len(History(path))  # a store that is damaged is told once, not by every rule


def stores(options: argparse.Namespace, guidelines: Guidelines) -> list[str]:
    """The stores that nothing else may be written over."""
    found = [*(options.history or ()), guidelines.settings.history]
    return [*filter(None, found), *([store_of(options, guidelines)] if options.record is not None else [])]


@contextmanager
def histories(options: argparse.Namespace, guidelines: Guidelines) -> Iterator[History | None]:
    """The earlier invoices that the command line names, else the store to record in; None for the guidelines'."""
    paths = options.history or []
    stores = [path for path in paths if _is_store(path)]
    if len(stores) == 1 and len(paths) == 1:
        yield History(paths[0])
    elif paths:
        if stores:
            raise LedesError(f"{stores[0]}: name a store alone, or the files and folders of earlier invoices")
        with tempfile.TemporaryDirectory(prefix="ledes-") as folder:
            yield _read(paths, os.path.join(folder, STORE))
    elif options.record is not None:
        yield History.at(store_of(options, guidelines))
    else:
        yield None


def _is_store(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(15) == b"SQLite format 3"
    except OSError:
        return False


def _read(paths: Sequence[str], store: str) -> History:
    from ledes_engine.checking import read_file
    from ledes_engine.formats import read

    found = find_files(paths)
    if found.problems:
        path, why = found.problems[0]
        raise LedesError(f"--history {path}: {why}")
    history = History.at(store)
    for path in found.files:
        history.record(read(read_file(path)), "", date.today())
    return history


def store_of(options: argparse.Namespace, guidelines: Guidelines) -> str:
    """Where --record writes: what it names, else the guidelines' store, else the usual file here."""
    return options.record or guidelines.settings.history or STORE


def record(reports: Sequence[Report], options: argparse.Namespace, guidelines: Guidelines) -> str:
    """Add the checked files to the store; a sentence on what was added."""
    from ledes_engine.checking import read_file
    from ledes_engine.formats import read
    from ledes_engine.report.words import counted

    store = store_of(options, guidelines)
    history = History.at(store)
    added = sum(
        history.record(read(read_file(report.file)), report.verdict, date.today())
        for report in reports
        if not report.problem and os.path.isfile(report.file)
    )
    return f"{store}: {counted(added, 'invoice')} recorded, {len(history)} in all"
