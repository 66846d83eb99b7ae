"""Files of time entries: what they say, and that putting codes in changes nothing else."""

import csv
import io
import json
import zipfile
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.styles import Font

from ledes_engine.entries import amount_of, read_entries
from ledes_engine.entries.delimited import Delimited
from ledes_engine.model import LedesError
from tests.examples import ROOT

CLIO = (
    b'\xef\xbb\xbf"ID","Type","Date","Hours","Description","Matter number","Rate ($)","Billable ($)","User"\r\n'
    b'"7","TimeEntry","1/2/2026","0.40","Call, ""OC"" re MTC","0001-Foo","$350.00","$1,140.00","A. Bee"\r\n'
    b'"8","ExpenseEntry","1/3/2026","1","Copies,\r\ntwo lines","0001-Foo","","12.50","A. Bee"\r\n'
)


def test_a_clio_export_is_read_and_gets_its_codes_in_added_columns():
    file = read_entries(CLIO, "export.csv")
    assert file.source == "Clio activities"
    first, second = file.entries
    assert (first.narrative, first.kind, first.matter, first.timekeeper) == (
        'Call, "OC" re MTC',
        "fee",
        "0001-Foo",
        "A. Bee",
    )
    assert (first.hours, first.rate, first.amount) == (Decimal("0.40"), Decimal("350.00"), Decimal("1140.00"))
    assert (second.kind, second.place) == ("expense", "line 3")
    file.put(0, "task", "L350")
    file.put(1, "expense", "E101")
    assert file.added == ("Task Code", "Expense Code")
    assert file.data() == (
        CLIO.replace(b'"User"\r', b'"User","Task Code","Expense Code"\r')
        .replace(b'1,140.00","A. Bee"', b'1,140.00","A. Bee","L350",""')
        .replace(b'12.50","A. Bee"', b'12.50","A. Bee","","E101"')
    )


@pytest.mark.parametrize(
    ("name", "header", "row", "source", "expected"),
    [
        (
            "time.csv",
            "matter,date,activity_description,note,price,quantity,type,activity_user,non_billable",
            "M-1,01/02/2026,Phone,Call with client,300,0.5,,Bee,",
            "Clio import template",
            ("Call with client", "fee", "M-1", "Bee", Decimal("0.5")),
        ),
        (
            "juris.csv",
            "USERID,Date,Timekeeper,Client,Matter,Task,Activity,Billable,HoursWork,HoursBill,Rate,Amount,Narrative",
            "x,010226,0012,C1,M2,,,Y,1.2,1.0,250,250,Draft answer",
            "Juris time",
            ("Draft answer", "fee", "M2", "0012", Decimal("1.0")),
        ),
        (
            "stella.csv",
            "Date,User,Matter ID,Work Item ID,Duration (min),Billed (min),Rate,Currency,Amount,Billable,Status,"
            "Task Code,Activity Code,Narrative,Invoice Narrative",
            "2026-01-02,ab,M3,9,35,36,300,USD,180,true,open,,,raw,Review lease",
            "stella",
            ("Review lease", "fee", "M3", "ab", Decimal("0.60")),
        ),
        (
            "bill4time.csv",
            "Client ID (From Previous Software),Client Name,Project ID (From Previous Software),Project Name,User,User ID,"
            "Billable Hours,Date of Work,Private Description,Status,Billable",
            "1,Acme,P9,Acme v. Bolt,Bee,2,0.3,1/2/2026,Emails with counsel,Ready for Billing,True",
            "Bill4Time",
            ("Emails with counsel", "fee", "P9", "Bee", Decimal("0.3")),
        ),
    ],
)
def test_products_are_known_by_their_columns(name, header, row, source, expected):
    file = read_entries(f"{header}\n{row}\n".encode(), name)
    (entry,) = file.entries
    assert file.source == source
    assert (entry.narrative, entry.kind, entry.matter, entry.timekeeper, entry.hours) == expected


def test_juris_expenses_are_expenses_though_their_code_is_blank():
    data = b"UserID,Date,Client,Matter,ExpCd,Units,Mult,Amount,Narrative\nx,010226,C,M,,40,.10,4.00,Copies\n"
    file = read_entries(data, "exp.csv")
    assert file.entries[0].kind == "expense"
    file.put(0, "expense", "E101")
    assert file.data() == data.replace(b"M,,40", b"M,E101,40")


