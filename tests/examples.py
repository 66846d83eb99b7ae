"""What a card's `[[example]]` means: a good fixture, changed in one place, and what the rule then finds."""

from datetime import date
from pathlib import Path
from typing import Any

from ledes_engine.cards import Card
from ledes_engine.checking import check
from ledes_engine.formats.fields import fields_of
from ledes_engine.guidelines import Guidelines
from ledes_engine.settings import Settings
from ledes_engine.strict import validated

ROOT = Path(__file__).resolve().parent.parent
TODAY = date(2026, 3, 1)
KEYS = set(
    "say expect set line append twice replace text drop_line keep_lines cut encoding file params guidelines".split()
)


def fixture(format: str) -> str:
    """The good file of a format."""
    return (ROOT / "fixtures" / "good" / f"{format.lower()}.txt").read_bytes().decode()


def changed(record: str, format: str, values: dict[str, str]) -> str:
    """A record with some of its values changed, by canonical column name."""
    cells = record.removesuffix("[]").split("|")
    place = {field.column: field.position - 1 for field in fields_of(format)}
    for column, value in values.items():
        cells[place[column]] = value
    return "|".join(cells) + "[]"


def content(example: dict[str, Any], format: str) -> bytes:
    """The bytes of the file that an example speaks of."""
    if "text" in example:
        return example["text"].encode()
    lines = fixture(format).split("\r\n")
    if "set" in example:
        at = example.get("line", 1) + 1
        lines[at] = changed(lines[at], format, example["set"])
    if "append" in example:
        lines.insert(-1, changed(lines[example["append"]["line"] + 1], format, example["append"].get("set", {})))
    if "drop_line" in example:
        del lines[example["drop_line"] - 1]
    if "keep_lines" in example:
        lines = [*lines[: example["keep_lines"]], ""]
    text = "\r\n".join(lines) * (2 if example.get("twice") else 1)
    for old, new in example.get("replace", []):
        assert old in text, f"{example['say']}: the fixture has no {old!r}"
        text = text.replace(old, new)
    data = text.encode(example.get("encoding", "utf-8"))
    return data[: -example["cut"]] if "cut" in example else data


def findings(card: Card, example: dict[str, Any]) -> list[str]:
    """The findings of the card's rule alone on the example, as `line:FIELD`."""
    format = card.formats[0] if card.formats else "1998B"
    settings = {"select": [card.id], **example.get("guidelines", {})}
    if "params" in example:
        settings["params"] = {card.id: example["params"]}
    guidelines = Guidelines(validated(Settings, settings, card.id), {})
    report = check(content(example, format), guidelines, today=TODAY, file=example.get("file", "invoice.txt"))
    broken = [outcome for outcome in report.outcomes if outcome.status == "broken"]
    assert not broken, broken
    return [f"{finding.line}:{finding.field}" for finding in report.findings]
