"""Repairs of a file: safe ones, which change how it is written and never what it says, and others on request.

`fix` reads, mends, writes and reads again until nothing changes, and hands back the bytes only if they say what was
intended. An amount, a date or a code is never changed by a safe repair.
"""

from collections.abc import Collection
from typing import NamedTuple

from ledes_engine.cards import shipped_cards
from ledes_engine.fixes.cells import Mender, Safe
from ledes_engine.fixes.requests import REQUESTS, on_request
from ledes_engine.fixes.writing import rewritten
from ledes_engine.formats import read
from ledes_engine.guidelines import Guidelines, standard
from ledes_engine.model import Document, LedesError
from ledes_engine.resources import without_collector

__all__ = ["REQUESTS", "Change", "Fixed", "fix"]

# Each round mends what the one before brought to light; more than a few would be a fault of ours.
_MOST_ROUNDS = 8


class Change(NamedTuple):
    """One repair, wherever it was made: what it was for, the field, the text before and after, and how often."""

    what: str
    field: str
    before: str
    after: str
    times: int
    line: int  # the first one


class Fixed(NamedTuple):
    """The bytes of the mended file, what was changed, and why nothing was where that is so."""

    data: bytes
    changes: tuple[Change, ...]
    reason: str = ""


def fix(data: bytes, guidelines: Guidelines | None = None, requests: Collection[str] = ()) -> Fixed:
    """The file with its safe repairs, and with the unsafe ones that are named (of `REQUESTS`).

    Raises LedesError for a request that there is not.
    """
    unknown = next((name for name in requests if name not in REQUESTS), None)
    if unknown is not None:
        raise LedesError(f"there is no unsafe fix {unknown!r}; there are {', '.join(REQUESTS)}")
    rules = guidelines or standard()
    changes: list[Change] = []
    for _ in range(_MOST_ROUNDS):
        with without_collector():
            document = read(data)
            reason = _not_to_be_mended(document)
            if reason:
                return Fixed(data, tuple(changes), reason)
            mended, made = _round(document, rules, requests)
        if mended is None:
            return Fixed(data, tuple(changes), "it could not be written so that it says the same")
        if mended == data:
            break
        changes += made
        data = mended
    return Fixed(data, tuple(changes))


# What leaves doubt about which column is which.
_UNCERTAIN = {"spreadsheet", "identifier-and-header", "header-broken", "header-missing", "header-field-missing"}


def _not_to_be_mended(document: Document) -> str:
    """Why a file is left alone: writing it anew would lose what could not be read."""
    slugs = {fault.slug for fault in document.faults}
    if not document.readable or not document.family:
        return "it is no LEDES file that can be read"
    if document.damaged or slugs & _UNCERTAIN:
        return "part of it could not be read with certainty, and writing it anew could lose that part"
    return ""


def _round(document: Document, rules: Guidelines, requests: Collection[str]) -> tuple[bytes | None, list[Change]]:
    """One round: the cells, then the way that the file is written; None where the outcome is not what was meant."""
    encoding = _encoding(document, rules)
    mender = Mender(document)
    Safe(rules.plan.client.code_sets, encoding, document).apply(mender)
    on_request(mender, requests)
    source = rewritten(document, mender.tables, encoding)
    again = read(source)
    if not mender.is_what(again):
        return None, []
    changes = [*(Change(*change) for change in mender.changes), *_told_no_more(document, again)]
    return source, changes or [Change("byte order mark, line ends or blank lines", "", "", "", 1, 1)]


def _encoding(document: Document, rules: Guidelines) -> str:
    """ASCII for 1998B and 1998BI, unless the client's system reads Windows text; UTF-8 for XML."""
    if document.family == "XML":
        return "utf-8"
    strict = any(rule.card.id == "F36" and rule.severity in ("error", "warning") for rule in rules.plan.rules)
    return "ascii" if strict else "cp1252"


def _told_no_more(before: Document, after: Document) -> list[Change]:
    """What the reader stumbled over before and no longer: line ends, terminators, marks."""
    left = {fault.slug for fault in after.faults}
    names = {slug: card.name for card in shipped_cards().values() for slug in card.check.get("faults", ())}
    gone: dict[str, list[int]] = {}
    for fault in before.faults:
        if fault.slug not in left:
            gone.setdefault(fault.slug, []).append(fault.line)
    return [
        Change(names.get(slug, slug).replace("-", " "), "", "", "", len(lines), lines[0])
        for slug, lines in gone.items()
    ]
