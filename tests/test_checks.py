"""Checks judge what the standard says; the columnar way and a naive way row by row find the same."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ledes_engine as le
from ledes_engine.checks import arithmetic, cells, codes, consistency, dates, scope, timekeepers
from ledes_engine.formats.fields import fields_of
from ledes_engine.guidelines import Guidelines
from ledes_engine.model import Document, Table
from ledes_engine.settings import Settings
from ledes_engine.strict import validated
from tests.examples import TODAY, changed, fixture


def invoice(*lines: dict[str, str], total: str | None = None, format: str = "1998B") -> bytes:
    """A file with lines like the good fixture's first one, changed as given; the totals of the invoice made right."""
    head, names, first, *_ = fixture(format).split("\r\n")
    records = [changed(first, format, {"line_number": str(i), **line}) for i, line in enumerate(lines, 1)]
    place = [f.column for f in fields_of(format)].index("total")
    if total is None:
        total = str(sum((Decimal(record.split("|")[place]) for record in records), Decimal(0)))
    records = [changed(record, format, {"invoice_total": total}) for record in records]
    return "\r\n".join([head, names, *records, ""]).encode()


def found(data: bytes, *ignored: str, **guidelines) -> list[str]:
    report = le.check(data, Guidelines(validated(Settings, guidelines, "test"), {}), today=TODAY)
    return [f"{f.line}:{f.rule}" for f in report.findings if f.rule not in ignored]


F = {"units": "1.00", "unit_cost": "100", "adjustment": "", "total": "100"}


@pytest.mark.parametrize(
    ("units", "cost", "adjustment", "total", "fits"),
    [
        ("2", "350", "-70", "630", True),
        ("2", "350", "-70", "630.00", True),
        ("2", "350", "-70", "630.01", False),
        ("2", "350", "-70", "629.99", False),
        ("1.5", "187.425", "", "281.1375", True),
        ("1.5", "187.425", "", "281.14", True),  # half-up
        ("1.5", "187.425", "", "281.13", True),  # cut off
        ("1.5", "187.425", "", "281.15", False),
        ("1.5", "187.425", "", "281.1376", False),
        ("0.3", "0.15", "", "0.05", True),
        ("0.3", "0.15", "", "0.04", True),
        ("-2", "350", "", "-700", True),
        ("0", "350", "-70", "-70", True),
        ("1.3", "285", "0", "371", False),
        ("9999999999.9999", "9999999999.9999", "", "99999999999998000000.00000001", True),
    ],
)
def test_a_line_total_is_units_times_cost_plus_adjustment(units, cost, adjustment, total, fits):
    line = {"units": units, "unit_cost": cost, "adjustment": adjustment, "total": total}
    assert ("3:F06" in found(invoice(line))) is not fits


def test_the_amount_in_question_is_the_difference():
    report = le.check(invoice({**F, "total": "350.25"}), today=TODAY)
    [finding] = [f for f in report.findings if f.rule == "F06"]
    assert finding.amount == Decimal("250.25")
    assert finding.message == "LINE_ITEM_TOTAL is 350.25, but 1.00 x 100 = 100.00"


@pytest.mark.parametrize(("units", "cost", "total"), [("0.3", "187.425", "56.2300"), ("0.2500", "333.3300", "83.3300")])
def test_amounts_in_cents_padded_to_four_decimals_are_in_cents(units, cost, total):
    assert found(invoice({**F, "units": units, "unit_cost": cost, "total": total}), "R01") == []


def test_padded_decimals_do_not_loosen_an_invoice_total():
    lines = [
        {
            "units": "1.0000",
            "unit_cost": "100.0000",
            "adjustment": "",
            "total": "100.0000",
            "narrative": f"Draft reply brief, argument {i}",
        }
        for i in range(9)
    ]
    assert found(invoice(*lines, total="900.0500")) == ["3:F07"]


