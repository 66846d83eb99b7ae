"""Every card is complete, says what its kind yields, and does on its examples what it says."""

import re
from string import Formatter

import pytest

from ledes_engine.cards import Card, shipped_cards
from tests.examples import KEYS, ROOT, findings, report_on

CARDS = shipped_cards(examples=True)
EXAMPLES = [(card, example) for card in CARDS.values() for example in card.example]


@pytest.mark.parametrize(("card", "example"), EXAMPLES, ids=[f"{c.id}-{e['say']}" for c, e in EXAMPLES])
def test_a_card_gives_the_findings_of_its_example(card, example):
    assert set(example) <= KEYS
    assert findings(card, example) == example["expect"]


@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)
class TestCard:
    def test_has_a_failing_and_a_passing_example(self, card: Card):
        assert any(example["expect"] for example in card.example)
        assert any(not example["expect"] for example in card.example)

    def test_is_named_after_its_file_and_states_the_fault(self, card: Card):
        assert (ROOT / "rules" / card.pack / f"{card.id}-{card.name}.toml").is_file()
        assert re.fullmatch(r"[A-Z][0-9]{2}", card.id)
        assert re.fullmatch(r"[a-z][a-z0-9-]+", card.name)

    def test_tells_why_and_how_to_mend_it_and_where_it_is_from(self, card: Card):
        for text in (card.message, card.why, card.fix, card.source):
            assert len(text) > 10
        assert card.why.endswith(".") and card.fix.endswith(".")
        assert not card.message.endswith(".")

    def test_message_uses_only_facts_that_its_kind_yields(self, card: Card):
        """Every placeholder of the message, the fix and the reasons is filled in some example."""
        templates = [card.message, card.fix, *card.reasons.values()]
        used = {name for text in templates for _, name, _, _ in Formatter().parse(text) if name}
        given: set[str] = {"field", "value"}
        for example in card.example:
            for finding in report_on(card, example).findings:
                given |= set(finding.facts)
                assert "{" not in finding.message and "{" not in finding.fix
        assert used - given <= {"whole", "decimals", "upper"}
