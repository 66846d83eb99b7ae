"""CSV files whose cells are changed in place: quotes, blanks, line ends and the encoding stay as they were."""

import re
from itertools import accumulate, pairwise

from ledes_engine.formats.detect import detect
from ledes_engine.model import LedesError


class Delimited:
    """The cells of a CSV file: `header`, and `rows` of texts; `put` notes a new text, `data` gives the file with it."""

    def __init__(self, data: bytes) -> None:
        found = detect(data)
        encoding = "utf-8" if found.encoding == "ascii" else found.encoding
        self._encoding = encoding.removesuffix("-sig")
        text = data.decode(self._encoding, "surrogateescape")
        self._mark = "\ufeff" if text.startswith("\ufeff") else ""
        self._text = text.removeprefix("\ufeff")
        skipped = self._text.find("\n") + 1 if self._text[:4].lower() == "sep=" else 0
        self._delimiter = max(",;\t|", key=self._text[skipped:].lstrip().partition("\n")[0].count)
        places = [row for row in _places(self._text, skipped, self._delimiter) if row[0][0] < row[-1][1]]
        if not places:
            raise LedesError("the CSV file is empty")
        self._places = places[1:]
        self.header = [self._cell(*place) for place in places[0]]
        self.rows = [[self._cell(*place) for place in row] for row in self._places]
        starts = [0, *(row[0][0] for row in self._places)]
        breaks = (self._text.count("\n", one, other) for one, other in pairwise(starts))
        self._lines = [1 + count for count in accumulate(breaks)]
        self._head = places[0]
        self._width = max(map(len, places))
        for row, cells in enumerate(self.rows):
            if any(cell.strip() for cell in cells[len(self.header) :]):
                raise LedesError(f"{self.place(row)} has more cells than the header; a text with a comma needs quotes")
        self._new: dict[int, dict[int, str]] = {}
        self._added: list[str] = []

    def _cell(self, start: int, end: int) -> str:
        text = self._text[start:end]
        if text[:1] == '"' and text[-1:] == '"' and len(text) > 1:
            return text[1:-1].replace('""', '"')
        return text.removeprefix("'") if text[:2] in ("'=", "'+", "'-", "'@") else text

    def place(self, row: int) -> str:
        """Where a row stands, in words."""
        return f"line {self._lines[row]}"

    def add(self, name: str) -> int:
        """A further column at the end of every row; its place."""
        self._added.append(name)
        return self._width + len(self._added) - 1

    def put(self, row: int, column: int, text: str) -> None:
        """Put a text, which holds no quote and no delimiter, into a cell."""
        self._new.setdefault(row, {})[column] = text

    def data(self) -> bytes:
        """The bytes of the file."""
        pieces, at = [self._mark], 0
        rows = [(self._head, dict(enumerate(self._added, self._width)))]
        rows += [(places, self._new.get(row, {})) for row, places in enumerate(self._places)]
        width = self._width + len(self._added)
        for places, new in rows:
            for column, (start, end) in enumerate(places):
                if column in new:
                    pieces += [self._text[at:start], _quoted_like(new[column], self._text[start:end])]
                    at = end
            if self._added or any(column >= len(places) for column in new):
                end = places[-1][1]
                like = self._text[places[-1][0] : end]
                more = [_quoted_like(new.get(column, ""), like) for column in range(len(places), width)]
                pieces += [self._text[at:end], *(self._delimiter + cell for cell in more)]
                at = end
        return "".join([*pieces, self._text[at:]]).encode(self._encoding, "surrogateescape")


def _quoted_like(text: str, before: str) -> str:
    quoted = before[:1] == '"' or any(mark in text for mark in ',;\t|"')
    return '"' + text.replace('"', '""') + '"' if quoted else text


def _places(text: str, start: int, delimiter: str) -> list[list[tuple[int, int]]]:
    """Where each cell of each row begins and ends, quotes included."""
    other = re.escape(delimiter)
    pattern = re.compile(rf'(?:(?P<quoted>"(?:[^"]|"")*+")|[^{other}\r\n"]*+)[^{other}\r\n]*+')
    rows: list[list[tuple[int, int]]] = [[]]
    at = start
    while at <= len(text) and (match := pattern.match(text, at)):
        if text[at : at + 1] == '"' and match["quoted"] is None:
            raise LedesError(f"line {text.count(chr(10), 0, at) + 1}: a quote is never closed")
        rows[-1].append(match.span())
        at = match.end()
        if at >= len(text):
            break
        if text[at] == delimiter:
            at += 1
            continue
        at += 2 if text[at : at + 2] == "\r\n" else 1
        if at >= len(text):
            break
        rows.append([])
    return [row for row in rows if row]
