"""Words and signs that several report formats share."""

from collections.abc import Sequence
from decimal import Decimal

from ledes_engine.results import Report, by_currency, verdict_of

_SIGNS = {"USD": "$", "GBP": "£", "EUR": "€"}


def counted(number: int, word: str) -> str:
    """`1 error`, `3 errors`, `no errors`."""
    return f"{number or 'no'} {word}{'' if number == 1 else 's'}"


def sentences(*texts: str) -> str:
    """Texts as sentences one after another, each with a stop of its own."""
    return " ".join(text if text.endswith((".", "?", "!")) else text + "." for text in texts if text)


def money(amount: Decimal, currency: str) -> str:
    """`$1,250.00`, or `CHF 1,250.00` where there is no common sign."""
    text = f"{amount:,.2f}"
    return f"{_SIGNS[currency]}{text}" if currency in _SIGNS else f"{currency} {text}"


def printable(text: str) -> str:
    """Text without anything that a terminal would obey: control and direction characters become escapes."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def headline(reports: Sequence[Report]) -> str:
    """The verdict in one sentence: `REJECT: 3 errors, 2 warnings, $1,250.00 at stake; 1 of 4 invoices affected`."""
    verdict = verdict_of(reports)
    errors, warnings, infos = (sum(report.count(s) for report in reports) for s in ("error", "warning", "info"))
    parts = [counted(errors, "error"), counted(warnings, "warning")]
    if infos:
        parts.append(counted(infos, "remark"))
    parts += [f"{' and '.join(stakes(reports))} at stake"] if stakes(reports) else []
    invoices = sum(report.invoices for report in reports)
    affected = sum(report.affected_invoices for report in reports)
    tail = f"; {affected} of {counted(invoices, 'invoice')} affected" if invoices and affected else ""
    if verdict == "undecided":
        return f"UNDECIDED: not everything could be checked ({', '.join(parts)})"
    return f"{verdict.upper()}: {', '.join(parts)}{tail}"


def left_out(reports: Sequence[Report]) -> list[str]:
    """What makes the verdict undecided: files that were not read, and rules that broke."""
    told = [f"{printable(report.file)}: {printable(report.problem)}" for report in reports if report.problem]
    broken = {one.rule: one.reason for report in reports for one in report.outcomes if one.status == "broken"}
    told += [f"rule {rule} could not be run: {printable(reason)}" for rule, reason in broken.items()]
    return told


def stakes(reports: Sequence[Report]) -> list[str]:
    """The money in question in each currency; empty when there is none."""
    return [money(amount, currency) for currency, amount in by_currency(reports).items() if amount]


def ranges(numbers: Sequence[int], most: int = 12) -> str:
    """`3, 7-9, 12`: line numbers for a reader, the first `most` groups of them."""
    groups: list[list[int]] = []
    for number in sorted(set(numbers)):
        if groups and number == groups[-1][1] + 1:
            groups[-1][1] = number
        else:
            groups.append([number, number])
    told = [str(a) if a == b else f"{a}-{b}" for a, b in groups[:most]]
    return ", ".join(told) + (" …" if len(groups) > most else "")
