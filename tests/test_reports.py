"""Every format tells the same findings, in its own standard's terms, and nothing in a file can break it."""

import csv
import io
import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import jsonschema
import pytest
from fluidattacks_core.sarif import SarifLog
from hypothesis import given, settings
from hypothesis import strategies as st
from junitparser import JUnitXml

import ledes_engine as le
from ledes_engine.report import FORMATS, Options, render
from ledes_engine.report.words import counted, money, printable, ranges
from tests.examples import ROOT, TODAY, changed, fixture

BAD = fixture("1998B").replace("|630|", "|630.01|").replace("L110", "L11O").encode()
SCHEMA = json.loads((ROOT / "ledes_engine" / "report" / "report.schema.json").read_text())


def report(data: bytes = BAD, file: str = "out/march invoice.txt") -> le.Report:
    return le.check(data, today=TODAY, file=file)


def test_a_finding_has_the_published_keys():
    finding = report().to_dict()["findings"][0]
    assert finding == {
        "file": "out/march invoice.txt",
        "line": 3,
        "record": 1,
        "invoice": "260117",
        "field": "LINE_ITEM_TOTAL",
        "rule": "F06",
        "name": "line-total-mismatch",
        "severity": "error",
        "message": "LINE_ITEM_TOTAL is 630.01, but 2.00 x 350 - 70 = 630.00",
        "value": "630.01",
        "amount": "0.01",
        "fix": "Correct the units, the rate, the adjustment or the total, and export the invoice again.",
        "matter": "423-987",
        "timekeeper": "22547",
        "loc_code": None,
        "path": None,
        "consequence": None,
    }


def test_json_follows_its_schema():
    told = json.loads(render([report(), report(b"")], "json", Options(statistics=True)))
    jsonschema.validate(told, SCHEMA)
    assert told["verdict"] == "reject"
    assert [(f["rule"], f["line"]) for f in told["findings"]] == [("F06", 3), ("F07", 3), ("C15", 3), ("F22", 1)]
    assert told["statistics"]["rules"][0] == {
        "name": "C15 unknown-code",
        "findings": 1,
        "at_stake": "630.01",
        "currency": "USD",
    }


def test_jsonl_has_a_finding_a_line():
    lines = [json.loads(line) for line in render(report(), "jsonl").splitlines()]
    assert lines == report().to_dict()["findings"]


def test_sarif_follows_the_schema_of_2_1_0():
    told = json.loads(render(report(), "sarif"))
    SarifLog.model_validate(told)
    run = told["runs"][0]
    assert [result["ruleId"] for result in run["results"]] == ["F06", "F07", "C15"]
    assert [result["level"] for result in run["results"]] == ["error", "error", "warning"]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "out/march%20invoice.txt"}, "region": {"startLine": 3}}
    assert run["tool"]["driver"]["rules"][0]["id"] == "F06"


def test_junit_opens_in_a_junit_reader():
    suites = JUnitXml.fromstring(render(report(), "junit").encode())
    assert (suites.failures, suites.errors) == (2, 0)
    [suite] = suites
    failed = {case.name: case.result[0].message for case in suite if case.result and case.result[0]._tag == "failure"}
    assert failed == {
        "F06 line-total-mismatch": "LINE_ITEM_TOTAL is 630.01, but 2.00 x 350 - 70 = 630.00",
        "F07 invoice-total-mismatch": "INVOICE_TOTAL is 1684.45, but the 3 lines of the invoice sum to 1684.46 (difference -0.01)",
    }
    warned = next(case for case in suite if case.name == "C15 unknown-code")
    assert not warned.result and "L11O" in warned.system_out


def test_github_commands_escape_what_ends_them():
    told = render(report(file="a,b:c%\n.txt"), "github").splitlines()
    assert told[0].startswith(
        "::error file=a%2Cb%3Ac%25%0A.txt,line=3,title=F06 line-total-mismatch::LINE_ITEM_TOTAL is"
    )


def test_concise_has_a_finding_a_line():
    assert render(report(), "concise").splitlines()[0] == (
        "out/march invoice.txt:3: error F06 line-total-mismatch: "
        "LINE_ITEM_TOTAL is 630.01, but 2.00 x 350 - 70 = 630.00"
    )


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_csv_holds_no_formula(start):
    lines = fixture("1998B").split("\r\n")
    lines[2] = changed(lines[2], "1998B", {"task_code": f"{start}1+1"})
    rows = list(csv.DictReader(io.StringIO(render(report("\r\n".join(lines).encode()), "csv"))))
    assert [row["value"] for row in rows if row["rule"] == "C15"] == [f"'{start}1+1"]
    assert not any(cell.startswith(("=", "+", "@")) for row in rows for cell in row.values())


