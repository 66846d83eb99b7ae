"""Rules as cards: one TOML file a rule, one folder a pack. The folder listing is the registry."""

import os
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from ledes_engine.model import LedesError
from ledes_engine.resources import data_folder, files_below, remembered


class Card(NamedTuple):
    """One rule, as its file states it (`pack` is the folder's name). The texts are templates over a finding's facts."""

    id: str
    name: str
    severity: Literal["error", "warning", "info"]
    source: str
    message: str
    why: str
    fix: str
    check: dict[str, Any]
    status: Literal["preview", "stable", "retired"] = "stable"
    enabled: bool = True  # false: runs only where a client's guidelines or --select ask for it
    field: str = ""  # the column it is about, for readers
    formats: list[str] = []  # those it applies to; all when empty
    loc_code: str = ""  # the LEDES Oversight Committee's error code
    replaced_by: str = ""
    remedy: str = ""  # what a client does with a finding unless the guidelines say: reject, adjust, cut 20%
    reasons: dict[str, str] = {}  # texts for `{reason}`, by the slug that the check gives
    example: list[dict[str, Any]] = []
    pack: str = ""

    @property
    def kind(self) -> str:
        """The kind of check that the card parameterises."""
        return str(self.check["kind"])

    @property
    def runs_by_default(self) -> bool:
        """Whether the rule runs when nobody asks for it by name."""
        return self.enabled and self.status == "stable"

    def wording(self, facts: Mapping[str, Any], template: str = "") -> str:
        """A template of the card (its message unless given) filled with a finding's facts."""
        words = {name: _shortened(str(value)) for name, value in facts.items()}
        if "reason" in words:
            words["reason"] = self.reasons.get(words["reason"], words["reason"]).format_map(_Unfilled(words))
        return (template or self.message).format_map(_Unfilled(words)).strip()


# A cell may hold megabytes; a sentence quotes this much of it.
_LONGEST_WORDS = 900


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_WORDS else text[: _LONGEST_WORDS - 1] + "…"


class _Unfilled(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


def shipped_cards(*, examples: bool = False) -> dict[str, Card]:
    """All the cards that come with the package, by id; their examples only where asked for, as no check does."""
    folder = data_folder("rules")
    others = tuple(os.path.join(folder, name) + os.sep for name in ("guidelines", "lexicon"))
    files = [path for path in files_below(folder, ".toml") if not path.startswith(others)]
    if examples:
        return {card.id: card for card in (Card(**_parse(path)) for path in files)}
    rows: list[list[Any]] = remembered("cards", files, lambda: [_without_examples(path) for path in files])
    return {row[0]: Card(*row) for row in rows}


def _without_examples(path: str) -> list[Any]:
    return list(Card(**{**_parse(path), "example": []}))


def cards_in(folder: str) -> dict[str, Card]:
    """The cards of a firm's or a client's own folder, by id; raises LedesError naming the file and the key."""
    if not os.path.isdir(folder):
        raise LedesError(f"{folder}: there is no such folder of cards")
    return {card.id: card for card in map(_read_card, files_below(folder, ".toml"))}


def _parse(path: str) -> dict[str, Any]:
    import tomllib

    try:
        with open(path, "rb") as file:
            values = tomllib.load(file)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise LedesError(f"{path}: {error}") from error
    return {**values, "pack": os.path.basename(os.path.dirname(path))}


def _read_card(path: str) -> Card:
    """A card of somebody's own, checked key by key (the shipped ones are by the tests)."""
    from ledes_engine.strict import validated

    card: Card = validated(Card, _parse(path), path)
    if "kind" not in card.check:
        raise LedesError(f"{path}: [check] needs a kind")
    return card


def find_cards(cards: Mapping[str, Card], selector: str) -> list[Card]:
    """The cards that a selector names: an id, a name, a group (`F`), a pack (`ledes-bi`), `all` or `default`."""
    if selector.upper() in cards:
        return [cards[selector.upper()]]
    if selector == "all":
        return list(cards.values())
    if selector == "default":
        return [card for card in cards.values() if card.runs_by_default]
    by_name = [card for card in cards.values() if selector in (card.name, card.pack)]
    return by_name or [card for card in cards.values() if len(selector) == 1 and card.id[0] == selector.upper()]


def near_miss(word: str, known: list[str]) -> str:
    """` (did you mean X?)` when something known is close, else nothing."""
    import difflib

    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f" (did you mean {close[0]}?)" if close else ""
