"""Documents are built from plain values and written as conformant files, or refused with the field's name."""

from datetime import date
from decimal import Decimal

import pytest

import ledes_engine as le
from tests.examples import TODAY, fixture

LINE = {
    "invoice_date": date(2026, 2, 5), "invoice_number": "7", "client_id": "C1", "matter_id": "M1", "invoice_total": Decimal("630.00"),
    "billing_start": date(2026, 1, 1), "billing_end": date(2026, 1, 31), "line_number": 1, "line_type": "F", "units": Decimal("2.0"),
    "adjustment": -70, "total": Decimal("630.00"), "line_date": date(2026, 1, 15), "task_code": "L110", "activity_code": "A102",
    "timekeeper_id": "22547", "narrative": "Research set-off against freight claims", "law_firm_id": "24-6437381", "unit_cost": Decimal(350),
    "timekeeper_name": "Arnold, Robin", "timekeeper_class": "PARTNR", "client_matter_id": "423-987",
}  # fmt: skip


def test_a_built_document_is_written_and_accepted():
    data = le.write(le.build("1998B", [LINE]))
    assert data.splitlines()[2] == (
        b"20260205|7|C1|M1|630.00|20260101|20260131||1|F|2.0|-70|630.00|20260115|L110||A102|22547|"
        b"Research set-off against freight claims|24-6437381|350|Arnold, Robin|PARTNR|423-987[]"
    )
    assert le.check(data, today=TODAY).findings == ()


def test_1998bi_is_built_the_same_way():
    line = LINE | {
        "invoice_total": "756.00", "total": "756.00", "client_tax_id": "GB1", "matter_name": "Freight", "invoice_tax_total": "126.00",
        "invoice_net_total": "630.00", "currency": "GBP", "timekeeper_last_name": "Arnold", "timekeeper_first_name": "Robin",
        "account_type": "O", "tax_rate": "0.2", "tax_total": "126.00",
    }  # fmt: skip
    data = le.write(le.build("1998BI", [line]))
    assert data.startswith(b"LEDES98BI V2[]\r\n")
    assert le.check(data, today=TODAY).findings == ()


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"narrative": "Smith | Jones"}, "LINE_ITEM_DESCRIPTION", "pipe"),
        ({"narrative": "one\ntwo"}, "LINE_ITEM_DESCRIPTION", "line break"),
        ({"narrative": "a [] b"}, "LINE_ITEM_DESCRIPTION", "ends a record"),
        ({"client_id": ""}, "CLIENT_ID", "required and empty"),
        ({"task_code": None}, "LINE_ITEM_TASK_CODE", "required and empty"),
        ({"line_date": "01/15/2026"}, "LINE_ITEM_DATE", "no date"),
        ({"total": "630,00"}, "LINE_ITEM_TOTAL", "no plain number"),
        ({"unit_cost": "1.23456"}, "LINE_ITEM_UNIT_COST", "more than 10 digits before or 4 after"),
        ({"line_type": "X"}, "EXP/FEE/INV_ADJ_TYPE", "it is F, E, IF, IE"),
        ({"client_matter_id": "x" * 21}, "CLIENT_MATTER_ID", "20 are allowed"),
        ({"narrative": "naïve"}, "LINE_ITEM_DESCRIPTION", "does not exist in ascii"),
        ({"total": 630.0}, "LINE_ITEM_TOTAL", "no exact value"),
        ({"total": Decimal("NaN")}, "LINE_ITEM_TOTAL", "no exact value"),
    ],
)  # fmt: skip
def test_what_is_not_conformant_is_refused_by_field(change, field, reason):
    with pytest.raises(le.WriteError) as told:
        le.write(le.build("1998B", [LINE, LINE | change]))
    assert (told.value.field, told.value.row) == (field, 1)
    assert reason in str(told.value)


def test_a_file_that_lacks_a_column_is_refused():
    text = (
        fixture("1998B")
        .replace("|TIMEKEEPER_CLASSIFICATION|", "|")
        .replace("|PARTNR|", "|")
        .replace("0.05|||", "0.05||")
    )
    with pytest.raises(le.WriteError, match="TIMEKEEPER_CLASSIFICATION: the document has no such column"):
        le.write(le.read(text.replace("6437381||||555", "6437381|||555").encode()))


def test_an_unknown_column_is_refused():
    with pytest.raises(le.LedesError, match="1998B has no column 'colour'"):
        le.build("1998B", [LINE | {"colour": "red"}])


def test_an_empty_document_and_a_file_that_was_not_read_are_refused():
    with pytest.raises(le.LedesError, match="no line items"):
        le.write(le.build("1998B", []))
    with pytest.raises(le.LedesError, match="was not read"):
        le.write(le.read(b"%PDF-1.7"))


@pytest.mark.parametrize("format", ["1998B", "1998BI"])
@pytest.mark.parametrize("newline", ["\r\n", "\n"])
@pytest.mark.parametrize("encoding", ["ascii", "utf-8", "cp1252", "utf-8-sig"])
def test_good_files_come_back_byte_for_byte(format, newline, encoding):
    text = fixture(format).replace("\r\n", newline)
    if encoding != "ascii":
        text = text.replace("freight invoices", "Müller’s invoices")
    for end in ("", newline):
        data = (text.rstrip("\r\n") + end).encode(encoding)
        assert le.write(le.read(data)) == data
