"""JUnit XML, which every CI server shows: a suite a file, a case a rule, a failure where the verdict is lost."""

import re
from xml.etree import ElementTree

from ledes_engine.report import Options
from ledes_engine.report.words import sentences
from ledes_engine.results import SEVERITY_RANK, Finding, Report

# XML 1.0 has no place for these characters, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(reports: list[Report], options: Options) -> str:
    """Rules whose findings are as grave as `fail_on` fail; lesser findings are printed in their case."""
    suites = ElementTree.Element("testsuites", name="ledes-check")
    for report in reports:
        _suite(suites, report)
    for key in ("tests", "failures", "errors", "skipped"):
        suites.set(key, str(sum(int(suite.get(key, "0")) for suite in suites)))
    ElementTree.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(suites, encoding="unicode") + "\n"


def _suite(suites: ElementTree.Element, report: Report) -> None:
    suite = ElementTree.SubElement(suites, "testsuite", name=_clean(report.file) or "input")
    found: dict[str, list[Finding]] = {}
    for finding in report.findings:
        found.setdefault(finding.rule, []).append(finding)
    counts = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for outcome in report.outcomes:
        case = ElementTree.SubElement(
            suite, "testcase", classname=_clean(report.file), name=f"{outcome.rule} {outcome.name}"
        )
        counts["tests"] += 1
        findings = found.get(outcome.rule, [])
        told = "\n".join(
            _clean(f"{one.file}:{one.line}: {one.severity}: {sentences(one.message, one.fix)}") for one in findings
        )
        line = SEVERITY_RANK.get(report.fail_on, -1)
        if any(SEVERITY_RANK[finding.severity] <= line for finding in findings):
            counts["failures"] += 1
            ElementTree.SubElement(case, "failure", type=outcome.rule, message=_clean(findings[0].message)).text = told
        elif findings:
            ElementTree.SubElement(case, "system-out").text = told
        elif outcome.status == "broken":
            counts["errors"] += 1
            ElementTree.SubElement(case, "error", message=_clean(outcome.reason))
        elif outcome.status in ("not checked", "not applicable"):
            counts["skipped"] += 1
            ElementTree.SubElement(case, "skipped", message=_clean(f"{outcome.status}: {outcome.reason}"))
    if report.verdict == "undecided":
        counts["tests"] += 1
        counts["errors"] += 1
        case = ElementTree.SubElement(suite, "testcase", classname=_clean(report.file), name="everything was checked")
        why = report.problem or "not everything in the file could be checked"
        ElementTree.SubElement(case, "error", message=_clean(why))
    for key, value in counts.items():
        suite.set(key, str(value))


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
