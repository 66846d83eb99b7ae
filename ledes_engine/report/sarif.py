"""SARIF 2.1.0, the format in which code scanning services take findings."""

import json
from typing import Any
from urllib.parse import quote

from ledes_engine import __version__
from ledes_engine.cards import Card
from ledes_engine.report import Options
from ledes_engine.report.words import left_out, sentences
from ledes_engine.results import Finding, Report
from ledes_engine.values import plain

_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def sarif(reports: list[Report], options: Options) -> str:
    """One run with a description of each rule that found something, and a result for each finding."""
    findings = [finding for report in reports for finding in report.findings[: options.max_findings or None]]
    cards = {finding.rule: finding.card for finding in findings}
    places = {rule: index for index, rule in enumerate(cards)}
    run = {
        "tool": {
            "driver": {"name": "ledes-check", "version": __version__, "rules": [_rule(card) for card in cards.values()]}
        },
        "artifacts": [{"location": {"uri": _uri(report.file)}} for report in reports],
        "results": [_result(finding, places) for finding in findings],
        "invocations": [
            {
                "executionSuccessful": all(report.verdict != "undecided" for report in reports),
                "toolExecutionNotifications": [
                    {"message": {"text": told}, "level": "error"} for told in left_out(reports)
                ],
            }
        ],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def _rule(card: Card) -> dict[str, Any]:
    return {
        "id": card.id,
        "name": card.name,
        "shortDescription": {"text": card.name.replace("-", " ")},
        "fullDescription": {"text": card.why},
        "help": {"text": f"{card.why} {card.fix}"},
        "defaultConfiguration": {"level": _LEVELS[card.severity]},
        "properties": {"pack": card.pack, "source": card.source},
    }


def _result(finding: Finding, places: dict[str, int]) -> dict[str, Any]:
    location: dict[str, Any] = {"artifactLocation": {"uri": _uri(finding.file)}}
    if finding.line:
        location["region"] = {"startLine": finding.line}
    amount = {} if finding.amount is None else {"amount": plain(finding.amount)}
    return {
        "ruleId": finding.rule,
        "ruleIndex": places[finding.rule],
        "level": _LEVELS[finding.severity],
        "message": {"text": sentences(finding.message, finding.fix)},
        "locations": [{"physicalLocation": location, **_logical(finding)}],
        "partialFingerprints": {"ledes/v1": finding.fingerprint},
        "properties": {"invoice": finding.invoice, "field": finding.field, "record": finding.record, **amount},
    }


def _logical(finding: Finding) -> dict[str, Any]:
    return {"logicalLocations": [{"fullyQualifiedName": finding.path, "kind": "element"}]} if finding.path else {}


def _uri(path: str) -> str:
    """A path as a relative reference, whatever stands in it."""
    return quote(path.replace("\\", "/").encode("utf-8", "surrogateescape")) or "input"