def test_csv_leaves_negative_amounts_numbers():
    data = fixture("1998B").replace("|1684.45|", "|1684.40|").encode()
    [row] = csv.DictReader(io.StringIO(render(report(data), "csv")))
    assert row["amount"] == "-0.05"


def test_what_a_terminal_would_obey_is_shown_not_sent():
    data = fixture("1998B").replace("L110", "\x1b[31mL\u202e9").encode()
    for format in ("text", "concise", "github"):
        assert "\x1b" not in render(report(data), format)
        assert "\u202e" not in render(report(data), "text")


HOSTILE = st.text(st.characters(blacklist_characters="|"), max_size=20)


@given(HOSTILE, HOSTILE, st.sampled_from(FORMATS))
@settings(max_examples=200, deadline=None)
def test_no_text_of_a_file_breaks_a_format(code, file, format):
    lines = fixture("1998B").split("\r\n")
    lines[2] = changed(lines[2], "1998B", {"task_code": code, "total": code})
    one = le.check("\r\n".join(lines).encode("utf-8", "surrogatepass"), today=TODAY, file=file)
    told = render(one, format, Options(statistics=True, verbose=True))
    if format in ("json", "sarif"):
        json.loads(told)
    if format == "junit":
        JUnitXml.fromstring(told.encode("utf-8", "replace"))
    if format == "csv":
        assert len(list(csv.reader(io.StringIO(told)))) == len(one.findings) + 1


def test_statistics_count_by_rule_timekeeper_and_matter():
    told = render(report(), "text", Options(statistics=True))
    assert "        1         $630.01  C15 unknown-code" in told
    assert "        3       $1,684.46  22547" not in told
    assert "        3         $630.01  22547" in told


def test_currencies_are_never_added_up():
    euros = report(fixture("1998BI").replace("|756.00|", "|757.00|").replace("GBP", "EUR").encode(), "euros.txt")
    told = json.loads(render([report(), euros], "json", Options(statistics=True)))
    assert told["at_stake"] == {"USD": "630.01", "EUR": "1.00"}
    shares = [share for share in told["statistics"]["rules"] if share["name"] == "F06 line-total-mismatch"]
    assert {(share["at_stake"], share["currency"]) for share in shares} == {("0.01", "USD"), ("1.00", "EUR")}
    assert "$630.01 and €1.00 at stake" in render([report(), euros])


def test_an_amount_is_counted_once_a_line():
    assert report().at_stake == Decimal("630.01")


def test_the_data_frame_holds_the_findings():
    frame = report().to_frame()
    assert list(frame["rule"]) == ["F06", "F07", "C15"]
    assert list(report(fixture("1998B").encode()).to_frame().columns) == list(frame.columns)


def test_without_pandas_the_extra_is_named(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(le.LedesError, match=r"ledes-engine\[tables\]"):
        report().to_frame()


def test_megabytes_in_a_cell_are_not_quoted_whole():
    data = fixture("1998B").replace("|00711|", "|" + "7" * 3_000_000 + "|", 1).encode()
    told = render(report(data), "json")
    assert len(told) < 100_000


def test_reports_and_documents_can_be_pickled():
    one = report()
    assert pickle.loads(pickle.dumps(one)) == one
    document = le.read(BAD)
    again = pickle.loads(pickle.dumps(document))
    assert again.lines.columns == document.lines.columns
    assert again.invoices[0].lines[1].total == "1050"


def test_checking_in_threads_gives_the_same_reports():
    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(lambda _: report(), range(16)))
    assert all(one == reports[0] for one in reports)


def test_many_like_findings_are_counted_in_text():
    head, names, first, *_ = fixture("1998B").split("\r\n")
    lines = [
        changed(first, "1998B", {"line_number": str(i), "narrative": f"Task {i}", "task_code": "L9"}) for i in range(40)
    ]
    told = render(report("\r\n".join([head, names, *lines, ""]).encode()), "text")
    assert told.count("unknown-code  (invoice") == 3
    assert "… C15 unknown-code in LINE_ITEM_TASK_CODE: 37 more, lines 6-42" in told


def test_words():
    assert [counted(n, "error") for n in (0, 1, 2)] == ["no errors", "1 error", "2 errors"]
    assert money(Decimal("1250"), "USD") == "$1,250.00"
    assert money(Decimal("-1250.5"), "CHF") == "CHF -1,250.50"
    assert ranges([7, 3, 8, 9, 12]) == "3, 7-9, 12"
    assert printable("a\x1bb\n") == "a\\x1bb\\n"


def test_an_unknown_format_is_refused():
    with pytest.raises(ValueError, match="there is no format 'pdf'"):
        render(report(), "pdf")
