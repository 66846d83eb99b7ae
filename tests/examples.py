"""What a card's `[[example]]` means: a good fixture, changed in one place, and what the rule then finds."""

import os
import re
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

from lxml import etree

from ledes_engine.cards import Card
from ledes_engine.checking import check
from ledes_engine.formats import read
from ledes_engine.formats.fields import fields_of
from ledes_engine.guidelines import Guidelines
from ledes_engine.history import History
from ledes_engine.results import Report
from ledes_engine.settings import Settings
from ledes_engine.strict import validated

ROOT = Path(__file__).resolve().parent.parent
TODAY = date(2026, 3, 1)
KEYS = set(
    "say expect set line append twice replace text drop_line keep_lines cut encoding file params guidelines "
    "format edit drop add earlier".split()
)
_ASKED = {"ASCII": "1998B", "XML": "XML 2.2"}


def fixture(format: str) -> str:
    """The good file of a format."""
    name = f"xml-{format[4:]}.xml" if format.startswith("XML") else f"{format.lower()}.txt"
    return (ROOT / "fixtures" / "good" / name).read_bytes().decode()


def format_of(card: Card, example: dict[str, Any]) -> str:
    """The format whose fixture an example changes: the one it names, else the newest that the card is for."""
    named = example.get("format") or (card.formats[-1] if card.pack == "ledes-xml" and card.formats else "")
    first = named or (card.formats[0] if card.formats else "1998B" if card.pack != "ledes-xml" else "XML 2.2")
    return _ASKED.get(first, first)


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
    text = edited(fixture(format), example) if format.startswith("XML") else _lines(example, format)
    for old, new in example.get("replace", []):
        assert old in text, f"{example['say']}: the fixture has no {old!r}"
        text = text.replace(old, new)
    data = text.encode(example.get("encoding", "utf-8"))
    return data[: -example["cut"]] if "cut" in example else data


def _lines(example: dict[str, Any], format: str) -> str:
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
    return "\r\n".join(lines) * (2 if example.get("twice") else 1)


def edited(text: str, example: dict[str, Any]) -> str:
    """An XML file with elements given other texts (`edit`), taken out (`drop`), or put in at the end (`add`)."""
    if not {"edit", "drop", "add"} & set(example):
        return text
    root = etree.fromstring(text.encode())
    for path, value in example.get("edit", []):
        element_at(root, path).text = value
    for path, inner in example.get("add", []):
        namespace = f' xmlns="{root.nsmap[None]}"' if None in root.nsmap else ""
        element_at(root, path).append(etree.fromstring(inner.replace(">", f"{namespace}>", 1)))
    for path in example.get("drop", []):
        element = element_at(root, path)
        element.getparent().remove(element)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True).decode()


def element_at(root: Any, path: str) -> Any:
    """The element at a path below the root; a step without a number is the first of its name."""
    steps = [step if "]" in step else f"{step}[1]" for step in path.split("/")]
    local = [re.sub(r"^([^\[]+)", r"*[local-name()='\1']", step) for step in steps]
    (found,) = root.xpath("/".join(local))
    return found


def earlier(invoices: list[dict[str, str]], format: str) -> str:
    """A store that holds the good fixture, changed in all lines of its first invoice, for each of the invoices."""
    path = os.path.join(tempfile.mkdtemp(), "earlier.sqlite")
    history = History.at(path)
    for values in invoices:
        lines = fixture(format).split("\r\n")
        first = lines[2].split("|")[1]
        kept = [line for line in lines[2:] if line.split("|")[1:2] == [first]]
        history.record(
            read("\r\n".join([*lines[:2], *(changed(one, format, values) for one in kept), ""]).encode()),
            "accept",
            TODAY,
        )
    return path


def report_on(card: Card, example: dict[str, Any]) -> Report:
    """The report of the card's rule alone on the example."""
    settings = {"select": [card.id], **example.get("guidelines", {})}
    if "earlier" in example:
        settings["history"] = earlier(example["earlier"], format_of(card, example))
    if "params" in example:
        settings["params"] = {card.id: example["params"]}
    guidelines = Guidelines(validated(Settings, settings, card.id), {})
    format = format_of(card, example)
    name = example.get("file", "invoice.xml" if format.startswith("XML") else "invoice.txt")
    return check(content(example, format), guidelines, today=TODAY, file=name)


def findings(card: Card, example: dict[str, Any]) -> list[str]:
    """The findings of the card's rule alone on the example, as `line:FIELD`; in XML as the path below the root."""
    report = report_on(card, example)
    broken = [outcome for outcome in report.outcomes if outcome.status == "broken"]
    assert not broken, broken
    return [
        finding.path.replace("[1]", "").partition("/")[2] if finding.path else f"{finding.line}:{finding.field}"
        for finding in report.findings
    ]
