"""`ledes code` as a user runs it: what it fills in, what it leaves, what it says, and what leaves the machine."""

import csv
import io
import json
import os
from datetime import date, timedelta

import pytest

import ledes_engine as le
from benchmarks.coding.labelled import labelled
from ledes_engine.cli import check_main, main
from tests.test_language_model import KEY, Server

HEAD = {
    "invoice_date": "20260205", "invoice_number": "96542", "client_id": "00711", "matter_id": "0528",
    "billing_start": "20260101", "billing_end": "20260131", "invoice_description": "Acme v. Bolt", "line_type": "F",
    "adjustment": "0.00", "law_firm_id": "24-6437381", "client_matter_id": "76-542",
}  # fmt: skip
PEOPLE = (("1001", "Arnold, Robin", "PARTNR"), ("1002", "Bee, Ada", "ASSOC"), ("1003", "Cole, Max", "PARALG"))


def invoice(narratives, **more):
    """The bytes of a 1998B file with a line for each narrative and no codes."""
    lines = []
    for at, text in enumerate(narratives):
        person = PEOPLE[at % 3]
        lines.append(
            {
                **HEAD, "invoice_total": f"{len(narratives) * 70}.00", "line_number": str(at + 1), "units": "0.20",
                "unit_cost": "350.00", "total": "70.00", "narrative": text.replace("|", "/"),
                "line_date": f"{date(2026, 1, 2) + timedelta(at % 28):%Y%m%d}",
                "timekeeper_id": person[0], "timekeeper_name": person[1], "timekeeper_class": person[2], **more,
            }
        )  # fmt: skip
    return le.write(le.build("1998B", lines), strict=False)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    return tmp_path


def run(capsys, *arguments):
    status = main(["code", *map(str, arguments)])
    told = capsys.readouterr()
    assert "Traceback" not in told.out + told.err
    return status, told.out, told.err


def blanks(path):
    """The number of code cells that a fee line lacks."""
    return sum(
        not line.task_code + line.activity_code for one in le.read(path.read_bytes()).invoices for line in one.lines
    )


PLAIN = [
    "Draft motion to compel further responses to interrogatories",
    "Attend deposition of plaintiff's former supervisor",
    "Travel to Denver for deposition of Dr. Hale",
]


def test_blanks_are_filled_and_nothing_else_is_touched(capsys, folder):
    data = invoice(PLAIN)
    (folder / "in.txt").write_bytes(data)
    status, out, _ = run(capsys, "in.txt", "-o", "out.txt", "--sets", "litigation")
    assert status == 0
    assert (
        "LEDES 1998B: 3 entries, 6 blank codes\n  task codes of the set litigation: matter 0528\n  6 filled in" in out
    )
    expected = data
    for text, codes in zip(PLAIN, (b"L350||A103", b"L330||A109", b"L330||A112"), strict=True):
        row = next(one for one in data.splitlines() if text.encode() in one)
        expected = expected.replace(row, row.replace(b"||||", b"|" + codes + b"|"))
    assert (folder / "out.txt").read_bytes() == expected
    assert (folder / "in.txt").read_bytes() == data
    assert os.listdir(folder) == ["in.txt", "out.txt"] or set(os.listdir(folder)) == {"in.txt", "out.txt"}


def ordinary(count):
    """Narratives of single tasks from the labelled invoices of litigation."""
    rows = [
        row for row in labelled("tune") if row.id.startswith("ord-") and row.set == "litigation" and row.kind == "fee"
    ]
    return [row.narrative for row in rows[:count]]


def test_120_blank_codes_become_a_file_that_the_check_accepts(capsys, folder):
    (folder / "in.txt").write_bytes(invoice(ordinary(60)))
    _, out, _ = run(capsys, "in.txt", "-o", "out.txt", "--fill-all")
    assert "LEDES 1998B: 60 entries, 120 blank codes" in out
    assert out.count("filled in as") <= 30
    assert check_main(["in.txt"]) == 1
    assert check_main(["out.txt", "--format", "concise"]) == 0
    assert "ACCEPT" in capsys.readouterr().out


def test_without_an_output_nothing_is_written(capsys, folder):
    (folder / "in.txt").write_bytes(invoice(PLAIN))
    _, out, _ = run(capsys, "in.txt")
    assert "6 can be filled in" in out
    assert out.endswith("nothing was written; add -o FILE to write the codes\n")
    assert os.listdir(folder) == ["in.txt"]


