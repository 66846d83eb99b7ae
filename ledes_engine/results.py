"""What a check of a file comes to: findings, the outcome of every rule, and the verdict."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from ledes_engine.cards import Card
from ledes_engine.model import SEVERITIES, Hit, LedesError, Outcome
from ledes_engine.values import CENT, ZERO, plain

if TYPE_CHECKING:
    import pandas

VERDICTS = ("reject", "undecided", "accept")  # of several, the first of these that is among them counts
SEVERITY_RANK = {severity: rank for rank, severity in enumerate(SEVERITIES)}
# A cell may hold megabytes; a report quotes this much of it.
LONGEST_QUOTE = 500


class Item(NamedTuple):
    """The line item that a finding is on, for reports; every value as it stood in the file."""

    number: str  # in the invoice
    kind: str  # F, E, IF, IE
    day: str
    name: str  # of the timekeeper
    code: str  # task, activity or expense codes
    units: str
    rate: str
    total: str
    narrative: str


class Finding(NamedTuple):
    """One thing out of order, as facts; `message` and `fix` put them into words."""

    card: Card
    severity: str
    file: str
    line: int  # physical, from 1; 0 for the file as a whole
    record: int  # data record, from 1; 0 where none
    invoice: str
    matter: str
    timekeeper: str
    column: str
    field: str  # the native name
    value: str
    facts: Mapping[str, Any]
    amount: Decimal | None = None  # the money in question
    around: tuple[str, str] = ("", "")  # the text of the record before and after the value
    path: str = ""  # of the element of an XML file
    remedy: str = ""  # what the client does with such a finding: reject, adjust, cut 20%
    item: Item | None = None

    @property
    def consequence(self) -> str:
        """What the guidelines would do, with the arithmetic; empty where they only flag."""
        base, allowed = self.facts.get("base"), self.facts.get("allowed")
        if not self.remedy or self.amount is None:
            return ""
        share = cut_share(self.remedy)
        if share is not None and isinstance(base, Decimal):
            return f"cut by {self.remedy.split()[1]}: {plain(base)} x {share} = {plain(self.amount)} less"
        if self.remedy == "adjust" and isinstance(base, Decimal) and isinstance(allowed, Decimal):
            return f"adjust to {plain(allowed)}: {plain(base)} - {plain(allowed)} = {plain(self.amount)} less"
        return f"reject: {plain(self.amount)} not paid until it is mended" if self.remedy == "reject" else ""

    @property
    def rule(self) -> str:
        """The id of the rule."""
        return self.card.id

    @property
    def name(self) -> str:
        """The name of the rule, which states the fault."""
        return self.card.name

    @property
    def message(self) -> str:
        """What is wrong, with the values at hand; the LEDES Oversight Committee's code in brackets where known."""
        told = self.card.wording({**self.facts, "field": self.field, "value": self.value})
        return f"{told} [{self.card.loc_code}]" if self.card.loc_code else told

    @property
    def fix(self) -> str:
        """How to mend it."""
        return self.card.wording({**self.facts, "field": self.field, "value": self.value}, self.card.fix)

    @property
    def fingerprint(self) -> str:
        """A hash that knows the finding again: rule, invoice, field and value, not the line that it stands on."""
        import hashlib

        place = "" if self.value else self.path or str(self.record)
        file = "" if self.invoice else os.path.basename(self.file)
        parts = (self.rule, self.invoice, self.field, self.value, place, file)
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:20]

    def to_dict(self) -> dict[str, Any]:
        """The finding as plain JSON values; amounts are strings, because they are exact."""
        return {
            "file": self.file,
            "line": self.line,
            "record": self.record,
            "invoice": self.invoice,
            "field": self.field,
            "rule": self.rule,
            "name": self.name,
            "severity": self.severity,
            "message": self.message,
            "value": self.value,
            "amount": None if self.amount is None else plain(self.amount),
            "fix": self.fix,
            "matter": self.matter,
            "timekeeper": self.timekeeper,
            "loc_code": self.card.loc_code or None,
            "path": self.path or None,
            "consequence": self.consequence or None,
        }


class Waived(NamedTuple):
    """A finding that the guidelines waive or the baseline knows, and why."""

    finding: Finding
    reason: str