def test_practicepanther_json_keeps_every_byte_but_the_codes():
    data = (
        b'{"@odata.context": "x", "value": [\n  {"id": 1.10, "description": "Review caf\\u00e9 lease", "hours": 0.50,\n'
        b'   "hourlyRate": 300.0, "isBillable": true, "project": {"number": "P-1"}, "user": {"name": "Bee"}, "extra": [1, {"a": null}]},\n'
        b'  {"description": "", "hours": 1, "hourlyRate": 300, "isBillable": false, "task_code": null}\n]}\n'
    )
    file = read_entries(data, "time.json")
    assert file.source == "PracticePanther"
    assert (file.entries[0].narrative, file.entries[0].matter) == ("Review caf\u00e9 lease", "P-1")
    assert (file.entries[0].hours, file.entries[0].rate) == (Decimal("0.50"), Decimal("300.0"))
    file.put(0, "task", "P210")
    file.put(1, "task", "P100")
    assert file.data() == data.replace(b"null}]}", b'null}], "task_code": "P210"}').replace(
        b'"task_code": null', b'"task_code": "P100"'
    )
    assert json.loads(file.data())["value"][0]["task_code"] == "P210"


def test_an_excel_file_keeps_formats_formulas_and_other_sheets():
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Date", "Work done", "Hours", "Task Code", "Fee"])
    sheet.append(["2026-01-02", "Draft complaint", 1.5, None, "=C2*300"])
    sheet["D2"].font = Font(bold=True)
    book.create_sheet("Notes")["A1"] = "keep me"
    out = io.BytesIO()
    book.save(out)
    file = read_entries(out.getvalue(), "time.xlsx", {"narrative": "Work done"})
    assert file.entries[0].hours == Decimal("1.5")
    file.put(0, "task", "L210")
    file.put(0, "activity", "A103")
    after = openpyxl.load_workbook(io.BytesIO(file.data()))
    assert [cell.value for cell in after.worksheets[0][2]] == [
        "2026-01-02",
        "Draft complaint",
        1.5,
        "L210",
        "=C2*300",
        "A103",
    ]
    assert after.worksheets[0]["F1"].value == "Activity Code"
    assert after.worksheets[0]["D2"].font.bold
    assert after["Notes"]["A1"].value == "keep me"
    before, new = zipfile.ZipFile(out), zipfile.ZipFile(io.BytesIO(file.data()))
    changed = [name for name in before.namelist() if before.read(name) != new.read(name)]
    assert changed == ["xl/worksheets/sheet1.xml"]


def test_what_stands_under_the_name_of_a_code_is_never_lost():
    data = b'[{"narrative": "Draft answer", "task_code": ["L110"], "activity_code": {"id": 5}}]'
    file = read_entries(data, "a.json")
    assert file.entries[0].task == '["L110"]'
    file.put(0, "activity", "A103")
    assert json.loads(file.data())[0] == {
        "narrative": "Draft answer", "task_code": ["L110"], "activity_code": {"id": 5}, "activity_code_2": "A103",
    }  # fmt: skip


def excel(*rows, merge=""):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    if merge:
        book.active.merge_cells(merge)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_cells_beside_the_header_of_a_sheet_are_not_written_over():
    data = excel(["Acme LLP", "Report"], ["Date", "Narrative", "Hours"], ["d", "Draft answer", 1, "secret", "more"])
    file = read_entries(data, "a.xlsx")
    file.put(0, "task", "L210")
    sheet = openpyxl.load_workbook(io.BytesIO(file.data())).active
    assert [cell.value for cell in sheet[3]] == ["d", "Draft answer", 1, "secret", "more", "L210"]
    assert sheet["F2"].value == "Task Code"


def test_merged_cells_are_told_and_not_written_into():
    file = read_entries(excel(["Narrative", "Task Code"], ["a", "L110"], ["b", None], merge="B2:B3"), "a.xlsx")
    file.put(1, "task", "L210")
    with pytest.raises(LedesError, match="B3 is part of merged cells"):
        file.data()


def test_a_row_longer_than_the_header_is_told():
    with pytest.raises(LedesError, match="line 2 has more cells than the header"):
        read_entries(b"Date,Narrative\n1,Draft motion, Acme v. Roe\n", "a.csv")


