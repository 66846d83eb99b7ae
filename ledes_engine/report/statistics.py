"""How often each rule was broken, by whom, and how much money is in question."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from ledes_engine.report.words import money, printable
from ledes_engine.results import Finding, Report, at_stake


def statistics(reports: Sequence[Report]) -> dict[str, list[dict[str, object]]]:
    """Findings and amounts by rule, timekeeper and matter, the most frequent first."""
    findings = [finding for report in reports for finding in report.findings]
    return {
        "rules": _by(findings, lambda finding: f"{finding.rule} {finding.name}"),
        "timekeepers": _by(findings, lambda finding: finding.timekeeper),
        "matters": _by(findings, lambda finding: finding.matter),
    }


def _by(findings: Iterable[Finding], key: "callable") -> list[dict[str, object]]:  # type: ignore[valid-type]
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(key(finding), []).append(finding)
    order = sorted((name for name in groups if name), key=lambda name: (-len(groups[name]), name))
    return [{"name": name, "findings": len(groups[name]), "at_stake": at_stake(groups[name])} for name in order]


def tables(reports: Sequence[Report]) -> Iterator[str]:
    """The statistics as text tables."""
    currencies = Counter(report.currency for report in reports)
    currency = next(iter(currencies)) if len(currencies) == 1 else ""
    for title, rows in statistics(reports).items():
        if not rows:
            continue
        yield f"{'findings':>9}  {'at stake':>14}  {title[:-1]}"
        for row in rows:
            amount = row["at_stake"]
            assert isinstance(amount, Decimal)
            told = (money(amount, currency) if currency else f"{amount:,.2f}") if amount else ""
            yield f"{row['findings']:>9,}  {told:>14}  {printable(str(row['name']))}"
        yield ""