@pytest.mark.parametrize(
    ("currency", "units", "cost", "rate", "tax", "total"),
    [("JPY", "0.3", "18755", "0.1", "563", "6189"), ("CLP", "0.3", "85555", "0.19", "4877", "30544")],
)
def test_currencies_without_decimals_are_rounded_to_whole_units(currency, units, cost, rate, tax, total):
    line = {
        "currency": currency, "units": units, "unit_cost": cost, "adjustment": "", "tax_rate": rate, "tax_total": tax,
        "total": total, "invoice_tax_total": tax, "invoice_net_total": str(int(total) - int(tax)),
    }  # fmt: skip
    assert found(invoice(line, format="1998BI")) == []
    assert "3:X08" in found(invoice(line | {"tax_total": str(int(tax) + 2)}, format="1998BI"))


@pytest.mark.parametrize(("units", "cost", "adjustment"), [("1", "100", "-100"), ("", "-100", ""), ("1", "-100", "")])
def test_a_taxed_adjustment_line_is_taken_in_every_placement(units, cost, adjustment):
    line = {
        "line_type": "IF", "units": units, "unit_cost": cost, "adjustment": adjustment, "tax_rate": "0.2", "tax_total": "-20",
        "total": "-120", "invoice_tax_total": "-20", "invoice_net_total": "-100", "task_code": "", "activity_code": "",
        "timekeeper_id": "", "timekeeper_name": "", "timekeeper_class": "", "timekeeper_last_name": "", "timekeeper_first_name": "",
    }  # fmt: skip
    assert found(invoice(line, format="1998BI")) == []


def test_lengths_are_counted_in_characters():
    name = "Núñez-García Pérez, María José"
    lines = fixture("1998B").replace("Arnold, Robin", name).encode("cp1252")
    assert found(lines, "F36") == []
    assert "3:F09" in found(lines.replace("José".encode("cp1252"), "Josée".encode("cp1252")), "F36")


def test_one_blank_or_padded_key_brings_no_other_findings():
    assert found(fixture("1998B").replace("|260117|", "||", 1).encode()) == ["3:F03"]
    assert found(fixture("1998B").replace("|260117|", "|260117 |", 1).encode()) == ["3:F40"]
    assert found(fixture("1998BI").replace("|126.00|", "||", 1).encode(), "X03") == ["3:F48"]


@pytest.mark.parametrize(
    "change",
    [
        {"timekeeper_class": "FLTFEE", "unit_cost": "2500", "total": "2500"},
        {"unit_cost": "-100", "total": "-100"},
        {"activity_code": "A112", "unit_cost": "60", "total": "60"},
        {"unit_cost": "50", "total": "50"},
    ],
)
def test_credits_flat_fees_and_travel_are_no_second_rate(change):
    assert found(invoice(F, {**F, "narrative": "Draft supply agreement, clause 9", **change}), "T03") == []


def test_hours_of_flat_fees_are_no_hours():
    assert found(invoice({**F, "units": "25", "total": "2500", "timekeeper_class": "FLTFEE"})) == []


@pytest.mark.parametrize(
    ("units", "cost", "adjustment", "total"),
    [
        ("", "", "-4000", "-4000"),  # the standard's text
        ("1", "", "1250.", "1250"),  # the standard's 1998B sample
        ("1", "1250", "0", "1250"),  # the standard's 1998BI sample
        ("1", "", "-1000", "-1000"),
        ("1", "-500", "", "-500"),
        ("0", "0", "-500", "-500"),
        ("1", "900", "", "900"),
    ],
)
def test_adjustments_of_the_invoice_are_taken_in_every_placement(units, cost, adjustment, total):
    line = {
        "line_type": "IF", "units": units, "unit_cost": cost, "adjustment": adjustment, "total": total,
        "task_code": "", "activity_code": "", "timekeeper_id": "", "timekeeper_name": "", "timekeeper_class": "",
    }  # fmt: skip
    assert found(invoice(F, line), "F54") == []


