"""LEDES XML: reading, hostile files, places, and writing what was read."""

import random
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

import ledes_engine as le
from benchmarks.generate_xml import xml_file
from ledes_engine.formats import markup, runs
from ledes_engine.formats.segments import segments_of
from tests.examples import ROOT, TODAY, element_at

GOOD = sorted((ROOT / "fixtures" / "good").glob("*.xml"))
FULL = (ROOT / "fixtures" / "good" / "xml-2.2.xml").read_bytes()
NAMES = [path.name for path in GOOD]


def content(document):
    """All that a document says, in plain values."""
    return {
        name: (
            {column: list(cells) for column, cells in table.columns.items()},
            {home: list(numbers) for home, numbers in table.links.items()},
            list(table.segments),
            list(table.line),
        )
        for name, table in document.tables.items()
    }


def rules(data: bytes) -> list[tuple[str, str, str]]:
    report = le.check(data, today=TODAY)
    assert not [outcome for outcome in report.outcomes if outcome.status == "broken"]
    return [(finding.rule, finding.severity, finding.path) for finding in report.findings]


def canonical(data: bytes) -> bytes:
    return etree.tostring(etree.fromstring(data), method="c14n2")


class TestSegments:
    def test_there_are_the_published_eighteen_and_their_elements(self):
        """Eighteen segments and 205 elements, as ledes.org states for 2.2, structures counted once."""
        segments = segments_of("XML 2.2")
        assert len(segments) == 18
        names = {tag for segment in segments.values() for tag in segment.tags}
        assert {"firm", "tax_tier_detail", "expense_item_disc_cred", "tksum", "tk_sum"} <= names

    def test_the_full_fixture_has_every_segment(self):
        document = le.read(FULL)
        assert {name: len(table) for name, table in document.tables.items()} == {
            "firms": 1, "clients": 1, "invoices": 2, "statements": 2, "tier_totals": 1, "matters": 3, "discounts": 15,
            "tax_uses": 39, "tax_sums": 5, "timekeepers": 12, "lines": 46, "taxes": 3, "tiers": 5, "extensions": 5,
        }  # fmt: skip
        assert {s for t in document.tables.values() for s in t.segments} == {*segments_of("XML 2.2"), "extend_header"}

    def test_every_text_of_the_file_is_in_a_table(self):
        """An oracle that knows nothing of LEDES: the texts of all leaves, in any order."""
        for path in GOOD:
            data = path.read_bytes()
            document = le.read(data)
            leaves = [e.text for e in etree.fromstring(data).iter() if isinstance(e.tag, str) and not len(e) and e.text]
            blocks = list(etree.fromstring(data).iter("{*}extend_header"))
            for block in blocks:  # what a block says of itself stands beside each of its pairs
                pairs = len(block.findall("{*}extend_data"))
                for name in ("vendor", "app", "sequence", "date"):
                    value = block.get(name) or block.findtext("{*}" + name)
                    leaves += [value] * (pairs - (0 if block.get(name) else 1)) if value else []
            cells = []
            for name, table in document.tables.items():
                own = {field.column for field in table.fields}
                for column, texts in table.columns.items():
                    if column in own and not (name == "extensions" and column == "segment"):
                        cells += [text for text in texts if text]
            assert sorted(cells) == sorted(leaves), path.name


