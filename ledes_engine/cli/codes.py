"""`ledes codes`: the code sets, what a code means, and which code fits some words."""

import argparse

from ledes_engine.cli import ACCEPT, REJECT
from ledes_engine.codesets import Code, CodeSet, CodeSets, shipped_sets


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Set up the arguments of `ledes codes`."""
    parser.add_argument("words", nargs="*", metavar="SET|CODE|TEXT", help="a code set, a code, or words to search for")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """List sets, list a set's codes, explain a code, or search."""
    sets = shipped_sets()
    text = " ".join(options.words).strip()
    if not text:
        for one in sets.values():
            print(f"{one.name:22} {len(one.codes):3}  {one.field:14} {one.title}, {one.year}")
        return ACCEPT
    if text.lower() in sets:
        _list_set(sets[text.lower()])
        return ACCEPT
    exact = [(one, code) for one in sets.values() for code in one.codes if code.code == text.upper()]
    for one, code in exact:
        print(explain(one, code))
    if exact:
        return ACCEPT
    found = search(text, list(sets.values()))
    for one, code in found:
        print(f"{code.code:8} {code.label or '-':45} {one.title}")
    if found:
        return ACCEPT
    near = next(
        (hint for column in ("task_code", "activity_code", "expense_code") if (hint := CodeSets().near(column, text))),
        "",
    )
    print(f"nothing found for {text!r}" + (f"; did you mean {near}?" if near else ""))
    return REJECT


def _list_set(one: CodeSet) -> None:
    print(f"{one.title} ({one.publisher}, {one.year})\n{one.origin}")
    print(f"{one.note}\n" if one.note else "")
    for code in one.codes:
        heading = "" if code.billable != "no" else "  (not for lines)"
        indent = "  " if code.parent else ""
        print(f"{indent}{code.code:8} {code.label or code.definition}{heading}")


def explain(one: CodeSet, code: Code) -> str:
    """A code in words."""
    lines = [f"{code.code} {code.label}", f"  {code.definition}", f"  set       {one.title}, {one.year} ({one.name})"]
    parent = next((other for other in one.codes if other.code == code.parent), None)
    if parent:
        lines.append(f"  part of   {parent.code} {parent.label}")
    if code.keywords:
        lines.append(f"  words     {code.keywords}")
    if code.billable == "no":
        lines.append("  a heading or placeholder: not for line items")
    if code.status != "confirmed":
        lines.append(f"  standing  {code.status}")
    if code.replaced_by:
        lines.append(f"  see also  {code.replaced_by}")
    return "\n".join(lines)


def search(text: str, sets: list[CodeSet]) -> list[tuple[CodeSet, Code]]:
    """The codes whose label, keywords or definition hold all the words, best places first."""
    words = text.lower().split()
    ranked = []
    for one in sets:
        for code in one.codes:
            places = [code.label.lower(), code.keywords.lower(), code.definition.lower()]
            if all(any(word in place for place in places) for word in words):
                rank = next((i for i, place in enumerate(places) if all(word in place for word in words)), len(places))
                ranked.append((rank, not one.default, one, code))
    ranked.sort(key=lambda item: item[:2])
    return [(one, code) for _, _, one, code in ranked]