class Report(NamedTuple):
    """The outcome of checking one file."""

    file: str
    format: str
    invoices: int
    lines: int
    currency: str  # of the amounts; "USD" where the format has none
    findings: tuple[Finding, ...]
    outcomes: tuple[Outcome, ...]
    waived: tuple[Waived, ...] = ()
    guidelines: tuple[str, ...] = ()  # `name (hash)` of each set of guidelines applied
    readable: bool = True  # false also when records had to be left out
    fail_on: str = "error"
    problem: str = ""  # why there is nothing but this sentence
    of_parts: tuple[str, ...] = ()  # the verdicts on the parts of a file that different guidelines judged

    @property
    def verdict(self) -> str:
        """`reject` when a finding is as grave as `fail_on`; `undecided` when a rule broke or nothing could be read."""
        if self.of_parts:
            return next(verdict for verdict in VERDICTS if verdict in self.of_parts)
        line = SEVERITY_RANK.get(self.fail_on, -1)
        if any(SEVERITY_RANK[finding.severity] <= line for finding in self.findings):
            return "reject"
        if not self.readable or any(outcome.status == "broken" for outcome in self.outcomes):
            return "undecided"
        return "accept"

    def count(self, severity: str) -> int:
        """The number of findings of a severity."""
        return sum(finding.severity == severity for finding in self.findings)

    @property
    def at_stake(self) -> Decimal:
        """The money in question: for each line item the largest amount among its findings, so none counts twice."""
        return at_stake(self.findings)

    @property
    def affected_invoices(self) -> int:
        """The number of invoices that have an error or a warning."""
        return len({finding.invoice for finding in self.findings if finding.invoice and finding.severity != "info"})

    def to_dict(self) -> dict[str, Any]:
        """The report as plain JSON values."""
        return {
            "file": self.file,
            "format": self.format,
            "verdict": self.verdict,
            "invoices": self.invoices,
            "affected_invoices": self.affected_invoices,
            "line_items": self.lines,
            "errors": self.count("error"),
            "warnings": self.count("warning"),
            "infos": self.count("info"),
            "at_stake": plain(self.at_stake),
            "currency": self.currency,
            "guidelines": list(self.guidelines),
            "problem": self.problem or None,
            "findings": [finding.to_dict() for finding in self.findings],
            "waived": [{**waived.finding.to_dict(), "reason": waived.reason} for waived in self.waived],
            "outcomes": [outcome._asdict() for outcome in self.outcomes],
        }

    def to_frame(self) -> "pandas.DataFrame":
        """The findings as a pandas DataFrame, one row a finding; needs the extra `tables`."""
        try:
            import pandas
        except ImportError:
            raise LedesError("to_frame needs pandas: pip install 'ledes-engine[tables]'") from None
        return pandas.DataFrame([finding.to_dict() for finding in self.findings], columns=list(FINDING_KEYS))


FINDING_KEYS = tuple(
    "file line record invoice field rule name severity message value amount fix matter timekeeper loc_code path "
    "consequence".split()
)


def cut_share(remedy: str) -> Decimal | None:
    """The fraction that a remedy like `cut 20%` takes off; None where it is another one."""
    match = _CUT.fullmatch(remedy)
    share = Decimal(match[1]) / 100 if match else None
    return share if share is not None and share <= 1 else None


_CUT = re.compile(r"cut ([0-9]{1,3}(?:\.[0-9]+)?)%")


def stake(remedy: str, hit: Hit) -> Decimal | None:
    """The money that a hit puts in question under a remedy: the part cut, what is above the amount allowed, or all."""
    base, allowed = hit.facts.get("base"), hit.facts.get("allowed")
    share = cut_share(remedy)
    if isinstance(base, Decimal) and share is not None:
        return Decimal((base * share).quantize(CENT, ROUND_HALF_UP))
    if isinstance(base, Decimal) and isinstance(allowed, Decimal) and remedy == "adjust":
        return Decimal(base - allowed)
    return hit.amount


def at_stake(findings: Iterable[Finding]) -> Decimal:
    """The money that findings put in question, each record's or invoice's largest amount counted once."""
    largest: dict[tuple[str, int, str], Decimal] = {}
    for finding in findings:
        if finding.amount is not None and finding.severity != "info":
            place = (finding.file, finding.record, "" if finding.record else finding.invoice)
            largest[place] = max(largest.get(place, ZERO), abs(finding.amount))
    return sum(largest.values(), ZERO)


def by_currency(reports: Iterable[Report]) -> dict[str, Decimal]:
    """The money in question in each currency of the reports."""
    sums: dict[str, Decimal] = {}
    for report in reports:
        sums[report.currency] = sums.get(report.currency, ZERO) + report.at_stake
    return sums


def unread(file: str, problem: str) -> Report:
    """The report on a file that could not be opened."""
    return Report(file, "", 0, 0, "USD", (), (), readable=False, problem=problem)


def verdict_of(reports: Sequence[Report]) -> str:
    """The verdict over several files: reject before undecided before accept."""
    verdicts = {report.verdict for report in reports}
    return next((verdict for verdict in VERDICTS if verdict in verdicts), "accept")
