"""What a cell says: exact numbers and calendar dates, by the lexical rules of LEDES."""

import re
from datetime import date
from decimal import Decimal

# A leading point (`.5`) is read, and reported by a rule of its own.
NUMBER = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")
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


def plain(value: Decimal) -> str:
    """A number as a person would type it: no exponent, no needless zeros beyond the cents."""
    text = format(value, "f")
    if "." not in text:
        return text
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"


def precision(value: Decimal) -> Decimal:
    """One unit of the last decimal place that an amount was given in, a cent at the most: 56.23 -> 0.01."""
    exponent = value.as_tuple().exponent
    return Decimal(1).scaleb(min(int(exponent), -2))
