"""Planned rules run over a document: facts in, a report out. Nothing here knows where a plan comes from."""

import decimal
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from ledes_engine.cards import Card
from ledes_engine.checks import KINDS, Client, Scope
from ledes_engine.codesets import currency_digits
from ledes_engine.model import Document, Fault, Hit, NotApplicable, NotChecked, Outcome
from ledes_engine.results import LONGEST_QUOTE, SEVERITY_RANK, Finding, Report, Waived

# Twelve whole and four decimal digits multiplied, summed over millions of lines, stay exact.
_EXACT = decimal.Context(prec=80)
_ABOUT_THE_FILE = ("reading", "file_itself")
_AROUND = 40


class Rule(NamedTuple):
    """A card as the guidelines grade it: severity (for some fields another, or `off`) and parameters."""

    card: Card
    severity: str
    by_field: Mapping[str, str]
    params: Mapping[str, Any]


class Plan(NamedTuple):
    """All that is to be checked, and for whom."""

    rules: tuple[Rule, ...]
    client: Client
    title: str = "standard"
    fail_on: str = "error"
    kinds: Mapping[str, Callable[[Scope], Iterator[Any]]] = KINDS
    waive: Callable[[Finding], str] = lambda finding: ""  # the reason why a finding does not count, if any
    known: Mapping[str, int] = {}  # fingerprints of findings that do not count, and how many of each


class Source(NamedTuple):
    """Where a document came from, as far as rules ask."""

    file: str = ""
    size: int = 0


def run(document: Document, plan: Plan, source: Source, today: date) -> Report:
    """Check a document by a plan; the report's findings stand in the order of the file. Pure, and safe in threads."""
    findings: list[Finding] = []
    outcomes: list[Outcome] = []
    locate = _Places(document, source.file)
    with decimal.localcontext(_EXACT):
        for rule in plan.rules:
            found, outcome = _run_rule(rule, document, plan, source, today, locate)
            findings += found
            outcomes.append(outcome)
    findings.sort(key=_place)
    kept, waived = _apply_waivers(findings, plan)
    lines = document.lines
    return Report(
        file=source.file,
        format=document.format,
        invoices=len(lines.groups("invoice_number")) if "invoice_number" in lines else 0,
        lines=len(lines),
        currency=_currency(document, plan.client),
        findings=tuple(kept),
        outcomes=tuple(outcomes),
        waived=tuple(waived),
        guidelines=(plan.title,),
        readable=document.readable and not document.damaged,
        fail_on=plan.fail_on,
    )


def _run_rule(
    rule: Rule, document: Document, plan: Plan, source: Source, today: date, locate: "_Places"
) -> tuple[list[Finding], Outcome]:
    card = rule.card
    found: list[Finding] = []

    def done(status: str, reason: str = "") -> tuple[list[Finding], Outcome]:
        return found, _outcome(card.id, card.name, status, reason, len(found))

    if card.formats and document.format not in card.formats:
        return done("not applicable", f"the file is {document.format or 'unknown'}")
    if not document.readable and card.kind not in _ABOUT_THE_FILE:
        return done("not checked", "the file could not be read")
    scope = Scope(document, document.lines, card.id, rule.params, plan.client, today, source.file, source.size)
    try:
        for hit in plan.kinds[card.kind](scope):
            finding = locate.finding(hit, rule)
            if finding:
                found.append(finding)
    except NotChecked as lack:
        return done("not checked", str(lack))
    except NotApplicable as column:
        return done("failed" if found else "not applicable", f"the file has no {document.native(str(column))}")
    except Exception as error:  # whatever a check (or a client's plug-in) does, the file's other rules are run
        return done("broken", f"the check failed: {error!r}")
    return done("failed" if found else "passed")


@lru_cache(maxsize=4096)
def _outcome(rule: str, name: str, status: str, reason: str, findings: int) -> Outcome:
    """Like outcomes are one object: a thousand reports have a hundred of each, and pickle sends an object once."""
    return Outcome(rule, name, status, reason, findings)