def test_the_reasons_are_given(capsys, folder):
    (folder / "in.txt").write_bytes(invoice([PLAIN[0], "Attention to file", "Draft answer; attend mediation"]))
    status, out, _ = run(capsys, "in.txt", "--explain", "--sets", "litigation")
    assert status == 1
    assert (
        "line 3: Draft motion to compel further responses to interrogatories\n    task      L350  Discovery Motions: "
        in out
    )
    assert "sure, by known phrase " in out
    assert "line 4: Attention to file\n    task: the words say too little" in out
    assert "line 5: Draft answer; attend mediation\n    task: the entry holds several tasks" in out
    assert "    L210 A103    Draft answer\n    L160 A109    attend mediation\n" in out


def test_codes_in_the_file_are_compared_and_kept(capsys, folder):
    data = invoice(PLAIN[:2], task_code="L510", activity_code="A103")
    (folder / "in.txt").write_bytes(data)
    _, out, _ = run(capsys, "in.txt", "-o", "out.txt", "--sets", "litigation")
    assert "line 4: task code L510: " in out
    assert "for L330 Depositions, not for Appellate" in out
    assert (folder / "out.txt").read_bytes() == data


def test_the_check_warns_of_the_same_contradiction(capsys, folder):
    (folder / "in.txt").write_bytes(invoice(["Draft notice of appeal"], task_code="L330", activity_code="A103"))
    assert check_main(["in.txt"]) == 0
    assert check_main(["in.txt", "--select", "C08", "--format", "concise"]) == 0
    out = capsys.readouterr().out
    assert out.count("C08 narrative-contradicts-code") == 1
    assert "warning C08 narrative-contradicts-code: the code L330 does not fit the words" in out
    assert "which speak for L510" in out


def test_a_review_remembers_what_was_approved(capsys, folder, monkeypatch):
    (folder / "in.txt").write_bytes(invoice(["Blue Heron tally sheets", "Zephyr ledger walk"]))
    given = iter(["L999", "L110", "a104", "s"])
    monkeypatch.setattr("builtins.input", lambda prompt: next(given))
    arguments = ("in.txt", "-o", "out.txt", "--sets", "litigation", "--threshold", "0.999", "--review")
    status, out, _ = run(capsys, *arguments)
    assert status == 1
    assert "2 to review. Enter accepts the first" in out
    assert "1/2  line 3: Blue Heron tally sheets" in out
    assert "L999 is no task code that fits here" in out
    assert "2 filled in (review 100%), 2 to review in 1 entry" in out
    line = le.read((folder / "out.txt").read_bytes()).invoices[0].lines[0]
    assert (line.task_code, line.activity_code) == ("L110", "A104")
    status, out, _ = run(capsys, "in.txt", "-o", "again.txt", "--sets", "litigation", "--threshold", "0.9")
    assert "your own phrase or approval" in out
    assert le.read((folder / "again.txt").read_bytes()).invoices[0].lines[0].task_code == "L110"


@pytest.mark.parametrize("keys", [["q"], []])
def test_a_review_may_be_broken_off(capsys, folder, monkeypatch, keys):
    (folder / "in.txt").write_bytes(invoice(["Zephyr ledger walk"]))
    given = iter(keys)

    def answer(prompt):
        try:
            return next(given)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr("builtins.input", answer)
    status, out, _ = run(capsys, "in.txt", "--sets", "litigation", "--threshold", "0.999", "--review")
    assert status == 1
    assert "to review in 1 entry" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.txt"], "there is no such file"),
        (["in.txt", "-o", "in.txt"], "choose another name"),
        (["in.txt", "--sets", "litigations"], "no set of task codes 'litigations'"),
        (["in.txt", "--threshold", "2"], "above 0 and up to 1"),
        (["in.txt", "--max-cost", "1"], "go with --model NAME"),
        (["in.txt", "--model", "m", "--base-url", "http://example.org/v1"], "https only"),
        (["in.txt", "--model", "m", "-g", "no.toml"], "forbid a language model"),
        (["bad.csv"], "no column holds the narrative"),
    ],
)
def test_misuse_is_told_in_words(capsys, folder, arguments, message):
    (folder / "in.txt").write_bytes(invoice(["Zephyr ledger walk"]))
    (folder / "bad.csv").write_text("a,b\n1,2\n")
    (folder / "no.toml").write_text('[coding.model]\nuse = "forbidden"\n')
    if "--model" in arguments:
        arguments = [*arguments, "--threshold", "0.999", "--sets", "litigation"]
    status, _, err = run(capsys, *arguments)
    assert status == 2
    assert message in err


