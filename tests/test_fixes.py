"""Repairs: what a safe one does, what it never does, and the ones that are asked for."""

import random
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ledes_engine as le
from ledes_engine import values
from ledes_engine.codesets import bare
from ledes_engine.fixes import REQUESTS
from ledes_engine.formats.fields import fields_of
from tests.examples import ROOT, TODAY, changed, fixture

TEXT = fixture("1998B")


def with_cells(line: int = 1, text: str = TEXT, **cells: str) -> bytes:
    lines = text.split("\r\n")
    lines[line + 1] = changed(lines[line + 1], "1998B", cells)
    return "\r\n".join(lines).encode()


def told(fixed):
    return [(change.what, change.field, change.before, change.after) for change in fixed.changes]


class TestSafeRepairs:
    @pytest.mark.parametrize(
        ("cells", "what", "after"),
        [
            ({"narrative": "Review order  "}, "blanks around a value", "Review order"),
            ({"client_matter_id": "   "}, "blanks around a value", ""),
            ({"line_type": "f"}, "letter case", "F"),
            ({"timekeeper_class": "partnr"}, "letter case", "PARTNR"),
            ({"task_code": "l110"}, "label in a code field", "L110"),
            ({"task_code": "L110 - Fact Investigation"}, "label in a code field", "L110"),
            ({"adjustment": "NULL"}, "the word NULL", ""),
            ({"line_date": "2026-01-15"}, "date punctuation", "20260115"),
            ({"line_date": "01/15/2026"}, "date punctuation", "20260115"),
            ({"line_date": "15.1.2026"}, "date punctuation", "20260115"),
            ({"line_date": "3/3/2026"}, "date punctuation", "20260303"),
            ({"narrative": "Review client’s café bill"}, "characters outside ascii", "Review client's cafe bill"),
        ],
    )
    def test_a_cell_is_mended(self, cells, what, after):
        ((column, before),) = cells.items()
        fixed = le.fix(with_cells(**cells))
        native = next(field.name for field in fields_of("1998B") if field.column == column)
        assert told(fixed) == [(what, native, before, after)]
        assert le.read(fixed.data).lines[column][0] == after

    @pytest.mark.parametrize(
        "cells",
        [
            {"line_date": "01/05/2026"},  # two readings
            {"line_date": "20261501"},
            {"line_date": "1/15/26"},
            {"total": "630.01"},
            {"total": "$630.00"},
            {"units": "1,5"},
            {"task_code": "L16O"},
            {"task_code": "X1"},
            {"timekeeper_class": "Partner"},
        ],
    )
    def test_what_has_not_one_meaning_is_left_alone(self, cells):
        data = with_cells(**cells)
        assert le.fix(data) == le.Fixed(data, ())

    @pytest.mark.parametrize(
        ("change", "what"),
        [
            (lambda text: text.replace("\r\n", "\n"), None),
            (lambda text: text.replace("\r\n", "\r"), "carriage return line ends"),
            (lambda text: "\ufeff" + text, "byte order mark"),
            (lambda text: text.replace("LEDES1998B[]", "LEDES98B"), "format line variant"),
            (lambda text: text.replace("INVOICE_DATE|", "Invoice_Date|"), "header name case"),
            (lambda text: text.replace("[]\r\n20260205|260118", "[]  \r\n\r\n20260205|260118"), "blank line"),
            (lambda text: text.replace("423-987[]\r\n20260205|260117|00711|0528|1684.45|20260101|20260131|P",
                                       "423-987\r\n20260205|260117|00711|0528|1684.45|20260101|20260131|P", 1),
             "record not terminated"),
        ],
    )  # fmt: skip
    def test_the_layout_is_mended(self, change, what):
        fixed = le.fix(change(TEXT).encode())
        assert (
            fixed.data == TEXT.encode()
            if what
            else le.read(fixed.data).lines.columns == le.read(TEXT.encode()).lines.columns
        )
        assert what is None or what in {change.what for change in fixed.changes}
        assert le.check(fixed.data, today=TODAY).verdict == "accept"

    def test_a_client_with_windows_text_keeps_its_letters(self):
        data = with_cells(narrative="Review café bill → copy")
        fixed = le.fix(data, le.load_guidelines("collaborati"))
        assert le.read(fixed.data).lines["narrative"][0] == "Review café bill - copy" or "café" in fixed.data.decode(
            "cp1252"
        )
        assert fixed.data.decode("cp1252")

    def test_xml_files_are_mended_in_place(self):
        text = fixture("XML 2.2").replace(">Decrease<", "> decrease <", 1).replace(">2026-01-05<", ">20260105<", 1)
        text = (
            text.replace(">L110<", ">l110<", 1)
            .replace("<matter>", "<!-- kept --><matter>", 1)
            .replace(">O<", ">NULL<", 1)
        )
        fixed = le.fix(("\ufeff" + text).encode())
        assert told(fixed) == [
            ("blanks around a value", "increase_decrease", " decrease ", "decrease"),
            ("the word NULL", "account_type", "NULL", ""),
            ("letter case", "increase_decrease", "decrease", "Decrease"),
            ("label in a code field", "task_code", "l110", "L110"),
            ("date punctuation", "charge_date", "20260105", "2026-01-05"),
        ]
        assert b"<!-- kept -->" in fixed.data and not fixed.data.startswith(b"\xef\xbb\xbf")
        assert le.check(fixed.data, today=TODAY).verdict == "accept"

    @pytest.mark.parametrize(
        "data",
        [b"", b"Dear Sirs", TEXT.encode()[:-60], fixture("XML 2.2").encode()[:-90],
         (ROOT / "fixtures" / "bad" / "spreadsheet.txt").read_bytes()],
    )  # fmt: skip
    def test_what_could_not_be_read_whole_is_left_alone(self, data):
        fixed = le.fix(data)
        assert (fixed.data, fixed.changes, bool(fixed.reason)) == (data, (), True)


