"""What a narrative says: its tasks, their words and places, what they lack; never an error, whatever the text."""

import csv
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledes_engine.narrative import Column, analyse
from ledes_engine.narrative.lexicon import inflected, spelt
from ledes_engine.narrative.tokens import LONGEST
from tests.examples import ROOT

LABELLED = ("litigation", "corporate", "bankruptcy", "patent", "everyday-us", "everyday-uk", "clean-invoices")


def tasks(text: str) -> list[str]:
    narrative = analyse(text)
    return [narrative.words_of(task) for task in narrative.tasks]


@pytest.mark.parametrize(
    "text",
    [
        "Draft, revise and finalize reply brief in support of motion to compel",
        "Telephone conference with Smith and Jones regarding terms and conditions of sale",
        "Examine lease in order to prepare notice of default",
        "Analyse limitation defence and report on it",
        "Draft Memorandum of Points and Authorities in support of demurrer",
        "Review Fed. R. Civ. P. 26(f) report, initial disclosures and scheduling order of Mag. J. Weil",
        "Emails to and from R. Gupta, M. Lee and the escrow agent re closing statement",
        "Research whether Gasperini v. Center for Humanities, Inc., 518 U.S. 415 (1996), bars review of damages award",
        "TC w/ OC & client re: (i) stay; (ii) bond; (iii) briefing schedule",
        "Review complaint, answer, and exhibits",
        "Attend hearing on motion to compel; argued burden issues",
        'Revise paragraph on "research, drafting and review of deliverables"',
        "Revise amended and restated credit agreement",
    ],
)
def test_one_task_told_in_many_words_is_one(text):
    assert len(analyse(text).tasks) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Review order; call client re bond", ["Review order", "call client re bond"]),
        ("Prepare for and attend Ortiz deposition", ["Prepare for", "attend Ortiz deposition"]),
        ("Travel to and attend mediation", ["Travel to", "attend mediation"]),
        ("Research tolling and draft reply brief", ["Research tolling", "draft reply brief"]),
        ("calls with lender; title work; closing meeting", ["calls with lender", "title work", "closing meeting"]),
        ("(1) Review SPA (2) TC w/ client re cap", ["(1) Review SPA", "TC w/ client re cap"]),
        ("REVIEWED RULING CALLED CLIENT RE SAME", ["REVIEWED RULING", "CALLED CLIENT RE SAME"]),
        ("Reviewd lease and emialed tenant re rent", ["Reviewd lease", "emialed tenant re rent"]),
        ("Review order (.3); draft letter (.7)", ["Review order (.3)", "draft letter (.7)"]),
        ("Revise proposed order / email to chambers enclosing same", ["Revise proposed order", "email to chambers enclosing same"]),
    ],
)  # fmt: skip
def test_the_tasks_are_told_in_the_words_of_the_text(text, expected):
    assert tasks(text) == expected


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("Review Hall report; call with client re mediation date", 2),
        ("Review email of Carver re extension and respond to same", 1),
        ("Research tolling and draft reply brief on tolling", 1),
        ("Draft lease of Mill Lane; research patent of Otis on brakes", 2),
    ],
)
def test_steps_on_one_thing_belong_together(text, groups):
    assert analyse(text).groups == groups


def test_times_and_counts_are_read_from_the_text():
    narrative = analyse("Review order (.3); draft letter to carrier [24 min]; emails (4) with D. Kim re cap 0.5 hrs")
    assert [task.hours for task in narrative.tasks] == [Decimal("0.3"), Decimal("0.4"), Decimal("0.5")]
    assert (narrative.allocation, narrative.hours) == ("each", Decimal("1.2"))
    assert narrative.tasks[2].quantity == 4
    assert analyse("Draft motion under Rule 12.3; review brief of 4.5 pages").allocation == "none"