class TestLines:
    def test_line_items_have_the_canonical_columns_of_the_other_formats(self):
        lines = le.read(FULL).lines
        row = {column: lines[column][0] for column in lines.columns}
        assert {
            "line_type": "F", "invoice_number": "MOV-2026-00117", "invoice_date": "2026-02-05", "client_id": "10382",
            "matter_id": "10382.0021", "client_matter_id": "CCC-LIT-0447", "law_firm_id": "66-0918273",
            "task_code": "L110", "activity_code": "A106", "timekeeper_id": "T101", "timekeeper_last_name": "Oquendo",
            "units": "1.5", "unit_cost": "480.00", "total": "720.00", "adjustment": "0.00", "currency": "USD",
        }.items() <= row.items()  # fmt: skip

    def test_invoices_are_objects_too(self):
        first, second = le.read(FULL).invoices
        assert (first.invoice_number, len(first.lines), second.lines[0].line_date) == (
            "MOV-2026-00117",
            23,
            "2026-01-05",
        )

    def test_the_packs_of_the_other_formats_apply(self):
        data = FULL.replace(b"<task_code>L120</task_code>", b"<task_code>L12O</task_code>", 1)
        data = data.replace(b"<charge_date>2026-01-08</charge_date>", b"<charge_date>2025-06-08</charge_date>", 1)
        assert [rule for rule, _, _ in rules(data)] == ["D01", "D09", "C15"]

    def test_clients_guidelines_judge_their_own_invoices(self, tmp_path):
        """Each part of the file is judged once, and what stands once for the file with the first part."""
        strict = tmp_path / "strict.toml"
        strict.write_text(
            'name = "strict"\n[match]\nmatter_id = ["10382.0017"]\n[severity]\nL36 = "off"\nL27 = "error"\n'
        )
        data = FULL.replace(b"<rate>480.00</rate>", b"<rate>481.00</rate>", 1).replace(
            b"<country>US</country>", b"<country>UZZ</country>", 1
        )
        report = le.check(data, le.load_guidelines(str(strict)), today=TODAY)
        found = [(f.rule, f.severity, f.invoice) for f in report.findings]
        assert ("L27", "warning", "") in found and ("L36", "warning", "MOV-2026-00117") in found
        assert len([one for one in found if one[0] == "L27"]) == 1
        assert report.invoices == 2


class TestPlaces:
    @pytest.mark.parametrize(
        "path",
        [
            "firm/lf_address/city",
            "firm/client/invoice[2]/inv_desc",
            "firm/client/invoice/matter[2]/fee[3]/charge_date",
            "firm/client/invoice/matter/fee[6]/fee_item_disc_cred[2]/disc_cred_amount",
            "firm/client/invoice/matter/expense[2]/units",
            "tax[2]/tax_rate_percent",
            "tax_tier_detail[4]/tax_tier_min",
        ],
    )
    def test_a_finding_names_the_path_and_the_line(self, path):
        root = etree.fromstring(FULL)
        element_at(root, path).text = "not | one"
        data = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
        line = element_at(etree.fromstring(data), path).sourceline
        report = le.check(data, today=TODAY)
        document = le.read(data)
        places = {
            document.place(table, row, field.column)
            for table in document.tables.values()
            for field in table.fields
            for row, cell in enumerate(table.columns[field.column])
            if cell == "not | one"
        }
        assert {(at, where.replace("[1]", "").partition("/")[2]) for at, where in places} == {(line, path)}
        assert all(finding.line == line for finding in report.findings if finding.value == "not | one")

    def test_lines_beyond_two_to_the_sixteenth_are_right(self):
        data = FULL.replace(b"  <tax>", b"\n" * 70_000 + b"  <tax>", 1).replace(b">0.0400<", b">nought<", 1)
        (finding,) = [f for f in le.check(data, today=TODAY).findings if f.rule == "L22"]
        assert finding.line == data[: data.index(b"nought")].count(b"\n") + 1


HABITS = {
    "on one line": lambda text: "".join(line.strip() for line in text.splitlines()),
    "tabs and CRLF": lambda text: text.replace("  ", "\t").replace("\n", "\r\n"),
    "a prefix": lambda text: _prefixed(text),
    "no namespace": lambda text: text.replace(' xmlns="http://www.ledes.org/LEDES22.xsd"', ""),
    "comments": lambda text: text.replace("<fee>", "<!-- <fee> --><fee><?pi x?>").replace("</units>", "<!-- h --></units>"),
    "CDATA": lambda text: text.replace("<charge_desc>", "<charge_desc><![CDATA[").replace("</charge_desc>", "]]></charge_desc>"),
    "a byte order mark": lambda text: "\ufeff" + text,
    "tk_sum": lambda text: text.replace("tksum>", "tk_sum>"),
    "taxes before the firm": lambda text: _taxes_first(text),
    "wrapped addresses": lambda text: text.replace("<lf_address>", "<lf_address><address_info>").replace(
        "</lf_address>", "</address_info></lf_address>"
    ),
    "schema location": lambda text: text.replace(
        "LEDES22.xsd\"", 'LEDES22.xsd" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="a b"', 1
    ),
    "blanks around numbers": lambda text: text.replace("<units>1.5</units>", "<units>\n 1.5 </units>"),
}  # fmt: skip


