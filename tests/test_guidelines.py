"""A client's guidelines: what is selected, how grave it is, what is waived, and where each value is from."""

import pickle
from datetime import date

import pytest

import ledes_engine as le
from ledes_engine.report.settings import show_guidelines
from ledes_engine.settings import find_file, shipped_names
from tests.examples import TODAY, fixture

GOOD = fixture("1998B")


@pytest.fixture
def write(tmp_path):
    def write(text: str, name: str = "ledes.toml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return str(path)

    return write


def rules(data, *names, **kwargs) -> list[tuple[str, str]]:
    if isinstance(data, str):
        data = data.encode()
    report = le.check(data, le.load_guidelines(*names, **kwargs), today=TODAY)
    return [(finding.rule, finding.severity) for finding in report.findings]


def test_severities_are_the_guidelines_grading(write):
    data = GOOD.replace("|630|", "|631|")
    assert rules(data, "standard") == [("F06", "error"), ("F07", "error")]
    assert rules(data, write('[severity]\nF06 = "warning"\ninvoice-total-mismatch = "off"')) == [("F06", "warning")]


def test_a_severity_may_be_of_one_field(write):
    data = GOOD.replace("|A102|22547|", "|A102||", 1).replace("|Arnold, Robin|", "||", 1)
    path = write('[severity]\n"T01:TIMEKEEPER_NAME" = "off"\n"T01:timekeeper_id" = "info"')
    assert rules(data, path) == [("T01", "info")]


def test_naming_a_severity_switches_a_rule_on(write):
    data = GOOD.replace("20260101", "20260102")
    assert rules(data, "standard") == []
    assert rules(data, write('[severity]\nD04 = "info"')) == [("D04", "info"), ("D04", "info")]


def test_select_and_ignore_take_ids_names_groups_and_packs(write):
    data = GOOD.replace("|630|", "|631|").replace("L110", "L11O")
    assert rules(data, write('select = ["utbms"]')) == [("C15", "warning")]
    assert rules(data, write('select = ["F"]\nignore = ["line-total-mismatch"]')) == [("F07", "error")]


def test_parameters_go_over_those_of_the_card(write):
    data = GOOD.replace("|2.00|-70|630|", "|1.75||612.50|").replace("1684.45", "1666.95")
    assert rules(data, "standard") == [("R01", "info")]
    assert rules(data, write('[params.R01]\nsteps = ["0.25"]')) == []


def test_files_extend_files_and_shipped_guidelines(write):
    write('extends = "brightflag"\n[severity]\nF14 = "info"', "firm/base.toml")
    path = write('extends = "base.toml"\n[severity]\nF41 = "off"', "firm/client.toml")
    guidelines = le.load_guidelines(path)
    assert guidelines.settings.severity["F14"] == "info"
    assert guidelines.settings.severity["F41"] == "off"
    assert guidelines.settings.severity["F47"] == "error"
    assert guidelines.origins["severity.F47"] == "shipped: brightflag"
    assert guidelines.origins["severity.F14"].endswith("base.toml")
    assert guidelines.origins["severity.F41"].endswith("client.toml")


def test_whom_guidelines_are_for_is_not_inherited(write):
    write('[match]\nclient_matter_id = ["423-*"]\n[severity]\nF14 = "info"', "acme.toml")
    settings = le.load_guidelines(write('extends = "acme.toml"\n[match]\nclient_id = ["7"]')).clients[0].settings
    assert (settings.match.client_id, settings.match.client_matter_id) == (["7"], [])
    assert settings.severity["F14"] == "info"


def test_a_clients_file_without_a_match_is_refused(write):
    write('name = "acme"', "clients/acme.toml")
    with pytest.raises(le.LedesError, match=r"need a \[match\]"):
        le.load_guidelines(write('clients = ["clients/*.toml"]'))


def test_two_files_for_everybody_are_refused(write):
    with pytest.raises(le.LedesError, match=r"both have no \[match\]"):
        le.load_guidelines(write('name = "a"', "a.toml"), write('name = "b"', "b.toml"))


def test_a_hub_beside_another_one_is_refused(write):
    with pytest.raises(le.LedesError, match="leave out --hub"):
        le.load_guidelines(write('extends = "onit"'), base_name="brightflag")


def test_a_file_saved_with_a_byte_order_mark_is_read(write):
    assert le.load_guidelines(write('\ufeffname = "acme"')).settings.name == "acme"


def test_records_that_were_left_out_leave_the_verdict_open(write):
    data = GOOD.replace("|L110||A102|", "|L110|A102|").encode()
    assert le.check(data, le.load_guidelines(write('ignore = ["F02"]')), today=TODAY).verdict == "undecided"


def test_own_codes_come_from_a_file_too(write):
    write("Label,Code\nRenewals,ABC100\n", "codes.csv")
    data = GOOD.replace("L110", "ABC100")
    assert rules(data, write('[codes]\ncustom_files = ["codes.csv"]')) == []
    write("label;code\n", "codes.csv")
    with pytest.raises(le.LedesError, match="separated by commas"):
        rules(data, write('[codes]\ncustom_files = ["codes.csv"]'))


def test_guidelines_that_extend_one_another_in_a_circle_are_refused(write):
    write('extends = "b.toml"', "a.toml")
    write('extends = "a.toml"', "b.toml")
    with pytest.raises(le.LedesError, match="circle"):
        le.load_guidelines(write('extends = "b.toml"', "a.toml"))


@pytest.mark.parametrize("name", shipped_names())
def test_shipped_guidelines_resolve_and_run(name):
    report = le.check(GOOD.encode(), le.load_guidelines(name), today=TODAY, file="invoice.txt")
    assert [outcome for outcome in report.outcomes if outcome.status == "broken"] == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[severty]\nF16 = "error"', "ledes.toml:1: there is no setting severty (did you mean severity?)"),
        ('\n[severity]\nF16 = "eror"', "ledes.toml:3: severity.F16 is 'eror'"),
        ('[severity]\nF166 = "error"', "ledes.toml:2: there is no rule 'F166' (did you mean F"),
        ('[params.R01]\nstep = ["0.25"]', "ledes.toml:2: rule R01 has no parameter 'step' (did you mean steps?)"),
        ("[params.R001]\nsteps = []", "ledes.toml:1: there is no rule 'R001' (did you mean R01?)"),
        ('extends = "britflag"', "there are no guidelines 'britflag' (did you mean brightflag?)"),
        ('[[timekeeper]]\nid = "1"\nrates = [{ rate = 350.5 }]', 'rates.0.rate: write the value between quotes, "350.5"'),
        ('[[waiver]]\nrule = "D09"', "waiver.0.reason is missing"),
        ('[codes]\nset = ["litigation"]', "ledes.toml:2: there is no setting codes.set (did you mean sets?)"),
        ('[codes]\nsets = ["litigaton"]', "there is no code set 'litigaton' (did you mean litigation?)"),
        ("name = ", "ledes.toml: Invalid value"),
        ('select = ["default", "F999"]', "there is no rule 'F999'"),
        ('[severity]\n"F03:LINE_DATE" = "off"', "there is no field 'LINE_DATE'"),
        ('cards = ["nowhere"]', "there is no such folder of cards"),
        ('plugins = ["no_such_module"]', "plug-in no_such_module"),
        ("[params.R01]\nsteps = 0.25", "ledes.toml:2: steps of rule R01 must be a list, each part of it a number between quotes"),
        ('[params.F08]\ncolumns = "invoice_total"', "columns of rule F08 must be a list"),
        ("[params.F09]\nwhere = 5", "where of rule F09 must be a table, each value of it a list"),
        ('[params.R01.where]\nline_type = "F"', "where of rule R01 must be a table"),
        ('[params.D09]\nmax_days = "x"', "max_days of rule D09 must be a whole number"),
        ('[params.C06]\nshares = { L120 = "x" }', "shares of rule C06 must be a table"),
        ('[params.X01]\nmin = "NaN"', "min of rule X01 must be a number between quotes"),
        ('[severity]\n"F:INVOICE_DATE" = "error"', "there is no rule 'F:INVOICE_DATE'"),
        ('[[timekeeper]]\nid = "1"\n[[timekeeper]]\nid = "1"', "timekeeper 1 stands there twice"),
        ('clients = ["ledes.toml"]\n[match]\nclient_id = ["1"]', "cannot have clients of their own"),
        ('plugins = [".x"]', "plug-in .x"),
        ('[params.F23]\ncolumns = ["invoice_dat"]', "ledes.toml:2: there is no column 'invoice_dat' (did you mean invoice_date?)"),
        ("[params.F09.limits]\nnarative = 5", "ledes.toml:2: there is no column 'narative' (did you mean narrative?)"),
        ('[[matter]]\nid = "1"\ncode_sets = ["litgation"]', "there is no code set 'litgation' (did you mean litigation?)"),
        ('clients = ["nowhere/*.toml"]', "clients: there is no file"),
        ('[[waiver]]\nrule = "T99"\nreason = "x"\nuntil = 2026-01-01', "ledes.toml:2: there is no rule 'T99'"),
        ('[[waiver]]\nrule = "T01"\nreason = ""\nuntil = 2026-01-01', "the waiver of T01 needs a reason"),
        ('currency = "dollar"', "'dollar' is no currency code"),
        ('[[timekeeper]]\nid = "1"\nrates = [{ rate = "1", start = 2026-02-01, end = 2026-01-01 }]', "ends before it starts"),
        ('[severity]\nF10 = "error"\n[params.F10]\nfits = "("', "params.F10.fits: the rule cannot work with this value"),
        ('baseline = "nowhere.json"', "this is no baseline file"),
    ],
)  # fmt: skip
def test_mistakes_are_told_with_file_line_and_suggestion(write, text, message):
    path = write(text)
    with pytest.raises(le.LedesError) as told:
        le.check(GOOD.encode(), le.load_guidelines(path), today=TODAY)
    assert message in str(told.value)


