"""`ledes code`: codes for the entries of a file that have none, and a list of those that a person should look at."""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING

from ledes_engine.cli import ACCEPT, REJECT
from ledes_engine.cli.files import guidelines_of, spare
from ledes_engine.coding.entry import Entry, coded
from ledes_engine.coding.memory import STORE, Memory
from ledes_engine.model import LedesError

if TYPE_CHECKING:
    from ledes_engine.coding.chain import Coder
    from ledes_engine.coding.llm.asking import Asked
    from ledes_engine.coding.llm.settings import ModelSettings
    from ledes_engine.coding.matters import Matter
    from ledes_engine.coding.suggestion import Suggestion
    from ledes_engine.entries import EntryFile
    from ledes_engine.guidelines import Guidelines

_EPILOG = """exit status: 0 every entry has its codes, 1 some are left for review, 2 misuse or nothing could be read.
Nothing leaves the machine unless --model or the guidelines switch a language model on."""
# Fewer entries are done before a progress bar could be seen.
_MANY = 2_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Set up the arguments of `ledes code`."""
    parser.epilog = _EPILOG
    parser.add_argument("path", metavar="FILE", help="a LEDES file, or a CSV, Excel or JSON file of time entries")
    parser.add_argument("--output", "-o", metavar="FILE", help="write the file with its blanks filled in")
    parser.add_argument("--guidelines", "-g", metavar="FILE", help="the client's guidelines (code sets, denied codes)")
    parser.add_argument(
        "--sets", metavar="NAMES", help="the sets of task codes in play (comma-separated), as in ledes codes"
    )
    parser.add_argument(
        "--threshold", metavar="SHARE", default="", help="how sure to be before filling in (default: 0.6)"
    )
    parser.add_argument(
        "--fill-all", action="store_true", help="fill in the likeliest code where none is sure, too, and list it"
    )
    parser.add_argument(
        "--map", metavar="FIRM", help="a firm's phases and free-text activities (see ledes profitability)"
    )
    parser.add_argument(
        "--explain", action="store_true", help="say for each code which step chose it, and by which words"
    )
    parser.add_argument(
        "--review", action="store_true", help="go through the uncertain entries: accept, choose or skip"
    )
    parser.add_argument("--memory", metavar="STORE", help=f"the store of approved codings (default: {STORE})")
    model = parser.add_argument_group("language model (off by default)")
    model.add_argument("--model", metavar="NAME", help="ask this model about what is left")
    model.add_argument("--base-url", metavar="URL", help="a server that speaks OpenAI's protocol")
    model.add_argument("--max-calls", metavar="N", type=int, help="stop after so many calls")
    model.add_argument("--max-tokens", metavar="N", type=int, help="stop before so many tokens")
    model.add_argument("--max-cost", metavar="AMOUNT", help="stop before this price (needs prices in the guidelines)")
    model.add_argument("--show-prompt", action="store_true", help="print exactly what would be sent, and send nothing")
    model.add_argument("--dry-run", action="store_true", help="count entries, tokens and cost, and send nothing")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Read, suggest, ask, review, write, tell."""
    from ledes_engine.checking import read_file
    from ledes_engine.coding.matters import sets_by_matter
    from ledes_engine.entries import read_entries
    from ledes_engine.practice.firm import read_firm
    from ledes_engine.report import coding as report
    from ledes_engine.resources import without_collector
    from ledes_engine.suggesting import coder_of

    spare([options.output], [options.path])
    guidelines = guidelines_of(options.guidelines)
    firm = read_firm(options.map) if options.map else None
    settings = _model_settings(options, guidelines)
    file = read_entries(read_file(options.path), options.path, guidelines.settings.coding.columns)
    entries = firm.read(file.entries) if firm else file.entries
    memory = Memory(options.memory or guidelines.settings.coding.memory or STORE)
    names = [name.strip() for name in (options.sets or "").split(",") if name.strip()]
    coder = coder_of(guidelines, names or None, threshold=options.threshold, memory=memory)
    sets = sets_by_matter(entries, coder.rules)
    with _progress(len(entries), "coding") as told, without_collector():
        suggestions = []
        for one in coder.stream(entries, sets):
            suggestions.append(one)
            told(len(suggestions))
    asked = None
    if settings:
        named = [*file.names, *(one.name for one in guidelines.settings.timekeeper)]
        suggestions, asked = _ask(options, settings, coder, memory, entries, suggestions, sets, named)
        if asked is None:
            return ACCEPT  # only shown or counted
    approved = _review(options, entries, suggestions, coder, memory, sets)
    filled = _fill(file, entries, suggestions, approved, guess=options.fill_all)
    if firm and options.output:
        firm.put_phases(file, [coded(one, filled.get(at, {})) for at, one in enumerate(entries)])
    written = _write(options, file) if options.output else ""
    outcome = report.Outcome(
        file.source, entries, suggestions, filled, asked, written, file.added, file.reading, sets, approved
    )
    print(report.render(outcome, explain=options.explain), end="")
    return REJECT if report.left(outcome) else ACCEPT


