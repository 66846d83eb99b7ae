"""Whole words and phrases in texts."""

import os
import re
from collections.abc import Collection, Sequence
from functools import lru_cache

from ledes_engine.model import LedesError


def having(texts: Collection[str], wanted: Sequence[str], barred: Sequence[str] = ()) -> dict[str, tuple[int, int]]:
    """The texts that hold a phrase as whole words, and where; not those that hold one of `barred`."""
    pattern, against = _pattern(tuple(wanted)), _pattern(tuple(barred))
    joined = "\n".join(texts)
    if pattern is None or not pattern.search(joined):
        return {}
    told = {}
    for text in texts:
        match = pattern.search(text)
        if match and not (against and against.search(text)):
            told[text] = match.span()
    return told


@lru_cache(maxsize=512)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str] | None:
    """One expression for whole words; blanks in a phrase stand for any blanks."""
    if not any(word.strip() for word in words):
        return None
    parts = (r"\s+".join(map(re.escape, word.split())) for word in sorted(words, key=len, reverse=True) if word.strip())
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)", re.IGNORECASE)


@lru_cache(maxsize=64)
def phrases_in(path: str) -> tuple[str, ...]:
    """The phrases of a text file, one a line; a line that begins with # is a remark."""
    if not os.path.isfile(path):
        raise LedesError(f"{path}: there is no such list of words")
    with open(path, encoding="utf-8-sig", errors="replace") as file:
        lines = [line.strip() for line in file]
    return tuple(line for line in lines if line and not line.startswith("#"))