def test_an_untimed_amount_in_a_sheet_of_both_kinds_is_an_expense():
    data = b"Narrative,Hours,Amount,Task Code,Expense Code\nDraft answer,1,300,,\nFedEx to court,,95.50,,\n"
    assert [one.kind for one in read_entries(data, "a.csv").entries] == ["fee", "expense"]


def test_a_formula_is_never_written_over():
    book = openpyxl.Workbook()
    book.active.append(["Narrative", "Task Code"])
    book.active.append(["Draft complaint", "=A1"])
    out = io.BytesIO()
    book.save(out)
    file = read_entries(out.getvalue(), "time.xlsx")
    file.put(0, "task", "L210")
    with pytest.raises(LedesError, match="B2 holds a formula"):
        file.data()


@pytest.mark.parametrize(
    ("data", "name", "message"),
    [
        (b"", "a.csv", "empty"),
        (b'Narrative\n"open', "a.csv", "quote is never closed"),
        (b"Date,Hours\n1,2\n", "a.csv", "no column holds the narrative; the columns are Date, Hours"),
        (b"{}", "a.json", "no list of entries"),
        (b'[{"note": "x"', "a.json", "broken off"),
        (b"[1]", "a.json", "no object"),
        (b'[{"note": "x"},]', "a.json", "comma"),
        (b'[{"note": "x"}] more', "a.json", "something follows the list"),
        (b"[" * 100_000, "a.json", "cannot be read|no object"),
        (b"PK", "a.xlsx", "no Excel file"),
        (b"hello", "a.txt", "no LEDES file"),
    ],
)
def test_bad_files_are_told_in_words(data, name, message):
    with pytest.raises(LedesError, match=message):
        read_entries(data, name)


def test_a_column_map_names_the_columns_of_other_products():
    data = "Was;Wer;Code\nKlageentwurf;AB;\n".encode("cp1252")
    file = read_entries(data, "zeit.csv", {"narrative": "Was", "timekeeper": "Wer", "task": "Code"})
    assert (file.entries[0].narrative, file.entries[0].timekeeper) == ("Klageentwurf", "AB")
    file.put(0, "task", "L210")
    assert file.data() == b"Was;Wer;Code\nKlageentwurf;AB;L210\n"


@pytest.mark.parametrize("name", ["1998b.txt", "1998bi.txt", "xml-2000.xml", "xml-2.1.xml", "xml-2.2.xml"])
def test_a_code_in_an_invoice_changes_that_code_alone(name):
    data = (ROOT / "fixtures" / "good" / name).read_bytes()
    file = read_entries(data, name)
    row = next(row for row, entry in enumerate(file.entries) if entry.task)
    file.put(row, "task", "L999")
    again = read_entries(file.data(), name).entries
    assert [one.task for one in again] == ["L999" if at == row else one.task for at, one in enumerate(file.entries)]
    before = file.entries[row].task.encode()
    assert len(file.data()) == len(data) + len(b"L999") - len(before)
    assert sum(a != b for a, b in zip(file.data(), data, strict=True)) <= 4


cells = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0\r\n"), max_size=12)


@given(
    st.lists(st.lists(cells, min_size=2, max_size=2), min_size=1, max_size=6),
    st.booleans(),
    st.sampled_from([",", ";", "\t"]),
)
def test_a_put_cell_is_the_only_one_that_changes(rows, quote, delimiter):
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL if quote else csv.QUOTE_MINIMAL)
    writer.writerow(["Narrative", "Task Code"])
    writer.writerows(rows)
    data = out.getvalue().encode()
    file = Delimited(data)
    assert file.data() == data
    file.put(0, 1, "L110")
    expected = [[*row] for row in csv.reader(io.StringIO(out.getvalue(), newline=""), delimiter=delimiter)]
    expected[1][1] = "L110"
    assert list(csv.reader(io.StringIO(file.data().decode(), newline=""), delimiter=delimiter)) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$1,250.00", "1250.00"),
        ("0.40h", "0.40"),
        ("(12.50)", "-12.50"),
        ("1:30", "1.50"),
        ("1.250,00", None),
        ("n/a", None),
        ("", None),
    ],
)
def test_amounts_as_products_write_them(text, value):
    assert amount_of(text) == (None if value is None else Decimal(value))
