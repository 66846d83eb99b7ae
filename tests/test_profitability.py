"""Hours, fees, write-downs and budgets, to the cent."""

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledes_engine.cli import main
from ledes_engine.coding.entry import EXPENSE, Entry
from ledes_engine.model import LedesError
from ledes_engine.practice.firm import NO_PHASE, Firm, read_firm
from ledes_engine.practice.profitability import GROUPS, profitability
from tests.examples import ROOT

FIRM = """
name = "Arnold & Bright"

[phases]
"Case assessment" = ["L1*"]
"Discovery" = ["L3*", "document work"]
"Trial" = ["L4*"]

[activities]
"Drafting" = "A103"
"Depos" = "L330"

[rates]
"AB" = "400.00"

[budgets."M1"]
"Case assessment" = "500.00"
"Discovery" = "100.00"
"""


@pytest.fixture
def firm(tmp_path):
    path = tmp_path / "firm.toml"
    path.write_text(FIRM)
    return read_firm(str(path))


ENTRIES = [
    Entry(
        "a",
        task="L110",
        activity="A104",
        matter="M1",
        timekeeper="AB",
        hours=Decimal("2.0"),
        rate=Decimal(350),
        amount=Decimal("630.00"),
    ),
    Entry(
        "b",
        task="Depos",
        activity="Drafting",
        matter="M1",
        timekeeper="CD",
        hours=Decimal("0.3"),
        rate=Decimal("100.10"),
    ),
    Entry("c", task="document work", matter="M2", timekeeper="CD", hours=Decimal("1.0"), amount=Decimal("90.00")),
    Entry("d", matter="M2", timekeeper="CD", hours=Decimal("0.5")),
    Entry("e", EXPENSE, expense="E101", matter="M2", amount=Decimal("4.45")),
    Entry("f", "adjustment", matter="M2", amount=Decimal("-30.00")),
]


def figures(row):
    return row.key, row.hours, row.fees, row.value, row.written_down, row.expenses, row.budget, row.left


def test_the_tables_add_up(firm):
    report = profitability(ENTRIES, firm)
    d = Decimal
    assert [figures(row) for row in report.groups["phase"]] == [
        ("Case assessment", d("2.0"), d("630.00"), d("800.00"), d("170.00"), 0, d("500.00"), d("-130.00")),
        ("Discovery", d("1.3"), d("120.03"), d("120.03"), 0, 0, d("100.00"), d("69.97")),
        ("Trial", 0, 0, 0, 0, 0, None, None),
        (NO_PHASE, d("0.5"), d("-30.00"), 0, d("30.00"), d("4.45"), None, None),
    ]
    assert [(row.key, row.effective_rate) for row in report.groups["timekeeper"]] == [
        ("AB", d("315.00")), ("CD", d("66.68")), ("(nobody)", None),
    ]  # fmt: skip
    assert [(row.key, row.fees, row.budget) for row in report.groups["matter"]] == [
        ("M1", d("660.03"), d("600.00")), ("M2", d("60.00"), None),
    ]  # fmt: skip
    assert [(row.key, row.label) for row in report.groups["task"]][:2] == [
        ("L110", "Fact Investigation/Development"), ("DOCUMENT WORK", ""),
    ]  # fmt: skip
    assert (report.total.hours, report.total.fees, report.without_amount) == (d("3.8"), d("720.03"), 1)


def test_free_text_activities_are_read_as_codes(firm):
    (entry,) = firm.read([ENTRIES[1]])
    assert (entry.task, entry.activity) == ("L330", "A103")


amounts = st.decimals(-1000, 1000, places=2, allow_nan=False, allow_infinity=False)
entries = st.builds(
    Entry,
    st.just("x"),
    kind=st.sampled_from(["fee", "expense", "adjustment"]),
    task=st.sampled_from(["", "L110", "L330", "L450", "B110"]),
    matter=st.sampled_from(["", "M1", "M2"]),
    timekeeper=st.sampled_from(["", "AB", "CD"]),
    hours=st.none() | st.decimals(0, 24, places=1, allow_nan=False, allow_infinity=False),
    rate=st.none() | st.decimals(0, 900, places=2, allow_nan=False, allow_infinity=False),
    amount=st.none() | amounts,
    billed=st.none(),
    place=st.just(""),
)


@given(st.lists(entries, max_size=12))
def test_every_table_sums_to_the_total(some):
    report = profitability(some, Firm("", {"One": ["L1*"], "Two": ["L*"]}, {}, {"AB": Decimal(400)}, {}))
    for group in GROUPS:
        rows = report.groups[group]
        for name in ("hours", "fees", "value", "expenses", "written_down"):
            assert sum((getattr(row, name) for row in rows), Decimal(0)) == getattr(report.total, name)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[phase]\n", "there is no setting phase"),
        ('[rates]\nAB = "dear"\n', "rates.AB is 'dear'"),
        ("[rates]\nAB = 400\n", "between quotes"),
        ('[budgets.M1]\n"Trail" = "1"\n', "phase 'Trail'"),
        ("= 1\n", "firm.toml"),
    ],
)
def test_a_wrong_file_is_told(tmp_path, text, message):
    path = tmp_path / "firm.toml"
    path.write_text(text)
    with pytest.raises(LedesError, match=message):
        read_firm(str(path))


def run(capsys, *arguments):
    status = main(["profitability", *map(str, arguments)])
    return status, capsys.readouterr().out


GOOD = ROOT / "fixtures" / "good" / "1998b.txt"


def test_the_text_for_the_terminal(capsys, tmp_path, golden):
    (tmp_path / "firm.toml").write_text(FIRM.replace("M1", "0528"))
    status, told = run(capsys, GOOD, "--map", tmp_path / "firm.toml")
    assert status == 0
    golden(ROOT / "fixtures" / "profitability.expected", told)


def test_the_csv_is_exact_and_harmless(capsys, tmp_path):
    (tmp_path / "firm.toml").write_text(FIRM)
    (tmp_path / "time.csv").write_text('Narrative,Matter,Timekeeper,Hours,Rate\nx,"=cmd()",AB,0.3,100.10\n')
    _, told = run(capsys, tmp_path / "time.csv", "--map", tmp_path / "firm.toml", "--format", "csv", "--by", "matter")
    header, row = csv.reader(io.StringIO(told))
    assert dict(zip(header, row, strict=True)) == {
        "group": "matter", "key": "'=cmd()", "label": "", "hours": "0.3", "fees": "30.03", "rate": "100.10",
        "value": "120.00", "written_down": "89.97", "expenses": "0", "budget": "", "left": "",
    }  # fmt: skip


def test_nothing_that_is_read_is_written_over(capsys, tmp_path):
    (tmp_path / "firm.toml").write_text(FIRM)
    assert (
        main(["profitability", str(GOOD), "--map", str(tmp_path / "firm.toml"), "-o", str(tmp_path / "firm.toml")]) == 2
    )
    assert "choose another name" in capsys.readouterr().err
