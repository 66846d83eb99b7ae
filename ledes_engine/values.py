"""What a cell says: exact numbers and calendar dates, by the lexical rules of LEDES."""

import re
from datetime import date
from decimal import Decimal

# A leading point (`.5`) is read, and reported by a rule of its own.
NUMBER = re.compile(r"-?(?:[0-9]++\.?[0-9]*+|\.[0-9]++)")
_LONGEST_NUMBER = 40
CENT = Decimal("0.01")
ZERO = Decimal(0)


def number(text: str) -> Decimal | None:
    """The exact value of a cell, or None when it is blank or no plain decimal. Blanks around it do not count."""
    text = text.strip()
    if len(text) > _LONGEST_NUMBER or not NUMBER.fullmatch(text):
        return None
    return Decimal(text)


def day(text: str) -> date | None:
    """The date of a cell YYYYMMDD, or None when it is blank or no day of the calendar."""
    text = text.strip()
    if len(text) != 8 or not text.isascii() or not text.isdigit():
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def iso_day(text: str) -> date | None:
    """The date of a cell of an XML file: YYYY-MM-DD, perhaps with a time zone (xs:date), or YYYYMMDD."""
    text = text.strip()
    if len(text) <= 8:
        return day(text)
    found = _ISO_DAY.fullmatch(text)
    return day(found[1] + found[2] + found[3]) if found else None


_ISO_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:Z|[+-][0-9]{2}:[0-9]{2})?")


def plain(value: Decimal) -> str:
    """A number as a person would type it: no exponent, no needless zeros beyond the cents."""
    text = format(value, "f")
    if "." not in text:
        return text
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"


def precision(value: Decimal, digits: int = 2) -> Decimal:
    """One unit of the last decimal place that an amount was rounded to: 56.23 and 56.2300 -> 0.01.

    `digits` is the most that amounts are rounded to as a rule: 2 for cents, 0 for yen.
    """
    exponent = value.normalize().as_tuple().exponent
    return Decimal(1).scaleb(min(int(exponent), -digits))


def holds(text: str, length: str) -> bool:
    """Whether a plain number fits a field of a length like `12.4` (whole digits, decimals); padding zeros are free."""
    whole, decimals = (int(part) for part in length.split("."))
    before, _, after = text.lstrip("-").partition(".")
    return len(before.lstrip("0")) <= whole and len(after.rstrip("0")) <= decimals


def size(text: str, limit: int, encoding: str) -> int:
    """The length of a text as the standard counts it: characters, but bytes for the long descriptions (15 KB)."""
    if limit < 10_000 or text.isascii():
        return len(text)
    return len(text.encode("utf-8" if encoding == "ascii" else encoding, "surrogateescape"))
