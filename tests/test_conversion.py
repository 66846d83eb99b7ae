"""Conversions: what is carried over, what is told to be lost, and files for spreadsheets."""

import io
import json
import zipfile
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ledes_engine as le
from ledes_engine.conversion import target_format
from ledes_engine.conversion.office import dump, load
from ledes_engine.conversion.sheet import fitting
from ledes_engine.formats.fields import fields_of
from tests.examples import ROOT, TODAY, fixture

DEFAULTS = {
    "firm_name": "Norden LLP", "client_name": "Acme", "currency": "USD", "client_tax_id": "99-1",
    "matter_name": "Freight", "account_type": "O",
}  # fmt: skip
TARGETS = ("1998b", "1998bi", "2000", "2.0", "2.1", "2.2")
# What 1998B, 1998BI and XML 2.2 can all hold of a fee or an expense.
SHARED = (
    "invoice_date invoice_number client_id matter_id invoice_total billing_start billing_end invoice_description "
    "line_type units adjustment total line_date task_code expense_code activity_code timekeeper_id narrative "
    "law_firm_id unit_cost timekeeper_name timekeeper_class client_matter_id".split()
)
MONEY = {"invoice_total", "units", "adjustment", "total", "unit_cost"}

WORDS = st.text(st.sampled_from("abcXYZ &<>\"'é0129,.-;/"), min_size=1, max_size=20).map(str.strip).filter(bool)
CENTS = st.integers(-500_000, 500_000).map(lambda cents: Decimal(cents) / 100)


@st.composite
def invoices(draw, tax: bool = False):
    """Valid lines of a few invoices, matters not mixed within an invoice's run."""
    lines = []
    for number in range(draw(st.integers(1, 3))):
        head = {
            "invoice_date": "20260205", "invoice_number": f"INV-{number}", "client_id": draw(st.sampled_from(["C1", "C2"])),
            "matter_id": f"M{draw(st.integers(1, 3))}", "billing_start": "20260101", "billing_end": "20260131",
            "invoice_description": draw(WORDS), "law_firm_id": "24-6437381", "client_matter_id": f"CM-{number}",
        }  # fmt: skip
        if tax:
            head |= {"currency": "GBP", "client_tax_id": "GB1", "matter_name": draw(WORDS), "account_type": "O"}
        of_invoice = []
        for place in range(draw(st.integers(1, 5))):
            fee = draw(st.booleans())
            tenths, rate, adjustment = draw(st.integers(1, 90)), draw(st.integers(1, 900)), draw(CENTS | st.just(0))
            total = Decimal(tenths) / 10 * rate + adjustment
            line = {
                "line_number": str(place + 1), "line_type": "F" if fee else "E", "units": Decimal(tenths) / 10,
                "unit_cost": Decimal(rate), "adjustment": adjustment or "", "total": total, "narrative": draw(WORDS),
                "line_date": f"202601{draw(st.integers(1, 31)):02}", "task_code": "L120" if fee else "",
                "activity_code": "A103" if fee else "", "expense_code": "" if fee else "E101",
            }  # fmt: skip
            if fee:
                person = draw(st.sampled_from([("1", "Arnold, Robin", "PARTNR"), ("2", "O'Neil Ann", "ASSOC")]))
                line |= dict(zip(("timekeeper_id", "timekeeper_name", "timekeeper_class"), person, strict=True))
                if tax:
                    last, _, first = person[1].partition(", ")
                    line |= {"timekeeper_last_name": last, "timekeeper_first_name": first}
            if tax:
                rate_text = draw(st.sampled_from(["0.20", "0.05", ""]))
                amount = (total * Decimal(rate_text or 0)).quantize(Decimal("0.01"))
                line |= {
                    "tax_rate": rate_text,
                    "tax_type": "VAT" if rate_text else "",
                    "tax_total": amount,
                    "total": total + amount,
                }
            of_invoice.append({**head, **line})
        whole = sum(line["total"] for line in of_invoice)
        taxes = sum(line.get("tax_total", Decimal(0)) for line in of_invoice)
        for line in of_invoice:
            line["invoice_total"] = whole
            if tax:
                line |= {"invoice_tax_total": taxes, "invoice_net_total": whole - taxes}
        lines += of_invoice
    return le.build("1998BI" if tax else "1998B", lines)


