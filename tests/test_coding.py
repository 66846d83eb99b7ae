"""The chain that assigns codes: which step decides, what it abstains from, and what was learned."""

import json
import subprocess
import sys
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ledes_engine as le
from benchmarks.coding import train
from benchmarks.coding.labelled import labelled
from ledes_engine.coding.chain import Coder
from ledes_engine.coding.classifier import weights_of
from ledes_engine.coding.confidence import tables
from ledes_engine.coding.cues import Cue, Text, cues, judge
from ledes_engine.coding.entry import EXPENSE, Entry
from ledes_engine.coding.fuzzy import Labels, Reader, judge_fuzzily
from ledes_engine.coding.matters import sets_by_matter
from ledes_engine.coding.memory import Memory
from ledes_engine.coding.spaces import Rules, spaces, task_sets, usable
from ledes_engine.coding.suggestion import BLOCK, NO_SET, UNSURE, VAGUE
from ledes_engine.coding.words import counterparts, words_of
from tests.examples import ROOT

LITIGATION = Rules(sets=("litigation",))


@pytest.fixture(scope="module")
def coder():
    return Coder(LITIGATION)


def codes(coder, narrative, **entry):
    """The codes that are sure enough, by field."""
    (one,) = coder.suggest([Entry(narrative, matter="M", **entry)])
    return {field: choice.code for field, choice in one.sure.items()}


@pytest.mark.parametrize(
    ("narrative", "task", "activity"),
    [
        ("Draft motion to compel further responses to interrogatories", "L350", "A103"),
        ("Attend deposition of plaintiff's former supervisor", "L330", "A109"),
        ("Legal research re standard for summary judgment on retaliation claim", "L240", "A102"),
        ("Telephone conference with opposing counsel re settlement demand", "L160", "A107"),
        ("Travel to Denver for deposition of Dr. Hale", "L330", "A112"),
        ("Second-chair jury trial, day three", "L450", "A109"),
        ("Draft notice of appeal", "L510", "A103"),
    ],
)
def test_plain_narratives_get_the_codes_of_the_definitions(coder, narrative, task, activity):
    found = codes(coder, narrative)
    assert found.get("activity") == activity
    assert found.get("task") == task


def test_expenses_get_an_expense_code_alone(coder):
    assert codes(coder, "FedEx overnight delivery to court", kind=EXPENSE) == {"expense": "E107"}
    assert codes(coder, "Court reporter - transcript of deposition of J. Ruiz", kind=EXPENSE) == {"expense": "E115"}


def test_an_adjustment_of_the_invoice_gets_no_code(coder):
    (one,) = coder.suggest([Entry("Courtesy discount", "adjustment")])
    assert (one.choices, one.abstained, one.existing) == ({}, {}, ())


@pytest.mark.parametrize("narrative", ["Attention to file", "Review emails", "Work on matter", "", "...", "misc."])
def test_what_says_nothing_gets_no_task(coder, narrative):
    (one,) = coder.suggest([Entry(narrative, matter="M")])
    assert one.abstained["task"] == VAGUE


def test_a_block_billed_entry_gets_codes_for_each_task_and_none_for_all(coder):
    text = "Draft motion to compel production; attend deposition of Dr. Hale; call client re settlement offer"
    (one,) = coder.suggest([Entry(text, matter="M")])
    assert one.abstained == {"task": BLOCK, "activity": BLOCK}
    assert [(words, {f: c.code for f, c in some.items()}) for words, some in one.tasks] == [
        ("Draft motion to compel production", {"task": "L350", "activity": "A103"}),
        ("attend deposition of Dr. Hale", {"task": "L330", "activity": "A109"}),
        ("call client re settlement offer", {"task": "L160", "activity": "A106"}),
    ]


def test_the_set_follows_guidelines_then_codes_then_words():
    bankruptcy = [Entry("Prepare monthly operating report for US Trustee", matter="B"),
                  Entry("Draft objection to proof of claim no. 14", matter="B")]  # fmt: skip
    assert sets_by_matter(bankruptcy, Rules()) == {("", "B"): ("bankruptcy",)}
    coded = [bankruptcy[0]._replace(task="L110"), bankruptcy[1]]
    assert sets_by_matter(coded, Rules()) == {("", "B"): ("litigation",)}
    told = Rules(by_matter={"B": ("project",)})
    assert sets_by_matter(coded, told) == {("", "B"): ("project",)}
    patent = [Entry("Respond to office action rejecting claims under section 103", matter="P")]
    assert sets_by_matter(patent, Rules()) == {("", "P"): ("patent",)}


def test_without_a_set_there_is_no_task_but_an_activity():
    (one,) = Coder(Rules()).suggest([Entry("Telephone call with client")])
    assert one.abstained["task"] == NO_SET
    assert one.choices["activity"].code == "A106"