def _model_settings(options: argparse.Namespace, guidelines: "Guidelines") -> "ModelSettings | None":
    """The settings of the language model; None where it stays off. Raises LedesError where it is forbidden."""
    from ledes_engine.coding.llm.settings import examine

    settings = guidelines.settings.coding.model
    given = {
        "name": options.model,
        "base_url": options.base_url,
        "max_calls": options.max_calls,
        "max_tokens": options.max_tokens,
        "max_cost": options.max_cost,
    }
    wanted = bool(options.model or options.show_prompt or options.dry_run)
    if not wanted and settings.use != "on":
        if any(given.values()):
            raise LedesError("--base-url and the limits go with --model NAME, which switches the language model on")
        return None
    settings = settings._replace(**{key: value for key, value in given.items() if value is not None})
    if settings.use == "off" and wanted:
        settings = settings._replace(use="on")
    if not settings.name and (options.show_prompt or options.dry_run):
        settings = settings._replace(name="(none named)")
    if not settings.audit:
        settings = settings._replace(audit="ledes-coding-audit.jsonl")
    examine(settings)
    return settings


def _ask(
    options: argparse.Namespace,
    settings: "ModelSettings",
    coder: "Coder",
    memory: Memory,
    entries: Sequence[Entry],
    suggestions: "list[Suggestion]",
    sets: "dict[Matter, tuple[str, ...]]",
    names: Sequence[str],
) -> "tuple[list[Suggestion], Asked | None]":
    """The suggestions with the model's answers; None for what was asked when nothing was to be sent."""
    from ledes_engine.coding.llm.step import ModelStep, left_open
    from ledes_engine.report import coding as report

    left = left_open(entries, suggestions)
    with _progress(len(left), "asking") as told:
        done: set[int] = set()

        def settled(number: int) -> None:
            done.add(number)
            told(len(done))

        step = ModelStep(coder, settings, memory, names=names, told=settled)
        if options.show_prompt or options.dry_run:
            print(report.estimated(step.estimate(entries, left, sets), prompts=options.show_prompt), end="")
            return suggestions, None
        return step.ask(entries, suggestions, left, sets)


def _review(
    options: argparse.Namespace,
    entries: Sequence[Entry],
    suggestions: "Sequence[Suggestion]",
    coder: "Coder",
    memory: Memory,
    sets: "dict[Matter, tuple[str, ...]]",
) -> dict[int, dict[str, str]]:
    """What a person chose, by entry and field."""
    if not options.review:
        return {}
    from ledes_engine.cli.review import review

    return review(entries, suggestions, coder, memory, sets, date.today())


def _fill(
    file: "EntryFile",
    entries: Sequence[Entry],
    suggestions: "Sequence[Suggestion]",
    approved: dict[int, dict[str, str]],
    *,
    guess: bool,
) -> dict[int, dict[str, str]]:
    """Put what was chosen into the blanks; what was put, by entry and field. A block-billed entry is never guessed."""
    filled: dict[int, dict[str, str]] = {}
    for number, (entry, one) in enumerate(zip(entries, suggestions, strict=True)):
        chosen = one.choices if guess and not one.tasks else one.sure
        codes = {field: choice.code for field, choice in chosen.items()} | approved.get(number, {})
        for field, code in codes.items():
            if not getattr(file.entries[number], field).strip() and field in entry.wanted:
                file.put(number, field, code)
                filled.setdefault(number, {})[field] = code
    return filled


def _write(options: argparse.Namespace, file: "EntryFile") -> str:
    from ledes_engine.resources import write_whole

    write_whole(options.output, file.data())
    return str(options.output)


@contextmanager
def _progress(total: int, what: str) -> Iterator[Callable[[int], None]]:
    """A progress bar on standard error for long work in front of a person."""
    if not sys.stderr.isatty() or (total < _MANY and what != "asking"):
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)
