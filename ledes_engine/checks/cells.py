"""Kinds that judge one cell at a time: is it there, is it well-formed, is it in bounds."""

import operator
import os
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from ledes_engine import values
from ledes_engine.checks.scope import Scope, judge, judge_each, kind
from ledes_engine.codesets import value_list
from ledes_engine.model import Fault, Field, Hit


@kind
def reading(scope: Scope) -> Iterator[Fault]:
    """What the reader stumbled over, by the slug `fault`. The only kind that yields the reader's own faults."""
    slugs = scope.params["faults"]
    return (fault for fault in scope.document.faults if fault.slug in slugs)


@kind
def required(scope: Scope) -> Iterator[Hit]:
    """A field that the format's table requires and whose emptiness this rule reports (`when_empty`).

    `also` names line types on which a client requires it beyond the standard.
    """
    if scope.document.family == "XML":
        scope.whole()
    for field in scope.fields:
        if field.when_empty != scope.rule or field.column not in scope.lines or not scope.lines.blanks(field.column):
            continue
        types = [*field.required.split(), *scope.params.get("also", ())]
        where = {} if field.required == "all" else {"line_type": types}
        narrowed = scope._replace(params={**scope.params, "where": {**scope.params.get("where", {}), **where}})
        for row, (value,), facts in judge(narrowed, [field.column], lambda value: None if value.strip() else {}):
            type_ = (scope.lines["line_type"][row] if "line_type" in scope.lines else "") or "all"
            yield Hit(row, field.column, value, {**facts, "type": type_})


@kind
def calendar_date(scope: Scope) -> Iterator[Hit]:
    """A date that its format does not write so (YYYYMMDD; YYYY-MM-DD in XML), or no day of the calendar."""
    read_day = scope.lines.read_day
    return judge_each(scope, lambda text: None if read_day(text) else _bad_date(text), scope.of_type("date"))


def _bad_date(text: str) -> Mapping[str, Any] | None:
    text = text.strip()
    if not text:
        return None
    digits = re.sub(r"[^0-9]", "", text[:40])
    if len(digits) != 8:
        return {"reason": "not-a-date"}
    if len(text) > 8:
        return {"reason": "punctuation"}
    year_last = values.day(digits[4:] + digits[:4]) or values.day(digits[4:] + digits[2:4] + digits[:2])
    if values.day(digits[:4] + digits[6:] + digits[4:6]):
        return {"reason": "day-before-month"}
    return {"reason": "year-last" if year_last else "no-such-day"}


@kind
def plain_number(scope: Scope) -> Iterator[Hit]:
    """A number with anything but digits, one point and a leading minus, or with more digits than the field holds."""
    fields = {field.column: field for field in scope.fields if field.type == "number"}
    for column, field in fields.items():
        if column in scope.lines:
            yield from judge_each(scope, _number_judge(field), [column])


def _number_judge(field: Field) -> Any:
    whole, _, decimals = field.length.partition(".")

    def judged(text: str) -> Mapping[str, Any] | None:
        text = text.strip() if field.length else text.strip().removeprefix("+")  # an XML decimal may have a plus
        if not text:
            return None
        if values.NUMBER.fullmatch(text):
            if not field.length or values.holds(text, field.length):
                return None
            return {"reason": "too-many-digits", "whole": whole, "decimals": decimals}
        return {"reason": _number_fault(text)}

    return judged


def _number_fault(text: str) -> str:
    for reason, pattern in _NUMBER_FAULTS:
        if re.fullmatch(pattern, text[:60], re.I):
            return reason
    return "not-a-number"


_NUMBER_FAULTS = (
    ("placeholder", r"null|none|n/?a|-+|\"\"|nil"),
    ("parentheses", r"\(\s*\$?[0-9.,]+\s*\)"),
    ("trailing-minus", r"[0-9.,]+-"),
    ("plus", r"\+[0-9.]+"),
    ("currency", r"-?\s*(?:[$£€¥]|[A-Z]{3})\s*-?[0-9.,]+|-?[0-9.,]+\s*(?:[$£€¥]|[A-Z]{3})"),
    ("thousands", r"-?[0-9]{1,3}(?:[, ][0-9]{3})+(?:\.[0-9]*)?"),
    ("decimal-comma", r"-?[0-9.]*,[0-9]{1,4}"),
    ("percent", r"[0-9.]+\s*%"),
    ("clock", r"[0-9]+:[0-9]{2}"),
)


@kind
def max_length(scope: Scope) -> Iterator[Hit]:
    """A text longer than its field holds. `limits` sets other lengths for some columns, `except` leaves some out."""
    limits, encoding = scope.params.get("limits", {}), scope.document.layout.encoding
    spared = scope.params.get("except", ())
    strip = scope.document.family == "XML"  # where white space around a value is layout
    for field in scope.fields:
        if field.type not in ("text", "code") or field.column not in scope.lines or field.column in spared:
            continue
        limit = int(limits.get(field.column, field.length) or 0)
        if not limit:
            continue  # not published
        if max(map(len, scope.lines.distinct(field.column)), default=0) * 4 <= limit:
            continue

        def judged(value: str, limit: int = limit) -> Mapping[str, Any] | None:
            size = values.size(value.strip() if strip else value, limit, encoding)
            return {"length": size, "limit": limit} if size > limit else None

        for row, (value,), facts in judge(scope, [field.column], judged):
            yield Hit(row, field.column, value, facts)


