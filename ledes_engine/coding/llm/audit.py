"""The log of what left the machine and what came back: one JSON object a line, in a file of the user's."""

import json
import os
from collections.abc import Mapping
from typing import Any


class Audit:
    """Appends to a log file, readable by its owner only; a log without a path keeps nothing."""

    def __init__(self, path: str, secret: str = "") -> None:
        self._path = path
        self._secret = secret

    def note(self, event: Mapping[str, Any]) -> None:
        """Write one event; the key to the model's server is taken out wherever it stands."""
        if not self._path:
            return
        line = json.dumps(event, ensure_ascii=False, default=str)
        if self._secret:
            line = line.replace(self._secret, "[KEY]")
        descriptor = os.open(self._path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(line + "\n")