def through(document, *targets):
    """A document converted again and again, written and read in between, and the losses of each step."""
    losses = []
    for target in targets:
        if target_format(target) == document.format:
            continue
        conversion = le.convert(document, target, DEFAULTS)
        assert conversion.missing == ()
        losses.append(conversion.losses)
        document = le.read(le.write(conversion.document, strict=False))
    return document, losses


def values(document, columns):
    """The values of lines, amounts by what they are worth."""
    lines = document.lines
    return [
        tuple(Decimal(lines[c][row] or 0) if c in MONEY else fitting(lines[c][row]) for c in columns)
        for row in range(len(lines))
    ]


def errors(document):
    return [f"{f.rule} {f.message}" for f in le.check(document, today=TODAY).findings if f.severity == "error"]


class TestWhatIsKept:
    @given(invoices())
    @settings(max_examples=60, deadline=None)
    def test_1998b_by_bi_and_xml_and_back_keeps_what_all_three_hold(self, document):
        """Names and texts in ASCII, because 1998B has nothing else; the lines in the order of their matters."""
        again, _ = through(document, "1998bi", "2.2", "1998b")
        assert sorted(values(again, SHARED)) == sorted(values(document, SHARED))

    @given(invoices(tax=True))
    @settings(max_examples=60, deadline=None)
    def test_taxes_of_1998bi_come_back_from_xml(self, document):
        again, _ = through(document, "2.2", "1998bi")
        columns = [*SHARED, "currency", "client_tax_id", "matter_name", "tax_type", "account_type"]
        assert sorted(values(again, columns)) == sorted(values(document, columns))
        for column in ("tax_total", "invoice_tax_total", "invoice_net_total"):
            assert sorted(Decimal(v) for v in again.lines[column]) == sorted(Decimal(v) for v in document.lines[column])

    @given(invoices(), st.sampled_from(TARGETS))
    @settings(max_examples=60, deadline=None)
    def test_a_converted_file_has_no_error(self, document, target):
        converted, _ = through(document, target)
        assert errors(document) == []
        assert errors(converted) == []

    @given(invoices(tax=True), st.sampled_from(TARGETS))
    @settings(max_examples=60, deadline=None)
    def test_a_converted_file_with_taxes_has_no_error(self, document, target):
        converted, _ = through(document, target)
        assert [error for error in errors(converted) if error[:3] not in ("X08",)] == []

    @pytest.mark.parametrize("source", ["1998B", "1998BI", "XML 2000", "XML 2.0", "XML 2.1", "XML 2.2"])
    @pytest.mark.parametrize("target", TARGETS)
    def test_every_pair_of_formats(self, source, target):
        document = le.read(fixture(source).encode())
        conversion = le.convert(document, target, DEFAULTS)
        assert conversion.missing == ()
        assert conversion.document.format == target_format(target)
        assert errors(le.read(le.write(conversion.document, strict=False))) == []
        if document.format == target_format(target):
            assert conversion.losses == ()

    @pytest.mark.parametrize(
        ("source", "target"), [("1998B", "1998bi"), ("XML 2.0", "2.1"), ("XML 2.0", "2.2"), ("XML 2.1", "2.2")]
    )
    def test_where_the_readme_says_that_nothing_is_lost(self, source, target):
        assert le.convert(le.read(fixture(source).encode()), target, DEFAULTS).losses == ()

    def test_the_tables_of_an_xml_file_are_written_anew_as_they_were(self):
        for path in (ROOT / "fixtures" / "good").glob("*.xml"):
            document = le.read(path.read_bytes())
            again = le.read(le.write(load(dump(document, "json"), "json"), strict=False))
            for name, table in document.tables.items():
                for column, cells in table.columns.items():  # what was blank may have been computed
                    pairs = zip(again.tables[name][column], cells, strict=True)
                    assert all(got == was for got, was in pairs if was), (path.name, name, column)
                assert {k: list(v) for k, v in again.tables[name].links.items()} == {
                    k: list(v) for k, v in table.links.items()
                }