def _prefixed(text):
    for name in {e.tag.rpartition("}")[2] for e in etree.fromstring(text.encode()).iter()}:
        text = (
            text.replace(f"<{name}>", f"<l:{name}>")
            .replace(f"</{name}>", f"</l:{name}>")
            .replace(f"<{name}/>", f"<l:{name}/>")
        )
    return text.replace("<ledesxmlebilling2.2 xmlns=", "<l:ledesxmlebilling2.2 xmlns:l=").replace("</led", "</l:led")


def _taxes_first(text):
    start, stop = text.index("  <tax>"), text.index("</ledesxml")
    return text[:start].replace("  <firm>", text[start:stop] + "  <firm>") + text[stop:]


@pytest.mark.parametrize("habit", HABITS)
def test_what_vendors_do_differently_is_accepted_and_read_the_same(habit):
    data = HABITS[habit](FULL.decode()).encode()
    assert rules(data) == []
    same, other = content(le.read(FULL)), content(le.read(data))
    for name, (columns, links, segments, _) in same.items():
        got = {column: [cell.replace("\n", "").strip() for cell in cells] for column, cells in other[name][0].items()}
        if habit not in ("taxes before the firm",) or name not in ("taxes", "tiers"):
            assert (got, other[name][1:3]) == (columns, (links, segments)), name


class TestHostileFiles:
    BOMB = (
        b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'>"
        + b"".join(b"<!ENTITY %c '%s'>" % (c, b"&%c;" % (c - 1) * 10) for c in range(98, 110))
        + b"]><ledesxmlebilling2.2><firm><lf_name>&m;</lf_name></firm></ledesxmlebilling2.2>"
    )

    def test_entities_are_not_expanded(self):
        started = time.monotonic()
        report = le.check(self.BOMB, today=TODAY)
        assert time.monotonic() - started < 5
        assert {"L05", "L06", "L07"} & {finding.rule for finding in report.findings}
        assert report.verdict != "accept"

    def test_other_files_are_not_looked_at(self, tmp_path):
        secret = tmp_path / "secret"
        secret.write_text("TOP-SECRET")
        for declaration in (f'<!ENTITY s SYSTEM "{secret.as_uri()}">', f'<!ENTITY % s SYSTEM "{secret.as_uri()}"> %s;'):
            data = FULL.decode().replace("?>\n", f"?>\n<!DOCTYPE x [{declaration}]>\n", 1)
            data = data.replace("Marchetti Oquendo &amp; Vale LLC", "&s;", 1)
            document = le.read(data.encode())
            assert "TOP-SECRET" not in str(content(document))
            assert le.check(document, today=TODAY).verdict != "accept"

    def test_a_reference_is_seen_where_the_dtd_is_elsewhere(self):
        data = (ROOT / "fixtures" / "good" / "xml-2000.xml").read_bytes().replace(b"Conference call", b"&other; call")
        assert [rule for rule, _, _ in rules(data)] == ["L07"]
        assert le.check(data, today=TODAY).verdict == "undecided"

    @pytest.mark.parametrize(
        ("data", "rule"),
        [
            (b"<ledesxmlebilling2.2>" + b"<a>" * 1_000_000, "L06"),
            (b"<ledesxmlebilling2.2><firm x='" + b"y" * (1 << 30) + b"'/></ledesxmlebilling2.2>", "L06"),
            (FULL.replace(b">L110<", b">" + b"y" * 50_000_000 + b"<", 1), "L06"),
        ],
        ids=["a million deep", "an attribute of a gigabyte", "a text of 50 MB"],
    )
    def test_limits(self, data, rule):
        started = time.monotonic()
        tracemalloc.start()
        report = le.check(data, today=TODAY)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert time.monotonic() - started < 20
        assert peak < 2 * len(data) + 200_000_000
        assert rule in {finding.rule for finding in report.findings}
        assert report.verdict != "accept"

    @pytest.mark.parametrize(
        ("change", "rule"),
        [
            (lambda text: text.encode("latin-1"), "L04"),
            (lambda text: text.replace("UTF-8", "UTF-16").encode(), "L04"),
            (lambda text: text.replace("UTF-8", "ISO-8859-1").encode("latin-1"), "L03"),
            (lambda text: text.replace("UTF-8", "UTF-16").encode("utf-16"), "L03"),
            (lambda text: text.replace("UTF-8", "klingon").encode(), "L04"),
        ],
    )
    def test_encodings_that_lie_or_are_unusual_are_told_and_read_all_the_same(self, change, rule):
        data = change(FULL.decode())
        assert [one for one, _, _ in rules(data)] == [rule]
        assert content(le.read(data)).keys() == content(le.read(FULL)).keys()
        assert le.read(data).tables["clients"]["client_contact_last_name"] == ["Calderón"]

    def test_a_file_that_breaks_off_gives_what_stands_before_the_break(self):
        data = FULL.replace(b"<units>3.2</units>", b"<units>3,2</units>", 1)
        for cut in (data.index(b"COGSA"), data.index(b"<expense>"), data.index(b"<tax>")):
            report = le.check(data[:cut], today=TODAY)
            found = [(finding.rule, finding.severity) for finding in report.findings]
            assert ("L22", "error") in found and ("L01", "error") in found
            assert {rule for rule, _ in found} <= {"L01", "L22"}
            assert report.verdict == "reject"

    @given(st.data())
    def test_whatever_happens_to_a_file_nothing_raises(self, data):
        small = (ROOT / "fixtures" / "good" / "xml-2.2-plain.xml").read_bytes()
        start = data.draw(st.integers(0, len(small)))
        length = data.draw(st.integers(0, 60))
        junk = data.draw(st.binary(max_size=8) | st.sampled_from([b"<fee>", b"</fee>", b"<!--", b"&x;", b"]]>", b"\0"]))
        report = le.check(small[:start] + junk + small[start + length :], today=TODAY)
        assert not [outcome for outcome in report.outcomes if outcome.status == "broken"]


