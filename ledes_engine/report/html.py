"""The report as one HTML page that needs nothing else: no network, no other file, and no script to be read.

The page is written by a template that escapes every value. Its policy lets nothing run but the filters' own script,
which is named by its hash, so that markup in a narrative stays text.
"""

import base64
import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from ledes_engine.report import Options
from ledes_engine.report.statistics import statistics
from ledes_engine.report.words import counted, headline, left_out, money, printable
from ledes_engine.results import SEVERITY_RANK, Finding, Item, Report, at_stake, verdict_of
from ledes_engine.values import number

if TYPE_CHECKING:
    from jinja2 import Environment

_HERE = os.path.dirname(os.path.abspath(__file__))
# A rule that so many lines of an invoice break is shown on a few of them, the others are folded under a count.
_MANY, _SHOWN_OF_MANY = 6, 3
# So much of a narrative is shown.
_LONGEST = 4_000


class Piece(NamedTuple):
    """A piece of a narrative; `number` is that of the task that it is, 0 for what stands between."""

    text: str
    number: int


_ALONE = -1  # the number of a piece that is marked, and the only one


class Told(NamedTuple):
    """A finding in words."""

    rule: str
    name: str
    severity: str
    field: str
    message: str
    value: str
    amount: str
    consequence: str
    fix: str


class Line(NamedTuple):
    """A line of the file, what it bills, and what was found on it."""

    place: str
    head: tuple[str, ...]  # date, person, hours, amount
    pieces: tuple[Piece, ...]
    told: tuple[Told, ...]
    rules: str
    severity: str  # the gravest
    severities: str
    matter: str
    timekeeper: str


class Fold(NamedTuple):
    """Further lines with one fault, under a count."""

    title: str
    lines: tuple[Line, ...]


class Invoice(NamedTuple):
    """What was found on an invoice."""

    title: str
    stake: str
    lines: tuple[Line, ...]
    folds: tuple[Fold, ...]


def html(reports: list[Report], options: Options) -> str:
    """All reports on one page, the verdict first."""
    findings = [finding for report in reports for finding in report.findings]
    verdict, _, rest = headline(reports).partition(":")
    told: dict[str, Any] = {
        "verdict": verdict_of(reports),
        "verdict_word": verdict,
        "headline": rest.strip(),
        "files": [_file(report, options) for report in reports],
        "left_out": left_out(reports),
        "tables": _tables(reports),
        "severities": sorted({finding.severity for finding in findings}, key=SEVERITY_RANK.__getitem__),
        "rules": sorted({(finding.rule, finding.name) for finding in findings}),
        "timekeepers": sorted({printable(finding.timekeeper) for finding in findings if finding.timekeeper}),
        "matters": sorted({printable(finding.matter) for finding in findings if finding.matter}),
        "style": _part("report.css"),
        "script": _part("report.js"),
        "script_hash": base64.b64encode(hashlib.sha256(_part("report.js").encode()).digest()).decode(),
        "note": _note(reports),
        "not_checked": _not_checked(reports),
        "waived": [f"{one.finding.rule} {printable(one.reason)}" for report in reports for one in report.waived],
    }
    return templates().get_template("report.html.jinja").render(told) + "\n"


