"""The code sets: which codes there are, what they mean, and what is wrong with a cell that should hold one."""

import os
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from ledes_engine.resources import data_folder, files_below, remembered

# The column of the lines table that a set's codes stand in.
COLUMN_OF = {"task": "task_code", "activity": "activity_code", "expense": "expense_code"}
ANY = "any"  # the field of a client's own codes, which may stand in each of these columns
_NAME_OF = {"task_code": "task", "activity_code": "activity", "expense_code": "expense"}
_LABELLED = re.compile(r"\s*([A-Za-z]{1,3}[0-9]{2,3})(?:\s*[-:–—.,(/]+\s*|\s+)(?=\D).*", re.S)
_CLIENT_RESERVED = re.compile(r"X9[0-9]{2}")
_LONGEST_CODE = 12
# Letters and digits that people and scanners take for one another.
_LOOK_ALIKE = str.maketrans("OILSBZ", "011582")


class Code(NamedTuple):
    """One row of a code set's CSV file."""

    code: str
    parent: str
    level: str  # phase | task | activity | expense | header | timekeeper | tax
    label: str
    definition: str
    keywords: str  # separated by `; `
    billable: str  # yes | no | depends
    status: str  # confirmed | single-source | disputed | unconfirmed | removed | vendor-only
    replaced_by: str  # codes separated by /


class CodeSet(NamedTuple):
    """A code set: its description from `sources.toml` and its codes in their order."""

    name: str
    title: str
    publisher: str
    year: str
    field: str  # task | activity | expense | classification | tax_type
    default: bool  # in play where a client names no sets
    family: str  # sets of one family may stand side by side on a matter
    origin: str
    permission: str
    note: str
    codes: tuple[Code, ...]


def shipped_sets() -> dict[str, CodeSet]:
    """The code sets that come with the package, by name."""
    folder = data_folder("codesets")
    files = [
        os.path.join(folder, "sources.toml"),
        *(f for f in files_below(folder, ".csv") if os.sep + "iso" + os.sep not in f),
    ]
    rows = remembered("codesets", files, lambda: _parse(files[0], files[1:]))
    return {row[0]: CodeSet._make([*row[:-1], tuple(map(Code._make, row[-1]))]) for row in rows}


def _parse(sources: str, files: Sequence[str]) -> list[list[Any]]:
    import tomllib

    with open(sources, "rb") as file:
        described = tomllib.load(file)
    rows = []
    for path in files:
        name = os.path.splitext(os.path.basename(path))[0]
        about = described[name]
        facts = [about.get(key, False if key == "default" else "") for key in CodeSet._fields[1:-1]]
        rows.append([name, *facts, read_codes(path)])
    return rows


def read_codes(path: str) -> list[list[str]]:
    """The rows of a code set's CSV file; raises ValueError when its header is not the one expected."""
    import csv

    with open(path, newline="", encoding="utf-8-sig") as file:
        rows = list(csv.reader(file))
    header = [name.strip().lower() for name in rows[0]] if rows else []
    if "code" not in header:
        raise ValueError(f"there is no column `code`, only {', '.join(header)}; columns are separated by commas")
    rows, place = rows[1:], {name: i for i, name in enumerate(header)}
    return [
        [row[place[name]].strip() if place.get(name, len(row)) < len(row) else "" for name in Code._fields]
        for row in rows
        if any(row)
    ]


@cache
def value_list(name: str) -> frozenset[str]:
    """A shipped list of values: `currencies`, `countries-2`, `countries-3`, `classifications`; empty for no name."""
    if not name:
        return frozenset()
    if name == "classifications":
        return frozenset(code.code for code in shipped_sets()["timekeepers"].codes)
    file, column = {"currencies": ("currencies", 0), "countries-2": ("countries", 0), "countries-3": ("countries", 1)}[
        name
    ]
    path = os.path.join(data_folder("codesets"), "iso", file + ".csv")
    with open(path, encoding="utf-8") as lines:
        return frozenset(line.rstrip("\n").split(",")[column] for line in lines.readlines()[1:])