def test_several_guidelines_stand_side_by_side_and_the_invoice_chooses(write):
    strict = write(
        'name = "strict"\nselect = ["F14"]\n[match]\nclient_matter_id = ["423-*"]\n[severity]\nF14 = "error"', "a.toml"
    )
    loose = write('name = "loose"\nselect = ["F54"]\n[match]\nclient_matter_id = ["555-001"]', "b.toml")
    data = GOOD.replace("|2.00|-70|630|", "|-2.00|70|-630|").replace("|1|1250.|1250|", "|-1|1250.|1250|")
    report = le.check(data.encode(), le.load_guidelines(strict, loose), today=TODAY)
    assert [(f.rule, f.line, f.severity) for f in report.findings] == [("F14", 3, "error")]
    assert [title.split(" (")[0] for title in report.guidelines] == ["strict", "loose"]
    assert (report.invoices, report.lines) == (2, 4)


def test_invoices_that_fit_no_guidelines_are_judged_by_the_standard(write):
    path = write('name = "acme"\nignore = ["F06", "F07"]\n[match]\nclient_matter_id = ["555-001"]')
    report = le.check(GOOD.replace("|630|", "|631|").encode(), le.load_guidelines(path), today=TODAY)
    assert [finding.rule for finding in report.findings] == ["F06", "F07"]
    assert [title.split(" (")[0] for title in report.guidelines] == ["standard", f"acme from {path}"]


