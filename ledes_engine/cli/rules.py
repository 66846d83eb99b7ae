"""`ledes rules`: the list of rules, and what one of them means."""

import argparse
import json
import os

from ledes_engine.cards import Card, find_cards, near_miss, shipped_cards
from ledes_engine.cli import ACCEPT
from ledes_engine.guidelines import load_guidelines
from ledes_engine.model import LedesError
from ledes_engine.report.settings import toml
from ledes_engine.settings import find_file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Set up the arguments of `ledes rules`."""
    parser.add_argument("rule", nargs="?", metavar="RULE", help="an id (F06), a name, a group (F) or a pack (ledes-bi)")
    parser.add_argument("--json", action="store_true", help="print the rules as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """List rules or explain one."""
    path = find_file(os.getcwd())
    shipped = shipped_cards(examples=True)
    cards = {**load_guidelines(path).cards, **shipped} if path else shipped
    chosen = find_cards(cards, options.rule or "all")
    if not chosen:
        known = [*cards, *(card.name for card in cards.values())]
        raise LedesError(
            f"there is no rule {options.rule!r}{near_miss(options.rule, known)}; ledes rules lists them all"
        )
    if options.json:
        print(json.dumps([card._asdict() for card in chosen], indent=2))
    elif options.rule and len(chosen) == 1:
        print(explain(chosen[0]))
    else:
        for card in chosen:
            print(f"{card.id}  {_grade(card):8}  {card.pack:12}  {card.name}")
        print("\nledes rules ID explains one; off and preview rules run when guidelines or --select name them.")
    return ACCEPT


def _grade(card: Card) -> str:
    if card.status != "stable":
        return card.status
    return card.severity if card.enabled else "off"


def explain(card: Card) -> str:
    """A rule in words: what it finds, why it matters, how to mend it, and what can be set."""
    standing = {"error": "an error", "warning": "a warning", "info": "a remark"}[card.severity]
    if not card.runs_by_default:
        standing += ", off unless guidelines or --select ask for it" if card.status == "stable" else f", {card.status}"
    lines = [
        f"{card.id} {card.name} ({standing}; pack {card.pack})",
        "",
        f"Says     {card.message}",
        *(f"           {slug}: {words}" for slug, words in card.reasons.items()),
        f"Why      {card.why}",
        f"Fix      {card.fix}",
        f"Source   {card.source}",
    ]
    if card.loc_code:
        lines.append(f"LOC code {card.loc_code}")
    params = {key: value for key, value in card.check.items() if key != "kind"}
    if params:
        lines += ["", f"Parameters, set in guidelines under [params.{card.id}]:"]
        lines += [f"  {key} = {toml(value)}" for key, value in params.items()]
    lines += ["", "Examples:"]
    lines += [f"  {'found' if example['expect'] else 'fine '}  {example['say']}" for example in card.example]
    return "\n".join(lines)
