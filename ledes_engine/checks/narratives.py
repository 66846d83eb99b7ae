"""Kinds about what a line says was done: how many tasks, times in the text, what is left out, secretarial work."""

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from ledes_engine.checks.scope import Scope, chosen_rows, kind
from ledes_engine.checks.words import having
from ledes_engine.model import Hit, Table
from ledes_engine.narrative import Column, Narrative, analyse
from ledes_engine.values import ZERO, plain

Described = list[tuple[int, Narrative]]
# So much of a task's text is quoted in a finding, and so many tasks.
_QUOTED, _LISTED = 90, 8


def described(scope: Scope) -> Described:
    """The chosen lines whose narrative may have something wrong, each with its analysis."""
    lines = scope.lines
    cells = lines["narrative"]

    def build() -> Described:
        doubtful: frozenset[str] = lines.remember("doubtful", lambda: frozenset(looked_over(lines).suspects))
        known: dict[str, Narrative] = lines.remember("analysed narratives", dict)
        found: Described = []
        for row in chosen_rows(scope) if doubtful else ():
            text = cells[row]
            if text in doubtful and not is_credit(scope, row):
                if text not in known:
                    known[text] = analyse(text)
                found.append((row, known[text]))
        return found

    key = ("described", repr(scope.params.get("where")), repr(scope.params.get("unless")))
    return lines.remember(key, build)  # type: ignore[no-any-return]


def looked_over(lines: Table) -> Column:
    """The narratives of the table, looked over once for all rules."""

    def build() -> Column:
        distinct = lines.distinct("narrative")
        return Column(distinct if isinstance(distinct, set) else dict.fromkeys(distinct))

    return lines.remember("narratives looked over", build)  # type: ignore[no-any-return]


def total_of(scope: Scope, row: int) -> Decimal | None:
    """The total of a line; None where it is blank or no number."""
    return scope.lines.numbers("total")[scope.lines["total"][row]]


def sum_of(scope: Scope, rows: Iterable[int]) -> Decimal:
    """The totals of lines together; a blank one counts as nothing."""
    return sum((total_of(scope, row) or ZERO for row in rows), ZERO)


def is_credit(scope: Scope, row: int) -> bool:
    """Whether a line takes money off the invoice: what it says is no claim."""
    return (total_of(scope, row) or ZERO) < 0


def hours_of(scope: Scope, row: int) -> Decimal:
    """The units of a line; zero where they are blank or no number."""
    return scope.lines.numbers("units")[scope.lines["units"][row]] or ZERO


def narrative_hit(scope: Scope, row: int, facts: dict[str, Any], *, allowed: Decimal | None = None) -> Hit:
    """A hit on the text of a line, with the line's total at stake, or what is above the amount that is `allowed`."""
    total = total_of(scope, row)
    facts = {**facts, "units": scope.lines["units"][row], "base": total}
    if allowed is not None and total is not None:
        facts["allowed"] = allowed
    return Hit(row, "narrative", scope.lines["narrative"][row], facts, total)


@kind
def block_billing(scope: Scope) -> Iterator[Hit]:
    """Several tasks share one line and one time.

    `test`: `unrelated` (tasks about different documents, events or topics), `related` (steps on one of them), `count`
    (both), or `activities` (tasks of different activity codes, about different things). Not judged: fewer than
    `min_tasks` tasks; lines below `min_hours`, or of `below` hours and more; lines of at most `per_entry` hours; lines
    of a person, matter and day that have at most `per_day` hours together; lines whose text gives a time for each
    task, unless `allocated` is false; lines with one of the phrases `except` (a trial day). No time is ever proposed:
    the hours of each task are left blank.
    """
    p = scope.params
    least, per_entry = int(p["min_tasks"]), Decimal(p["per_entry"])
    above, below = Decimal(p["min_hours"]), Decimal(p.get("below", "0"))
    small = _small_days(scope, Decimal(p["per_day"]))
    for row, narrative in described(scope):
        if len(narrative.tasks) < least or (p["allocated"] and narrative.allocation == "each"):
            continue
        hours = hours_of(scope, row)
        if hours <= per_entry or hours < above or (below and hours >= below) or row in small:
            continue
        if _fails(narrative, p["test"]) and not having([narrative.text], p["except"]):
            yield narrative_hit(scope, row, {**task_facts(narrative), "reason": _reason(narrative)})


