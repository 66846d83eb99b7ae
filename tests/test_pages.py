"""The HTML page and the workbook: what they tell, that nothing in a file can break them, and the page in a real browser."""

import base64
import hashlib
import io
import shutil
from decimal import Decimal

import openpyxl
import pytest
from lxml import html as lxml_html

import ledes_engine as le
from ledes_engine.coding.entry import Entry
from ledes_engine.guidelines import Guidelines
from ledes_engine.practice.firm import Firm
from ledes_engine.practice.profitability import GROUPS, profitability
from ledes_engine.report import render
from ledes_engine.report.profitability import render as render_profitability
from ledes_engine.report.workbook import workbook
from ledes_engine.settings import Settings
from ledes_engine.strict import validated
from tests.examples import TODAY, fixture
from tests.test_checks import invoice

HOSTILE = "<script>document.title='hacked'</script><img src=x onerror=\"document.title='hacked'\"> Review file; 'call' client re & bond"
BLOCK = "Review Hall report; call with client re mediation date; draft notice of Ortiz deposition"


def line(**values: str) -> dict[str, str]:
    return {"units": "2.00", "unit_cost": "350", "adjustment": "", "total": "700", **values}


def report(*lines: dict[str, str], **guidelines) -> le.Report:
    return le.check(
        invoice(*lines), Guidelines(validated(Settings, guidelines, "test"), {}), today=TODAY, file="march.txt"
    )


def page(*lines: dict[str, str], **guidelines) -> str:
    return render(report(*lines, **guidelines), "html")


HOSTILE_NAME = "<img src=x onerror=alert(1)>"


def profitability_page() -> str:
    firm = Firm(
        "Arnold & Bright",
        {HOSTILE_NAME: ["L1*"], "Trial": ["L4*"]},
        {},
        {"AB": Decimal(400)},
        {"M1": {"Trial": Decimal(50)}},
    )
    entries = [
        Entry("a", task=task, matter="M1", timekeeper="AB", hours=Decimal(1), amount=Decimal(300))
        for task in ("L110", "L450", HOSTILE_NAME)
    ]
    return render_profitability(profitability(entries, firm), firm, "html", GROUPS)


class TestPage:
    def test_the_verdict_comes_first_and_the_tasks_are_marked(self):
        tree = lxml_html.fromstring(page(line(narrative=BLOCK)))
        assert tree.xpath("//h1")[0].text_content().split() == "ACCEPT no errors, 1 warning, $700.00 at stake; 1 of 1 invoice affected".split()  # fmt: skip
        marked = [one.text_content() for one in tree.xpath("//mark")]
        assert marked == [
            "1Review Hall report",
            "2call with client re mediation date",
            "3draft notice of Ortiz deposition",
        ]
        assert "Review Hall report: ____; call with client re mediation date: ____" in tree.text_content()

    def test_markup_in_a_narrative_stays_text(self):
        text = page(line(narrative=HOSTILE), line(narrative="</style><b>Draft</b>", line_number="2"))
        tree = lxml_html.fromstring(text)
        assert len(tree.xpath("//script")) == 1
        assert not tree.xpath("//img | //main//b[.='Draft'] | //*[@onerror]")
        assert "<script>document.title='hacked'</script>" in tree.text_content()

    def test_only_its_own_script_may_run_and_nothing_is_loaded(self):
        text = page(line(narrative=BLOCK))
        tree = lxml_html.fromstring(text)
        (policy,) = tree.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
        digest = base64.b64encode(hashlib.sha256(tree.xpath("//script")[0].text.encode()).digest()).decode()
        assert policy.startswith("default-src 'none'") and f"'sha256-{digest}'" in policy
        assert not tree.xpath("//@src | //link | //*[starts-with(@href, 'http')]")

    def test_many_lines_with_one_fault_are_folded_under_a_count(self):
        lines = [line(narrative=f"Trial prep, day {n}", total="701", line_number=str(n)) for n in range(1, 10)]
        tree = lxml_html.fromstring(page(*lines, select=["F06"]))
        (title,) = [one.text_content() for one in tree.xpath("//details[@class='fold']/summary")]
        assert title == "6 more lines with F06 line-total-mismatch"
        assert len(tree.xpath("//details[@class='fold']//article")) == 6
        assert len(tree.xpath("//section[@class='invoice']/article")) == 3

    def test_what_the_guidelines_would_do_stands_there_with_the_arithmetic(self):
        text = lxml_html.fromstring(page(line(narrative=BLOCK), remedy={"B01": "cut 20%"})).text_content()
        assert "Guideline: cut by 20%: 700 x 0.2 = 140.00 less" in text
        assert "$140.00" in text and "saving" not in text.lower()

    def test_files_that_could_not_be_read_are_named(self):
        from ledes_engine.results import unread

        text = render([unread("<b>.txt", "the file cannot be read")], "html")
        assert "&lt;b&gt;.txt" in text and "UNDECIDED" in text


