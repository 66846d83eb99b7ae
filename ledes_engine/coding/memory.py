"""What people approved, and what a language model answered, in one SQLite file that stays on the machine."""

import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from ledes_engine.coding.entry import FIELDS, Entry
from ledes_engine.model import LedesError

if TYPE_CHECKING:
    import sqlite3

STORE = "ledes-codings.sqlite"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS approved (
    matter TEXT, kind TEXT, text TEXT, field TEXT, code TEXT, narrative TEXT, day TEXT,
    PRIMARY KEY (matter, kind, text, field));
CREATE TABLE IF NOT EXISTS answers (key BLOB PRIMARY KEY, answer TEXT, day TEXT);
"""
_PATIENCE = 60.0  # seconds that a writer waits for another one


class Approved(NamedTuple):
    """A code that somebody approved for a text, and the text as it was written."""

    matter: str
    kind: str
    field: str
    code: str
    narrative: str
    text: str  # what `same_text` makes of it


def same_text(narrative: str) -> str:
    """What two narratives have in common that say the same in the same words."""
    return " ".join(narrative.lower().split()).rstrip(" .;,")


class Memory:
    """The store in one file, which is made when something is first kept."""

    def __init__(self, path: str) -> None:
        self.path = path

    @contextmanager
    def _open(self, *, write: bool = False) -> "Iterator[sqlite3.Connection]":
        import sqlite3

        try:
            if write and not os.path.exists(self.path):
                os.close(os.open(self.path, os.O_CREAT | os.O_WRONLY, 0o600))  # narratives are privileged
            with closing(sqlite3.connect(self.path, timeout=_PATIENCE)) as base:
                if write:
                    base.executescript(_SCHEMA)
                yield base
        except sqlite3.Error as error:
            raise LedesError(f"{self.path}: the store of codings cannot be used ({error})") from error

    def approve(self, entry: Entry, codes: Mapping[str, str], day: date) -> None:
        """Keep the codes, by field, that somebody approved for an entry; later ones take the place of earlier ones."""
        rows = [
            (entry.matter, entry.kind, same_text(entry.narrative), field, code, entry.narrative, day.isoformat())
            for field, code in codes.items()
            if field in FIELDS and code
        ]
        with self._open(write=True) as base, base:
            base.executemany("INSERT OR REPLACE INTO approved VALUES (?,?,?,?,?,?,?)", rows)

    def approved(self) -> list[Approved]:
        """Everything that was approved, in the order of its days."""
        if not os.path.exists(self.path):
            return []
        with self._open(write=True) as base:
            wanted = "SELECT matter, kind, field, code, narrative, text FROM approved ORDER BY day, rowid"
            return [Approved(*row) for row in base.execute(wanted)]

    def answer(self, key: bytes) -> str | None:
        """The answer that a model gave to a question, as it was kept."""
        if not os.path.exists(self.path):
            return None
        with self._open(write=True) as base:
            row = base.execute("SELECT answer FROM answers WHERE key = ?", (key,)).fetchone()
            return row[0] if row else None

    def keep(self, answers: Mapping[bytes, str], day: date) -> None:
        """Keep answers, which were paid for, at once."""
        with self._open(write=True) as base, base:
            rows = [(key, answer, day.isoformat()) for key, answer in answers.items()]
            base.executemany("INSERT OR REPLACE INTO answers VALUES (?,?,?)", rows)
