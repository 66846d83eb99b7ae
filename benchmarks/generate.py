"""LEDES 1998B files of any size that look real: many invoices, people and matters, no two narratives alike."""

import random
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from ledes_engine.formats.fields import fields_of

_HEAD = "LEDES1998B[]\r\n" + "|".join(field.name for field in fields_of("1998B")) + "[]\r\n"
_PEOPLE = [
    ("Arnold, Robin", "PARTNR", 610),
    ("Besson, Claire", "PARTNR", 585),
    ("Chaudhry, Imran", "OFCOUN", 540),
    ("Delacroix, Ines", "ASSOC", 395),
    ("Eriksen, Nils", "ASSOC", 360),
    ("Fontaine, Maud", "ASSOC", 345),
    ("Grabowski, Ewa", "PARALG", 185),
    ("Hartog, Piet", "PARALG", 170),
]
_WORK = [
    ("L110", "A106", "Telephone conference with {who} re {what}"),
    ("L120", "A102", "Research {law} as it bears on {what}"),
    ("L210", "A103", "Draft {paper}, section on {what}"),
    ("L240", "A103", "Revise motion for summary judgment: argument on {law}"),
    ("L310", "A104", "Review responses to {nth} set of interrogatories re {what}"),
    ("L320", "A104", "Review production ACME {n:07d} to {m:07d} for documents on {what}"),
    ("L330", "A101", "Prepare outline for deposition of {who} on {what}"),
    ("L330", "A109", "Attend deposition of {who}, day {day} (examining)"),
    ("L350", "A107", "Correspondence with opposing counsel re {what} and {law}"),
    ("L160", "A106", "Email exchange with {who} re settlement of {what}"),
]
_COSTS = [
    ("E101", "Copies of {paper} for hearing on {what}", "0.10"),
    ("E107", "Courier to {who} with {paper}", "24.50"),
    ("E115", "Transcript of deposition of {who}", "3.85"),
    ("E110", "Coach fare, hearing on {what}", "312.40"),
]
_WHO = "M. Kowalski|Dr. Okafor|client's risk manager|A. Lindqvist|expert Hall|warehouse manager Ortiz".split("|")
_WHAT = "freight set-off|late delivery claim|indemnity cap|customs hold|demurrage invoices|cargo survey".split("|")
_LAW = "accord and satisfaction|statute of limitations|spoliation|mitigation of damages|choice of law".split("|")
_PAPER = "reply brief|answer|amended complaint|witness statement|protective order|joint status report".split("|")
_NTH = "first|second|third|fourth".split("|")


def invoice_file(lines: int, seed: int = 20260201) -> bytes:
    """A clean 1998B file with so many line items."""
    chance = random.Random(seed)
    parts = [_HEAD]
    number = written = 0
    while written < lines:
        number += 1
        count = min(chance.randint(25, 75), lines - written)
        parts += _invoice(number, count, written, chance)
        written += count
    return "".join(parts).encode("ascii")


def _invoice(number: int, count: int, written: int, chance: random.Random) -> Iterator[str]:
    start = date(2026, 1, 1)
    matter = number % 211
    client = matter % 47
    people = chance.sample(range(len(_PEOPLE)), 4)
    lines = []
    total = Decimal(0)
    for position in range(1, count + 1):
        day = f"{start + timedelta(days=(position * 7 + number) % 31):%Y%m%d}"
        serial = written + position
        lines.append(_expense(serial, chance) if chance.random() < 0.1 else _fee(serial, number, people, chance))
        total += Decimal(lines[-1][2])
        lines[-1].append(day)
    for position, (kind, units, amount, task, cost, activity, person, text, price, name, level, day) in enumerate(
        lines, 1
    ):
        yield (
            f"20260205|INV{number:06d}|CL{client:04d}|M{matter:05d}|{total}|20260101|20260131|Services in January 2026|"
            f"{position}|{kind}|{units}||{amount}|{day}|{task}|{cost}|{activity}|{person}|{text}|12-3456789|"
            f"{price}|{name}|{level}|CM-{matter:05d}[]\r\n"
        )


def _text(template: str, serial: int, chance: random.Random) -> str:
    pick = chance.choice
    words = template.format(
        who=pick(_WHO), what=pick(_WHAT), law=pick(_LAW), paper=pick(_PAPER), nth=pick(_NTH),
        n=serial * 13, m=serial * 13 + 11, day=serial % 4 + 1,
    )  # fmt: skip
    return f"{words}, with reference to {pick(_WHAT)} (file note {serial})"


def _fee(serial: int, invoice: int, people: list[int], chance: random.Random) -> list[str]:
    # Ids are per office, so that no one person works on every invoice of the file.
    person = chance.choice(people)
    name, level, rate = _PEOPLE[person]
    office = invoice // 12
    tenths = chance.choice((1, 2, 2, 3, 3, 4, 5, 6, 8, 10))
    task, activity, template = chance.choice(_WORK)
    amount = Decimal(tenths * rate) / 10
    return [
        "F", f"{tenths / 10:.1f}", f"{amount:.2f}", task, "", activity,
        f"TK{office:03d}{person}", _text(template, serial, chance), f"{rate}.00", name, level,
    ]  # fmt: skip


def _expense(serial: int, chance: random.Random) -> list[str]:
    code, template, price = chance.choice(_COSTS)
    units = chance.randint(1, 180)
    return [
        "E",
        str(units),
        str(Decimal(price) * units),
        "",
        code,
        "",
        "",
        _text(template, serial, chance),
        price,
        "",
        "",
    ]