def _fails(narrative: Narrative, test: str) -> bool:
    if test == "related":
        return narrative.groups == 1
    if test == "activities":
        return narrative.groups > 1 and len({_CODES.get(task.activity, "") for task in narrative.tasks} - {""}) > 1
    return test == "count" or narrative.groups > 1


# Activities as UTBMS tells them apart; talks differ by the other side, which the words do not always tell.
_CODES = {
    "communicate": "A105-A108",
    "draft": "A103",
    "review": "A104",
    "research": "A102",
    "prepare": "A101",
    "attend": "A109",
    "travel": "A112",
    "file": "A110",
}


def _reason(narrative: Narrative) -> str:
    codes = dict.fromkeys(_CODES[task.activity] for task in narrative.tasks if task.activity in _CODES)
    return f"activities {', '.join(codes)}" if len(codes) > 1 else "one time for all of them"


def task_facts(narrative: Narrative) -> dict[str, Any]:
    """The tasks of a narrative for a finding: their texts, blanks for their times, and where each stands."""
    tasks = narrative.tasks
    texts = [short(narrative.words_of(task)) for task in tasks]
    told = [f"({number}) {text}" for number, text in enumerate(texts[:_LISTED], 1)]
    more = f" and {len(texts) - _LISTED} more" if len(texts) > _LISTED else ""
    return {
        "count": len(tasks),
        "tasks": " ".join(told) + more,
        "times": "; ".join(f"{text}: ____" for text in texts[:_LISTED]) + more,
        "spans": [(task.start, task.end) for task in tasks],
    }


def short(text: str) -> str:
    """A text on one line, and no longer than a finding quotes."""
    text = " ".join(text.split())
    return text if len(text) <= _QUOTED else text[: _QUOTED - 1].rstrip() + "…"


def _small_days(scope: Scope, limit: Decimal) -> set[int]:
    """The lines of each person, matter and day that together have at most so many hours."""
    if not limit:
        return set()
    lines, matters_ = scope.lines, scope.matters()
    sums: dict[tuple[str, ...], Decimal] = {}
    rows = list(chosen_rows(scope))
    key = [(lines["timekeeper_id"][row], matters_[row], lines["line_date"][row]) for row in rows]
    for row, one in zip(rows, key, strict=True):
        sums[one] = sums.get(one, ZERO) + hours_of(scope, row)
    return {row for row, one in zip(rows, key, strict=True) if sums[one] <= limit}


@kind
def allocation_sum(scope: Scope) -> Iterator[Hit]:
    """Times in the text that do not come to the line's hours: more than `tolerance` apart, or only for some tasks."""
    tolerance = Decimal(scope.params["tolerance"])
    for row, narrative in described(scope):
        given = [task.hours for task in narrative.tasks if task.hours is not None]
        if len(narrative.tasks) < 2 or not given:
            continue
        hours, told = hours_of(scope, row), sum(given, ZERO)
        partial = narrative.allocation == "partial"
        if abs(told - hours) > tolerance and not (partial and told < hours):
            shown = " + ".join(plain(_rounded(one)) for one in given)
            yield narrative_hit(scope, row, {"given": shown, "sum": plain(_rounded(told)), **task_facts(narrative)})


@kind
def allocation_in_text(scope: Scope) -> Iterator[Hit]:
    """Several tasks with a time for each in the text, where the client wants a line for each."""
    for row, narrative in described(scope):
        if len(narrative.tasks) > 1 and narrative.allocation == "each":
            yield narrative_hit(scope, row, task_facts(narrative))