class TestQuickWays:
    """The careful way is the oracle: the whole tree, element by element."""

    @pytest.fixture
    def carefully(self, monkeypatch):
        def read(data):
            with monkeypatch.context() as patch:
                patch.setattr(markup, "take_runs", lambda *_: None)
                return le.read(data)

        return read

    def variants(self):
        chance = random.Random(7)
        pieces = ["<item_disc_cred_amount>0.00</item_disc_cred_amount>", "</units>", "<rate>", "<fee>", "&amp;", "<tk_id/>",
                  "<!-- x -->", "<![CDATA[a<b]]>", "&#233;", "<x>1</x>", "\r\n", "<fee/>", "é", "<units>1</units>", "<?a b?>",
                  "<l:fee xmlns:l='u'><units>9</units></l:fee>", "<extend_header/>", " ", "</fee><fee>"]  # fmt: skip
        text = xml_file(60).decode()
        yield text
        for _ in range(300):
            changed = text
            for _ in range(chance.randint(1, 3)):
                place = chance.randrange(len(changed))
                if chance.random() < 0.7:
                    place = changed.find(chance.choice("<>"), place)
                changed = changed[:place] + chance.choice(pieces) + changed[place + chance.choice((0, 0, 1, 7)) :]
            yield changed

    def test_runs_of_plain_line_items_are_read_as_the_tree_says(self, carefully, monkeypatch):
        monkeypatch.setattr(runs, "_WORTH_IT", 0)
        monkeypatch.setattr(markup, "take_runs", lambda *given: runs.take_runs(*given, least=0))
        for text in self.variants():
            quick, slow = le.read(text.encode()), carefully(text.encode())
            assert content(quick) == content(slow)
            assert (quick.faults, quick.damaged) == (slow.faults, slow.damaged)

    def test_streaming_reads_as_the_tree_says(self, carefully, monkeypatch):
        variants = [text.encode() for text in self.variants()]
        whole = [carefully(data) for data in variants]
        monkeypatch.setattr(markup, "_LARGE", 0)
        for data, slow in zip(variants, whole, strict=True):
            quick = carefully(data)
            assert content(quick) == content(slow)
            assert sorted(map(repr, quick.faults)) == sorted(map(repr, slow.faults))  # reports order them by place
            assert quick.damaged == slow.damaged


