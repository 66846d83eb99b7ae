"""Strict reading of what people write in TOML: an unknown key or a wrong type is an error that says where.

The shapes are the NamedTuples that the program itself uses; pydantic checks them and is loaded only here, because a
run without any TOML of the user's must not pay for it.
"""

import re
from functools import cache
from typing import Any, get_type_hints

from ledes_engine.cards import near_miss
from ledes_engine.model import LedesError


def read_toml(path: str) -> tuple[dict[str, Any], str]:
    """The values in a TOML file of the user's, and its text; raises LedesError in plain words."""
    import tomllib

    try:
        with open(path, encoding="utf-8-sig") as file:
            text = file.read()
        return tomllib.loads(text), text
    except OSError as error:
        raise LedesError(f"{path}: {(error.strerror or str(error)).lower()}") from error
    except UnicodeDecodeError as error:
        raise LedesError(f"{path}: the file is not saved as UTF-8; save it so in your editor") from error
    except tomllib.TOMLDecodeError as error:
        raise LedesError(f"{path}: {error}") from error


def validated(shape: type, data: dict[str, Any], path: str, source: str = "") -> Any:
    """`data` as a `shape`; raises LedesError with file, line, key, what is wrong and what was probably meant."""
    from pydantic import ValidationError

    try:
        return _reader_of(shape).validate_python(data)
    except ValidationError as error:
        # An unknown key explains best why another one is missing.
        problem = min(error.errors(), key=lambda one: one["type"] not in _UNKNOWN)
        keys = [str(part) for part in problem["loc"]]
        raise LedesError(f"{path}{_line(keys, source)}: {_told(problem, keys, shape)}") from error


_UNKNOWN = ("unexpected_keyword_argument", "extra_forbidden")


@cache
def _reader_of(shape: type) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(shape)


def _told(problem: Any, keys: list[str], shape: type) -> str:
    if problem["type"] in _UNKNOWN:
        return f"there is no setting {'.'.join(keys)}{near_miss(keys[-1], _settings_at(shape, keys[:-1]))}"
    if problem["type"] in ("missing_argument", "missing"):
        return f"{'.'.join(keys)} is missing"
    if problem["type"] == "string_type" and isinstance(problem["input"], int | float):
        return f'{".".join(keys)}: write the value between quotes, "{problem["input"]}"'
    shown = repr(problem["input"])
    return f"{'.'.join(keys)} is {shown[:80]}: {problem['msg'][:1].lower()}{problem['msg'][1:]}"


def _settings_at(shape: Any, keys: list[str]) -> list[str]:
    """The names that may stand at a place of the settings, for a suggestion."""
    for key in keys:
        if key.isdigit():
            continue
        shape = get_type_hints(shape).get(key) if hasattr(shape, "_fields") else shape
        while shape is not None and not hasattr(shape, "_fields"):
            inner = [part for part in getattr(shape, "__args__", ()) if part is not type(None)]
            shape = inner[-1] if inner else None
    return list(getattr(shape, "_fields", ()))


def _line(keys: list[str], source: str) -> str:
    """`:12` for the line of a TOML text on which the last named key stands, as far as a search can tell."""
    if not source:
        return ""
    line, at = 0, 0
    lines = source.splitlines()
    for key in keys:
        if key.isdigit():
            at += int(key) if at and lines[at - 1].lstrip().startswith("[[") else 0
            continue
        pattern = re.compile(rf"\s*(?:\[\[?\s*(?:[\w\"'.-]+\.)?)?[\"']?{re.escape(key)}[\"']?\s*(?:=|\]|\.)")
        found = next((i for i, text in enumerate(lines[at:], at + 1) if pattern.match(text)), 0)
        if found:
            line, at = found, found
    return f":{line}" if line else ""