def test_an_invoice_total_must_match_to_the_cent_where_nothing_was_rounded():
    lines = [{**F, "units": "0.40", "unit_cost": "250", "total": "100.00"} for _ in range(20)]
    lines = [
        {**line, "narrative": f"Draft reply brief, argument {i}", "line_number": str(i)} for i, line in enumerate(lines)
    ]
    assert found(invoice(*lines)) == []
    assert found(invoice(*lines, total="2000.01")) == ["3:F07"]


def test_an_invoice_total_of_lines_with_four_decimals_may_be_rounded():
    lines = [
        {
            "units": "0.1",
            "unit_cost": "187.425",
            "adjustment": "",
            "total": "18.7425",
            "narrative": f"Draft reply brief, argument {i}",
        }
        for i in range(3)
    ]
    assert found(invoice(*lines, total="56.23")) == []
    assert found(invoice(*lines, total="56.26")) == ["3:F07"]


def test_the_tax_of_1998bi_belongs_to_line_and_invoice_totals():
    good = fixture("1998BI").encode()
    assert found(good) == []
    assert found(good.replace(b"|756.00|", b"|630.00|"), "F07") == ["3:F06"]


def test_slips_like_those_of_a_circulating_1998bi_sample_are_found_and_nothing_else():
    """Taxes that do not follow the rate, a tax total and a net total that do not add up; line and invoice totals do."""
    text = fixture("1998BI").replace("|0.20|", "|.061245|".replace("|.", "|0."))
    for old, new in {
        "|756.00|": "|717.63|", "|126.00|": "|87.63|", "|1260.00|": "|1142.60|", "|210.00|": "|92.60|",
        "|5.34|": "|9.74|", "|0.89|": "|5.29|", "|1500.00|": "|1338.81|", "|250.00|": "|88.81|",
        "|2021.34|": "|1869.97|", "|336.89|1684.45|": "|182.52|1781.16|",
    }.items():  # fmt: skip
        assert old in text
        text = text.replace(old, new)
    assert sorted(found(text.encode())) == ["3:X03", "3:X08", "3:X09", "4:X08", "5:X08", "6:X08"]


def test_tax_rounded_on_the_invoice_is_a_warning_about_rounding():
    text = fixture("1998BI").replace("|336.89|", "|336.90|").replace("|1684.45|GBP", "|1684.44|GBP")
    assert found(text.encode()) == ["3:X04"]


def test_a_broken_number_is_told_once_and_not_summed():
    assert found(invoice({**F, "total": "$100"}, F, total="200")) == ["3:F05"]


def test_a_missing_unit_cost_is_told_once():
    assert found(invoice({**F, "unit_cost": ""})) == ["3:F03"]


def test_waiting_for_the_guidelines_is_not_passing():
    report = le.check(fixture("1998B").encode(), today=TODAY)
    outcomes = {outcome.rule: outcome for outcome in report.outcomes}
    assert (outcomes["C02"].status, outcomes["C02"].reason) == (
        "not checked",
        "the guidelines give no list of allowed codes",
    )
    assert outcomes["X08"].status == "not applicable"
    assert outcomes["F06"].status == "passed"


def test_codes_of_the_clients_own_are_known_once_the_guidelines_name_them():
    data = invoice({**F, "task_code": "ABC100"})
    assert found(data) == ["3:C15"]
    assert found(data, codes={"custom": {"ABC100": "Renewals"}}) == []


@pytest.mark.parametrize(
    ("column", "text", "slug", "facts"),
    [
        ("task_code", "L11O", "unknown", {"kind": "task", "suggestion": "L110 (Fact Investigation/Development)"}),
        ("task_code", "L999", "unknown", {"kind": "task", "suggestion": ""}),
        ("task_code", "l120", "not-bare", {"reason": "case", "code": "L120"}),
        ("task_code", "L120: Analysis/Strategy", "not-bare", {"reason": "label", "code": "L120"}),
        ("activity_code", "A1O3", "unknown", {"kind": "activity", "suggestion": "A103 (Draft/revise)"}),
        ("expense_code", "E1l9", "unknown", {"kind": "expense", "suggestion": "E119 (Experts)"}),
    ],
)
def test_a_code_cell_is_diagnosed(column, text, slug, facts):
    from ledes_engine.codesets import CodeSets

    assert CodeSets().fault(column, text) == (slug, facts)