def test_a_timesheet_gets_columns_phases_and_mapped_activities(capsys, folder):
    (folder / "time.csv").write_text(
        "Date,Matter,Attorney,Hours,Work performed,Activity\n2026-01-02,M1,AB,0.5,Draft notice of appeal,Drafting\n"
    )
    (folder / "firm.toml").write_text('[phases]\n"Appeal" = ["L5*"]\n[activities]\n"Drafting" = "A103"\n')
    status, out, _ = run(capsys, "time.csv", "-o", "out.csv", "--sets", "litigation", "--map", "firm.toml")
    assert status == 0
    assert "columns added at the end: Task Code, Phase" in out
    (row,) = csv.DictReader(io.StringIO((folder / "out.csv").read_text()))
    assert (row["Activity"], row["Task Code"], row["Phase"]) == ("Drafting", "L510", "Appeal")


UNSURE = ["Zephyr ledger walk w/ Ada Bee (ada@acme.com) re $12,500 and Kowalczyk", "Blue Heron tally no. 4471 for Bolt"]


@pytest.fixture
def server(tmp_path_factory):
    one = Server(tmp_path_factory.mktemp("server"), ())
    yield one
    one.process.kill()
    one.process.communicate()


def test_the_model_answers_what_is_left_within_a_budget_and_learns_no_secret(capsys, folder, server):
    (folder / "in.txt").write_bytes(invoice([*UNSURE, *PLAIN]))
    common = ("in.txt", "--sets", "litigation", "--model", "test-model", "--base-url", server.url, "--max-calls", "5")
    status, out, _ = run(capsys, *common, "-o", "out.txt")
    assert status == 0
    assert "answered" in out
    assert blanks(folder / "out.txt") == 0
    sent = server.log.read_text()
    for secret in (
        "Ada",
        "Bee",
        "acme",
        "12,500",
        "Kowalczyk",
        "4471",
        "Bolt",
        "Acme",
        "0528",
        "76-542",
        "00711",
        "1001",
    ):
        assert secret not in json.dumps([json.loads(one["body"])["messages"][1]["content"] for one in server.requests])
    assert KEY in sent
    audit = (folder / "ledes-coding-audit.jsonl").read_text()
    assert KEY not in audit
    assert "Kowalczyk" not in audit
    calls = len(server.requests)
    status, out, _ = run(capsys, *common, "-o", "again.txt")
    assert (status, len(server.requests)) == (0, calls)
    assert "known from before" in out


def test_show_prompt_shows_what_would_be_sent_and_dry_run_counts_it(capsys, folder, server):
    (folder / "in.txt").write_bytes(invoice(UNSURE))
    common = ("in.txt", "--sets", "litigation", "--model", "test-model", "--base-url", server.url)
    status, shown, _ = run(capsys, *common, "--show-prompt")
    assert (status, server.requests) == (0, [])
    status, counted, _ = run(capsys, *common, "--dry-run")
    assert (status, server.requests) == (0, [])
    assert counted.endswith("received, cost unknown without price_in and price_out. Nothing was sent.\n")
    run(capsys, *common, "-o", "out.txt")
    for one in server.requests:
        for message in json.loads(one["body"])["messages"]:
            assert message["content"].rstrip() in shown


def test_the_model_stays_off_unless_it_is_switched_on(capsys, folder, server):
    (folder / "in.txt").write_bytes(invoice(UNSURE))
    (folder / "client.toml").write_text(f'[coding.model]\nname = "test-model"\nbase_url = "{server.url}"\n')
    run(capsys, "in.txt", "-g", "client.toml", "-o", "out.txt", "--sets", "litigation")
    assert server.requests == []
    (folder / "client.toml").write_text(f'[coding.model]\nuse = "on"\nname = "test-model"\nbase_url = "{server.url}"\n')
    run(capsys, "in.txt", "-g", "client.toml", "-o", "out.txt", "--sets", "litigation")
    assert len(server.requests) > 0
