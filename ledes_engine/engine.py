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
from ledes_engine.model import Document, Fault, Field, Hit, NotApplicable, NotChecked, Outcome, Table
from ledes_engine.results import LONGEST_QUOTE, SEVERITY_RANK, Finding, Item, Report, Waived, stake

# Twelve whole and four decimal digits multiplied, summed over millions of lines, stay exact.
_EXACT = decimal.Context(prec=80)
_ABOUT_THE_FILE = ("reading", "file_itself")
_AROUND = 40
_CODES = ("task_code", "activity_code", "expense_code")


class Rule(NamedTuple):
    """A card as the guidelines grade it: severity (for some fields another, or `off`) and parameters."""

    card: Card
    severity: str
    by_field: Mapping[str, str]
    params: Mapping[str, Any]
    remedy: str = ""  # what the client does with a finding: reject, adjust, cut 20%


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
        invoices=document.invoice_count,
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

    if card.formats and document.format not in card.formats and document.family not in card.formats:
        return done("not applicable", f"the file is {document.format or 'unknown'}")
    if not document.readable and card.kind not in _ABOUT_THE_FILE:
        return done("not checked", "the file could not be read")
    lacking: str | None = None
    try:
        for table, fields in _tables(document, card):
            scope = Scope(document, table, card.id, rule.params, plan.client, today, source.file, source.size, fields)
            try:
                for hit in plan.kinds[card.kind](scope):
                    finding = locate.finding(hit, rule, table)
                    if finding:
                        found.append(finding)
            except NotApplicable as column:
                lacking = document.native(str(column))
    except NotChecked as lack:
        return done("not checked", str(lack))
    except Exception as error:  # whatever a check (or a client's plug-in) does, the file's other rules are run
        return done("broken", f"the check failed: {error!r}")
    if lacking and not found:
        return done("not applicable", f"the file has no {lacking}")
    return done("failed" if found else "passed")


def _tables(document: Document, card: Card) -> Iterator[tuple[Table, tuple[Field, ...]]]:
    """The tables that a card speaks of, each with its fields: the line items, unless it names others (`*` for all).

    A table that stands once for the whole file is judged with the first part of it.
    """
    names = card.check.get("tables")
    if not names:
        yield document.lines, document.fields
        return
    for name, table in document.tables.items():
        of_file = name in ("firms", "clients", "taxes", "tiers")
        if (name in names or names == ["*"]) and (document.leads or not of_file):
            yield table, table.fields


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

    def finding(self, hit: Hit | Fault, rule: Rule, table: Table) -> Finding | None:
        """The finding for a hit; None where the guidelines switch the rule off for its field."""
        severity = rule.by_field.get(hit.field, rule.severity)
        if severity == "off":
            return None
        if isinstance(hit, Hit) and table is not self._lines:
            return self._of_segment(hit, rule, severity, table)
        column = hit.field
        row = hit.row if isinstance(hit, Hit) else None
        if column in self._invoice_level and row is not None and not self._first_told(hit, rule, row):
            return None
        line, path = (hit.line, hit.path) if isinstance(hit, Fault) else self._document.place(table, hit.row, column)
        return Finding(
            card=rule.card,
            severity=severity,
            file=self._file,
            line=line,
            record=hit.record if isinstance(hit, Fault) else self._lines.record[hit.row],
            invoice=hit.invoice if isinstance(hit, Fault) else self._cell("invoice_number", row),
            matter=self._cell("client_matter_id", row) or self._cell("matter_id", row),
            timekeeper=self._cell("timekeeper_id", row),
            column=column,
            field=self._document.native(column),
            value=_quoted(hit.value),
            facts=hit.facts,
            amount=stake(rule.remedy, hit) if isinstance(hit, Hit) else None,
            around=self._around(column, row),
            path=path,
            remedy=rule.remedy,
            item=self._item(row),
        )

    def _item(self, row: int | None) -> Item | None:
        """The line item of a row, for reports."""
        if row is None:
            return None
        code = " ".join(filter(None, (self._cell(name, row) for name in _CODES)))
        return Item(
            self._cell("line_number", row),
            self._cell("line_type", row),
            self._cell("line_date", row),
            self._cell("timekeeper_name", row),
            code,
            *(self._cell(name, row) for name in ("units", "unit_cost", "total", "narrative")),
        )

    def _of_segment(self, hit: Hit, rule: Rule, severity: str, table: Table) -> Finding:
        """The finding for a hit in another table of an XML file than that of the line items."""
        line, path = self._document.place(table, hit.row, hit.field)
        name = self._document.native(hit.field, table)
        return Finding(
            card=rule.card,
            severity=severity,
            file=self._file,
            line=line,
            record=0,
            invoice=self._held("invoices", "invoice_number", table, hit.row),
            matter=self._held("matters", "client_matter_id", table, hit.row)
            or self._held("matters", "matter_id", table, hit.row),
            timekeeper=table[column][hit.row] if (column := "timekeeper_id") in table else "",
            column=hit.field,
            field=name,
            value=_quoted(hit.value),
            facts=hit.facts,
            amount=stake(rule.remedy, hit),
            remedy=rule.remedy,
            around=_tags(name) if hit.value else ("", ""),
            path=path,
        )

    def _held(self, name: str, column: str, table: Table, row: int) -> str:
        """A cell of the invoice or the matter that a row belongs to."""
        holder = self._document.segments[name]
        if table is holder:
            return table[column][row]
        number = table.links[name][row] if name in table.links else 0
        return holder[column][holder.numbered(number)] if number else ""

    def _cell(self, column: str, row: int | None) -> str:
        return self._lines[column][row] if row is not None and column in self._lines else ""

    def _around(self, column: str, row: int | None) -> tuple[str, str]:
        """The fields beside the one at fault, as they stand in the record."""
        if row is None or column not in self._lines:
            return "", ""
        if self._document.family == "XML":
            return _tags(self._document.native(column, self._lines)) if self._lines[column][row] else ("", "")
        place = self._columns.index(column)
        before = [self._lines[name][row][:_AROUND] for name in self._columns[max(0, place - 2) : place]]
        after = [self._lines[name][row][:_AROUND] for name in self._columns[place + 1 : place + 3]]
        start = "" if place <= 2 else "…|"
        end = "[]" if place + 3 >= len(self._columns) else "|…"
        return start + "".join(cell + "|" for cell in before), "".join("|" + cell for cell in after) + end


def _quoted(value: str) -> str:
    return value if len(value) <= LONGEST_QUOTE else value[: LONGEST_QUOTE - 1] + "…"


def _tags(name: str) -> tuple[str, str]:
    return f"<{name}>", f"</{name}>"


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
    table = document.segments.get("invoices", document.lines)
    if "currency" not in table or not len(table):
        return client.currency or "USD"
    (most, _), *_ = Counter(table["currency"]).most_common(1)
    return most if most in currency_digits() else client.currency or "USD"


def select_rows(document: Document, rows: Sequence[int], invoices: frozenset[str], first: bool) -> Document:
    """The part of a document that belongs to some invoices; what belongs to none goes with the `first` part."""
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
        {name: _of_invoices(table, name, document, invoices) for name, table in document.segments.items()},
        document.locate,
        first,
    )


def _of_invoices(table: Table, name: str, document: Document, invoices: frozenset[str]) -> Table:
    """The rows of a table that belong to the invoices, and those that belong to the file as a whole."""
    numbers = document.segments["invoices"]["invoice_number"]
    of = table.record if name == "invoices" else table.links["invoices"]
    return table.take([row for row, number in enumerate(of) if not number or numbers[number - 1].strip() in invoices])


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
