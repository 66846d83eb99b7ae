"""JSON files of entries whose values are changed in place: order, blanks, numbers and unknown keys stay."""

import json
import re
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any, NamedTuple

from ledes_engine.model import LedesError

_BLANK = re.compile(r"[ \t\r\n]*")
_LISTS = ("data", "value", "results", "items", "entries", "time_entries", "activities", "lines")
_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)


class _Object(NamedTuple):
    """An object of the list: where it ends, and where the value of each of its own keys stands."""

    end: int
    values: dict[str, tuple[int, int]]
    content: dict[str, Any]


class Objects:
    """A list of JSON objects as rows of texts; see `Delimited`. A nested value has the name `matter.display_number`."""

    def __init__(self, data: bytes) -> None:
        try:
            self._text = data.decode("utf-8-sig", "surrogateescape")
            self._mark = b"\xef\xbb\xbf" if data.startswith(b"\xef\xbb\xbf") else b""
            self._objects = _objects(self._text)
        except (ValueError, RecursionError) as error:
            raise LedesError(f"the JSON file cannot be read: {error}") from error
        flat = [dict(_flat(one.content)) for one in self._objects]
        self.header = list(dict.fromkeys(key for one in flat for key in one))
        self.rows = [[one.get(name, "") for name in self.header] for one in flat]
        self._new: dict[int, dict[str, str]] = {}
        self._names = list(self.header)

    def place(self, row: int) -> str:
        """Which of the entries a row is, in words."""
        return f"entry {row + 1}"

    def add(self, name: str) -> int:
        """A further key; its place."""
        key = name.lower().replace(" ", "_")
        while any(key in one.values for one in self._objects):
            key += "_2"  # what stands under the name is no text, and is not written over
        self._names.append(key)
        return len(self._names) - 1

    def put(self, row: int, column: int, text: str) -> None:
        """Put a text for the value of a key."""
        self._new.setdefault(row, {})[self._names[column]] = text

    def data(self) -> bytes:
        """The bytes of the file."""
        edits: list[tuple[int, int, str]] = []
        for row, new in self._new.items():
            one = self._objects[row]
            fresh = [f'"{name}": {json.dumps(text)}' for name, text in new.items() if name not in one.values]
            edits += [(*one.values[name], json.dumps(text)) for name, text in new.items() if name in one.values]
            if fresh:
                last = max((end for _, end in one.values.values()), default=one.end - 1)
                edits.append((last, last, (", " if one.values else "") + ", ".join(fresh)))
        pieces, at = [], 0
        for start, end, put in sorted(edits):
            pieces += [self._text[at:start], put]
            at = end
        return self._mark + "".join([*pieces, self._text[at:]]).encode("utf-8", "surrogateescape")


def _objects(text: str) -> list[_Object]:
    """The objects of the list that the file is, or that it holds under one of the usual keys."""
    at = _skip(text, 0)
    alone = text[at : at + 1] == "["
    if text[at : at + 1] == "{":
        whole = _object(text, at)
        key = next((name for name in _LISTS if name in whole.values and isinstance(whole.content[name], list)), None)
        if key is None:
            raise ValueError(f"it holds no list of entries (under {', '.join(_LISTS)})")
        at = whole.values[key][0]
    if text[at : at + 1] != "[":
        raise ValueError("it is no list of entries")
    found = []
    at = _skip(text, at + 1)
    while text[at : at + 1] != "]":
        if text[at : at + 1] != "{":
            raise ValueError("the list holds something that is no object")
        found.append(_object(text, at))
        at = _skip(text, found[-1].end)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
            if text[at : at + 1] == "]":
                raise ValueError(f"a comma stands before the end of the list, at character {at}")
        elif text[at : at + 1] != "]":
            raise ValueError(f"the list is broken off at character {at}")
    if alone and _skip(text, at + 1) < len(text):
        raise ValueError(f"something follows the list, at character {at + 1}")
    return found


def _object(text: str, start: int) -> _Object:
    values: dict[str, tuple[int, int]] = {}
    content: dict[str, Any] = {}
    at = _skip(text, start + 1)
    while text[at : at + 1] == '"':
        key, at = scanstring(text, at + 1, True)
        at = _skip(text, at)
        if text[at : at + 1] != ":":
            raise ValueError(f"a colon is missing at character {at}")
        begin = _skip(text, at + 1)
        content[key], at = _DECODER.raw_decode(text, begin)
        values[key] = begin, at
        at = _skip(text, at)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
    if text[at : at + 1] != "}":
        raise ValueError(f"an object is broken off at character {at}")
    return _Object(at + 1, values, content)


def _skip(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _flat(content: dict[str, Any], before: str = "") -> Any:
    for key, value in content.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{key}.")
        elif isinstance(value, list):
            yield before + key, json.dumps(value) if value else ""
        else:
            yield before + key, "" if value is None else str(value)
