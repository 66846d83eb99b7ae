"""`ledes convert`: a file into another format, with a report of what that format cannot hold."""

import argparse
import os
from typing import TYPE_CHECKING

from ledes_engine.cli import ACCEPT, UNDECIDED, complain
from ledes_engine.cli.files import guidelines_of, spare
from ledes_engine.model import Document, LedesError

if TYPE_CHECKING:
    from ledes_engine.conversion import Loss

_EPILOG = """exit status: 0 written, 2 not written (something is missing, or --strict and something would be lost)"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Set up the arguments of `ledes convert`."""
    parser.epilog = _EPILOG
    parser.add_argument("path", metavar="FILE", help="a LEDES file, or a CSV, Excel or JSON file that came from one")
    parser.add_argument(
        "--to", required=True, metavar="FORMAT", help="1998b, 1998bi, 2000, 2.0, 2.1, 2.2, csv, xlsx or json"
    )
    parser.add_argument("--output", "-o", required=True, metavar="FILE", help="the file to write")
    parser.add_argument("--guidelines", "-g", metavar="FILE", help="guidelines whose [defaults] fill what is missing")
    parser.add_argument("--strict", action="store_true", help="write nothing when a value would be lost")
    parser.add_argument("--losses", metavar="FILE", help="write every lost value to this CSV file")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Read, convert, tell, write."""
    from ledes_engine.conversion import convert, target_format
    from ledes_engine.conversion.office import KINDS, dump
    from ledes_engine.formats.write import write
    from ledes_engine.resources import write_whole

    spare((options.output, options.losses), [options.path])
    document = _document(options.path)
    kind = options.to.lower().lstrip(".")
    format = (
        document.format
        if kind in ("xlsx", "json")
        else target_format(kind)
        if kind not in KINDS
        else _of_lines(document)
    )
    guidelines = guidelines_of(options.guidelines)
    done = convert(document, format, guidelines.settings.defaults)
    _report(options, format, done.losses, done.missing)
    if done.missing or (options.strict and done.losses):
        complain(f"{options.output} is not written")
        return UNDECIDED
    data = dump(done.document, kind) if kind in KINDS else write(done.document, strict=False)
    write_whole(options.output, data)
    print(f"{options.output} written: {_summary(done.document, kind if kind in KINDS else format)}")
    if kind not in KINDS:
        from ledes_engine.checking import check
        from ledes_engine.report.words import headline

        print(f"checked by {guidelines.title}: {headline([check(data, guidelines, file=options.output)])}")
    return ACCEPT


def _document(path: str) -> Document:
    """The document in a file, whichever kind of file it is."""
    from ledes_engine.checking import read_file
    from ledes_engine.conversion.office import KINDS, load
    from ledes_engine.formats import read

    data = read_file(path)
    kind = os.path.splitext(path)[1].lower().lstrip(".")
    if kind not in KINDS:
        return read(data)
    try:
        return load(data, kind)
    except LedesError as error:
        raise LedesError(f"{path}: {error}") from error


def _of_lines(document: Document) -> str:
    """The format of a CSV file: that of the lines, which XML files are converted to."""
    return document.format if document.family == "ASCII" else "1998BI"


def _report(options: argparse.Namespace, format: str, losses: "tuple[Loss, ...]", missing: tuple[str, ...]) -> None:
    from ledes_engine.report.words import counted, printable

    if missing:
        print(f"What stands in the way of LEDES {format}:")
        for told in missing:
            print(f"    {printable(told)}")
    if losses:
        count = sum(len(loss.values) for loss in losses)
        print(f"{counted(count, 'value')} that LEDES {format} cannot hold as {'it is' if count == 1 else 'they are'}:")
        for loss in losses:
            print(f"    {printable(str(loss))}")
    if options.losses:
        _write_losses(options.losses, losses)


def _write_losses(path: str, losses: "tuple[Loss, ...]") -> None:
    import csv
    import io

    from ledes_engine.report.data import harmless
    from ledes_engine.resources import write_whole

    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(("table", "field", "line", "value", "reason"))
    for loss in losses:
        for line, value in loss.values:
            writer.writerow([harmless(cell) for cell in (loss.table, loss.field, line, value, loss.reason)])
    write_whole(path, out.getvalue().encode("utf-8", "backslashreplace"))


def _summary(document: Document, name: str) -> str:
    from ledes_engine.report.words import counted

    invoices, lines = counted(document.invoice_count, "invoice"), counted(len(document.lines), "line item")
    return f"{name if name in ('csv', 'xlsx', 'json') else 'LEDES ' + name}, {invoices}, {lines}"