class TestWriting:
    @pytest.mark.parametrize("path", GOOD, ids=NAMES)
    def test_what_was_read_is_written_as_it_was(self, path):
        data = path.read_bytes()
        assert le.write(le.read(data)) == data

    @pytest.mark.parametrize("path", GOOD, ids=NAMES)
    def test_a_changed_cell_changes_its_element_and_nothing_else(self, path):
        data = path.read_bytes().replace(
            b"<matter>", b"<!-- kept --><matter><vendor_thing a='b'>kept</vendor_thing>", 1
        )
        before = content(le.read(data))
        chance = random.Random(3)
        for name, (columns, _, _, _) in before.items():
            own = [f.column for f in le.read(data).tables[name].fields if name != "extensions" and columns[f.column]]
            for column in own:
                document = le.read(data)
                row = chance.randrange(len(columns[column]))
                new = "9" if document.tables[name].columns[column][row] != "9" else "8"
                document.tables[name].columns[column][row] = new
                try:
                    written = le.write(document, strict=False)
                except le.LedesError as error:
                    assert "has no" in str(error)  # an element of the other segment in that table
                    continue
                after = content(le.read(written))
                assert after[name][0][column][row] == new
                after[name][0][column][row] = columns[column][row]
                if name == "lines" or name in ("matters", "invoices", "clients", "firms", "timekeepers"):
                    after["lines"][0].update(before["lines"][0])
                assert {k: v[:3] for k, v in after.items()} == {k: v[:3] for k, v in before.items()}, (name, column)
                assert b"<!-- kept -->" in written and b'<vendor_thing a="b">kept' in written

    def test_rows_of_a_file_are_changed_and_not_taken_out(self):
        document = le.read(FULL)
        document.segments["taxes"] = document.segments["taxes"].take([0])
        with pytest.raises(le.LedesError, match="taxes: the file has 3 of these and the document 1"):
            le.write(document)

    def test_canonical_equality_where_something_was_changed_and_changed_back(self):
        document = le.read(FULL)
        document.tables["matters"].columns["matter_name"][0] = "x"
        again = le.read(le.write(document))
        again.tables["matters"].columns["matter_name"][0] = le.read(FULL).tables["matters"]["matter_name"][0]
        assert canonical(le.write(again)) == canonical(FULL)


def edit(old: str, new: str, count: int = 1) -> bytes:
    text = FULL.decode()
    assert old in text
    return text.replace(old, new, count).encode()