def test_only_codes_in_play_are_given():
    every = [Entry(row.narrative, matter="M") for row in labelled("tune")[::40]]
    for sets in (("litigation",), ("counseling",), ("bankruptcy",)):
        known = spaces(sets, Rules())
        for one in Coder(Rules(sets=sets)).suggest(every):
            assert all(choice.code in known[field].codes for field, choice in one.choices.items())


def test_a_denied_code_is_not_given():
    free, bound = (codes(Coder(Rules(sets=("litigation",), denied=denied)), "Draft notice of appeal")
                   for denied in (frozenset(), frozenset({"L510"})))  # fmt: skip
    assert (free["task"], bound) == ("L510", {"activity": "A103"})


def test_the_activities_of_2013_need_the_clients_leave():
    assert all(code < "A113" for code in spaces(("litigation",), Rules())["activity"].codes)
    assert "A126" in spaces(("litigation",), Rules(activities_of_2013=True))["activity"].codes
    calls = [
        "Telephone call with expert re draft report",
        "Call with witness re testimony",
        "Call with court clerk re filing",
    ]
    for adopted, expected in ((False, ["A108"] * 3), (True, ["A114", "A113", "A108"])):
        coder = Coder(Rules(sets=("litigation",), activities_of_2013=adopted))
        assert [codes(coder, text)["activity"] for text in calls] == expected


@pytest.mark.parametrize(
    ("task", "verdict"),
    [("L350", "agrees"), ("L330", "contradicts"), ("L310", "agrees"), ("B110", "unsure"), ("X999", "unsure")],
)
def test_codes_that_are_there_are_compared_and_never_changed(task, verdict):
    text = "Meet and confer letter re motion to compel"
    coder = Coder(LITIGATION)
    (one,) = coder.suggest([Entry(text, matter="M", task=task, activity="A103")])
    assert one.choices["task"].code == "L350"
    assert one.existing[0][:3] == ("task", task, verdict)
    assert coder.suggest([Entry(text, matter="M", task=task)])[0].existing[1] == ("activity", "", "missing", "")
    assert codes(coder, text, task=task)["task"] == "L350"


def test_the_firms_own_phrases_come_first():
    coder = Coder(LITIGATION, phrases={"Weekly status call.": "L190 A106"})
    (one,) = coder.suggest([Entry("weekly  STATUS call", matter="M")])
    assert {field: (choice.code, choice.step, choice.confidence) for field, choice in one.sure.items()} == {
        "task": ("L190", "exact", 1.0),
        "activity": ("A106", "exact", 1.0),
    }


def test_approved_codings_are_remembered_for_the_matter_and_for_like_texts(tmp_path):
    memory = Memory(str(tmp_path / "store.sqlite"))
    entry = Entry("Review Blue Heron weekly tally sheets", matter="M1")
    memory.approve(entry, {"task": "L110", "activity": "A104"}, date(2026, 1, 2))
    memory.approve(entry._replace(matter="M2"), {"task": "L130"}, date(2026, 1, 3))
    coder = Coder(LITIGATION, memory=memory)
    same, other, like = coder.suggest(
        [entry, entry._replace(matter="M3"), Entry("Review Blue Heron weekly tally sheet", matter="M1")]
    )
    assert (same.task.code, same.task.step, same.task.confidence) == ("L110", "exact", 0.99)
    assert (other.task.code, other.task.step, other.task.confidence) == ("L130", "exact", 0.95)
    assert (like.task.code, like.task.step) == ("L110", "fuzzy")
    assert (tmp_path / "store.sqlite").stat().st_mode & 0o077 == 0


def test_repeated_entries_are_judged_once(coder):
    entries = [Entry("Draft notice of appeal", matter="M")] * 50
    assert len({id(one) for one in coder.suggest(entries)}) == 1


def test_a_stream_says_what_the_whole_says(coder):
    entries = [Entry(row.narrative, matter="M") for row in labelled("tune")[:600]]
    assert list(coder.stream(iter(entries), sets_by_matter(entries, LITIGATION))) == coder.suggest(entries)


def test_the_order_of_entries_does_not_matter():
    entries = [Entry(row.narrative, matter="M") for row in labelled("tune")[:120]]
    forward, backward = (Coder(LITIGATION).suggest(some) for some in (entries, entries[::-1]))
    assert forward == backward[::-1]


KNOWN = {
    "motion compel": Cue.of("motion compel", "L350", 0.95, 40),
    "compel": Cue.of("compel", "L350", 0.9, 50),
    "interrogatory": Cue.of("interrogatory", "L310", 0.85, 70),
}


def text(narrative):
    return Text(words_of(narrative), narrative)


def test_the_most_specific_event_wins():
    told = text("Draft motion to compel answers to interrogatories")
    verdict = judge(told, KNOWN, {"L350", "L310"}, with_deeds=False)
    assert (verdict.code, verdict.runner_up) == ("L350", "L310")
    assert set(verdict.evidence) == {"motion compel", "compel"}
    assert judge(told, KNOWN, {"L310"}, with_deeds=False).code == "L310"
    assert judge(text("Draft lease"), KNOWN, {"L350"}, with_deeds=False) is None


