"""The account of a conversion: which values the new format cannot hold, and which it needs and nobody gives."""

from collections.abc import Iterable
from typing import NamedTuple

from ledes_engine.model import Document, Table


class Loss(NamedTuple):
    """Values of one field that the target cannot hold, or holds otherwise."""

    table: str
    field: str  # the name in the source
    reason: str
    values: tuple[tuple[int, str], ...]  # line of the source, value

    def __str__(self) -> str:
        shown = ", ".join(f"{value[:40]} (line {line})" if line else value[:40] for line, value in self.values[:3])
        more = f" and {len(self.values) - 3} more" if len(self.values) > 3 else ""
        return f"{self.field}: {shown}{more}: {self.reason}"


class Ledger:
    """Gathers losses and gaps on the way."""

    def __init__(self, document: Document) -> None:
        self.losses: list[Loss] = []
        self.missing: list[str] = []
        self._document = document

    def lose(self, table: str, field: str, reason: str, values: Iterable[tuple[int, str]]) -> None:
        """Note values that are lost; blank ones are not."""
        lost = tuple((line, value) for line, value in values if value.strip())
        if lost:
            self.losses.append(Loss(table, field, reason, lost))

    def lose_column(self, name: str, table: Table, column: str, reason: str) -> None:
        """Note a whole column: each value once, with the first line that it stands on."""
        if column in table and any(value.strip() for value in table.distinct(column)):
            paths = {field.column: field.name for field in table.fields}
            native = paths.get(column) or self._document.native(column)
            first = dict(reversed(list(zip(table[column], table.line, strict=True))))
            self.lose(name, native, reason, sorted((line, value) for value, line in first.items()))

    def lack(self, field: str, column: str, where: str, by_default: bool = True) -> None:
        """Note a value that the target requires and that neither the source nor the defaults give."""
        how = (
            f"give it as {column} under [defaults] in the guidelines" if by_default else "fill it in and convert again"
        )
        self.refuse(f"{field} is required ({where}); {how}")

    def refuse(self, told: str) -> None:
        """Note something that stands in the way of the conversion."""
        if told not in self.missing:
            self.missing.append(told)
