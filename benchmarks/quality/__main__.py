"""`python -m benchmarks.quality [--part unseen|tune] [--errors]`: how well narratives are judged, and codes assigned.

The entries become lines of LEDES files and are checked by the rules as they are shipped. Intervals are of 95 per cent:
Wilson's for precision and recall, of 2,000 resamplings with a fixed seed for F1.
"""

import argparse
import csv
import random
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import ledes_engine as le
from benchmarks.quality.coding import measure as coding
from benchmarks.quality.intervals import wilson
from ledes_engine.guidelines import load_guidelines

_FOLDER = Path(__file__).resolve().parent.parent.parent / "fixtures" / "narratives"
_SETS = ("litigation", "corporate", "bankruptcy", "patent", "everyday-us", "everyday-uk")
_VAGUE = ("N02", "N03", "N04", "N05", "N06", "N07", "N08", "N09", "N12", "N15")
_CLERICAL = tuple(f"A{number:02}" for number in (*range(1, 16), 17))
_ALL_TIME = {"per_entry": "0", "per_day": "0", "allocated": False, "except": []}
Entry = dict[str, str]


class Question(NamedTuple):
    """What is measured: the rules and their parameters, and what the labels say."""

    title: str
    rules: tuple[str, ...]
    params: dict[str, dict[str, object]]
    truth: Callable[[Entry], bool | None]  # None where the label is unsure


def _label(name: str) -> Callable[[Entry], bool | None]:
    return lambda entry: None if entry[name] == "unsure" else entry[name] in ("yes", "part")


def _as_shipped(entry: Entry) -> bool | None:
    """The standard: different things under one time, but for small time and times in the text."""
    if entry["unrelated"] == "unsure":
        return None
    return entry["unrelated"] == "yes" and entry["allocation"] != "sums" and Decimal(entry["hours"]) > Decimal("0.3")


def _strictly(entry: Entry) -> bool | None:
    """The profile `us-trustee`: any tasks under one time, but for days of half an hour and times in the text."""
    if entry["several"] == "unsure":
        return None
    return entry["several"] == "yes" and entry["allocation"] != "sums" and Decimal(entry["hours"]) > Decimal("0.5")


_HALF_HOUR = {"per_entry": "0", "per_day": "0.5", "except": []}
_BLOCK = {"below": "0", **_ALL_TIME}
QUESTIONS = (
    Question("block billing, count test", ("B01",), {"B01": {"test": "count", **_BLOCK}}, _label("several")),
    Question(
        "block billing, relatedness test", ("B01",), {"B01": {"test": "unrelated", **_BLOCK}}, _label("unrelated")
    ),
    Question(
        "block billing, as us-trustee",
        ("B01", "B02", "B04"),
        {rule: dict(_HALF_HOUR) for rule in ("B01", "B02", "B04")},
        _strictly,
    ),
    Question("block billing, as shipped (standard)", ("B01", "B02"), {}, _as_shipped),
    Question("vague narrative", _VAGUE, {}, _label("vague")),
    Question("clerical work", _CLERICAL, {}, _label("clerical")),
)


def entries(part: str) -> list[Entry]:
    """The labelled entries of a part."""
    found: list[Entry] = []
    for name in _SETS:
        with open(_FOLDER / f"{name}.csv", encoding="utf-8", newline="") as file:
            found += [row for row in csv.DictReader(file) if row["part"] == part]
    return found


def flagged(rows: Sequence[Entry], question: Question) -> list[set[str]]:
    """The rules of the question that find something on each entry, each on a day and a matter of its own."""
    overrides = {"select": list(question.rules), "params": question.params}
    guidelines = load_guidelines("standard", overrides=overrides)
    lines = [
        {
            "invoice_number": "1", "matter_id": f"M{at}", "client_matter_id": f"M{at}", "line_type": "F",
            "line_date": f"{date(2020, 1, 1) + timedelta(at):%Y%m%d}",
            "timekeeper_id": "1", "timekeeper_class": "ASSOC",
            "units": row["hours"], "unit_cost": "100", "total": str(Decimal(row["hours"]) * 100),
            "narrative": row["narrative"],
        }
        for at, row in enumerate(rows)
    ]  # fmt: skip
    report = le.check(le.build("1998B", lines), guidelines, today=date(2026, 3, 1))
    found: list[set[str]] = [set() for _ in rows]
    for finding in report.findings:
        found[finding.record - 1].add(finding.rule)
    return found


class Score(NamedTuple):
    """Counts, and what they come to."""

    hits: int
    false_alarms: int
    misses: int
    others: int

    @property
    def precision(self) -> float:
        return self.hits / max(1, self.hits + self.false_alarms)

    @property
    def recall(self) -> float:
        return self.hits / max(1, self.hits + self.misses)

    @property
    def f1(self) -> float:
        return 2 * self.hits / max(1, 2 * self.hits + self.false_alarms + self.misses)