@pytest.mark.parametrize(
    "text", ["L110", "L600", "B195", "PA640", "TR310", "P300", "C300", "MF31", "JE10", "WC180", ""]
)
def test_good_task_codes_of_every_set_are_fine(text):
    from ledes_engine.codesets import CodeSets

    assert CodeSets().fault("task_code", text) is None


def test_software_that_fills_blank_codes_is_noticed():
    lines = [{**F, "task_code": "L120", "narrative": f"Draft reply brief, argument {i}"} for i in range(9)]
    lines += [{**F, "task_code": "L310", "narrative": "Review production of Carver emails"}]
    assert found(invoice(*lines)) == ["3:C06"]
    assert found(invoice(*lines[:8], *lines[-1:])) == []


DAYS = st.sampled_from(["20260115", "20260120", "20251231", "20260230", "", "01/15/2026", "20270101"])
NUMBERS = st.sampled_from(
    ["1", "2.00", "100", "-70", "", "0", "0.35", ".5", "1,000", "NULL", "25", "100.005", "340", "1e3"]
)
TEXTS = st.sampled_from(["", "A", "B", " A", "NULL", "x" * 30, "é", "Draft brief", "VAT 20 %", "L120", "1"])
POOLS = {"date": DAYS, "number": NUMBERS, "text": TEXTS}
CODES = {
    "line_type": st.sampled_from(["F", "F", "E", "IF", "IE", "f", ""]),
    "task_code": st.sampled_from(["L110", "L120", "P300", "L11O", "L300", "A103", "l110", "", "L190"]),
    "activity_code": st.sampled_from(["A101", "A102", "", "L110", "A112"]),
    "expense_code": st.sampled_from(["E101", "X101", "", "E124", "E999"]),
    "timekeeper_class": st.sampled_from(["PARTNR", "PT", "", "FLTFEE", "partnr", "??"]),
    "currency": st.sampled_from(["USD", "usd", "XXX", ""]),
    "account_type": st.sampled_from(["O", "T", "x", ""]),
}


@st.composite
def documents(draw) -> Document:
    """Documents whose cells are drawn from small pools of good and bad values, so that faults meet."""
    format = draw(st.sampled_from(["1998B", "1998BI"]))
    fields = fields_of(format)
    rows = draw(st.integers(1, 12))
    columns = {
        field.column: draw(
            st.lists(CODES.get(field.column, POOLS.get(field.type, TEXTS)), min_size=rows, max_size=rows)
        )
        for field in fields
    }
    columns["invoice_number"] = draw(st.lists(st.sampled_from(["1", "1", "2", ""]), min_size=rows, max_size=rows))
    text = "\r\n".join(
        ["LEDES1998B[]" if format == "1998B" else "LEDES98BI V2[]", "|".join(f.name for f in fields) + "[]"]
        + ["|".join(cells) + "[]" for cells in zip(*columns.values(), strict=True)]
        + [""]
    )
    return le.read(text.encode())


def naive_judge(one: scope.Scope, columns, verdict):
    """`judge` as anybody would write it: row by row."""
    where, unless = one.params.get("where", {}), one.params.get("unless", {})
    for row in range(len(one.lines)):
        if any(one.lines[name][row].strip() not in allowed for name, allowed in where.items()):
            continue
        if any(one.lines[name][row].strip() in barred for name, barred in unless.items() if name in one.lines):
            continue
        values = tuple(one.lines[name][row] for name in columns)
        facts = verdict(*values)
        if facts is not None:
            yield row, values, facts


