"""What a strength is worth: the share of choices of that strength that were right on narratives never learned from.

The tables are in `rules/lexicon/calibration.toml`, which `python -m benchmarks.coding.train` writes.
"""

import os
from bisect import bisect_right
from functools import lru_cache

from ledes_engine.resources import data_folder, remembered


@lru_cache(maxsize=1)
def tables() -> dict[str, dict[str, list[list[float]]]]:
    """By space and step: (strength from which on, share right), rising."""
    path = os.path.join(data_folder("rules"), "lexicon", "calibration.toml")
    found: dict[str, dict[str, list[list[float]]]] = remembered("calibration", [path], lambda: _parse(path))
    return found


def _parse(path: str) -> dict[str, dict[str, list[list[float]]]]:
    import tomllib

    with open(path, "rb") as file:
        return tomllib.load(file)


@lru_cache(maxsize=100_000)
def confidence(space: str, step: str, strength: float) -> float:
    """The share of choices that were right at this strength of a step (`lexicon`, `fuzzy`, `narrative`)."""
    table = tables().get(space, {}).get(step, [])
    at = bisect_right(table, strength, key=lambda pair: pair[0])
    return table[at - 1][1] if at else 0.0