def score(pairs: Sequence[tuple[bool, bool]]) -> Score:
    """The counts of (found, true) pairs."""
    return Score(*(sum(pair == wanted for pair in pairs) for wanted in ((True, True), (True, False), (False, True), (False, False))))  # fmt: skip  # noqa: E501


def resampled(pairs: Sequence[tuple[bool, bool]], rounds: int = 2_000) -> tuple[float, float]:
    """The interval of 95 per cent for F1, by drawing the entries again and again."""
    chance = random.Random(20261123)
    found = sorted(score(chance.choices(pairs, k=len(pairs))).f1 for _ in range(rounds))
    return found[int(rounds * 0.025)], found[int(rounds * 0.975)]


def measure(part: str, errors: bool) -> Iterator[str]:
    """The table of a part, and where asked the entries on which rules and labels differ."""
    rows = entries(part)
    yield f"{len(rows)} entries of the part {part}"
    yield f"{'':40} {'entries':>7}  precision            recall               F1"
    for question in QUESTIONS:
        told = flagged(rows, question)
        judged = [(bool(rules), truth, row) for rules, row in zip(told, rows, strict=True) if (truth := question.truth(row)) is not None]  # fmt: skip  # noqa: E501
        pairs = [(found, truth) for found, truth, _ in judged]
        one = score(pairs)
        low, high = wilson(one.hits, one.hits + one.false_alarms)
        least, most = wilson(one.hits, one.hits + one.misses)
        f_low, f_high = resampled(pairs)
        yield (
            f"{question.title:40} {len(pairs):7}  {one.precision:.3f} ({low:.3f}-{high:.3f})  "
            f"{one.recall:.3f} ({least:.3f}-{most:.3f})  {one.f1:.3f} ({f_low:.3f}-{f_high:.3f})"
        )
        for found, truth, row in judged if errors else ():
            if found != truth:
                kind = "false alarm" if found else "missed     "
                yield f"    {kind} {row['id']:5} {row['hours']:>4} h  {row['narrative']}"


def clean_invoices(part: str) -> Iterator[str]:
    """What the standard finds on invoices that a strict client should pay."""
    with open(
        _FOLDER / ("clean-invoices.csv" if part == "tune" else "clean-invoices-unseen.csv"),
        encoding="utf-8",
        newline="",
    ) as file:
        rows = list(csv.DictReader(file))
    totals: dict[str, Decimal] = {}
    for row in rows:
        totals[row["invoice"]] = totals.get(row["invoice"], Decimal(0)) + Decimal(row["amount"])
    classes = {"PT": "PARTNR", "AS": "ASSOC", "PL": "PARALG"}
    lines = [
        {
            "invoice_number": row["invoice"], "invoice_date": row["invoice_date"],
            "invoice_total": str(totals[row["invoice"]]),
            "billing_start": row["period_start"], "billing_end": row["period_end"], "client_id": row["client"],
            "matter_id": row["matter"], "client_matter_id": row["matter"], "law_firm_id": "12-3456789",
            "line_number": row["line"], "line_type": "F" if row["kind"] == "fee" else "E", "units": row["hours"],
            "unit_cost": row["rate"], "total": row["amount"], "line_date": row["date"], "narrative": row["narrative"],
            "task_code": row["task"], "activity_code": row["activity"], "expense_code": row["expense"],
            "timekeeper_id": row["timekeeper_id"], "timekeeper_name": row["timekeeper_name"],
            "timekeeper_class": classes.get(row["level"], ""),
        }
        for row in rows
    ]  # fmt: skip
    report = le.check(le.build("1998B", lines), today=date(2026, 3, 1))
    packs = ("narratives", "clerical", "staffing", "expenses", "patterns", "budgets", "history")
    found = [one for one in report.findings if one.card.pack in packs]
    alarmed = {one.record for one in found if one.severity != "info"}
    low, high = wilson(len(alarmed), len(rows))
    remarked = {one.record for one in found} - alarmed
    yield (
        f"clean invoices of the part {part}: {len(alarmed)} of {len(rows)} lines have a false alarm "
        f"({len(alarmed) / len(rows):.2%}, {low:.2%}-{high:.2%}); {len(remarked)} more a remark"
    )
    yield from (f"    {one.severity} {one.rule} {one.message[:150]} | {one.value[:150]}" for one in found)


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    parser.add_argument("--part", choices=("unseen", "tune"), default="unseen")
    parser.add_argument("--errors", action="store_true", help="list the entries on which rules and labels differ")
    options = parser.parse_args()
    tables = (measure(options.part, options.errors), clean_invoices(options.part), coding(options.part, options.errors))
    for table in tables:
        print(*table, "", sep="\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