def _rounded(hours: Decimal) -> Decimal:
    return hours.quantize(Decimal("0.01"))


_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
# A range of days at the end of the text, in brackets, or at its beginning; a bare `3-7` only beside a month.
_RANGES = (
    re.compile(r"(\d{1,2}/\d{1,2}(?:/\d{2,4})?) ?(?:-|–|to|through|thru) ?(\d{1,2}/\d{1,2}(?:/\d{2,4})?)[)\].]?$"),
    re.compile(r"^[(\[]?(\d{1,2}/\d{1,2}(?:/\d{2,4})?) ?(?:-|–|to|through|thru) ?(\d{1,2}/\d{1,2}(?:/\d{2,4})?)\b"),
    re.compile(rf"({_MONTH}\.? \d{{1,2}}) ?(?:-|–|to|through|thru) ?((?:{_MONTH}\.? )?\d{{1,2}})[)\].]?$"),
    re.compile(rf"(\d{{1,2}}) ?(?:-|–|to|through|thru) ?(\d{{1,2}} {_MONTH}\.?)[)\].]?$"),
)
_WEEK = re.compile(r"\b(?:during|throughout|for) the (?:week|month) of\b|\beach day (?:this|last) week\b|\ball week\b")
# What has days of its own: `invoices for 2/3-2/14` says nothing of when the work was done.
_OF_PAPERS = re.compile(
    r"\b(?:re|regarding|dated|for|from|covering|period|between|of|on|about|invoices?|leave|dates?)[^;.]{0,40}$"
)


@kind
def several_days(scope: Scope) -> Iterator[Hit]:
    """A line whose text says that the work was done on several days."""
    lines = scope.lines
    cells = lines["narrative"]
    words = looked_over(lines).words
    dated = not _MONTH_WORDS.isdisjoint(word[:3] for word in words)
    weekly = "week" in words
    found = {
        text: days
        for text in (looked_over(lines).texts if dated or weekly or "/" in looked_over(lines).pieces else ())
        if (dated or weekly or "/" in text) and (days := _days_in(text))
    }
    for row in chosen_rows(scope) if found else ():
        if cells[row] in found:
            yield narrative_hit(scope, row, {"days": found[cells[row]]})


def _days_in(text: str) -> str:
    low = text.lower().strip()
    ends = low[-_NEAR:] if len(low) > 2 * _NEAR else low, low[:_NEAR]
    if any("/" in part or _MONTHS.search(part) for part in ends):
        for pattern in _RANGES:
            match = pattern.search(low)
            if match and not _OF_PAPERS.search(low[max(0, match.start() - 60) : match.start()]):
                return match[0].strip("()[]. ")
    match = _WEEK.search(low) if " week" in low else None
    return match[0] if match else ""


# A range of days stands so near to the end or the beginning of a text.
_NEAR = 40
_MONTHS = re.compile(_MONTH)
_MONTH_WORDS = frozenset("jan feb mar apr may jun jul aug sep oct nov dec".split())


@kind
def aggregated_talks(scope: Scope) -> Iterator[Hit]:
    """More than `max` calls or emails in one line, counted from the numbers in its text."""
    most = int(scope.params["max"])
    for row, narrative in described(scope):
        counts = [task.quantity for task in narrative.tasks if task.activity == "communicate"]
        if sum(counts) > most and hours_of(scope, row) > ZERO:
            yield narrative_hit(scope, row, {"talks": sum(counts), "max": most, **task_facts(narrative)})


@kind
def narrative_lacks(scope: Scope) -> Iterator[Hit]:
    """A task whose text leaves out what a reader needs; `lacks` lists what this rule speaks of.

    `anything` (the activity alone), `specifics` (attention to, work on), `party`, `topic` of a talk, `question` of
    research, `occasion` of a hearing, `document` reviewed, `paper` drafted, `work` (an intention), `kinds` (various).
    Lines of at most `per_entry` hours are passed over.
    """
    wanted, least = scope.params["lacks"], Decimal(scope.params["per_entry"])
    for row, narrative in described(scope):
        lacking = [task for task in narrative.tasks if task.lacks in wanted]
        if lacking and hours_of(scope, row) > least:
            spans = [(task.start, task.end) for task in lacking]
            yield narrative_hit(scope, row, {"part": short(narrative.words_of(lacking[0])), "spans": spans})


