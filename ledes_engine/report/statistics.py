"""How often each rule was broken, by whom, and how much money is in question."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from ledes_engine.report.words import money, printable
from ledes_engine.results import Finding, Report, at_stake


class Share(NamedTuple):
    """What falls to one rule, timekeeper or matter."""

    name: str
    findings: int
    at_stake: Decimal


def statistics(reports: Sequence[Report]) -> dict[str, list[Share]]:
    """Findings and amounts by rule, timekeeper and matter, the most frequent first."""
    findings = [finding for report in reports for finding in report.findings]
    return {
        "rules": _by(findings, lambda finding: f"{finding.rule} {finding.name}"),
        "timekeepers": _by(findings, lambda finding: finding.timekeeper),
        "matters": _by(findings, lambda finding: finding.matter),
    }


def _by(findings: Iterable[Finding], key: Callable[[Finding], str]) -> list[Share]:
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(key(finding), []).append(finding)
    shares = [Share(name, len(group), at_stake(group)) for name, group in groups.items() if name]
    return sorted(shares, key=lambda share: (-share.findings, share.name))


def tables(reports: Sequence[Report]) -> Iterator[str]:
    """The statistics as text tables; amounts carry a currency where all files have the same."""
    currencies = {report.currency for report in reports}
    currency = currencies.pop() if len(currencies) == 1 else ""
    for title, shares in statistics(reports).items():
        if not shares:
            continue
        yield f"{'findings':>9}  {'at stake':>14}  {title[:-1]}"
        for share in shares:
            amount = money(share.at_stake, currency) if currency else f"{share.at_stake:,.2f}"
            yield f"{share.findings:>9,}  {amount if share.at_stake else '':>14}  {printable(share.name)}"
        yield ""