PIECES = [
    "|",
    "[]",
    "\r\n",
    "\n",
    " ",
    "NULL",
    "l110",
    "f",
    "01/15/2026",
    "é",
    "\u2019",
    "\ufeff",
    "$",
    "-",
    "0",
    "\t",
    "\x81",
]


class TestNothingElseChanges:
    def mutants(self, count):
        chance = random.Random(11)
        texts = [TEXT, fixture("1998BI"), fixture("XML 2.2-plain"), fixture("XML 2000")]
        for _ in range(count):
            text = chance.choice(texts)
            for _ in range(chance.randint(1, 4)):
                place = chance.randrange(len(text))
                text = text[:place] + chance.choice(PIECES) + text[place + chance.choice((0, 0, 1, 3)) :]
            yield text.encode("utf-8")

    def test_amounts_dates_and_codes_keep_their_meaning_and_fixing_converges(self):
        for data in self.mutants(1500):
            fixed = le.fix(data)
            assert le.fix(fixed.data).data == fixed.data
            before, after = le.read(data), le.read(fixed.data)
            if fixed.data == data:
                continue
            assert len(before.lines) == len(after.lines)
            for field in before.fields:
                pairs = zip(
                    before.lines.columns.get(field.column, ()), after.lines.columns.get(field.column, ()), strict=False
                )
                for old, new in set(pairs):
                    if field.type == "number" and old.strip().upper().strip("()") != "NULL":
                        assert values.number(old) == values.number(new)
                    if field.type == "date" and values.iso_day(old):
                        assert values.iso_day(old) == values.iso_day(new)
                    if field.column.endswith("_code") and old.strip().upper().strip("()") != "NULL":
                        assert bare(old) == bare(new)

    @given(st.binary(max_size=200))
    def test_any_bytes_at_all(self, data):
        assert le.fix(data).data == data or le.read(data).readable


class TestLettersThatAsciiLacks:
    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("Phase 1 │ Phase 2", "Phase 1 / Phase 2"),
            ("see ［］", "see ()"),
            ("1½ hours", "1 1/2 hours"),
            ("naïve", "naive"),
        ],
    )
    def test_nothing_that_they_turn_into_breaks_a_record_or_a_number(self, before, after):
        assert le.read(le.fix(with_cells(narrative=before)).data).lines["narrative"][0] == after

    @pytest.mark.parametrize(
        "cells",
        [{"units": "5²"}, {"total": "1684.\xad5"}, {"total": "–100"}, {"task_code": "ñ110"}, {"client_id": "É1"}],
    )
    def test_amounts_codes_and_ids_keep_theirs(self, cells):
        ((column, value),) = cells.items()
        assert le.read(le.fix(with_cells(**cells)).data).lines[column][0] == value

    def test_a_header_in_other_letters(self):
        data = TEXT.replace("CLIENT_ID|", "CLIENT_IÉD|").encode()
        assert le.fix(data).data == data or le.read(le.fix(data).data).readable

    def test_xml_that_claims_another_encoding_is_written_in_utf_8(self):
        data = fixture("XML 2.2").replace(">L110<", ">l110<", 1).encode("cp1252", "replace")
        fixed = le.fix(data)
        assert "Calderón" in fixed.data.decode("utf-8")
        assert le.check(fixed.data, today=TODAY).verdict == "accept"


class TestOnRequest:
    def test_names(self):
        data = with_cells(timekeeper_name="Robin Arnold")
        fixed = le.fix(data, requests=["names"])
        assert told(fixed) == [("order of a name", "TIMEKEEPER_NAME", "Robin Arnold", "Arnold, Robin")]
        assert le.fix(data).changes == ()

    @pytest.mark.parametrize("name", ["van Dyke", "Smith Jr.", "Anna Maria Smith", "Arnold"])
    def test_names_whose_order_is_not_plain_are_left(self, name):
        assert le.fix(with_cells(timekeeper_name=name), requests=["names"]).changes == ()

    def test_line_breaks_and_pipes(self):
        data = with_cells(narrative="Review order\nand | reply")
        assert le.read(data).lines["narrative"][0] == "Review order\nand | reply"
        fixed = le.fix(data, requests=["line-breaks", "pipes"])
        assert le.read(fixed.data).lines["narrative"][0] == "Review order and / reply"
        assert le.check(fixed.data, today=TODAY).verdict == "accept"
        assert le.read(le.fix(data).data).lines["narrative"][0] == "Review order\nand | reply"

    def test_line_numbers(self):
        fixed = le.fix(with_cells(2, line_number="1"), requests=["line-numbers"])
        assert le.read(fixed.data).lines["line_number"] == ["1", "2", "3", "4"]

    def test_invoice_total(self):
        data = TEXT.replace("1684.45", "1700.00").encode()
        fixed = le.fix(data, requests=["invoice-total"])
        assert {Decimal(text) for text in le.read(fixed.data).lines["invoice_total"]} == {
            Decimal("1684.45"),
            Decimal(1250),
        }
        text = fixture("XML 2.2").replace(">12543.60<", ">12543.61<").encode()
        assert le.fix(text, requests=["invoice-total"]).data == fixture("XML 2.2").encode()

    def test_each_is_made_alone_and_only_those_that_there_are(self):
        assert list(REQUESTS) == ["names", "line-breaks", "pipes", "line-numbers", "invoice-total"]
        with pytest.raises(le.LedesError, match="there is no unsafe fix 'everything'"):
            le.fix(TEXT.encode(), requests=["everything"])