@kind
def no_words(scope: Scope) -> Iterator[Hit]:
    """A narrative without a word: blank, a point, a code."""
    cells = scope.lines["narrative"]
    bad = {text for text in looked_over(scope.lines).suspects if len(text) < 12 and not _WORD.search(text)}
    for row in chosen_rows(scope) if bad else ():
        if cells[row] in bad:
            yield narrative_hit(scope, row, {})


_WORD = re.compile(r"[^\W\d_]{2}")


@kind
def thin_narrative(scope: Scope) -> Iterator[Hit]:
    """At least `min_hours` hours told in at most `max_words` words."""
    lines, most, least = scope.lines, int(scope.params["max_words"]), Decimal(scope.params["min_hours"])
    long = {text for text, value in lines.numbers("units").items() if value is not None and value >= least}
    units, cells = lines["units"], lines["narrative"]
    for row in chosen_rows(scope) if long else ():
        if units[row] in long and len(cells[row]) < 12 * most and 0 < len(cells[row].split()) <= most:
            yield narrative_hit(scope, row, {"words": len(cells[row].split()), "hours": plain(hours_of(scope, row))})


_INITIALS = re.compile(
    r"\b(?:with|w/|to|from|between) ?((?:[A-Z]{2,3}\b(?:, | and | & |/)?)+)(?=$|[,;.]| re\b| regarding\b| on\b)"
)
_PRONOUN = re.compile(r"\b(?:with|w/|to|from) (?:him|her|them)\b", re.I)


_BLACK = ("redact", "xxxx", "****", "\u2588", "\u25a0")
_REDACTED = re.compile(r"\[?redacted[^\]]{0,40}\]?|\bx{4,}\b|[\u2588\u25a0]+|\*{4,}", re.I)


@kind
def redacted(scope: Scope) -> Iterator[Hit]:
    """A text of which so much is blacked out that at most `max_words` words that name something are left."""
    most = int(scope.params["max_words"])
    cells = scope.lines["narrative"]
    pieces = looked_over(scope.lines).pieces
    for row in chosen_rows(scope) if any(sign in pieces for sign in _BLACK) else ():
        text = cells[row]
        if _REDACTED.search(text):
            left = analyse(_REDACTED.sub(" ", text))
            words = _WORD.findall(left.text)
            if len(words) <= most or any(task.lacks for task in left.tasks):
                yield narrative_hit(scope, row, {"words": len(words)})


@kind
def initials_only(scope: Scope) -> Iterator[Hit]:
    """People named by initials or pronouns only; those in `known` (OC, GC ...) and the file's timekeepers are fine."""
    known = set(scope.params["known"])
    known |= {"".join(part[0] for part in name.replace(",", " ").split()) for name in _names(scope)}
    known |= {"".join(reversed([part[0] for part in name.replace(",", " ").split()])) for name in _names(scope)}
    for row, narrative in described(scope):
        text = narrative.text
        if text.isupper():
            continue
        match = _INITIALS.search(text)
        people = re.findall("[A-Z]{2,3}", match[1]) if match else []
        if people and not known.issuperset(people):
            yield narrative_hit(scope, row, {"people": ", ".join(people)})
        elif not people and (pronoun := _PRONOUN.search(text)) and not any(t.parties for t in narrative.tasks):
            yield narrative_hit(scope, row, {"people": pronoun[0]})


def _names(scope: Scope) -> Sequence[str]:
    return (
        [name for name in set(scope.lines.distinct("timekeeper_name")) if name.strip()]
        if "timekeeper_name" in scope.lines
        else []
    )