class _Places:
    """Turns hits and faults, which know a row, into findings, which know the place in the file."""

    def __init__(self, document: Document, file: str) -> None:
        self._document = document
        self._lines = document.lines
        self._columns = list(document.lines.columns)
        self._file = file
        self._invoice_level = {field.column for field in document.fields if field.level == "invoice"}
        self._told: set[tuple[str, str, str, str]] = set()

    def _first_told(self, hit: Hit | Fault, rule: Rule, row: int) -> bool:
        """What an invoice repeats on each of its lines is told once."""
        key = (rule.card.id, self._cell("invoice_number", row), hit.field, hit.value)
        if key in self._told:
            return False
        self._told.add(key)
        return True

    def finding(self, hit: Hit | Fault, rule: Rule) -> Finding | None:
        """The finding for a hit; None where the guidelines switch the rule off for its field."""
        column = hit.field
        severity = rule.by_field.get(column, rule.severity)
        if severity == "off":
            return None
        row = hit.row if isinstance(hit, Hit) else None
        if column in self._invoice_level and row is not None and not self._first_told(hit, rule, row):
            return None
        return Finding(
            card=rule.card,
            severity=severity,
            file=self._file,
            line=hit.line if isinstance(hit, Fault) else self._lines.line[hit.row],
            record=hit.record if isinstance(hit, Fault) else self._lines.record[hit.row],
            invoice=hit.invoice if isinstance(hit, Fault) else self._cell("invoice_number", row),
            matter=self._cell("client_matter_id", row) or self._cell("matter_id", row),
            timekeeper=self._cell("timekeeper_id", row),
            column=column,
            field=self._document.native(column),
            value=hit.value if len(hit.value) <= LONGEST_QUOTE else hit.value[: LONGEST_QUOTE - 1] + "…",
            facts=hit.facts,
            amount=hit.amount if isinstance(hit, Hit) else None,
            around=self._around(column, row),
        )

    def _cell(self, column: str, row: int | None) -> str:
        return self._lines[column][row] if row is not None and column in self._lines else ""

    def _around(self, column: str, row: int | None) -> tuple[str, str]:
        """The fields beside the one at fault, as they stand in the record."""
        if row is None or column not in self._lines:
            return "", ""
        place = self._columns.index(column)
        before = [self._lines[name][row][:_AROUND] for name in self._columns[max(0, place - 2) : place]]
        after = [self._lines[name][row][:_AROUND] for name in self._columns[place + 1 : place + 3]]
        start = "" if place <= 2 else "…|"
        end = "[]" if place + 3 >= len(self._columns) else "|…"
        return start + "".join(cell + "|" for cell in before), "".join("|" + cell for cell in after) + end


def _place(finding: Finding) -> tuple[int, int, str]:
    return finding.line, SEVERITY_RANK[finding.severity], finding.rule


def _apply_waivers(findings: Iterable[Finding], plan: Plan) -> tuple[list[Finding], list[Waived]]:
    kept, waived = [], []
    left = dict(plan.known)
    for finding in findings:
        reason = plan.waive(finding)
        if not reason and left and left.get(finding.fingerprint, 0):
            left[finding.fingerprint] -= 1
            reason = "known from the baseline"
        if reason:
            waived.append(Waived(finding, reason))
        else:
            kept.append(finding)
    return kept, waived


def _currency(document: Document, client: Client) -> str:
    """The currency of the amounts: the file's, else the client's, else US dollars (1998B is a US format)."""
    if "currency" not in document.lines or not len(document.lines):
        return client.currency or "USD"
    (most, _), *_ = Counter(document.lines["currency"]).most_common(1)
    return most if most in currency_digits() else client.currency or "USD"


def select_rows(document: Document, rows: Sequence[int], invoices: frozenset[str], first: bool) -> Document:
    """The part of a document that belongs to some invoices; faults of no known invoice go with the `first` part."""
    faults = [
        fault for fault in document.faults if fault.invoice in invoices or (first and not _known(fault, document))
    ]
    return Document(
        document.format,
        document.fields,
        document.lines.take(rows),
        document.layout,
        faults,
        document.damaged,
        document.readable,
    )


def _known(fault: Fault, document: Document) -> bool:
    return bool(fault.invoice) and fault.invoice in document.lines.groups("invoice_number")


_STATUS_RANK = ("broken", "failed", "not checked", "passed", "not applicable")


def combine(reports: Sequence[Report]) -> Report:
    """One report of the parts of a file that were checked by different guidelines."""
    if len(reports) == 1:
        return reports[0]
    outcomes: dict[str, Outcome] = {}
    for outcome in (outcome for report in reports for outcome in report.outcomes):
        other = outcomes.get(outcome.rule)
        if other is None:
            outcomes[outcome.rule] = outcome
            continue
        worse = min(outcome, other, key=lambda one: _STATUS_RANK.index(one.status))
        outcomes[outcome.rule] = worse._replace(findings=outcome.findings + other.findings)
    return reports[0]._replace(
        invoices=sum(report.invoices for report in reports),
        lines=sum(report.lines for report in reports),
        findings=tuple(sorted((finding for report in reports for finding in report.findings), key=_place)),
        outcomes=tuple(outcomes.values()),
        waived=tuple(waived for report in reports for waived in report.waived),
        guidelines=tuple(dict.fromkeys(title for report in reports for title in report.guidelines)),
        of_parts=tuple(report.verdict for report in reports),
    )
