"""What a billing coordinator reads: every file of `fixtures/` beside the text that `ledes-check` prints for it."""

import pytest

import ledes_engine as le
from ledes_engine.cards import shipped_cards
from ledes_engine.checking import check
from ledes_engine.report import Options, render
from tests.examples import ROOT, TODAY, report_on

FIXTURES = ROOT / "fixtures"
FILES = sorted(path for folder in ("good", "bad") for path in (FIXTURES / folder).glob("*.[tx][xm][tl]"))


@pytest.mark.parametrize("path", FILES, ids=[f"{path.parent.name}/{path.name}" for path in FILES])
def test_the_report_on_a_fixture(path, golden):
    report = check(path.read_bytes(), today=TODAY, file=path.name)
    golden(path.with_suffix(".expected"), render(report, "text", Options(verbose=False)))


@pytest.mark.parametrize("path", sorted((FIXTURES / "good").glob("*.[tx][xm][tl]")), ids=lambda path: path.name)
def test_good_files_give_nothing(path):
    report = le.check(path, today=TODAY)
    assert (report.verdict, report.findings) == ("accept", ())


def test_the_gallery_of_findings(golden):
    """One finding of every rule, as its first failing example gives it."""
    told = []
    for card in shipped_cards(examples=True).values():
        example = next(example for example in card.example if example["expect"])
        report = report_on(card, example)
        first = report._replace(findings=report.findings[:1], guidelines=("gallery",))
        told.append(render(first, "text").split("\n\n", 1)[1].rsplit("\n\n", 1)[0])
    golden(FIXTURES / "bad" / "gallery.expected", "\n\n".join(told) + "\n")
