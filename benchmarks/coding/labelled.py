"""The labelled narratives in `fixtures/coding/`: reading them, and the codes that count as right."""

import csv
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parents[2] / "fixtures" / "coding"
PARTS = ("train", "tune", "unseen")


class Labelled(NamedTuple):
    """A narrative and what experts say of it; several codes are alternatives, best first."""

    id: str
    part: str  # train | tune | unseen
    set: str
    kind: str  # fee | expense | vague | block
    narrative: str
    task: tuple[str, ...]
    activity: tuple[str, ...]
    expense: tuple[str, ...]


def labelled(*parts: str) -> list[Labelled]:
    """The narratives of some parts."""
    found = []
    for path in sorted(FOLDER.glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if row["part"] in parts:
                    codes = (tuple(filter(None, row[field].split("|"))) for field in ("task", "activity", "expense"))
                    found.append(Labelled(row["id"], row["part"], path.stem, row["kind"], row["narrative"], *codes))
    return found