@pytest.mark.parametrize(
    ("text", "parties"),
    [
        ("TC w/ OC re depo dates", ("opposing",)),
        ("Call to clerk of court re hearing", ("court",)),
        ("Email to J. Park regarding cap", ("named",)),
        ("Conference with associate re brief", ("internal",)),
        ("Call with adjuster and Dr. Hall re reserves", ("client", "named")),
    ],
)
def test_the_other_side_of_a_talk_is_known_by_its_role(text, parties):
    assert analyse(text).tasks[0].parties == parties


@pytest.mark.parametrize(
    ("text", "lacks"),
    [
        ("Trial preparation", "anything"),
        ("Attention to matter", "specifics"),
        ("Call re reserves for water damage", "party"),
        ("Emails with J. Park", "topic"),
        ("Legal research", "question"),
        ("Attend hearing", "occasion"),
        ("Review documents", "document"),
        ("Drafting", "paper"),
        ("Begin to prepare", "work"),
        ("Various emails", "anything"),
        ("Draft notice of appearance", ""),
        ("TC w/ OC Lee re extension to answer", ""),
        ("Attend status conference", ""),
        ("Research tolling of limitation period", ""),
        ("Revise clauses 4 and 7 of settlement agreement", ""),
    ],
)
def test_what_a_reader_misses_is_named(text, lacks):
    assert analyse(text).tasks[0].lacks == lacks


def test_words_are_put_right_by_one_letter_and_no_further():
    assert spelt("prepration") == "preparation"
    assert spelt("reviewd") == "reviewed"
    assert spelt("emials") == "emails"
    assert spelt("rev'd") == "revd"
    assert [spelt(word) for word in ("preview", "attention", "calf", "table")] == [
        "preview",
        "attention",
        "calf",
        "table",
    ]


def test_regular_verbs_are_inflected_as_english_is():
    forms = {
        lemma: [word for _, word in inflected(lemma)]
        for lemma in ("plan", "copy", "prepare", "confer", "counsel", "e-file")
    }
    assert forms["plan"] == ["plan", "planned", "planning", "plans"]
    assert forms["copy"] == ["copy", "copied", "copying", "copies"]
    assert forms["prepare"] == ["prepare", "prepared", "preparing", "prepares"]
    assert {"counselled", "counseled"} <= set(forms["counsel"])
    assert "e-filing" in forms["e-file"]


@given(st.text(max_size=300) | st.lists(st.sampled_from("review ; and , ( ) (.3) . the with re call draft \n [ ] — “ 1) a. / client".split(" ")), max_size=60).map(" ".join))  # fmt: skip
@settings(max_examples=400, deadline=None)
def test_any_text_is_analysed_and_its_tasks_stand_in_order(text):
    narrative = analyse(text)
    places = [(task.start, task.end) for task in narrative.tasks]
    assert places == sorted(places)
    assert all(0 <= start < end <= len(text) for start, end in places)
    assert all(end <= start for (_, end), (start, _) in pairwise(places))
    Column([text])


def test_what_stands_beyond_the_limit_is_not_looked_at():
    text = "Review order; " * 2_000
    assert max(task.end for task in analyse(text).tasks) <= LONGEST
    assert Column([text]).suspects == [text]


def test_the_look_over_a_column_lets_nothing_pass_that_the_analysis_finds():
    texts = []
    for name in LABELLED:
        with open(ROOT / "fixtures" / "narratives" / f"{name}.csv", encoding="utf-8", newline="") as file:
            texts += [row["narrative"] for row in csv.DictReader(file) if row.get("kind") != "expense"]
    doubtful = set(Column(texts).suspects)
    passed = [text for text in texts if text not in doubtful]
    assert len(passed) > 200
    assert [text for text in passed if len(analyse(text).tasks) > 1 or any(t.lacks for t in analyse(text).tasks)] == []


def test_a_column_knows_its_words_whatever_the_digits():
    column = Column(["Review Rule 26 report", "Call with adjuster"])
    assert column.known(["rule 12", "call with", "phone"]) == ["rule 12", "call with"]