@pytest.fixture(scope="module", params=[(1280, 900), (500, 900)], ids=["desktop", "phone"])
def browser(request, tmp_path_factory):
    from selenium import webdriver

    folder = tmp_path_factory.mktemp("page")
    lines = [
        line(narrative=BLOCK, timekeeper_id="1"),
        line(narrative=HOSTILE, timekeeper_id="2", line_number="2"),
        line(narrative="Review " + "verylongword" * 40, total="701", timekeeper_id="2", line_number="3"),
    ]
    (folder / "page.html").write_text(page(*lines), encoding="utf-8")
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for switch in "headless=new no-sandbox disable-gpu disable-quic no-first-run disable-background-networking disable-component-update disable-sync".split():  # fmt: skip
        options.add_argument(f"--{switch}")
    options.add_argument(f"--user-data-dir={folder / 'profile'}")
    options.add_argument(f"--window-size={request.param[0]},{request.param[1]}")
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    driver.get((folder / "page.html").as_uri())
    yield driver
    driver.quit()


@pytest.mark.skipif(not (shutil.which("chromium") and shutil.which("chromedriver")), reason="Chromium is not installed")
class TestInTheBrowser:
    def shown(self, browser) -> int:
        return browser.execute_script(
            "return [...document.querySelectorAll('.line')].filter(one => one.offsetParent).length"
        )

    def shows(self, browser, count: int) -> None:
        """Wait until so many lines are shown: the page hides them after the event."""
        from selenium.webdriver.support.wait import WebDriverWait

        WebDriverWait(browser, 5).until(lambda _: self.shown(browser) == count)

    def test_nothing_in_the_file_runs_and_nothing_is_wider_than_the_window(self, browser):
        assert "hacked" not in browser.title
        assert browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")

    def test_the_filters_show_and_count_what_is_asked_for(self, browser):
        from selenium.webdriver.common.by import By
        from selenium.webdriver.support.select import Select

        self.shows(browser, 3)
        Select(browser.find_element(By.NAME, "rule")).select_by_value("F06")
        self.shows(browser, 1)
        assert browser.find_element(By.TAG_NAME, "output").text.startswith("1 of ")
        browser.find_element(By.CSS_SELECTOR, "button[type=reset]").click()
        Select(browser.find_element(By.NAME, "timekeeper")).select_by_visible_text("2")
        self.shows(browser, 2)
        browser.find_element(By.CSS_SELECTOR, "button[type=reset]").click()
        browser.find_element(By.CSS_SELECTOR, "input[value=warning]").click()
        self.shows(browser, 1)
        browser.find_element(By.CSS_SELECTOR, "button[type=reset]").click()
        self.shows(browser, 3)

    def test_the_keyboard_reaches_the_findings_and_the_filters(self, browser):
        from selenium.webdriver.common.keys import Keys

        browser.refresh()
        reached = []
        for _ in range(9):
            browser.switch_to.active_element.send_keys(Keys.TAB)
            reached.append(
                browser.switch_to.active_element.get_attribute("name") or browser.switch_to.active_element.tag_name
            )
        assert reached[0] == "a" and {"summary", "severity", "rule", "timekeeper", "matter"} <= set(reached)

    def test_every_control_has_a_name_for_a_screen_reader(self, browser):
        unnamed = browser.execute_script(
            "return [...document.querySelectorAll('select, input, button')].filter(one => !one.labels?.length && !one.textContent.trim()).length"
        )
        assert unnamed == 0
        assert browser.execute_script("return document.querySelectorAll('main, h1, [lang]').length") >= 3

    def test_the_profitability_page_draws_its_bars_and_runs_nothing(self, browser, tmp_path):
        back = browser.current_url
        (tmp_path / "profit.html").write_text(profitability_page(), encoding="utf-8")
        browser.get((tmp_path / "profit.html").as_uri())
        assert browser.title == "Arnold & Bright"
        shown = browser.execute_script(
            "return [...document.querySelectorAll('svg')].map(one => [...one.querySelectorAll('g')].map("
            "bar => [bar.textContent.trim().split(/\\s{2,}|\\n/)[0], bar.querySelector('.fees').getBBox().width > 0]))"
        )
        assert shown[0] == [[HOSTILE_NAME, True], ["Trial", True], ["(no phase)", True]]
        assert browser.execute_script("return document.images.length") == 0
        assert browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
        assert browser.execute_script("return document.querySelectorAll('g.over').length") == 2
        browser.get(back)


