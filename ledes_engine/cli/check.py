"""Check LEDES files and say, line by line, what a client's e-billing system would refuse and how to mend it."""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from ledes_engine import __version__
from ledes_engine.cli import ACCEPT, REJECT, UNDECIDED, complain, earlier, fixing
from ledes_engine.cli.files import find_files
from ledes_engine.guidelines import Guidelines, load_guidelines
from ledes_engine.history import History
from ledes_engine.model import LedesError
from ledes_engine.report import FORMATS, Options, render
from ledes_engine.results import Report, unread, verdict_of
from ledes_engine.settings import find_file

_STATUS = {"accept": ACCEPT, "reject": REJECT, "undecided": UNDECIDED}
_EPILOG = """exit status: 0 accepted, 1 rejected, 2 undecided (something could not be checked) or misuse"""
# With fewer files, starting processes costs more than it saves.
_FILES_WORTH_JOBS = 32


def add_arguments(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Set up the arguments of `ledes check`."""
    parser.epilog = _EPILOG
    parser.add_argument("paths", nargs="*", metavar="PATH", help="files, folders or patterns; - is standard input")
    parser.add_argument("--format", choices=(*FORMATS, "xlsx"), default="text", help="how to report (default: text)")
    parser.add_argument("--output", "-o", metavar="FILE", help="write the report to a file")
    rules = parser.add_argument_group("rules")
    rules.add_argument(
        "--guidelines",
        "-g",
        action="append",
        metavar="FILE",
        help="guidelines: a file, a folder of them or a shipped name; may be repeated "
        "(default: the ledes.toml in this folder or above)",
    )
    rules.add_argument(
        "--hub", metavar="NAME", help="judge as this receiving system does (brightflag, collaborati, ...)"
    )
    rules.add_argument(
        "--select", action="append", metavar="RULES", help="run only these rules, groups or packs (comma-separated)"
    )
    rules.add_argument("--ignore", action="append", metavar="RULES", help="do not run these rules")
    rules.add_argument("--preview", action="store_true", help="run the rules in preview too")
    rules.add_argument(
        "--fail-on",
        choices=("error", "warning", "info", "never"),
        help="from which severity on a file is rejected (default: error)",
    )
    rules.add_argument(
        "--show-guidelines", action="store_true", help="print the resolved guidelines and where each value is from"
    )
    rules.add_argument("--baseline", metavar="FILE", help="leave out the findings that this file knows")
    rules.add_argument("--write-baseline", metavar="FILE", help="write the findings of this run to a baseline file")
    earlier.add_arguments(parser)
    fixing.add_arguments(parser)
    shown = parser.add_argument_group("output")
    shown.add_argument(
        "--statistics", action="store_true", help="add counts and amounts by rule, timekeeper and matter"
    )
    shown.add_argument(
        "--max-findings", type=_whole_number, default=0, metavar="N", help="show at most N findings of a file"
    )
    shown.add_argument(
        "--verbose", "-v", action="store_true", help="name the rules that were not checked, and clean files"
    )
    shown.add_argument("--no-color", action="store_true", help="no colors (also: the environment variable NO_COLOR)")
    parser.add_argument(
        "--jobs",
        "-j",
        type=_whole_number,
        default=0,
        metavar="N",
        help="check N files at a time (default: as many as there are processors, when there are many files)",
    )
    parser.add_argument("--version", action="version", version=f"ledes-check {__version__}")
    parser.set_defaults(run=run, parser=parser)
    return parser


def _whole_number(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number")
    return int(text)


def run(options: argparse.Namespace) -> int:
    """`ledes check`: collect, check, report; the exit status."""
    guidelines = _guidelines(options)
    if options.show_guidelines:
        from ledes_engine.report.settings import show_guidelines

        print(show_guidelines(guidelines), end="")
        return ACCEPT
    earlier.examine(options, guidelines)
    if not options.paths:
        options.parser.print_usage(sys.stderr)
        complain("name the files or folders to check, or - for standard input")
        return UNDECIDED
    if options.format == "xlsx" and (not options.output or "-" in options.paths):
        raise LedesError("--format xlsx writes a file: add --output FILE.xlsx, and name the invoices")
    guidelines.plan  # noqa: B018  a fault in the guidelines is told before the first file is read
    found = find_files(options.paths)
    _spare_the_invoices(options, [*found.files, *earlier.stores(options, guidelines)])
    if options.fix:
        status = fixing.fix_files(found.files, guidelines, options)
        if status is not None:
            return status
    elif options.unsafe_fixes or options.backup or options.diff:
        raise LedesError("--unsafe-fixes, --diff and --backup go with --fix")
    reports = [unread(path, problem) for path, problem in found.problems]
    with earlier.histories(options, guidelines) as history:
        reports += _checked(found.files, guidelines, options, history)
    for report in reports:
        if report.problem:
            complain(f"{report.file}: {report.problem}")
    if options.write_baseline:
        return _write_baseline(reports, options.write_baseline)
    if options.verbose and found.passed_over:
        complain(f"not LEDES files, and passed over: {', '.join(found.passed_over)}")
    if any(not report.problem for report in reports) or options.format != "text":
        _show(reports, options)
    if options.record is not None:
        print(earlier.record(reports, options, guidelines), file=sys.stderr)
    return _STATUS[verdict_of(reports)]


def _spare_the_invoices(options: argparse.Namespace, files: Sequence[str]) -> None:
    """Refuse to write a report over a file that is to be checked."""
    checked = {os.path.realpath(path) for path in files}
    for path in (options.output, options.write_baseline):
        if path and os.path.realpath(path) in checked:
            raise LedesError(f"{path}: this file is to be checked, so nothing is written over it; choose another name")


def _guidelines(options: argparse.Namespace) -> Guidelines:
    overrides: dict[str, Any] = {}
    for key in ("select", "ignore"):
        words = [word for text in getattr(options, key) or [] for word in text.replace(",", " ").split()]
        if words:
            overrides[key] = words
    if options.preview:
        overrides["preview"] = True
    if options.fail_on:
        overrides["fail_on"] = options.fail_on
    if options.baseline or options.write_baseline:
        # What is written is all there is, not what a baseline leaves over.
        overrides["baseline"] = "" if options.write_baseline else os.path.abspath(options.baseline)
    found = find_file(os.getcwd())
    names = options.guidelines or ([os.path.relpath(found)] if found else [])
    return load_guidelines(*names, overrides=overrides, base_name=options.hub or "standard")


def check_one(path: str, guidelines: Guidelines, history: History | None = None) -> Report:
    """The report on one file; where it cannot be read, a report that says so."""
    from ledes_engine.checking import check

    try:
        if path == "-":
            if sys.stdin is None:
                return unread("standard input", "it is closed")
            return check(sys.stdin.buffer.read(), guidelines, file="standard input", history=history)
        return check(path, guidelines, history=history)
    except LedesError as error:
        return unread(path, str(error).removeprefix(f"{path}: "))


def _checked(
    files: Sequence[str], guidelines: Guidelines, options: argparse.Namespace, history: History | None
) -> Iterator[Report]:
    jobs = options.jobs or (os.cpu_count() or 1 if len(files) >= _FILES_WORTH_JOBS else 1)
    jobs = min(jobs, len(files)) if "-" not in files else 1  # another process has another standard input
    if len(files) < _FILES_WORTH_JOBS and jobs <= 1:
        yield from (check_one(path, guidelines, history) for path in files)
        return
    from ledes_engine.cli.many import check_many

    yield from check_many(files, guidelines, jobs, history, show_progress=sys.stderr.isatty())


def _show(reports: Sequence[Report], options: argparse.Namespace) -> None:
    plain = options.no_color or bool(os.environ.get("NO_COLOR")) or bool(options.output) or not sys.stdout.isatty()
    look = Options(not plain, options.statistics, options.max_findings, options.verbose)
    if options.format == "xlsx":
        _write_workbook(reports, options.output)
        return
    told = render(reports, options.format, look)
    if not options.output:
        sys.stdout.write(told)
        return
    from ledes_engine.report.words import headline
    from ledes_engine.resources import write_whole

    write_whole(options.output, told.encode("utf-8", "backslashreplace"))
    print(headline(reports))


def _write_workbook(reports: Sequence[Report], path: str) -> None:
    from ledes_engine.checking import read_file
    from ledes_engine.formats import read
    from ledes_engine.report.words import headline
    from ledes_engine.report.workbook import workbook
    from ledes_engine.resources import write_whole

    documents = [read(read_file(report.file) if os.path.isfile(report.file) else b"") for report in reports]
    write_whole(path, workbook(reports, documents))
    print(headline(reports))


def _write_baseline(reports: Sequence[Report], path: str) -> int:
    import json
    from collections import Counter

    from ledes_engine.report.words import counted
    from ledes_engine.resources import write_whole

    if any(report.problem for report in reports):
        raise LedesError(f"{path}: not written, because not every file could be read")
    known = Counter(finding.fingerprint for report in reports for finding in report.findings)
    write_whole(path, (json.dumps({"findings": dict(sorted(known.items()))}, indent=0) + "\n").encode())
    print(f"{path}: {counted(known.total(), 'finding')} noted; check with --baseline {path} to see new ones only")
    return ACCEPT
