"""Any bytes give a document; nothing is lost, trimmed or guessed; what is out of order is told in words."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ledes_engine as le
from ledes_engine.formats import pipe
from ledes_engine.formats.fields import fields_of
from tests.examples import fixture

GOOD = fixture("1998B")
FIELDS = fields_of("1998B")


def faults(data: bytes) -> list[tuple[str, int]]:
    return [(fault.slug, fault.line) for fault in le.read(data).faults]


def in_line(number: int, old: str, new: str, text: str = GOOD) -> bytes:
    lines = text.split("\r\n")
    assert old in lines[number - 1]
    lines[number - 1] = lines[number - 1].replace(old, new)
    return "\r\n".join(lines).encode()


def test_a_well_formed_file_gives_its_cells_and_places():
    document = le.read(GOOD.encode())
    assert document.format == "1998B"
    assert list(document.lines.record) == [1, 2, 3, 4]
    assert list(document.lines.line) == [3, 4, 5, 6]
    assert document.lines["total"] == ["630", "1050", "4.45", "1250"]
    assert document.lines["adjustment"] == ["-70", "", "", "1250."]
    assert document.faults == []


def test_invoices_are_plain_objects():
    document = le.read(GOOD.encode())
    first, second = document.invoices
    assert first.invoice_number == "260117"
    assert first.lines[2].narrative == "Copies of bills of lading for settlement file"
    assert first.lines[2].physical_line == 5
    assert str(second.lines[0].number("total")) == "1250"
    assert first.day("invoice_date").isoformat() == "2026-02-05"
    with pytest.raises(AttributeError, match="no column 'colour'"):
        first.colour  # noqa: B018


def test_tables_hold_each_invoice_timekeeper_and_tax_once():
    tables = le.read(fixture("1998BI").encode()).tables
    assert tables["invoices"]["invoice_number"] == ["260117", "260118"]
    assert tables["invoices"]["currency"] == ["GBP", "GBP"]
    assert tables["timekeepers"]["timekeeper_id"] == ["22547"]
    assert tables["taxes"]["tax_rate"] == ["0.20"]


@pytest.mark.parametrize(("newline", "expected"), [("\r\n", []), ("\n", []), ("\r", [("carriage-returns", 1)])])
def test_line_ends_do_not_change_the_cells(newline, expected):
    data = GOOD.replace("\r\n", newline).encode()
    document = le.read(data)
    assert document.lines.columns == le.read(GOOD.encode()).lines.columns
    assert list(document.lines.line) == [3, 4, 5, 6]
    assert faults(data) == expected
    assert le.write(document) == data


def test_mixed_line_ends_are_read():
    lines = GOOD.split("\r\n")
    data = ("\r\n".join(lines[:3]) + "\n" + "\r\n".join(lines[3:])).encode()
    document = le.read(data)
    assert document.lines["line_number"] == ["1", "2", "3", "4"]
    assert list(document.lines.line) == [3, 4, 5, 6]


@pytest.mark.parametrize(
    ("encoding", "slugs"),
    [
        ("utf-8", []),
        ("cp1252", []),
        ("utf-8-sig", ["byte-order-mark"]),
        ("utf-16", ["wide-encoding"]),
        ("utf-16-le", ["wide-encoding"]),
        ("utf-32", ["wide-encoding"]),
    ],
)
def test_encodings_are_told_from_the_bytes(encoding, slugs):
    text = GOOD.replace("Copies of bills", "Copies of Müller’s bills")
    document = le.read(text.encode(encoding))
    assert document.lines["narrative"][2] == "Copies of Müller’s bills of lading for settlement file"
    assert [fault.slug for fault in document.faults] == slugs


def test_utf16_without_a_mark_needs_no_foreign_letters():
    assert le.read(GOOD.encode("utf-16-le")).lines["total"] == ["630", "1050", "4.45", "1250"]


def test_a_line_break_in_a_narrative_keeps_the_record_whole():
    data = in_line(4, "re settlement", "re\r\nsettlement")
    document = le.read(data)
    assert (
        document.lines["narrative"][1] == "Telephone conference with opposing counsel re\r\nsettlement of freight claim"
    )
    assert list(document.lines.line) == [3, 4, 6, 7]
    assert [(f.slug, f.line, f.field) for f in document.faults] == [("line-break", 4, "narrative")]


def test_a_line_break_before_the_terminator_is_one_in_the_last_field():
    document = le.read(in_line(3, "|423-987[]", "|423-987\r\n[]"))
    assert [(f.slug, f.line, f.field) for f in document.faults] == [("line-break", 3, "client_matter_id")]
    assert len(document.lines) == 4


@pytest.mark.parametrize(
    ("old", "new", "column", "value"),
    [
        ("set-off against", "set-off | against", "narrative", "Research set-off | against unpaid freight invoices"),
        ("set-off against", "a|b|c", "narrative", "Research a|b|c unpaid freight invoices"),
        ("Professional services", "Fees|costs", "invoice_description", "Fees|costs"),
    ],
)
def test_a_stray_pipe_is_put_back_where_it_fits(old, new, column, value):
    document = le.read(in_line(3, old, new))
    assert document.lines[column][0] == value
    assert document.lines["total"][0] == "630"
    assert [(f.slug, f.line, f.field, f.facts["reason"]) for f in document.faults] == [
        ("field-count", 3, column, "pipe")
    ]


def test_a_record_that_lacks_a_field_is_left_out_and_told():
    document = le.read(in_line(3, "|L110||A102|", "|L110|A102|"))
    assert document.lines["line_number"] == ["2", "3", "4"]
    assert document.damaged == {"260117"}
    [fault] = document.faults
    assert (fault.slug, fault.line, fault.record) == ("field-count", 3, 1)
    assert fault.facts == {"reason": "missing", "found": 23, "expected": 24}


def test_the_sum_of_an_invoice_with_a_damaged_record_is_not_judged():
    report = le.check(in_line(3, "|L110||A102|", "|L110|A102|"))
    assert [finding.rule for finding in report.findings if finding.severity == "error"] == ["F02"]


def test_a_terminator_inside_a_value_keeps_the_record_whole():
    document = le.read(in_line(3, "set-off against", "[] against"))
    assert document.lines["narrative"][0] == "Research [] against unpaid freight invoices"
    assert [(f.slug, f.line, f.field) for f in document.faults] == [("bracketed", 3, "narrative")]


def test_a_forgotten_terminator_does_not_join_records():
    document = le.read(in_line(4, "423-987[]", "423-987"))
    assert document.lines["line_number"] == ["1", "2", "3", "4"]
    assert [(f.slug, f.line) for f in document.faults] == [("not-terminated", 4)]


def test_records_need_no_line_ends():
    head, names, *records = GOOD.rstrip("\r\n").split("\r\n")
    document = le.read(f"{head}\r\n{names}\r\n{''.join(records)}".encode())
    assert document.lines["line_number"] == ["1", "2", "3", "4"]
    assert [(f.slug, f.line) for f in document.faults] == [("shared-line", 3)] * 3


def test_a_header_in_another_order_is_read_by_its_names():
    lines = [line.removesuffix("[]").split("|") for line in GOOD.split("\r\n")]
    order = [*range(23, -1, -1)]
    moved = [lines[0][0] + "[]", *("|".join(line[i] for i in order) + "[]" for line in lines[1:-1]), ""]
    document = le.read("\r\n".join(moved).encode())
    assert document.lines["total"] == ["630", "1050", "4.45", "1250"]
    assert [fault.slug for fault in document.faults] == ["header-order"]
    assert le.write(document) == "\r\n".join(moved).encode()


def test_unknown_header_fields_are_kept():
    text = GOOD.replace("|CLIENT_MATTER_ID[]", "|CLIENT_MATTER_ID|OFFICE[]")
    text = text.replace("423-987[]", "423-987|NY[]").replace("555-001[]", "555-001|LA[]")
    document = le.read(text.encode())
    assert document.lines["OFFICE"] == ["NY", "NY", "NY", "LA"]
    assert le.write(document) == text.encode()


def test_without_a_header_the_standard_order_is_taken():
    head, _, *rest = GOOD.split("\r\n")
    document = le.read("\r\n".join([head, *rest]).encode())
    assert document.lines["line_number"] == ["1", "2", "3", "4"]
    assert list(document.lines.line) == [2, 3, 4, 5]


@pytest.mark.parametrize(
    ("identifier", "format", "slugs"),
    [
        ("LEDES1998B[]", "1998B", []),
        ("LEDES98B[]", "1998B", ["identifier-variant"]),
        ("ledes1998b[]", "1998B", ["identifier-variant"]),
        ("LEDES1998B", "1998B", ["identifier-variant"]),
        (" LEDES1998B[] ", "1998B", ["identifier-variant"]),
        ("LEDES98BI V5[]", "1998B", ["identifier-and-header"]),
    ],
)
def test_identifiers_of_the_wild_are_recognised(identifier, format, slugs):
    document = le.read(GOOD.replace("LEDES1998B[]", identifier).encode())
    assert (document.format, [fault.slug for fault in document.faults]) == (format, slugs)
    assert document.lines["line_number"] == ["1", "2", "3", "4"]


@pytest.mark.parametrize("identifier", ["LEDES98BI V5[]", "LEDES1998BI V2[]", "LEDES98BI[]"])
def test_identifiers_of_1998bi_are_recognised(identifier):
    document = le.read(fixture("1998BI").replace("LEDES98BI V2[]", identifier).encode())
    assert document.format == "1998BI"
    assert [fault.slug for fault in document.faults] == ["identifier-variant"]


@pytest.mark.parametrize(("delimiter", "name"), [("\t", "tabs"), (";", "semicolons")])
def test_a_spreadsheet_file_is_read_as_far_as_it_can_be(delimiter, name):
    document = le.read(GOOD.replace("|", delimiter).encode())
    assert document.lines["total"] == ["630", "1050", "4.45", "1250"]
    assert [(f.slug, f.facts["delimiter"]) for f in document.faults] == [("spreadsheet", name)]


def test_a_comma_separated_file_with_quotes_is_read():
    import csv
    import io

    out = io.StringIO()
    writer = csv.writer(out)
    for line in GOOD.split("\r\n"):
        writer.writerow(line.split("|"))
    document = le.read(out.getvalue().encode())
    assert document.lines["timekeeper_name"][:2] == ["Arnold, Robin"] * 2
    assert [f.slug for f in document.faults] == ["spreadsheet"]


@pytest.mark.parametrize(
    ("data", "description"),
    [
        (b"%PDF-1.7 ...", "a PDF document"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "a picture (PNG)"),
        (b"PK\x03\x04abc", "a ZIP archive or a Word or Excel file"),
        (b"<html><body>no</body></html>", "a web page"),
        (b"\x00\x01\x02\x03binary", "a binary file"),
        (b"Dear Sirs", "some other text"),
    ],
)
def test_other_files_are_named(data, description):
    document = le.read(data)
    assert not document.readable
    assert [(f.slug, f.facts["description"]) for f in document.faults] == [("not-ledes", description)]


def test_a_large_file_is_read_in_blocks_as_in_one(monkeypatch):
    """The oracle of the quick way through a block is the careful one."""
    from benchmarks.generate import invoice_file

    data = invoice_file(1500)
    quick = le.read(data)
    monkeypatch.setattr(pipe._Reader, "_quickly", lambda self, block, line: False)
    careful = le.read(data)
    assert quick.lines.columns == careful.lines.columns
    assert list(quick.lines.record) == list(careful.lines.record)
    assert list(quick.lines.line) == list(careful.lines.line)
    assert quick.faults == careful.faults == []


def test_a_stray_terminator_is_a_short_record_and_harms_no_other():
    lines = GOOD.split("\r\n")
    document = le.read("\r\n".join([*lines[:2], "[]x", *lines[2:]]).encode())
    assert document.lines["line_number"] == ["1", "2", "3", "4"]
    assert {fault.slug for fault in document.faults} <= {
        "cut-off",
        "field-count",
        "bracketed",
        "blank-lines",
        "shared-line",
    }


def test_two_files_put_together_are_read_as_one_and_told():
    document = le.read((GOOD + GOOD).encode())
    assert document.lines["line_number"] == ["1", "2", "3", "4"] * 2
    assert [(f.slug, f.line) for f in document.faults] == [("head-repeated", 7), ("head-repeated", 8)]


def test_a_bare_carriage_return_breaks_a_value_and_makes_no_line():
    document = le.read(in_line(3, "set-off against", "set-off\ragainst"))
    assert list(document.lines.line) == [3, 4, 5, 6]
    assert [(f.slug, f.line) for f in document.faults] == [("line-break", 3)]


def test_an_unterminated_last_record_holds_no_line_break():
    document = le.read(GOOD.replace("555-001[]\r\n", "555-001\r\n").encode())
    assert [(f.slug, f.line) for f in document.faults] == [("not-terminated", 6)]


@pytest.mark.parametrize(
    ("line", "old", "new", "column"),
    [(4, "|0528|", "|05|28|", "matter_id"), (4, "423-987[]", "423|987[]", "client_matter_id")],
)
def test_a_stray_pipe_is_blamed_on_the_field_that_differs_from_the_line_before(line, old, new, column):
    document = le.read(in_line(line, old, new))
    assert [(f.slug, f.field) for f in document.faults] == [("field-count", column)]


@pytest.mark.parametrize("padding", ["|" * 23, "," * 23, "\t\t"])
def test_a_spreadsheets_padding_of_the_first_line_hides_nothing(padding):
    document = le.read(in_line(1, "[]", "[]" + padding))
    assert document.lines["line_number"] == ["1", "2", "3", "4"]
    assert [f.slug for f in document.faults] == ["identifier-variant"]


def test_commas_in_a_narrative_make_no_spreadsheet():
    head, _, first, *_ = in_line(3, "set-off", "a, " * 40).decode().split("\r\n")
    document = le.read(f"{head}\r\n{first}\r\n".encode())
    assert ([f.slug for f in document.faults], len(document.lines)) == (["header-missing"], 1)


def test_a_header_with_a_delimiter_too_many_or_a_line_break_is_read():
    document = le.read(in_line(2, "CLIENT_MATTER_ID[]", "CLIENT_MATTER_ID|[]"))
    assert ([f.slug for f in document.faults], len(document.lines)) == (["header-field-unknown"], 4)
    document = le.read(in_line(2, "|LINE_ITEM_TOTAL|", "|LINE_ITEM\r\n_TOTAL|"))
    assert ([f.slug for f in document.faults], len(document.lines)) == (["header-broken"], 4)
    assert list(document.lines.line) == [4, 5, 6, 7]


def test_a_header_on_the_line_of_the_first_record_is_told():
    document = le.read(GOOD.replace("CLIENT_MATTER_ID[]\r\n", "CLIENT_MATTER_ID[]").encode())
    assert [(f.slug, f.line) for f in document.faults] == [("shared-line", 2)]
    assert list(document.lines.line) == [2, 3, 4, 5]


def test_few_columns_do_not_merge_invoices():
    names = "INVOICE_TOTAL|LINE_ITEM_TOTAL|LINE_ITEM_NUMBER|EXP/FEE/INV_ADJ_TYPE|INVOICE_NUMBER[]"
    records = [f"1|1|1|F|I{i}[]" for i in range(20)]
    document = le.read("\r\n".join(["LEDES1998B[]", names, *records, ""]).encode())
    assert len(document.invoices) == 20


@pytest.mark.parametrize(
    "start", ["LEDES98" + " " * 60_000 + "x", "LEDES98B" + " _-" * 20_000, "<" + "a" * 60_000, '"' * 60_000 + "LEDES"]
)
def test_a_hostile_first_line_takes_no_time(start):
    assert le.check(f"{start}\r\n{GOOD}".encode()).verdict in ("accept", "reject")


@pytest.mark.parametrize("cell", ["1" * 400_000 + "x", "A" * 400_000, "-" * 400_000, "1," * 200_000])
@pytest.mark.parametrize("column", ["units", "task_code", "line_date", "timekeeper_name", "narrative"])
def test_huge_cells_take_no_time(cell, column):
    """A pattern that backtracks or a search that copies would take minutes here."""
    from tests.examples import changed

    lines = GOOD.split("\r\n")
    lines[2] = changed(lines[2], "1998B", {column: cell})
    assert le.check("\r\n".join(lines).encode()).verdict in ("accept", "reject")


CELL = st.text(st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="|[]"), max_size=12)


@st.composite
def well_formed(draw) -> bytes:
    """Well-formed 1998B files with arbitrary cells: runs of records that share their leading cells, and others."""
    newline = draw(st.sampled_from(["\r\n", "\n", "\r"]))
    runs = draw(st.lists(st.tuples(st.lists(CELL, min_size=8, max_size=8), st.integers(1, 12)), min_size=1, max_size=4))
    records = []
    for leading, count in runs:
        for _ in range(count):
            rest = draw(st.lists(CELL, min_size=16, max_size=16))
            records.append("|".join([*leading, *rest]) + "[]")
    head = ["LEDES1998B[]", "|".join(field.name for field in FIELDS) + "[]"]
    return (newline.join([*head, *records]) + draw(st.sampled_from(["", newline]))).encode()


@given(well_formed())
@settings(max_examples=60, deadline=None)
def test_write_gives_back_what_was_read(data):
    document = le.read(data)
    assert [f.slug for f in document.faults if f.slug not in ("carriage-returns",)] == []
    assert le.write(document, strict=False) == data


@given(st.binary(max_size=400))
@settings(max_examples=300, deadline=None)
def test_reading_never_raises(data):
    assert le.check(data).verdict in ("accept", "reject", "undecided")


PIECES = st.sampled_from(
    ["|", "[]", "[", "]", "\r\n", "\n", "\r", "\0", '"', "\t", " ", "", "LEDES1998B[]", "x" * 300, "é", "’", "🙂",
     "20260115|", "-", "NULL", "1e9", "\x1b[31m", "\ufeff", "{field}", "%s", "=1+1"]
)  # fmt: skip


@st.composite
def mutated(draw) -> bytes:
    """A good file with a few pieces cut out, doubled or put in at random places."""
    text = draw(st.sampled_from([GOOD, fixture("1998BI")]))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        stop = min(len(text), start + draw(st.sampled_from([0, 0, 1, 2, 30, 400])))
        text = text[:start] + draw(PIECES) * draw(st.sampled_from([1, 1, 2, 40])) + text[stop:]
    return text.encode(draw(st.sampled_from(["utf-8", "utf-8", "utf-16"])), "replace")


@given(mutated())
@settings(max_examples=10_000, deadline=None)
def test_ten_thousand_mutated_files_break_nothing(data):
    """No crash, no rule that breaks, and every finding can be put into words."""
    report = le.check(data)
    assert [outcome for outcome in report.outcomes if outcome.status == "broken"] == []
    for finding in report.findings:
        assert finding.message and finding.line >= 0


@given(mutated())
@settings(max_examples=300, deadline=None)
def test_the_quick_way_agrees_with_the_careful_way_on_anything(data):
    quick = le.read(data)
    original = pipe._Reader._quickly
    pipe._Reader._quickly = lambda self, block, line: False
    try:
        careful = le.read(data)
    finally:
        pipe._Reader._quickly = original
    assert quick.lines.columns == careful.lines.columns
    assert list(quick.lines.line) == list(careful.lines.line)
    assert quick.faults == careful.faults
