"""The report for people: what is wrong, where, and how to mend it; the verdict last, where the eye rests."""

from collections import Counter
from collections.abc import Iterator, Sequence

from ledes_engine.report import Options
from ledes_engine.report.statistics import tables
from ledes_engine.report.words import counted, headline, printable, ranges
from ledes_engine.results import Finding, Report

# A fault that is there more than so many times is shown a few times, and then counted.
_MANY = 5
_SHOWN_OF_MANY = 3
_WIDTH = 100
_COLORS = {
    "error": "31",
    "warning": "33",
    "info": "36",
    "REJECT": "1;31",
    "ACCEPT": "1;32",
    "UNDECIDED": "1;33",
    "dim": "2",
    "mark": "1;31",
}
_NAMES = {"error": "error", "warning": "warning", "info": "remark"}


def text(reports: list[Report], options: Options) -> str:
    """All reports, each file's findings in the order of its lines, repeated faults counted."""
    lines: list[str] = []
    for report in reports:
        if report.findings or report.problem or len(reports) == 1 or options.verbose:
            lines += [*_file(report, options), ""]
    if len(reports) > 1:
        verdicts = Counter(report.verdict for report in reports)
        told = ", ".join(f"{verdicts[v]} {w}" for v, w in _VERDICTS.items() if verdicts[v])
        lines.append(f"{counted(len(reports), 'file')}: {told}")
    if options.statistics:
        lines += tables(reports)
    verdict, _, rest = headline(reports).partition(":")
    lines.append(f"{_paint(verdict, verdict, options)}:{rest}")
    lines += _not_checked(reports, options)
    return "\n".join(lines) + "\n"


_VERDICTS = {"accept": "accepted", "reject": "rejected", "undecided": "undecided"}


def _file(report: Report, options: Options) -> Iterator[str]:
    name = printable(report.file) or "input"
    if report.problem:
        yield f"{name}: {printable(report.problem)}"
        return
    invoices = f"{counted(report.invoices, 'invoice')}, {counted(report.lines, 'line item')}"
    yield f"{name}: LEDES {report.format}, {invoices}" if report.lines else name
    yield _paint("dim", f"guidelines: {', '.join(report.guidelines)}", options)
    times = Counter((finding.rule, finding.field) for finding in report.findings)
    shown: Counter[tuple[str, str]] = Counter()
    rest: dict[tuple[str, str], list[Finding]] = {}
    for number, finding in enumerate(report.findings):
        key = finding.rule, finding.field
        if (times[key] > _MANY and shown[key] >= _SHOWN_OF_MANY) or (
            options.max_findings and number >= options.max_findings
        ):
            rest.setdefault(key, []).append(finding)
            continue
        shown[key] += 1
        yield ""
        yield from _finding(finding, name, options)
    if rest:
        yield ""
    for more in rest.values():
        yield _repeated(more, options)
    if report.waived:
        yield ""
        yield f"{counted(len(report.waived), 'finding')} waived: {'; '.join(_waived(report))}"


def _waived(report: Report) -> list[str]:
    reasons = Counter((waived.finding.rule, waived.reason) for waived in report.waived)
    return [
        f"{rule} {printable(reason)}" + (f" ({times} times)" if times > 1 else "")
        for (rule, reason), times in reasons.items()
    ]


def _finding(finding: Finding, name: str, options: Options) -> Iterator[str]:
    place = f"{name}:{finding.line}" if finding.line else name
    grade = _paint(finding.severity, f"{_NAMES[finding.severity]} {finding.rule}", options)
    invoice = f"  (invoice {printable(finding.invoice)})" if finding.invoice else ""
    yield f"{place}: {grade} {finding.name}{invoice}"
    yield f"    {printable(finding.message)}"
    if finding.path:
        yield f"    at {printable(finding.path)}"
    yield from _excerpt(finding, options)
    if finding.consequence:
        yield f"    Guideline: {printable(finding.consequence)}"
    yield f"    Fix: {printable(finding.fix)}"


def _excerpt(finding: Finding, options: Options) -> Iterator[str]:
    """The piece of the record with the field at fault, and a mark under it."""
    before, after = (printable(part) for part in finding.around)
    if not before and not after and (finding.path or not finding.value):
        return
    value = printable(finding.value)
    if len(value) > _WIDTH:
        value = value[: _WIDTH - 1] + "…"
    yield f"    | {before}{value}{after}"
    yield f"    | {' ' * len(before)}{_paint('mark', '^' * max(1, len(value)), options)}"


def _repeated(more: Sequence[Finding], options: Options) -> str:
    first = more[0]
    grade = _paint(first.severity, f"{first.rule} {first.name}", options)
    field = f" in {first.field}" if first.field else ""
    places = ranges([finding.line for finding in more])
    where = f"{'line' if len(more) == 1 else 'lines'} {places}"
    return f"… {grade}{field}: {len(more):,} more, {where} (--format concise shows all)"


def _not_checked(reports: Sequence[Report], options: Options) -> Iterator[str]:
    """Not checked is never passed: say what was left out, and why."""
    read = [report for report in reports if report.lines]
    left = {one.rule: one for report in read for one in report.outcomes if one.status == "not checked"}
    broken = {outcome.rule: outcome for report in reports for outcome in report.outcomes if outcome.status == "broken"}
    for outcome in broken.values():
        yield f"Rule {outcome.rule} could not be run: {outcome.reason}. Please report this; the other rules were run."
    if not left:
        return
    if options.verbose:
        yield "Not checked:"
        yield from (f"  {outcome.rule} {outcome.name}: {outcome.reason}" for outcome in left.values())
        return
    history = {rule: one for rule, one in left.items() if one.reason.startswith(_WANT_OF_HISTORY)}
    wanting = (_WANT_OF_GUIDELINES, _WANT_OF_HISTORY)
    others = {rule: one for rule, one in left.items() if not one.reason.startswith(wanting)}
    for reason in dict.fromkeys(one.reason for one in others.values()):
        count = sum(one.reason == reason for one in others.values())
        yield _paint("dim", f"{counted(count, 'rule')} not checked: {reason}.", options)
    left = {rule: one for rule, one in left.items() if rule not in others and rule not in history}
    if history:
        note = f"{counted(len(history), 'rule')} not checked for want of earlier invoices (--history, --record)."
        yield _paint("dim", note, options)
    if not left:
        return
    if {title for report in reports for title in report.guidelines} <= {"standard"}:
        note = "not checked for want of a client's guidelines (ledes init writes a file to start from)."
    else:
        note = "not checked, because the guidelines do not give what they need (--verbose names them)."
    yield _paint("dim", f"{counted(len(left), 'rule')} {note}", options)


# How the checks say so.
_WANT_OF_GUIDELINES = "the guidelines give no"
_WANT_OF_HISTORY = "no earlier invoices"


def _paint(color: str, words: str, options: Options) -> str:
    return f"\x1b[{_COLORS[color]}m{words}\x1b[0m" if options.color else words
