"""One line a finding: for terminals (`concise`) and for GitHub's annotations (`github`)."""

from collections.abc import Iterator

from ledes_engine.report import Options
from ledes_engine.report.words import headline, left_out, printable, sentences
from ledes_engine.results import Finding, Report

_LEVELS = {"error": "error", "warning": "warning", "info": "notice"}


def concise(reports: list[Report], options: Options) -> str:
    """`FILE:LINE: severity RULE name: message`, and the verdict."""
    lines = []
    for finding in _findings(reports, options):
        place = f"{printable(finding.file) or 'input'}:{finding.line}"
        lines.append(f"{place}: {finding.severity} {finding.rule} {finding.name}: {printable(finding.message)}")
    return "\n".join([*lines, *left_out(reports), headline(reports)]) + "\n"


def github(reports: list[Report], options: Options) -> str:
    """Workflow commands that GitHub shows beside the file's lines."""
    lines = []
    for finding in _findings(reports, options):
        place = f"file={_property(finding.file or 'input')},line={max(1, finding.line)}"
        title = _property(f"{finding.rule} {finding.name}")
        message = _data(sentences(finding.message, finding.fix))
        lines.append(f"::{_LEVELS[finding.severity]} {place},title={title}::{message}")
    return "\n".join([*lines, *(f"::error::{_data(told)}" for told in left_out(reports)), headline(reports)]) + "\n"


def _findings(reports: list[Report], options: Options) -> Iterator[Finding]:
    for report in reports:
        yield from report.findings[: options.max_findings or None]


def _data(text: str) -> str:
    """Text after `::` in a workflow command: per cent signs and line ends are escaped."""
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return printable(text)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