def test_each_client_has_its_own_line_between_accept_and_reject(write):
    lenient = write('name = "a"\nfail_on = "never"\n[match]\nclient_matter_id = ["423-987"]', "a.toml")
    strict = write('name = "b"\nfail_on = "warning"\n[match]\nclient_matter_id = ["555-001"]', "b.toml")
    guidelines = le.load_guidelines(lenient, strict)
    assert le.check(GOOD.replace("|630|", "|631|").encode(), guidelines, today=TODAY).verdict == "accept"
    assert le.check(GOOD.replace("|555-001[]", "|555-001 []").encode(), guidelines, today=TODAY).verdict == "accept"
    data = GOOD.replace("|IF|1|1250.|1250|", "|IF|1|.0|.0|").replace("|1250|2026", "|0|2026")
    assert le.check(data.encode(), guidelines, today=TODAY).verdict == "reject"


def test_a_firms_file_names_its_clients_files(write):
    write('name = "acme"\nselect = ["F06"]\n[match]\nclient_id = ["00711"]', "clients/acme.toml")
    path = write('name = "firm"\nclients = ["clients/*.toml"]')
    report = le.check(GOOD.encode(), le.load_guidelines(path), today=TODAY)
    assert [title.split(" (")[0] for title in report.guidelines] == ["acme"]


def test_waivers_need_a_reason_and_end(write):
    path = write('[[waiver]]\nrule = "F06"\ninvoice = "2601*"\nreason = "agreed"\nuntil = 2026-03-31')
    data = GOOD.replace("|630|", "|631|").replace("1684.45", "1685.45").encode()
    guidelines = le.load_guidelines(path)
    report = le.check(data, guidelines, today=date(2026, 3, 31))
    assert report.verdict == "accept"
    assert [(w.finding.rule, w.reason) for w in report.waived] == [("F06", "agreed (until 2026-03-31)")]
    assert le.check(data, guidelines, today=date(2026, 4, 1)).verdict == "reject"


def test_own_cards_work_as_the_shipped_ones_do(write, tmp_path):
    write(
        """
id = "Z01"
name = "no-lunch"
severity = "error"
source = "Acme guidelines 4.2"
message = "{field} speaks of {found}"
why = "Acme pays no meals."
fix = "Take the line off."
[check]
kind = "pattern"
columns = ["narrative"]
finds = 'settlement'
""",
        "cards/Z01-no-lunch.toml",
    )
    assert rules(GOOD, write('cards = ["cards"]\nselect = ["Z"]')) == [("Z01", "error"), ("Z01", "error")]


