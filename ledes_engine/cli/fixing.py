"""`ledes-check --fix`: mend files before they are checked, and say what was done."""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TextIO

from ledes_engine.cli import ACCEPT, REJECT, complain
from ledes_engine.guidelines import Guidelines
from ledes_engine.model import LedesError

if TYPE_CHECKING:
    from ledes_engine.fixes import Change

_BACKUP = ".orig"
# Repairs of one kind that are shown one by one.
_SHOWN = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Set up the arguments on fixing."""
    group = parser.add_argument_group("fixing")
    group.add_argument("--fix", action="store_true", help="mend what can be mended safely, then check")
    group.add_argument(
        "--unsafe-fixes",
        metavar="NAMES",
        help="with --fix: these too, though they change what the file says "
        "(names, line-breaks, pipes, line-numbers, invoice-total; comma-separated)",
    )
    group.add_argument(
        "--diff",
        action="store_true",
        help="with --fix: show what would change and write nothing; exit status 1 if anything would",
    )
    group.add_argument("--backup", action="store_true", help=f"with --fix: keep the original as FILE{_BACKUP}")


def fix_files(files: Sequence[str], guidelines: Guidelines, options: argparse.Namespace) -> int | None:
    """Mend the files; the exit status where nothing is to be checked afterwards."""
    from ledes_engine.checking import read_file
    from ledes_engine.fixes import fix

    if "-" in files:
        raise LedesError("standard input cannot be mended; name a file")
    requests = [name for name in (options.unsafe_fixes or "").replace(",", " ").split() if name]
    changed = False
    for path in files:
        data = read_file(path)
        fixed = fix(data, guidelines, requests)
        if fixed.reason:
            complain(f"{path}: not mended: {fixed.reason}")
        if fixed.data == data:
            continue
        changed = True
        if options.diff:
            sys.stdout.writelines(_diff(path, data, fixed.data))
            continue
        _write(path, data, fixed.data, options.backup)
        _tell(path, fixed.changes, sys.stdout if options.format == "text" else sys.stderr)
    return (REJECT if changed else ACCEPT) if options.diff else None


def _write(path: str, before: bytes, after: bytes, backup: bool) -> None:
    from ledes_engine.resources import write_whole

    if backup:
        kept = path + _BACKUP
        if os.path.exists(kept):
            raise LedesError(f"{kept}: the file is there already, so {path} is not mended; move the old copy away")
        write_whole(kept, before)
    write_whole(path, after)


def _tell(path: str, changes: "Sequence[Change]", stream: TextIO) -> None:
    from ledes_engine.report.words import counted, printable

    print(f"{printable(path)}: {counted(sum(change.times for change in changes), 'repair')}", file=stream)
    for change in changes[:_SHOWN]:
        where = f"line {change.line}" + (f" and {change.times - 1} more" if change.times > 1 else "")
        told = f" {change.field}: {_short(change.before)} -> {_short(change.after)}" if change.field else ""
        print(f"    {change.what}{told} ({where})", file=stream)
    if len(changes) > _SHOWN:
        print(f"    and {len(changes) - _SHOWN} more kinds of repairs", file=stream)


def _short(text: str) -> str:
    from ledes_engine.report.words import printable

    shown = printable(text if len(text) <= 60 else text[:59] + "…")
    return shown if shown.strip() == shown and shown else repr(shown)


def _diff(path: str, before: bytes, after: bytes) -> Iterator[str]:
    """A unified diff, in which line ends and marks that differ are seen."""
    import difflib

    from ledes_engine.report.words import printable

    old, new = ([printable(line) for line in _text(data)] for data in (before, after))
    for line in difflib.unified_diff(old, new, path, path, lineterm=""):
        yield line + "\n"


def _text(data: bytes) -> list[str]:
    from ledes_engine.formats import detect

    return data.decode(detect(data).encoding, "replace").split("\n")