@cache
def currency_digits() -> dict[str, int]:
    """The number of decimals of each currency of ISO 4217."""
    path = os.path.join(data_folder("codesets"), "iso", "currencies.csv")
    with open(path, encoding="utf-8") as lines:
        rows = [line.rstrip("\n").split(",") for line in lines.readlines()[1:]]
    return {code: int(digits) for code, digits in rows}


class CodeSets:
    """The code sets in play for a client, and what they say of the text of a cell."""

    def __init__(self, names: Sequence[str] | None = None, custom: Sequence[CodeSet] = ()) -> None:
        every = {**shipped_sets(), **{one.name: one for one in custom}}
        self.chosen = names is not None
        self.sets = [one for one in every.values() if (one.name in names if names is not None else one.default)]
        self.sets += [one for one in custom if one not in self.sets]
        self._codes: dict[str, dict[str, tuple[CodeSet, Code]]] = {}
        for one in self.sets:
            known = self._codes.setdefault(COLUMN_OF.get(one.field, one.field), {})
            for code in one.codes:
                if code.code not in known or known[code.code][1].status == "removed":
                    known[code.code] = (one, code)

    def find(self, column: str, text: str) -> tuple[CodeSet, Code] | None:
        """The set and the code of exactly this text, or None."""
        return self._codes.get(column, {}).get(text) or self._codes.get(ANY, {}).get(text)

    def family(self, column: str, text: str) -> str:
        """The family of sets that a code belongs to; empty when it is not known."""
        found = self.find(column, bare(text))
        return found[0].family if found else ""

    def fault(self, column: str, text: str) -> tuple[str, Mapping[str, Any]] | None:
        """What is wrong with the text of a code cell, as (slug, facts): None for a good code and for a blank cell.

        Slugs: `retired`, `phase`, `not-bare`, `wrong-field`, `unknown`.
        """
        text = text.strip()
        found = self.find(column, text)
        if found:
            return _standing(*found)
        if not text or _CLIENT_RESERVED.fullmatch(text):
            return None
        stripped = bare(text)
        if stripped != text and self.find(column, stripped):
            reason = "case" if stripped == text.upper() else "label"
            return "not-bare", {"reason": reason, "code": stripped}
        for other, codes in self._codes.items():
            if other != column and stripped in codes and other in _NAME_OF:
                label = codes[stripped][1].label
                return "wrong-field", {"code": stripped, "label": label, "kind": _NAME_OF[other], "belongs": other}
        return "unknown", {"kind": _NAME_OF[column], "suggestion": self.near(column, stripped)}

    def near(self, column: str, text: str) -> str:
        """The code that was probably meant by a text that is none, with its label; empty when none is close.

        Tried are letters for digits that look alike, a sign too many, and two signs swapped. Another digit is not: that
        is another code, and guessing would change what was billed.
        """
        codes, text = self._codes.get(column, {}), text.upper()
        if not 3 <= len(text) <= _LONGEST_CODE:
            return ""
        tries = [text[:cut] + text[cut:].translate(_LOOK_ALIKE) for cut in (1, 2)]
        tries += [text[:i] + text[i + 1 :] for i in range(len(text))]
        tries += [text[:i] + text[i + 1] + text[i] + text[i + 2 :] for i in range(len(text) - 1)]
        found = next((code for code in tries if code in codes), "")
        return f"{found} ({codes[found][1].label})" if found else ""


def bare(text: str) -> str:
    """The code in a cell that also holds its label or has small letters: `L110 - Fact Investigation` -> `L110`."""
    text = text.strip()
    labelled = _LABELLED.fullmatch(text[:200]) if len(text) > 4 else None
    return (labelled[1] if labelled else text).upper()


def _standing(found: CodeSet, code: Code) -> tuple[str, Mapping[str, Any]] | None:
    if code.status == "removed":
        return "retired", {"code": code.code, "set": found.title, "replacement": code.replaced_by.replace("/", " or ")}
    if code.billable == "no" and code.level in ("phase", "header"):
        below = [one.code for one in found.codes if one.parent == code.code and one.billable != "no"]
        examples = f"such as {', '.join(below[:3])}" if below else ""
        return "phase", {"code": code.code, "label": code.label, "level": code.level, "examples": examples}
    return None