@lru_cache(maxsize=1)
def templates() -> "Environment":
    """The templates of the pages; every value is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader(_HERE)
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


@lru_cache(maxsize=4)
def _part(name: str) -> str:
    with open(os.path.join(_HERE, name), encoding="utf-8") as file:
        return file.read()


def _note(reports: Sequence[Report]) -> str:
    """What acceptance does not mean."""
    if verdict_of(reports) == "accept" and any(report.count("warning") for report in reports):
        return "The file would be taken in; what the warnings speak of may still be cut."
    return ""


def _not_checked(reports: Sequence[Report]) -> list[str]:
    left = {one.rule: one for report in reports for one in report.outcomes if one.status == "not checked"}
    return [f"{one.rule} {one.name}: {printable(one.reason)}" for one in left.values()]


def _tables(reports: Sequence[Report]) -> list[dict[str, Any]]:
    """Amounts in question by rule, matter and timekeeper."""
    tables = []
    for key, shares in statistics(reports).items():
        rows = [
            (printable(one.name), f"{one.findings:,}", money(one.at_stake, one.currency) if one.at_stake else "")
            for one in shares
        ]
        if rows:
            tables.append({"title": f"By {key[:-1]}", "of": key[:-1], "rows": rows})
    return tables


def _file(report: Report, options: Options) -> dict[str, Any]:
    shown = report.findings[: options.max_findings or None]
    by_invoice: dict[str, list[Finding]] = {}
    for finding in shown:
        by_invoice.setdefault(finding.invoice, []).append(finding)
    about = f"LEDES {report.format}, {counted(report.invoices, 'invoice')}, {counted(report.lines, 'line item')}"
    return {
        "name": printable(report.file) or "input",
        "about": about if report.lines else "",
        "problem": printable(report.problem),
        "guidelines": ", ".join(map(printable, report.guidelines)),
        "invoices": [_invoice(number, found, report.currency) for number, found in by_invoice.items()],
        "hidden": len(report.findings) - len(shown),
        "clean": not report.findings and not report.problem,
    }


def _invoice(number: str, findings: Sequence[Finding], currency: str) -> Invoice:
    lines = [_line(list(group), currency) for _, group in groupby(findings, key=lambda one: one.line)]
    times = Counter(line.rules for line in lines)
    shown: list[Line] = []
    folded: dict[str, list[Line]] = {}
    seen: Counter[str] = Counter()
    for line in lines:
        seen[line.rules] += 1
        many = times[line.rules] >= _MANY and seen[line.rules] > _SHOWN_OF_MANY
        (folded.setdefault(line.rules, []) if many else shown).append(line)
    folds = [Fold(_title(some), tuple(some)) for some in folded.values()]
    stake = at_stake(findings)
    title = f"Invoice {printable(number)}" if number else "The file as a whole"
    return Invoice(title, f"{money(stake, currency)} at stake" if stake else "", tuple(shown), tuple(folds))


def _title(lines: Sequence[Line]) -> str:
    faults = ", ".join(f"{one.rule} {one.name}" for one in lines[0].told)
    return f"{counted(len(lines), 'more line')} with {faults}"


def _line(findings: Sequence[Finding], currency: str) -> Line:
    first = findings[0]
    item = first.item
    head: tuple[str, ...] = ()
    pieces: tuple[Piece, ...] = ()
    if item:
        who = " ".join(part for part in (item.name or first.timekeeper, item.code) if part)
        total = number(item.total)
        amount = item.total if total is None else money(total, currency)
        head = tuple(printable(part) for part in (item.day, who, _quantity(item), amount) if part)
        spans = next((one.facts["spans"] for one in findings if len(one.facts.get("spans", ())) > 1), None)
        spans = spans or next((one.facts["spans"] for one in findings if "spans" in one.facts), [])
        pieces = tuple(_pieces(item.narrative, spans))
    worst = min((finding.severity for finding in findings), key=SEVERITY_RANK.__getitem__)
    return Line(
        place=f"Line {first.line}" + (f", item {printable(item.number)}" if item and item.number else "")
        if first.line
        else "File",
        head=head,
        pieces=pieces,
        told=tuple(_told(finding, currency) for finding in findings),
        rules=" ".join(sorted({finding.rule for finding in findings})),
        severity=worst,
        severities=" ".join(sorted({finding.severity for finding in findings})),
        matter=printable(first.matter),
        timekeeper=printable(first.timekeeper),
    )


def _quantity(item: Item) -> str:
    if not item.units:
        return ""
    return f"{item.units} h" if item.kind == "F" else f"{item.units} x {item.rate}"


def _pieces(text: str, spans: Iterable[tuple[int, int]]) -> Iterable[Piece]:
    """A narrative cut at its tasks, which are numbered."""
    at = 0
    spans = sorted(spans)
    for place, (start, end) in enumerate(spans, 1):
        if start < at or end > _LONGEST:
            continue
        yield Piece(printable(text[at:start]), 0)
        yield Piece(printable(text[start:end]), place if len(spans) > 1 else _ALONE)
        at = end
    rest = text[at:_LONGEST]
    yield Piece(printable(rest) + ("…" if len(text) > _LONGEST else ""), 0)


def _told(finding: Finding, currency: str) -> Told:
    narrative = finding.column == "narrative"
    return Told(
        rule=finding.rule,
        name=finding.name,
        severity="remark" if finding.severity == "info" else finding.severity,
        field=finding.field,
        message=printable(finding.message),
        value="" if narrative else printable(finding.value),
        amount=money(finding.amount, currency) if finding.amount else "",
        consequence=printable(finding.consequence),
        fix=printable(finding.fix),
    )