class TestWorkbook:
    def sheets(self, *lines: dict[str, str]):
        data = invoice(*lines)
        found = le.check(data, today=TODAY, file="march.txt")
        return openpyxl.load_workbook(io.BytesIO(workbook([found], [le.read(data)])))

    def test_a_row_a_line_item_with_its_findings_beside_it(self):
        book = self.sheets(line(narrative=BLOCK), line(narrative="Draft supply agreement, clause 9", line_number="2"))
        head, first, second = book["line items"].iter_rows(values_only=True)
        told = dict(zip(head, first, strict=True))
        assert told["LINE_ITEM_DESCRIPTION"] == BLOCK
        assert told["LINE_ITEM_TOTAL"] == 700
        assert (told["severity"], told["rules"], told["at stake"]) == ("warning", "B01", 700)
        assert told["findings"].startswith(
            "B01 several-tasks-one-time: 3 tasks share 2.00 hours: (1) Review Hall report"
        )
        assert dict(zip(head, second, strict=True))["rules"] is None

    def test_no_text_becomes_a_formula_or_breaks_the_file(self):
        book = self.sheets(line(narrative='=HYPERLINK("http://x","Draft")\x0b\x1b[31m re bond'))
        cells = [cell for row in book["line items"].iter_rows() for cell in row]
        (text,) = [cell for cell in cells if str(cell.value).startswith("=HYPER")]
        assert text.data_type == "s"
        assert "\\x0b\\x1b[31m" in text.value

    def test_what_is_on_no_line_stands_on_a_sheet_of_its_own(self):
        data = b"\xef\xbb\xbf" + fixture("1998B").encode()
        found = le.check(data, today=TODAY, file="march.txt")
        book = openpyxl.load_workbook(io.BytesIO(workbook([found], [le.read(data)])))
        assert "F37 byte-order-mark" in [row[4] for row in book["other findings"].iter_rows(values_only=True)]
        assert book["verdict"]["A1"].value.startswith("ACCEPT")


class TestRemedies:
    def test_a_cut_is_a_share_of_the_line_and_an_adjustment_what_is_above(self):
        found = report(
            line(narrative="Conflict check"), line(narrative=BLOCK, line_number="2"), remedy={"B": "cut 12.5%"}
        )
        told = {one.rule: (one.amount, one.consequence) for one in found.findings}
        assert told["A05"] == (Decimal(700), "adjust to 0: 700 - 0 = 700 less")
        assert told["B01"] == (Decimal("87.50"), "cut by 12.5%: 700 x 0.125 = 87.50 less")

    def test_a_rate_is_adjusted_to_the_approved_one(self):
        timekeeper = [{"id": "22547", "rates": [{"rate": "340"}]}]
        (over,) = [one for one in report(line(), timekeeper=timekeeper).findings if one.rule == "T04"]
        assert over.consequence == "adjust to 680.00: 700 - 680.00 = 20.00 less"

    def test_only_flagging_takes_the_arithmetic_away(self):
        (one,) = report(line(narrative="Conflict check"), remedy={"A": "flag"}, select=["A05"]).findings
        assert (one.amount, one.consequence) == (Decimal(700), "")

    def test_a_remedy_that_is_none_is_told(self):
        with pytest.raises(
            le.LedesError, match=r'remedy\.B01: .* is none; write "flag", "reject", "adjust" or "cut 20%"'
        ):
            report(line(), remedy={"B01": "cut in half"})


@pytest.mark.parametrize("profile", ["strict", "us-trustee", "fdic", "insurance-defense"])
def test_every_profile_loads_judges_and_names_its_source(profile):
    found = le.check(invoice(line(narrative=BLOCK)), profile, today=TODAY)
    assert not [one for one in found.outcomes if one.status == "broken"]
    assert found.guidelines[0].startswith(f"{profile} (")
    assert {"B01"} <= {one.rule for one in found.findings}


def test_a_firm_adds_words_of_its_own(tmp_path):
    (tmp_path / "words.txt").write_text("# watched\nsynergy\n")
    (tmp_path / "ledes.toml").write_text(
        '[params.N11]\nphrases = ["portal"]\nfiles = ["%s"]\n[params.A02]\nalso_phrases = ["court diary"]\n'
        % (tmp_path / "words.txt")
    )
    guidelines = le.load_guidelines(str(tmp_path / "ledes.toml"))
    data = invoice(
        line(narrative="Draft Synergy clause of lease"),
        line(narrative="Keep court diary of Ortiz matter", line_number="2"),
        line(narrative="Draft portals clause of lease", line_number="3"),
    )
    told = [
        (one.line, one.rule) for one in le.check(data, guidelines, today=TODAY).findings if one.rule in ("N11", "A02")
    ]
    assert told == [(3, "N11"), (4, "A02")]