class TestWhatReviewersFound:
    @pytest.mark.parametrize(
        "before",
        ["<!-- exported <b>today</b> -->", "<!-- <html> -->", "<!--" + "x" * 70_000 + "-->", "<?style <a> ?>",
         "<!DOCTYPE x SYSTEM 'a>b.dtd'>"],
    )  # fmt: skip
    def test_what_stands_before_the_root_element_does_not_hide_it(self, before):
        assert rules(edit("?>\n", f"?>\n{before}\n")) == []

    def test_a_prefix_with_a_hyphen(self):
        data = b"<ns-1:ledesxmlebilling2.2 xmlns:ns-1='u'><ns-1:firm/></ns-1:ledesxmlebilling2.2>"
        assert le.read(data).format == "XML 2.2"

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("<ext_value>B-", "<ext_value>&nbsp;B-"),
            ("<extend_header>", "<extend_header>&nbsp;"),
            ("<lf_address>", "<lf_address>&nbsp;"),
            ("<client>", "<client>&nbsp;"),
            ("<firm>", "&nbsp;<firm>"),
            (">12543.60<", ">&x;<"),
        ],
    )
    def test_every_reference_that_is_not_followed_is_told(self, old, new):
        data = edit(old, new).replace(b"?>\n", b"?>\n<!DOCTYPE x SYSTEM 'q'>\n", 1)
        assert [(rule, severity) for rule, severity, _ in rules(data)] == [("L07", "warning")]
        assert le.check(data, today=TODAY).verdict == "undecided"

    def test_amounts_in_yen_are_rounded_to_the_yen(self):
        text = (ROOT / "fixtures" / "good" / "xml-2.2-plain.xml").read_text()
        for old, new in (("275.00", "30001"), ("357.50", "39001"), ("USD", "JPY")):
            text = text.replace(old, new)
        assert rules(text.encode()) == []

    @pytest.mark.parametrize(
        ("element", "change"),
        [
            ("item_disc_cred_amount>-99.20<", "<item_disc_cred_amount>-99.20</item_disc_cred_amount>"),
            ("matter_disc_credit_fees", "<matter_disc_credit_fees>-227.80</matter_disc_credit_fees>"),
            ("disc_cred_category", "<disc_cred_category>Fee</disc_cred_category>"),
            ("matter_net_fees", "<matter_net_fees>6346.40</matter_net_fees>"),
        ],
    )
    def test_an_optional_element_that_is_left_out_is_no_zero(self, element, change):
        assert rules(edit(change, "")) == []

    @pytest.mark.parametrize(("old", "new"), [(">MIFA<", ">Mifa<"), (">Fee<", ">FeE<"), (">Decrease<", ">DECREASE<")])
    def test_letter_case_is_a_warning_and_nothing_else(self, old, new):
        assert {(rule, severity) for rule, severity, _ in rules(edit(old, new))} == {("L25", "warning")}

    @pytest.mark.parametrize("cut", range(3, 100))
    def test_half_of_an_element_gives_no_finding_of_its_own(self, cut):
        report = le.check(FULL[: len(FULL) * cut // 100], today=TODAY)
        assert {finding.rule for finding in report.findings} <= {"L01", "F30"}
        assert report.verdict == "reject"

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "cp1252"])
    def test_broken_files_of_any_encoding(self, encoding):
        claims = "UTF-16" if encoding.startswith("utf-16") else "UTF-8"
        data = FULL.decode().replace("UTF-8", claims).encode(encoding)
        for cut in (21, 501, len(data) // 2):
            assert le.check(data[:-cut], today=TODAY).verdict != "accept"

    def test_a_large_broken_file_on_one_line_is_read_up_to_the_break(self):
        data = b"".join(line.strip() for line in xml_file(900).splitlines()).replace(b"</client>", b"</clint>")
        document = le.read(data)
        assert len(data) > runs._WORTH_IT and len(document.lines) == 899
        (fault,) = document.faults
        assert data[: fault.facts["column"] - 1].endswith((b"</clint>", b"</clint", b"</client>"))

    def test_line_items_where_none_belong_do_not_shift_the_others(self, monkeypatch):
        hidden = "<vendor_data><fee x='1'><charge_desc>hidden</charge_desc></fee></vendor_data>"
        data = edit("<client>", f"{hidden}<client>").replace(b"<fee>", b"<FEE>", 1).replace(b"</fee>", b"</FEE>", 2)
        data = data.replace(b"hidden</charge_desc></FEE>", b"hidden</charge_desc></fee>")
        whole = content(le.read(data))
        monkeypatch.setattr(markup, "_LARGE", 0)
        assert content(le.read(data)) == whole
        assert "hidden" not in whole["lines"][0]["narrative"]

    def test_many_faults_take_no_longer_than_they_must(self):
        deep = "<matter>" * 200 + "<x/>" * 100_000 + "</matter>" * 200
        started = time.monotonic()
        le.check(edit("</firm>", f"{deep}</firm>"), today=TODAY)
        le.check(FULL.replace(b"Marchetti", b"!" * 5_000_000, 1), today=TODAY)
        assert time.monotonic() - started < 15

    @pytest.mark.parametrize("mark", [b"\xef\xbb\xbf"])
    def test_marks_and_line_ends_are_kept_when_a_cell_is_changed(self, mark):
        data = mark + FULL.replace(b"\n", b"\r\n") + b"<!-- the end -->\r\n"
        document = le.read(data)
        assert le.write(document) == data
        document.tables["matters"].columns["matter_name"][0] = "x"
        name = b"Caribbean Cold Chain v. Bayfront Stevedores"
        assert le.write(document) == data.replace(name, b"x")

    def test_files_that_claim_another_encoding_can_be_written(self):
        document = le.read(FULL.decode().encode("cp1252"))
        document.tables["invoices"].columns["currency"][0] = "EUR"
        assert le.read(le.write(document)).tables["invoices"]["currency"] == ["EUR", "USD"]

    def test_segments_at_unusual_places_are_not_changed_by_mistake(self):
        start, stop = FULL.index(b"  <tax>"), FULL.index(b"  <tax>", FULL.index(b"  <tax>") + 5)
        data = (FULL[:start] + FULL[stop:]).replace(b"</client>", FULL[start:stop] + b"</client>")
        document = le.read(data)
        document.tables["taxes"].columns["tax_type"][0] = "VAT"
        with pytest.raises(le.LedesError, match="unusual places"):
            le.write(document)