@pytest.mark.parametrize(
    ("card", "message"),
    [
        ('id = "F06"\nname = "x"', "severity is missing"),
        ("id = 6", "id: write the value between quotes"),
        ('idd = "F06"', "there is no setting idd (did you mean id?)"),
    ],
)
def test_mistakes_in_own_cards_are_told(write, card, message):
    write(card, "cards/X.toml")
    with pytest.raises(le.LedesError) as told:
        le.check(GOOD.encode(), le.load_guidelines(write('cards = ["cards"]')), today=TODAY)
    assert message in str(told.value)


def test_plug_ins_are_named_modules_with_kinds(write, tmp_path, monkeypatch):
    write(
        "from ledes_engine.model import Hit\n"
        "def too_round(scope):\n"
        "    for row, total in enumerate(scope.lines['total']):\n"
        "        if total.endswith('0'):\n"
        "            yield Hit(row, 'total', total)\n"
        "def breaks(scope):\n    raise RuntimeError('oh')\n    yield\n"
        "kinds = {'too_round': too_round, 'breaks': breaks}\n",
        "acme_checks.py",
    )
    for rule, kind in (("Z02", "too_round"), ("Z03", "breaks")):
        write(
            f'id = "{rule}"\nname = "x"\nseverity = "info"\nsource = "s"\nmessage = "m"\nwhy = "w"\nfix = "f"\n'
            f'[check]\nkind = "{kind}"',
            f"cards/{rule}.toml",
        )
    monkeypatch.syspath_prepend(str(tmp_path))
    guidelines = le.load_guidelines(write('cards = ["cards"]\nplugins = ["acme_checks"]\nselect = ["Z"]'))
    report = le.check(GOOD.encode(), guidelines, today=TODAY)
    assert [(f.rule, f.line) for f in report.findings] == [("Z02", 3), ("Z02", 4), ("Z02", 6)]
    outcome = report.outcomes[1]
    assert (outcome.rule, outcome.status) == ("Z03", "broken")
    assert "RuntimeError('oh')" in outcome.reason
    assert report.verdict == "undecided"


def test_fail_on_moves_the_line(write):
    data = GOOD.replace("L110", "L11O").encode()
    for line, verdict in (("error", "accept"), ("warning", "reject"), ("never", "accept")):
        assert le.check(data, le.load_guidelines(write(f'fail_on = "{line}"')), today=TODAY).verdict == verdict


def test_a_hub_is_what_files_extend_that_extend_nothing(write):
    guidelines = le.load_guidelines(write('name = "acme"\n[severity]\nF14 = "info"'), base_name="brightflag")
    assert (guidelines.settings.severity["F14"], guidelines.settings.severity["F47"]) == ("info", "error")


def test_the_file_of_a_folder_above_is_found(write, tmp_path):
    path = write('name = "firm"')
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert find_file(str(below)) == path


def test_resolved_guidelines_can_be_shown_with_origins(write):
    path = write('extends = "onit"\n[params.R01]\nsteps = ["0.25"]')
    shown = show_guidelines(le.load_guidelines(path)).splitlines()
    assert f'params.R01.steps = ["0.25"]    # {path}' in shown
    assert 'severity.F54 = "off"    # shipped: onit' in shown
    assert 'fail_on = "error"    # default' in shown
    assert "R01 not-in-tenths: info    # the rule" in shown
    assert f'    steps = ["0.25"]    # {path}' in shown
    assert '    max = "24"    # the rule' in shown
    assert not any(line.startswith("F54 ") for line in shown)


def test_the_hash_of_guidelines_changes_with_any_value(write):
    one = le.load_guidelines(write('name = "a"\nfail_on = "error"')).title
    other = le.load_guidelines(write('name = "a"\nfail_on = "warning"')).title
    assert one != other
    assert one == le.load_guidelines(write('name = "a"\nfail_on = "error"')).title


def test_guidelines_can_be_pickled(write):
    guidelines = le.load_guidelines(write('[[matter]]\nid = "423-987"\nopened = 2026-01-16'))
    again = pickle.loads(pickle.dumps(guidelines))
    assert again.title == guidelines.title
    assert [f.rule for f in le.check(GOOD.encode(), again, today=TODAY).findings] == [
        f.rule for f in le.check(GOOD.encode(), guidelines, today=TODAY).findings
    ]