class TestWhatIsLost:
    def test_every_value_without_a_place_is_told(self):
        """An oracle: each text of the source is in the target, in the account of losses, or in another form of it."""
        document = le.read(fixture("XML 2.2").encode())
        conversion = le.convert(document, "1998bi", DEFAULTS)
        told = {value for loss in conversion.losses for _, value in loss.values} | {
            word for loss in conversion.losses for _, value in loss.values for word in value.split()
        }
        kept = {cell for cells in conversion.document.lines.columns.values() for cell in cells}
        derived = {
            "Flat",
            "Percent",
            "Fee",
            "Exp",
            "Increase",
            "Decrease",
            "U",
            "F",
            "Y",
            "N",
            "Pre-Split",
            "Post-Split",
        }
        for name, table in document.tables.items():
            for field in table.fields:
                if field.column.endswith("item_number") or name in ("timekeepers", "tax_sums"):
                    continue
                for text in table.distinct(field.column):
                    forms = {text, text.replace("-", ""), f"{text} OCG-7.2"}
                    amount = field.type == "number"
                    assert not text or amount or forms & (told | kept | derived), (name, field.name, text)

    def test_adjustments_of_the_invoice(self):
        document = le.read(fixture("1998B").encode())
        losses = le.convert(document, "2.2", DEFAULTS).losses
        assert [(loss.field, loss.values) for loss in losses] == [
            ("LINE_ITEM_NUMBER", ((6, "4"),)),
            ("LINE_ITEM_DATE", ((6, "20260131"),)),
            ("LINE_ITEM_NUMBER_OF_UNITS", ((6, "1"),)),
        ]

    def test_strict_refuses(self):
        document = le.read(fixture("1998B").encode())
        with pytest.raises(le.LedesError, match="LINE_ITEM_DATE: 20260131"):
            le.convert(document, "2.2", DEFAULTS, strict=True)

    def test_what_is_missing_is_named_and_comes_from_the_defaults(self):
        document = le.read(fixture("1998B").encode())
        assert le.convert(document, "2.2").missing == (
            "lf_name is required (in each firm); give it as firm_name under [defaults] in the guidelines",
            "cl_name is required (in each client); give it as client_name under [defaults] in the guidelines",
            "inv_currency is required (in each invoice); give it as currency under [defaults] in the guidelines",
        )
        made = le.convert(document, "2.2", DEFAULTS).document
        assert (made.tables["firms"]["firm_name"], made.tables["invoices"]["currency"]) == (["Norden LLP"], ["USD"] * 2)

    def test_texts_are_written_in_the_letters_that_a_line_can_hold(self):
        document = le.read(fixture("XML 2.2").encode())
        made = le.convert(document, "1998b", DEFAULTS)
        (loss,) = [one for one in made.losses if one.field == "LINE_ITEM_DESCRIPTION"]
        assert "Calderón" in "".join(value for _, value in loss.values)
        assert "R. Calderon regarding reefer" in made.document.lines["narrative"][0]

    def test_a_damaged_file_is_not_converted(self):
        document = le.read(fixture("XML 2.2").encode()[:-400])
        with pytest.raises(le.LedesError, match="could not be read"):
            le.convert(document, "1998b")

    def test_no_such_format(self):
        with pytest.raises(le.LedesError, match=r"there is no format '3\.0'"):
            le.convert(le.read(fixture("1998B").encode()), "3.0")