@kind
def pattern(scope: Scope) -> Iterator[Hit]:
    """A value that a regular expression finds (`finds`), that starts with it (`starts`), that is it as a whole (`is`),
    or that does not fit it as a whole (`fits`). Blank is fine, and so are values longer than `longest`."""
    how = next(key for key in ("finds", "starts", "is", "fits") if key in scope.params)
    expression = re.compile(scope.params[how], re.I if scope.params.get("ignore_case") else 0)
    probe: Callable[[str], re.Match[str] | None]
    probe = expression.search if how == "finds" else expression.match if how == "starts" else expression.fullmatch
    longest = int(scope.params.get("longest", 1 << 31))

    def judged(value: str) -> Mapping[str, Any] | None:
        if not value or len(value) > longest:
            return None
        found = probe(value)
        if how == "fits":
            return None if found else {}
        return {"found": found[0].strip()} if found else None

    columns = [name for name in scope.columns() if min(map(len, scope.lines.distinct(name)), default=0) <= longest]
    return judge_each(scope, judged, columns)


@kind
def characters(scope: Scope) -> Iterator[Hit]:
    """A value with characters outside ASCII; only files that are not plain ASCII are looked through."""
    if scope.document.layout.encoding == "ascii":
        return iter(())
    return judge_each(scope, _foreign)


def _foreign(value: str) -> Mapping[str, Any] | None:
    if value.isascii():
        return None
    letters = dict.fromkeys(letter for letter in value if not letter.isascii())
    return {"characters": " ".join(list(letters)[:8]), "names": ", ".join(f"U+{ord(c):04X}" for c in list(letters)[:8])}


@kind
def outer_blanks(scope: Scope) -> Iterator[Hit]:
    """A value with blanks before or after it (a field of blanks only counts as empty)."""
    for column in scope.columns():
        distinct = scope.lines.distinct(column)
        if any(map(operator.ne, distinct, map(str.strip, distinct))):
            yield from judge_each(scope, lambda value: {} if value.strip() not in ("", value) else None, [column])


@kind
def one_of(scope: Scope) -> Iterator[Hit]:
    """A value outside `values` and outside the shipped lists `list` or `lists`. Blank is fine."""
    allowed = frozenset(scope.params.get("values", ())).union(
        *(value_list(name) for name in (scope.params.get("list", ""), *scope.params.get("lists", ())))
    )

    def judged(value: str) -> Mapping[str, Any] | None:
        value = value.strip()
        if not value or value in allowed:
            return None
        return {"reason": "case" if value.upper() in allowed else "unknown", "upper": value.upper()}

    return judge_each(scope, judged)


@kind
def bounds(scope: Scope) -> Iterator[Hit]:
    """A number below `min`, above `max`, or equal to one of `not`. The amount in question is the line's total.

    `unless_credit` leaves out lines with a negative total, on which signs are turned round.
    """
    low, high = (_decimal(scope.params.get(name)) for name in ("min", "max"))
    barred = {Decimal(text) for text in scope.params.get("not", ())}

    def judged(value: str) -> Mapping[str, Any] | None:
        number = values.number(value)
        if number is None or not (
            (low is not None and number < low) or (high is not None and number > high) or number in barred
        ):
            return None
        return {"hint": f" (for {value.strip()} per cent write {values.plain(number / 100)})" if number > 1 else ""}

    totals = scope.lines.numbers("total") if "total" in scope.lines else {}
    for hit in judge_each(scope, judged):
        total = totals.get(scope.lines["total"][hit.row]) if totals else None
        if not (scope.params.get("unless_credit") and total is not None and total < 0):
            yield hit._replace(amount=values.number(hit.value) if hit.field in _AMOUNTS else total)


# Fields that hold money themselves: it is they that are in question, not the line's total.
_AMOUNTS = ("adjustment", "tax_total", "total")


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


@kind
def multiple_of(scope: Scope) -> Iterator[Hit]:
    """A number that is no multiple of any of `steps`: hours in tenths, prices in cents."""
    steps = [Decimal(step) for step in scope.params["steps"] if Decimal(step) > 0]

    def judged(value: str) -> Mapping[str, Any] | None:
        number = values.number(value)
        if number is None or not steps or any(number % step == 0 for step in steps):
            return None
        step = steps[0]
        below = number // step * step
        return {"step": step, "below": f"{below.normalize():f}", "above": f"{(below + step).normalize():f}"}

    return judge_each(scope, judged)


@kind
def file_itself(scope: Scope) -> Iterator[Fault]:
    """The name's extension is not one of `extensions`, or the file has more than `max_bytes`."""
    extension = os.path.splitext(scope.file)[1].lower()
    extensions = scope.params.get("extensions", [])
    if extensions and extension and extension not in extensions:
        yield Fault("extension", value=extension, facts={"allowed": " or ".join(extensions)})
    limit = int(scope.params.get("max_bytes", 0))
    if limit and scope.size > limit:
        yield Fault("size", value=str(scope.size), facts={"limit": limit, "size": scope.size})
