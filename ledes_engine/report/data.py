"""Findings as data: JSON (its schema is `report.schema.json`), JSON lines, and CSV that is safe in a spreadsheet."""

import csv as csv_module
import io
import json
from decimal import Decimal
from typing import Any

from ledes_engine import __version__
from ledes_engine.report import Options
from ledes_engine.report.statistics import statistics
from ledes_engine.report.words import printable
from ledes_engine.results import FINDING_KEYS, Report, by_currency, verdict_of
from ledes_engine.values import NUMBER, plain

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


def json_(reports: list[Report], options: Options) -> str:
    """One object: the verdict, a summary of each file, and all findings."""
    files = []
    findings: list[dict[str, Any]] = []
    waived: list[dict[str, Any]] = []
    for report in reports:
        told = report.to_dict()
        findings += told.pop("findings")[: options.max_findings or None]
        waived += told.pop("waived")
        files.append(told)
    whole: dict[str, Any] = {
        "schema": "ledes-check-report-1",
        "version": __version__,
        "verdict": verdict_of(reports),
        "at_stake": {currency: plain(amount) for currency, amount in by_currency(reports).items()},
        "files": files,
        "findings": findings,
        "waived": waived,
    }
    if options.statistics:
        shares_by = statistics(reports)
        whole["statistics"] = {key: [share._asdict() for share in shares] for key, shares in shares_by.items()}
    return json.dumps(whole, indent=2, default=_exact) + "\n"


def _exact(value: object) -> str:
    return plain(value) if isinstance(value, Decimal) else str(value)


def jsonl(reports: list[Report], options: Options) -> str:
    """One finding a line."""
    findings = (finding for report in reports for finding in report.findings[: options.max_findings or None])
    return "".join(json.dumps(finding.to_dict(), default=_exact) + "\n" for finding in findings)


def csv(reports: list[Report], options: Options) -> str:
    """One finding a row; a text that a spreadsheet would take for a formula gets an apostrophe in front."""
    out = io.StringIO()
    writer = csv_module.writer(out)
    writer.writerow(FINDING_KEYS)
    for report in reports:
        for finding in report.findings[: options.max_findings or None]:
            writer.writerow([harmless(value) for value in finding.to_dict().values()])
    return out.getvalue()


def harmless(value: object) -> object:
    """A value for a CSV cell: an apostrophe before a text that a spreadsheet would take for a formula."""
    if isinstance(value, str):
        value = printable(value)
        if value.startswith(_FORMULA) and not NUMBER.fullmatch(value):
            return "'" + value
    return value
