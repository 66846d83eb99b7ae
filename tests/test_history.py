"""Earlier invoices: what is recorded, found again and added up; two writers, a damaged store, the command line."""

import multiprocessing
from datetime import date
from decimal import Decimal

import pytest

import ledes_engine as le
from ledes_engine.guidelines import Guidelines
from ledes_engine.history import History, Period, same_keys
from ledes_engine.settings import Settings
from ledes_engine.strict import validated
from tests.examples import TODAY, changed, fixture
from tests.test_checks import invoice
from tests.test_cli import ledes_check

GOOD = fixture("1998B")


def store(path, *files: bytes) -> History:
    history = History.at(str(path / "earlier.sqlite"))
    for data in files:
        history.record(le.read(data), "accept", TODAY)
    return history


def found(data: bytes, history: History, **guidelines) -> list[str]:
    report = le.check(data, Guidelines(validated(Settings, guidelines, "test"), {}), today=TODAY, history=history)
    assert not [one for one in report.outcomes if one.status == "broken"]
    return [f"{finding.line}:{finding.rule}" for finding in report.findings]


def line(**values: str) -> dict[str, str]:
    return {"units": "2.00", "unit_cost": "350", "adjustment": "", "total": "700", **values}


def test_an_invoice_is_recorded_once_and_a_changed_one_again(tmp_path):
    history = store(tmp_path, GOOD.encode(), GOOD.encode())
    assert len(history) == 2
    assert history.record(le.read(GOOD.replace("|630|", "|700|").encode()), "reject", TODAY) == 1
    assert len(history) == 3


def test_an_invoice_is_no_duplicate_of_itself(tmp_path):
    assert found(GOOD.encode(), store(tmp_path, GOOD.encode())) == []


def test_numbers_are_compared_by_what_they_are_worth_and_dates_whatever_the_format(tmp_path):
    keys = same_keys(le.read(GOOD.encode()).lines)
    padded = GOOD.replace("|2.00|-70|630|", "|2|-70|630.00|")
    assert same_keys(le.read(padded.encode()).lines) == keys
    assert same_keys(le.read(GOOD.replace("freight invoices", "Freight  Invoices").encode()).lines) == keys
    assert same_keys(le.read(GOOD.replace("|2.00|-70|", "|2.10|-70|").encode()).lines) != keys


def test_what_was_billed_is_added_up_by_matter_and_code(tmp_path):
    history = store(tmp_path, invoice(line(task_code="L110"), line(task_code="L160", total="0.05", units="0.0001")))
    assert history.billed(["423-987"], ()) == {"423-987": {"L110": Decimal(700), "L160": Decimal("0.05")}}
    assert history.billed(["423-987"], [("00711", "260117")]) == {}
    assert history.periods(["423-987"], ()) == {
        "423-987": [Period("260117", date(2026, 2, 5), date(2026, 1, 1), date(2026, 1, 31), Decimal("700.05"))]
    }


def test_budgets_take_what_was_billed_before(tmp_path):
    history = store(tmp_path, invoice(line(invoice_number="250900", line_date="20251210")))
    matter = {"matter": [{"id": "423-987", "budget": "1000"}]}
    assert "3:G01" in found(invoice(line()), history, **matter)
    report = le.check(
        invoice(line()), Guidelines(validated(Settings, matter, "test"), {}), today=TODAY, history=history
    )
    (over,) = [one for one in report.findings if one.rule == "G01"]
    assert over.message == "Matter 423-987 comes to 1400 (700 before, 700 here); the budget is 1000"
    assert over.amount == Decimal(400)


def test_rates_and_days_are_held_against_earlier_invoices(tmp_path):
    history = store(
        tmp_path,
        invoice(line(invoice_number="250900", units="9.00", unit_cost="300", total="2700", narrative="Draft brief")),
    )
    told = found(invoice(line()), history)
    assert {"3:S03", "3:T06"} <= set(told)


def _write(path: str, start: int) -> None:
    history = History.at(path)
    for number in range(start, start + 40):
        data = invoice(line(invoice_number=f"N{number}"))
        history.record(le.read(data), "accept", TODAY)


def test_two_processes_write_and_nothing_is_lost(tmp_path):
    path = str(tmp_path / "both.sqlite")
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(path, start)) for start in (0, 40)]
    for one in writers:
        one.start()
    for one in writers:
        one.join(60)
    assert [one.exitcode for one in writers] == [0, 0]
    assert len(History(path)) == 80


@pytest.mark.parametrize("content", [b"", b"no database at all", b"SQLite format 3\0" + b"x" * 500])
def test_a_store_that_is_none_is_told(tmp_path, content):
    path = tmp_path / "earlier.sqlite"
    path.write_bytes(content)
    with pytest.raises(le.LedesError, match=r"earlier.sqlite: the store of earlier invoices cannot be used"):
        History(str(path)).billed(["1"], ())


class TestCommandLine:
    @pytest.fixture(autouse=True)
    def folder(self, tmp_path, monkeypatch):
        (tmp_path / "january.txt").write_bytes(GOOD.encode())
        (tmp_path / "february.txt").write_bytes(GOOD.replace("|26011", "|26021").encode())
        monkeypatch.chdir(tmp_path)
        return tmp_path

    def test_what_is_recorded_is_known_later(self, capsys):
        status, out, err = ledes_check(capsys, "january.txt", "--record")
        assert (status, err) == (0, "ledes-history.sqlite: 2 invoices recorded, 2 in all\n")
        status, out, _ = ledes_check(capsys, "february.txt", "--history", "ledes-history.sqlite", "--format", "concise")
        assert "february.txt:3: warning U04 billed-before: The same line stands on invoice 260117, item 1" in out
        assert status == 0

    def test_files_of_earlier_invoices_do_as_well_as_a_store(self, capsys):
        assert "U04" in ledes_check(capsys, "february.txt", "--history", "january.txt")[1]
        assert "U04" not in ledes_check(capsys, "february.txt", "--history", "february.txt")[1]
        assert "there is no such file" in ledes_check(capsys, "february.txt", "--history", "march.txt")[2]

    def test_guidelines_name_the_store(self, capsys, folder):
        (folder / "ledes.toml").write_text('history = "kept.sqlite"\n')
        assert ledes_check(capsys, "january.txt", "--record")[2].startswith(f"{folder}/kept.sqlite: 2 invoices")
        assert "U04" in ledes_check(capsys, "february.txt")[1]

    def test_without_earlier_invoices_it_is_said(self, capsys):
        assert "9 rules not checked for want of earlier invoices" in ledes_check(capsys, "january.txt")[1]


def test_an_xml_invoice_is_known_from_a_text_one(tmp_path):
    xml = le.read(fixture("XML 2.2").encode())
    history = History.at(str(tmp_path / "x.sqlite"))
    assert history.record(xml, "accept", TODAY) == 2
    again = fixture("XML 2.2").replace("MOV-2026-00117", "MOV-2026-00217")
    assert "U04" in {one.rule for one in le.check(again.encode(), today=TODAY, history=history).findings}


def test_a_changed_record_is_no_duplicate():
    first = GOOD.split("\r\n")[2]
    assert changed(first, "1998B", {"units": "2.1"}) != first