def test_misspelt_words_are_read_with_good_will():
    told = text("Draft interogatories")
    assert judge(told, KNOWN, {"L310"}, with_deeds=False) is None
    read = Reader([KNOWN]).read(told)
    assert judge_fuzzily(told, read, KNOWN, Labels({"L310"}), {"L310"}, with_deeds=False).code == "L310"
    assert Reader([KNOWN]).read(text("Draft interrogatories")) is None


def test_counterparts_are_found_in_their_order():
    assert counterparts(words_of("Call with opposing counsel and client re expert")) == ["opposing", "client", "expert"]


def test_confidence_rises_with_strength():
    for steps in tables().values():
        for table in steps.values():
            strengths, shares = zip(*table, strict=True)
            assert list(strengths) == sorted(strengths)
            assert list(shares) == sorted(shares)
            assert all(0 < share < 1 for share in shares)


def test_calibration_pools_what_is_out_of_order():
    judged = [train.Judged(0.1 * at, right) for at, right in enumerate([False, True, False, True, True, True])]
    pools = train.calibrated(judged, least=1)
    assert [strength for strength, _ in pools] == [0.0, 0.1, 0.3]
    assert [share for _, share in pools] == [0.25, 0.5, 0.875]


def test_the_shipped_weights_are_what_the_data_teach():
    """Trained anew, the smallest space gives the shipped weights, but for the rounding of another processor."""
    learned = train.learn("counseling", train.examples()["counseling"])
    shipped = weights_of("counseling")
    assert learned.codes == shipped.codes
    for ours, theirs in zip(learned.weights, shipped.weights, strict=True):
        step = float(np.abs(theirs).max()) / train.GRAIN
        assert np.abs(ours - theirs).max() < 1.5 * step
        assert np.mean(np.abs(ours - theirs) > 0.5 * step) < 0.001


def test_what_is_unseen_is_never_learned_from():
    unseen = {row.narrative for row in labelled("unseen")}
    assert len(unseen) > 1000
    learned = {one.text for some in train.examples().values() for one in some}
    assert unseen.isdisjoint(learned)


def test_every_cue_and_weight_is_of_a_code_that_may_stand_on_a_line():
    families = {"litigation": ("litigation", "litigation-insurer", "ediscovery"), "activity": ("activities",)}
    for space, some in cues().items():
        if space == "sets":
            assert {cue.code for cue in some.values()} <= set(task_sets())
            continue
        known = {code for name in families.get(space, (space,)) for code in usable(name)}
        assert {cue.code for cue in some.values()} <= known
        assert set(weights_of(space).codes) <= known


_SHARED = Coder(LITIGATION)


@given(st.text(max_size=300))
def test_no_text_breaks_the_chain(text):
    (one,) = _SHARED.suggest([Entry(text, matter="M")])
    assert set(one.choices) | set(one.abstained) >= {"task"}


def test_a_huge_narrative_takes_no_time():
    text = "motion to compel, " * 200_000
    assert Coder(LITIGATION).suggest([Entry(text, matter="M")])


def test_the_public_door():
    first, second = le.suggest(["Draft notice of appeal", le.Entry("FedEx", kind="expense")], ["litigation"])
    assert (first.task.code, second.expense.code) == ("L510", "E107")
    assert [one.task.code for one in le.suggest_stream(["Draft notice of appeal"], ["litigation"])] == ["L510"]
    with pytest.raises(le.LedesError, match="no set of task codes 'litigations'"):
        le.suggest(["x"], ["litigations"])


def test_libraries_are_loaded_when_their_step_is_reached():
    code = (
        "import sys, json; from ledes_engine.coding.chain import Coder; from ledes_engine.coding.entry import Entry; "
        "from ledes_engine.coding.spaces import Rules; c = Coder(Rules(sets=('litigation',)), phrases={'x y': 'L110 A104'}); "
        "c.suggest([Entry('x y', matter='M')]); a = [m for m in ('spacy', 'rapidfuzz', 'numpy', 'openai') if m in sys.modules]; "
        "c.suggest([Entry('Draft notice of appeal re zoning', matter='M')]); "
        "b = [m for m in ('openai',) if m in sys.modules]; print(json.dumps([a, b, 'spacy' in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    first, second, reached = json.loads(done.stdout)
    assert (first, second) == ([], [])
    assert reached in (True, False)


def test_uncertain_choices_are_kept_for_the_review(coder):
    strict = Coder(LITIGATION, threshold=0.999)
    (one,) = strict.suggest([Entry("Telephone conference with Ms. Ortega re hearing", matter="M")])
    assert one.sure == {}
    assert set(one.choices) == {"task", "activity"}
    assert set(one.abstained.values()) <= {UNSURE, "contradictory"}