class TestAmounts:
    def test_matters_and_invoices_are_added_up(self):
        made = le.convert(le.read(fixture("1998BI").encode()), "2.2", DEFAULTS).document
        matters, sums = made.tables["matters"], made.tables["tax_sums"]
        assert [
            (matters["fees_total"][row], matters["expenses_total"][row], matters["fees_credit"][row],
             matters["fees_tax"][row], matters["matter_total"][row]) for row in range(2)
        ] == [("1680.00", "4.45", "0.00", "336.00", "2021.34"), ("0.00", "0.00", "1250.00", "250.00", "1500.00")]  # fmt: skip
        assert (sums["fees_taxed"], sums["fees_tax"]) == (["1680.00", "1250.00"], ["336.00", "250.00"])

    def test_a_credit_of_the_matter_becomes_an_adjustment_line(self):
        made = le.convert(le.read(fixture("XML 2.2").encode()), "1998b", DEFAULTS).document
        adjustments = [
            (
                made.lines["line_type"][row],
                made.lines["adjustment"][row],
                made.lines["total"][row],
                made.lines["matter_id"][row],
            )
            for row in range(len(made.lines))
            if made.lines["line_type"][row] in ("IF", "IE")
        ]
        assert adjustments == [
            ("IF", "-227.80", "-227.80", "10382.0021"),
            ("IF", "-1500.00", "-1500.00", "10382.0021"),
            ("IE", "-20.00", "-20.00", "10382.0024"),
        ]


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30) | st.sampled_from(
    ["007", "1E5", "MAR1", "=1+1", "+1", "-1+1", "@x", "TRUE", "'", "''a", "\t", " a ", "_x0041_", "\x01", "1/2", "0.10",
     "-70", "12345678901234567890", "20260115", "a\nb", "a\r\nb", '"', ",", ";", "é", "|", "[]", "#N/A", "1,5"]
)  # fmt: skip


class TestSpreadsheets:
    @given(st.lists(TEXTS, min_size=24, max_size=24), st.sampled_from(["csv", "xlsx", "json"]))
    @settings(max_examples=150, deadline=None)
    def test_every_text_comes_back(self, texts, kind):
        columns = [field.column for field in fields_of("1998B")]
        lines = [dict(zip(columns, texts, strict=True)), {"line_type": "F"}]
        document = le.build("1998B", [line for line in lines if any(line.values())])  # blank rows are no lines
        again = load(dump(document, kind), kind)
        assert (again.format, again.lines.columns) == ("1998B", document.lines.columns)

    @pytest.mark.parametrize("path", sorted((ROOT / "fixtures" / "good").glob("*.[tx][xm][tl]")), ids=lambda p: p.name)
    @pytest.mark.parametrize("kind", ["csv", "xlsx", "json"])
    def test_every_format_comes_back(self, path, kind):
        document = le.read(path.read_bytes())
        if kind == "csv" and document.family == "XML":
            with pytest.raises(le.LedesError, match="a CSV file holds lines only"):
                dump(document, kind)
            return
        again = load(dump(document, kind), kind)
        assert again.format == document.format
        for name in ("lines",) if document.family == "ASCII" else document.tables:
            assert again.tables[name].columns == document.tables[name].columns
        if document.family == "ASCII":
            assert le.write(again) == path.read_bytes()

    def test_csv_shows_a_spreadsheet_nothing_that_it_would_change(self):
        document = le.build(
            "1998B", [{"client_id": "007", "narrative": "=HYPERLINK(1)", "task_code": "MAR1", "units": "1.5"}]
        )
        row = dump(document, "csv").decode("utf-8-sig").splitlines()[1].split(",")
        assert ("'007" in row, "'=HYPERLINK(1)" in row, "'MAR1" in row, "1.5" in row) == (True, True, True, True)

    def test_excel_cells_are_text_and_what_people_type_is_taken_for_what_it_says(self):
        document = le.read(fixture("1998B").encode())
        book = openpyxl.load_workbook(io.BytesIO(dump(document, "xlsx")))
        sheet = book["lines"]
        assert {cell.number_format for row in sheet.iter_rows() for cell in row} == {"@"}
        assert sheet["C2"].value == "00711"
        sheet["K2"], sheet["M2"], sheet["N2"] = 2.5, 875, __import__("datetime").date(2026, 1, 16)
        out = io.BytesIO()
        book.save(out)
        lines = load(out.getvalue(), "xlsx").lines
        assert (lines["units"][0], lines["total"][0], lines["line_date"][0]) == ("2.5", "875", "20260116")
        sheet["K2"] = "=1+1"
        book.save(out := io.BytesIO())
        with pytest.raises(le.LedesError, match="sheet lines, cell K2 holds a formula"):
            load(out.getvalue(), "xlsx")

    @pytest.mark.parametrize(
        ("data", "kind", "told"),
        [
            (b"", "csv", "the CSV file is empty"),
            (b"a,b\n1,2\n", "csv", "the first row must name the fields; it lacks INVOICE_DATE"),
            (b"no zip", "xlsx", "this is no Excel file"),
            (b"{", "json", "the JSON file cannot be read"),
            (b"[]", "json", "the JSON file must be"),
            (b'{"format": "1998B", "tables": {"lines": [{"UNITS": 1.5}]}}', "json", "no column INVOICE_DATE"),
            (b'{"format": "1998C", "tables": {}}', "json", "names the format '1998C'"),
            (
                b'{"format": "XML 2.2", "tables": {"taxes": [{"element": "fee"}]}}',
                "json",
                "sheet taxes, row 2: 'fee' is none",
            ),
        ],
    )
    def test_what_is_wrong_in_a_file_is_said(self, data, kind, told):
        with pytest.raises(le.LedesError, match=told.replace("(", r"\(")):
            load(data, kind)

    def test_a_workbook_that_would_swell_is_refused(self):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("xl/worksheets/sheet1.xml", b"0" * 30_000_000)
        with pytest.raises(le.LedesError, match="would unpack to 30,000,000 bytes"):
            load(out.getvalue(), "xlsx")
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("xl/workbook.xml", b"<!DOCTYPE x [<!ENTITY a 'b'>]><x/>")
        with pytest.raises(le.LedesError, match="declares a document type"):
            load(out.getvalue(), "xlsx")

    def test_json_is_plain_objects(self):
        whole = json.loads(dump(le.read(fixture("1998B").encode()), "json"))
        assert whole["format"] == "1998B"
        assert whole["tables"]["lines"][0]["CLIENT_ID"] == "00711"


