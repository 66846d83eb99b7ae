"""Kinds that compare lines with one another: what must be the same, what must be different, what is there twice."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from ledes_engine.checks.scope import Scope, chosen_rows, kind
from ledes_engine.model import Hit, Table


@kind
def same_within(scope: Scope) -> Iterator[Hit]:
    """Columns whose value changes within a group `by` (all its columns equal); the first occurrence governs.

    One hit for each group and column, at the first row that differs. Groups whose key is blank are left out. Numbers
    are compared by what they are worth. With `ignore_blank`, a blank cell does not differ.
    """
    lines, by = scope.lines, scope.params["by"]
    ignore_blank = bool(scope.params.get("ignore_blank"))
    columns = scope.columns()
    if _constant(lines, by, columns):
        return
    numeric = {field.column for field in scope.fields if field.type == "number"}
    for column in columns:
        worth = _worth(lines, column) if column in numeric else {}
        found: dict[tuple[str, ...], set[object]] = {}
        for *key, value in lines.combinations((*by, column)):
            if value or not ignore_blank:
                found.setdefault(tuple(key), set()).add(worth.get(value, value))
        varying = {key for key, values in found.items() if len(values) > 1 and all(key)}
        if varying:
            yield from _first_differences(lines, by, column, varying, worth, ignore_blank)


def _worth(lines: Table, column: str) -> dict[str, object]:
    return {text: text if value is None else value for text, value in lines.numbers(column).items()}


def _constant(lines: Table, by: Sequence[str], columns: Sequence[str]) -> bool:
    """The quick proof for most files: no more different combinations than groups."""
    by = tuple(name for name in by if len(lines.distinct(name)) > 1)
    changing = tuple(name for name in columns if len(lines.distinct(name)) > 1)
    groups = lines.distinct(by[0]) if len(by) == 1 else lines.combinations(by)
    return len(lines.combinations(by + changing)) == len(groups)


def _first_differences(
    lines: Table,
    by: Sequence[str],
    column: str,
    varying: set[tuple[str, ...]],
    worth: dict[str, object],
    ignore_blank: bool,
) -> Iterator[Hit]:
    first: dict[tuple[str, ...], tuple[str, int]] = {}
    told: set[tuple[str, ...]] = set()
    for row, (value, key) in enumerate(
        zip(lines[column], zip(*(lines[name] for name in by), strict=True), strict=True)
    ):
        if key not in varying or (ignore_blank and not value):
            continue
        governing, at = first.setdefault(key, (value, row))
        if worth.get(value, value) != worth.get(governing, governing) and key not in told:
            told.add(key)
            facts = {
                "this": value or "empty",
                "first": governing or "empty",
                "first_line": lines.line[at],
                "key": key[-1],
            }
            yield Hit(row, column, value, facts)


@kind
def unique_within(scope: Scope) -> Iterator[Hit]:
    """A value of `column` that an earlier line of the same group `by` has; without `by`, of the file. Blank is fine.

    `by` is a column, or in an XML file the table whose row holds the group. With `and`, further columns are part of
    the value.
    """
    lines, column, by = scope.lines, scope.params["column"], scope.params.get("by", "")
    cells: Sequence[str] = lines[column]
    further = scope.params.get("and", ())
    groups: Sequence[object] = lines.links[by] if by in lines.links else lines[by] if by else [""] * len(lines)
    if by in lines and all(
        isinstance(rows, range) and len(set(cells[rows.start : rows.stop])) == len(rows)
        for rows in lines.groups(by).values()
    ):
        return
    seen: dict[tuple[object, ...], int] = {}
    more = [lines[name] for name in further]
    for row in chosen_rows(scope):
        key = (groups[row], cells[row].strip(), *(one[row].strip().lower() for one in more))
        if key[1] and (at := seen.setdefault(key, row)) != row:
            yield Hit(row, column, cells[row], {"first_line": lines.line[at], "group": groups[row]})


@kind
def repeated_line(scope: Scope) -> Iterator[Hit]:
    """A line that agrees with an earlier one of the invoice in all columns `same`, and differs in `differs` (if given).

    `same` holds the invoice number. The column `shows` is the one that the finding points to. The amount in question
    is the total of the repeating line.
    """
    lines, same, differs = scope.lines, scope.params["same"], scope.params.get("differs", "")
    shows = scope.params["shows"]
    repeated = _repeated(lines, shows)
    if not repeated:
        return
    where = scope.params.get("where", {}).get("line_type")
    seen: dict[tuple[str, ...], dict[str, int]] = {}
    columns = [lines[name] for name in same]
    totals = lines.numbers("total")
    for row in repeated:
        if where and lines["line_type"][row] not in where:
            continue
        key = tuple(cells[row] for cells in columns)
        rest = lines[differs][row] if differs else ""
        earlier = seen.setdefault(key, {})
        if earlier and (not differs or rest not in earlier):
            other, at = next(iter(earlier.items()))
            facts = {"first_line": lines.line[at], "first": other, "this": rest, "number": lines["line_number"][at]}
            yield Hit(row, shows, lines[shows][row], facts, totals[lines["total"][row]])
        earlier.setdefault(rest, row)


def _repeated(lines: Table, column: str) -> list[int]:
    """The rows whose non-blank value in the column stands in more than one row of the invoice."""

    def build() -> list[int]:
        found: list[int] = []
        for rows in lines.groups("invoice_number").values():
            part = lines.part(column, rows)
            if len(set(part)) < len(part):
                several = {value for value, times in Counter(part).items() if times > 1 and value.strip()}
                found += [row for row, value in zip(rows, part, strict=True) if value in several]
        return sorted(found)

    return lines.remember(("repeated", column), build)  # type: ignore[no-any-return]


@kind
def number_reused(scope: Scope) -> Iterator[Hit]:
    """An invoice number that comes back after other invoices, with another date or client: two invoices, one number."""
    lines = scope.lines
    columns = [name for name in scope.params["differs"] if name in lines]
    for number, rows in lines.groups("invoice_number").items():
        if isinstance(rows, range) or not number:
            continue
        for before, row in pairwise(rows):
            changed = [name for name in columns if lines[name][row] != lines[name][rows[0]]]
            if row != before + 1 and changed:
                facts = {"first_line": lines.line[rows[0]], "what": " and ".join(map(scope.document.native, changed))}
                yield Hit(row, "invoice_number", number, facts)
                break


@kind
def matters_in_invoice(scope: Scope) -> Iterator[Hit]:
    """An invoice with lines of more than one law firm matter."""
    lines = scope.lines
    if _constant(lines, ["invoice_number"], ["matter_id"]):
        return
    for rows in lines.groups("invoice_number").values():
        matters = list(dict.fromkeys(lines["matter_id"][row] for row in rows if lines["matter_id"][row]))
        if len(matters) > 1:
            row = next(row for row in rows if lines["matter_id"][row] == matters[1])
            yield Hit(row, "matter_id", matters[1], {"count": len(matters), "matters": ", ".join(matters[:5])})