@given(documents())
@settings(max_examples=150, deadline=None)
def test_the_columnar_way_finds_what_the_naive_way_finds(document):
    everything = Guidelines(validated(Settings, {"select": ["all"]}, "test"), {})
    quick = le.check(document, everything, today=TODAY)
    plain = Table(document.lines.columns, list(document.lines.record), list(document.lines.line))
    slow = Document(document.format, document.fields, plain, document.layout, document.faults, document.damaged)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scope, "judge", naive_judge)
        for module in (arithmetic, cells, codes, dates, timekeepers):
            if hasattr(module, "judge"):
                patch.setattr(module, "judge", naive_judge)
        patch.setattr(consistency, "_constant", lambda *_: False)
        naive = le.check(slow, everything, today=TODAY)
    assert [f.to_dict() for f in quick.findings] == [f.to_dict() for f in naive.findings]
    assert quick.outcomes == naive.outcomes


money = st.decimals(min_value=-9999, max_value=9999, places=2, allow_nan=False)


@st.composite
def valid_lines(draw) -> list[dict[str, object]]:
    """Fee, expense and adjustment lines that follow the standard, some invoices of them."""
    lines: list[dict[str, object]] = []
    for number in range(draw(st.integers(1, 3))):
        rows = []
        for position in range(draw(st.integers(1, 6))):
            kind = draw(st.sampled_from(["F", "F", "E", "IF"]))
            row: dict[str, object] = {
                "line_number": position + 1,
                "line_type": kind,
                "line_date": date(2026, 1, draw(st.integers(1, 31))),
            }
            text = (
                f"{draw(st.sampled_from(['Draft', 'Review', 'Revise']))} supply agreement, clause {number}.{position}"
            )
            if kind == "F":
                units, cost = Decimal(draw(st.integers(1, 20))) / 10, Decimal(draw(st.integers(100, 900)))
                discount = -Decimal(draw(st.integers(0, 9)))
                row |= {"units": units, "unit_cost": cost, "adjustment": discount, "total": units * cost + discount}
                row |= {
                    "task_code": "L110",
                    "activity_code": "A104",
                    "timekeeper_id": f"T{cost}",
                    "timekeeper_name": f"Name {cost}, A",
                    "timekeeper_class": "ASSOC",
                }
            elif kind == "E":
                units, cost = Decimal(draw(st.integers(1, 200))), Decimal(draw(st.integers(1, 900))) / 100
                row |= {"units": units, "unit_cost": cost, "total": units * cost, "expense_code": "E115"}
            else:
                amount = draw(money)
                row |= {"adjustment": amount, "total": amount}
            rows.append(row | {"narrative": text})
        total = sum((row["total"] for row in rows), Decimal(0))
        for row in rows:
            row |= {
                "invoice_number": f"INV{number}", "invoice_date": date(2026, 2, 3), "client_id": "C1",
                "matter_id": f"M{number}",
                "invoice_total": total, "billing_start": date(2026, 1, 1), "billing_end": date(2026, 1, 31),
                "law_firm_id": "12-3456789", "client_matter_id": f"CM{number}",
            }  # fmt: skip
        lines += rows
    return lines


@given(valid_lines())
@settings(max_examples=80, deadline=None)
def test_a_valid_invoice_gives_no_finding(lines):
    data = le.write(le.build("1998B", lines))
    report = le.check(data, today=TODAY)
    assert [f.message for f in report.findings] == []
    assert report.verdict == "accept"


@given(valid_lines(), st.sampled_from(["\n", "\r\n"]), st.booleans())
@settings(max_examples=30, deadline=None)
def test_line_ends_and_a_byte_order_mark_change_no_other_finding(lines, newline, mark):
    data = le.write(le.build("1998B", lines))
    changed_data = (b"\xef\xbb\xbf" if mark else b"") + data.replace(b"\r\n", newline.encode())
    assert [f.rule for f in le.check(changed_data, today=TODAY).findings] == (["F37"] if mark else [])