def line(**cells):
    """A valid 1998BI fee line, with some cells set."""
    base = {
        "invoice_date": "20260205", "invoice_number": "1", "client_id": "C1", "matter_id": "M1", "invoice_total": "100",
        "billing_start": "20260101", "billing_end": "20260131", "line_number": "1", "line_type": "F", "units": "1",
        "unit_cost": "100", "total": "100", "line_date": "20260115", "task_code": "L120", "activity_code": "A103",
        "timekeeper_id": "1", "timekeeper_name": "Arnold, Robin", "timekeeper_last_name": "Arnold", "tax_total": "0",
        "timekeeper_first_name": "Robin", "timekeeper_class": "PARTNR", "narrative": "Draft order", "law_firm_id": "24",
        "client_matter_id": "CM1", "client_tax_id": "GB1", "matter_name": "Freight", "invoice_net_total": "100",
        "currency": "GBP", "account_type": "O",
    }  # fmt: skip
    return {**base, **cells}


def converted(lines, to):
    return le.convert(le.build("1998BI", lines), to, DEFAULTS)


class TestWhatReviewersFound:
    def test_two_clients_may_have_one_invoice_number(self):
        made = converted([line(), line(client_id="C2", matter_id="M2", line_number="2")], "2.2").document
        tables = made.tables
        assert (tables["clients"]["client_id"], tables["invoices"]["invoice_number"]) == (["C1", "C2"], ["1", "1"])
        assert list(tables["lines"].links["clients"]) == [1, 2]
        back = le.convert(le.read(le.write(made)), "1998bi", DEFAULTS)
        assert back.document.lines["invoice_total"] == ["100", "100"]

    def test_what_lines_of_one_invoice_state_differently_is_told(self):
        losses = converted(
            [line(po_number="7"), line(po_number="8", line_number="2", invoice_total="200")], "2.2"
        ).losses
        assert [(loss.field, loss.values, loss.reason) for loss in losses] == [
            ("INVOICE_TOTAL", ((4, "200"),), "the lines of one invoice differ; the first value is kept"),
            ("PO_NUMBER", ((4, "8"),), "the lines of one matter differ; the first value is kept"),
        ]

    def test_a_zero_rated_tax_is_kept(self):
        document, _ = through(le.build("1998BI", [line(tax_type="VAT", tax_rate="0")]), "2.2", "1998bi")
        assert (document.lines["tax_type"], document.lines["tax_rate"]) == (["VAT"], ["0"])

    def test_a_tax_without_a_rate_gets_the_one_that_it_is_or_stops(self):
        total = {"total": "120", "tax_total": "20", "invoice_total": "120", "invoice_tax_total": "20"}
        assert converted([line(**total)], "2.2").document.tables["taxes"]["tax_rate"] == ["0.2"]
        odd = line(units="3", unit_cost="100", total="320", tax_total="20", invoice_total="320", invoice_tax_total="20")
        assert converted([odd], "2.2").missing == ("line 3: the line has tax and no rate; put the rate there",)

    @pytest.mark.parametrize(("currency", "prices", "taxes"), [
        ("GBP", ("0.50", "0.50", "0.50"), ("0.03", "0.02", "0.03")),
        ("JPY", ("101", "105", "109"), ("5", "5", "5")),
    ])  # fmt: skip
    def test_taxes_of_lines_add_up_to_what_the_matter_states(self, currency, prices, taxes):
        whole = sum(map(Decimal, (*prices, *taxes)))
        lines = [
            line(line_number=str(place), unit_cost=price, total=Decimal(price) + Decimal(tax), tax_rate="0.05", currency=currency,
                 tax_type="VAT", tax_total=tax, invoice_total=whole, invoice_tax_total=sum(map(Decimal, taxes)),
                 narrative=f"Draft order {place}")
            for place, (price, tax) in enumerate(zip(prices, taxes, strict=True), 1)
        ]  # fmt: skip
        document = le.build("1998BI", lines)
        made = le.convert(document, "2.2", DEFAULTS)
        assert errors(made.document) == []
        back = le.convert(made.document, "1998bi", DEFAULTS)
        assert sorted(map(Decimal, back.document.lines["tax_total"])) == sorted(map(Decimal, taxes))
        assert errors(le.read(le.write(back.document))) == []

    def test_the_text_of_an_adjustment_comes_back(self):
        adjustment = line(line_type="IF", units="", unit_cost="", adjustment="-10", total="-10", line_number="2",
                          narrative="Courtesy discount", task_code="", activity_code="", timekeeper_id="",
                          timekeeper_name="", timekeeper_class="", timekeeper_last_name="", timekeeper_first_name="")  # fmt: skip
        lines = [
            line(invoice_total="90", invoice_net_total="90"),
            adjustment | {"invoice_total": "90", "invoice_net_total": "90"},
        ]
        document, _ = through(le.build("1998BI", lines), "2.2", "1998bi")
        assert document.lines["narrative"] == ["Draft order", "Courtesy discount"]

    def test_amounts_that_are_no_numbers_stop_a_conversion(self):
        assert converted([line(total="1,000.00")], "2.2").missing == (
            "LINE_ITEM_TOTAL is '1,000.00' (line 3), which is no number; mend it and convert again",
        )

    def test_what_a_line_lacks_is_not_asked_of_the_defaults(self):
        assert le.convert(le.build("1998BI", [line(units="")]), "1998b").missing == (
            "LINE_ITEM_NUMBER_OF_UNITS is required (on F lines; line item 1 has none); fill it in and convert again",
        )

    def test_a_file_goes_to_a_spreadsheet_as_it_is(self):
        document = le.build("1998B", [{"invoice_total": "999", "narrative": "café", "task_code": ""}])
        assert load(dump(document, "xlsx"), "xlsx").lines.columns == document.lines.columns

    @pytest.mark.parametrize("name", ["matters", "invoices"])
    def test_a_row_that_others_refer_to_cannot_be_taken_out(self, name):
        whole = json.loads(dump(le.read(fixture("XML 2.2").encode()), "json"))
        whole["tables"][name] = whole["tables"][name][:-1]
        with pytest.raises(le.LedesError, match=f"there is no row [0-9] in sheet {name}"):
            load(json.dumps(whole).encode(), "json")

    def test_a_large_number_of_matters_takes_no_longer_than_it_must(self):
        lines = [
            line(matter_id=f"M{n}", invoice_number=str(n), adjustment="-1", total="99", invoice_total="99")
            for n in range(4000)
        ]
        made = converted(lines, "2.2").document
        assert len(made.tables["matters"]) == 4000
