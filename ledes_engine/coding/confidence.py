"""What a strength is worth: the share of choices of that strength that were right on narratives never learned from.

The tables are in `rules/lexicon/calibration.toml`, which `python -m benchmarks.coding.train` writes.
"""

from bisect import bisect_right
from functools import lru_cache

from ledes_engine.resources import lexicon_file, remembered, shipped_toml


@lru_cache(maxsize=1)
def tables() -> dict[str, dict[str, list[list[float]]]]:
    """By space and step: (strength from which on, share right), rising."""
    path = lexicon_file("calibration.toml")
    found: dict[str, dict[str, list[list[float]]]] = remembered("calibration", [path], lambda: shipped_toml(path))
    return found


@lru_cache(maxsize=100_000)
def confidence(space: str, step: str, strength: float) -> float:
    """The share of choices that were right at this strength of a step (`lexicon`, `fuzzy`, `narrative`)."""
    table = tables().get(space, {}).get(step, [])
    at = bisect_right(table, strength, key=lambda pair: pair[0])
    return table[at - 1][1] if at else 0.0
