"""How often each rule was broken, by whom, and how much money is in question."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from ledes_engine.report.words import money, printable
from ledes_engine.results import Finding, Report, at_stake


class Share(NamedTuple):
    """What falls to one rule, timekeeper or matter, in one currency."""

    name: str
    findings: int
    at_stake: Decimal
    currency: str


def statistics(reports: Sequence[Report]) -> dict[str, list[Share]]:
    """Findings and amounts by rule, timekeeper and matter, the most frequent first; currencies are never added up."""
    findings = [(report.currency, finding) for report in reports for finding in report.findings]
    return {
        "rules": _by(findings, lambda finding: f"{finding.rule} {finding.name}"),
        "timekeepers": _by(findings, lambda finding: finding.timekeeper),
        "matters": _by(findings, lambda finding: finding.matter),
    }


def _by(findings: Iterable[tuple[str, Finding]], key: Callable[[Finding], str]) -> list[Share]:
    groups: dict[tuple[str, str], list[Finding]] = {}
    for currency, finding in findings:
        groups.setdefault((key(finding), currency), []).append(finding)
    shares = [Share(name, len(group), at_stake(group), currency) for (name, currency), group in groups.items() if name]
    return sorted(shares, key=lambda share: (-share.findings, share.name))


def tables(reports: Sequence[Report]) -> Iterator[str]:
    """The statistics as text tables."""
    for title, shares in statistics(reports).items():
        if not shares:
            continue
        yield f"{'findings':>9}  {'at stake':>14}  {title[:-1]}"
        for share in shares:
            amount = money(share.at_stake, share.currency) if share.at_stake else ""
            yield f"{share.findings:>9,}  {amount:>14}  {printable(share.name)}"
        yield ""
