"""A client's billing guidelines: one TOML file, perhaps extending others, resolved into a plan of rules.

A file says what it wants different from what it extends; in the end everything extends `standard`, the cards as they
are shipped. The origin of every value is kept, so that a coordinator can see who asked for what.
"""

import glob
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache
from typing import Any

from ledes_engine.cards import Card, cards_in, find_cards, near_miss, shipped_cards
from ledes_engine.checks import KINDS, Client, Dispute, Matter, Scope, Timekeeper
from ledes_engine.codesets import ANY, Code, CodeSet, CodeSets, currency_digits, read_codes, shipped_sets
from ledes_engine.engine import Plan, Rule, Source, run
from ledes_engine.formats.fields import fields_of
from ledes_engine.formats.write import build
from ledes_engine.history import History
from ledes_engine.model import Document, LedesError
from ledes_engine.results import Finding, cut_share
from ledes_engine.settings import FILE_NAME, Codes, Match, MatterEntry, Settings, TimekeeperEntry, Waiver, layers, merge
from ledes_engine.values import number


class Guidelines:
    """Resolved guidelines: the settings, where each came from, and the plan that they come to."""

    def __init__(self, settings: Settings, origins: Mapping[str, str], clients: Sequence["Guidelines"] = ()) -> None:
        self.settings = settings
        self.origins = dict(origins)
        self.clients = tuple(clients)

    def __reduce__(self) -> tuple[Any, ...]:
        return Guidelines, (self.settings, self.origins, self.clients)

    @property
    def title(self) -> str:
        """The name and a hash of everything that was resolved, for reports; `standard` alone for the standard."""
        if self.settings == Settings(name="standard"):
            return "standard"
        import hashlib

        digest = hashlib.sha256(repr(self.settings).encode()).hexdigest()[:12]
        path = self.origins.get("name", "")
        file = f" from {path}" if path.endswith(FILE_NAME) else ""
        return f"{self.settings.name or 'standard'}{file} ({digest})"

    def fits(self, invoice: Mapping[str, str]) -> bool:
        """Whether an invoice (canonical column -> value) is one that these guidelines are for."""
        wanted = self.settings.match._asdict().items()
        return all(any(fnmatchcase(invoice.get(k, ""), p) for p in patterns) for k, patterns in wanted if patterns)

    def for_invoice(self, invoice: Mapping[str, str]) -> "Guidelines":
        """The guidelines of the first client that fit the invoice, else these."""
        return next(
            (client for client in self.clients if client.settings.match != Match() and client.fits(invoice)), self
        )

    def parts(self, document: Document) -> Iterator[tuple["Guidelines", list[str]]]:
        """Which guidelines judge which invoices (by number) of a document, in their order."""
        chosen: dict[int, tuple[Guidelines, list[str]]] = {}
        for invoice, head in document.heads(Match._fields).items():
            guidelines = self.for_invoice(head)
            chosen.setdefault(id(guidelines), (guidelines, []))[1].append(invoice)
        yield from chosen.values()

    @cached_property
    def cards(self) -> dict[str, Card]:
        """Every card these guidelines know: the shipped ones and the client's own."""
        cards = shipped_cards()
        for folder in self.settings.cards:
            for card in cards_in(folder).values():
                if card.id in cards:
                    raise LedesError(
                        f"{folder}: the id {card.id} is taken by the rule {cards[card.id].name}; choose another"
                    )
                cards[card.id] = card
        return cards

    @cached_property
    def plan(self) -> Plan:
        """What the engine runs; raises LedesError for a rule or a parameter that does not exist."""
        settings = self.settings
        kinds = {**KINDS, **_plugin_kinds(settings.plugins)}
        grades, remedies = self._grades(), self._remedies()
        rules = []
        for card in self._selected(grades):
            if card.kind not in kinds:
                raise LedesError(
                    f"rule {card.id} has the kind {card.kind!r}, which is none{near_miss(card.kind, list(kinds))}"
                )
            whole = grades.get((card.id, ""), card.severity)
            by_field = {field: grade for (rule, field), grade in grades.items() if rule == card.id and field}
            if whole != "off" or by_field:
                rules.append(Rule(card, whole, by_field, self._params(card), remedies.get(card.id, card.remedy)))
        if not rules:
            raise LedesError("no rule is left to run; look at select and ignore (ledes rules lists the rules)")
        known = read_baseline(settings.baseline) if settings.baseline else {}
        plan = Plan(tuple(rules), self._client(), self.title, settings.fail_on, kinds, self._waive, known)
        if settings.params or settings.cards or settings.plugins:
            self._try_out(plan)
        return plan

    def _try_out(self, plan: Plan) -> None:
        """Run the rules once on a document of one line, so that a wrong parameter is told before the first file."""
        for format in ("1998B", "1998BI"):
            report = run(build(format, [{"line_type": "F"}]), plan, Source(), date(2000, 1, 1))
            for outcome in report.outcomes:
                key = next(
                    (k for k in self.origins if k.startswith((f"params.{outcome.rule}", f"params.{outcome.name}"))), ""
                )
                if outcome.status == "broken" and key:
                    raise LedesError(f"{self._where(key)}: the rule cannot work with this value ({outcome.reason})")

    def _selected(self, grades: Mapping[tuple[str, str], str]) -> list[Card]:
        """The cards to run: those selected, and those that a severity is set for, but for the ignored ones."""
        settings = self.settings
        chosen = {card.id for word in settings.select for card in self._find(word, "select") if _asked(card, word)}
        chosen |= {rule for rule, _ in grades}
        if settings.preview:
            chosen |= {card.id for card in self.cards.values() if card.status == "preview" and card.enabled}
        chosen -= {card.id for word in settings.ignore for card in self._find(word, "ignore")}
        return [card for card in self.cards.values() if card.id in chosen and card.status != "retired"]

    def _find(self, word: str, key: str) -> list[Card]:
        found = find_cards(self.cards, word)
        if not found:
            known = [*self.cards, *(card.name for card in self.cards.values())]
            raise LedesError(f"{self._where(key)}: there is no rule {word!r}{near_miss(word, known)}")
        return found

    def _where(self, key: str) -> str:
        return f"{self.origins.get(key, 'command line')}, {key}"

    def _grades(self) -> dict[tuple[str, str], str]:
        """Severities by rule and column: `F23` for the whole rule, `F23:INVOICE_DATE` for one field of it."""
        grades: dict[tuple[str, str], str] = {}
        for key, grade in self.settings.severity.items():
            word, _, field = key.partition(":")
            column = field and _column(field, self._where(f"severity.{key}"))
            for card in self._find(word, f"severity.{key}"):
                grades[card.id, column] = grade
        return grades

    def _remedies(self) -> dict[str, str]:
        """What the client does with findings, by rule: the guidelines name rules, groups or packs."""
        found: dict[str, str] = {}
        for word, remedy in self.settings.remedy.items():
            if remedy not in ("flag", "reject", "adjust") and cut_share(remedy) is None:
                where = self._where(f"remedy.{word}")
                raise LedesError(f'{where}: {remedy!r} is none; write "flag", "reject", "adjust" or "cut 20%"')
            found.update({card.id: "" if remedy == "flag" else remedy for card in self._find(word, f"remedy.{word}")})
        return found

    def _params(self, card: Card) -> dict[str, Any]:
        """The card's parameters with those of the guidelines put over them."""
        params = {key: value for key, value in card.check.items() if key != "kind"}
        for word in (card.id, card.name):
            params.update(self.settings.params.get(word, {}))
        return params

    def _client(self) -> Client:
        settings, codes = self.settings, self.settings.codes
        for key, names in [("codes.sets", codes.sets or []), *(("matter", one.code_sets) for one in settings.matter)]:
            unknown = next((name for name in names if name not in shipped_sets()), None)
            if unknown is not None:
                hint = near_miss(unknown, list(shipped_sets()))
                raise LedesError(f"{self._where(key)}: there is no code set {unknown!r}{hint}")
        twice = [one for one, times in Counter(one.id for one in settings.timekeeper).items() if times > 1]
        if twice:
            raise LedesError(
                f"{self._where('timekeeper')}: timekeeper {twice[0]} stands there twice; give all rates in one"
            )
        if settings.currency and settings.currency not in currency_digits():
            raise LedesError(f"{self._where('currency')}: {settings.currency!r} is no currency code of ISO 4217")
        custom = [_custom_set(codes)] if codes.custom or codes.custom_files else []
        return Client(
            code_sets=CodeSets(codes.sets, custom),
            allowed_codes=None if codes.allowed is None else frozenset([*codes.allowed, *codes.custom]),
            denied_codes={code.upper(): why for code, why in codes.denied.items()},
            timekeepers={one.id: _timekeeper(one) for one in settings.timekeeper} or None,
            matters={one.id: _matter(one) for one in settings.matter} or None,
            firm_ids=frozenset(settings.firm_ids) or None,
            currency=settings.currency,
            tax_rates=tuple(_amount(text, "tax_rates") for text in settings.tax_rates),
            disputes=tuple(Dispute(*one) for one in settings.dispute),
            history=History(settings.history) if settings.history else None,
        )

    def _waive(self, finding: Finding) -> str:
        """The reason why a finding does not count: a waiver in force."""
        waiver = next((one for one in self.settings.waiver if _waives(one, finding)), None)
        return f"{waiver.reason} (until {waiver.until})" if waiver else ""

    def on(self, today: date) -> "Guidelines":
        """These guidelines as of a day: without the waivers that have ended."""
        in_force = [waiver for waiver in self.settings.waiver if waiver.until >= today]
        if len(in_force) == len(self.settings.waiver):
            return self
        return Guidelines(self.settings._replace(waiver=in_force), self.origins, self.clients)


def _asked(card: Card, word: str) -> bool:
    """Whether a selector asks for a card: a group or a pack does not ask for what is off by default."""
    return card.runs_by_default or word.upper() == card.id or word in (card.name, "all")


def _waives(waiver: Waiver, finding: Finding) -> bool:
    if waiver.rule not in (finding.rule, finding.name):
        return False
    places = ("invoice", "matter", "timekeeper", "field")
    return all(fnmatchcase(getattr(finding, place), getattr(waiver, place)) for place in places)


def _timekeeper(entry: TimekeeperEntry) -> Timekeeper:
    for rate in entry.rates:
        if number(rate.rate) is None:
            raise LedesError(
                f'timekeeper {entry.id}: the rate {rate.rate!r} is no plain number; write it like "350.00"'
            )
        if rate.start and rate.end and rate.start > rate.end:
            raise LedesError(f"timekeeper {entry.id}: the rate of {rate.rate} ends before it starts")
    rates = tuple((rate.start, rate.end, rate.rate) for rate in entry.rates)
    return Timekeeper(entry.id, entry.name, entry.classification, rates, entry.admitted, entry.until)


def _matter(entry: MatterEntry) -> Matter:
    where = f"matter {entry.id}"
    known = ("budget", "authorised", "billed")
    amounts = {key: _amount(text, f"{where}, {key}") for key in known if (text := getattr(entry, key))}
    return Matter(
        entry.id,
        entry.opened,
        entry.closed,
        tuple(entry.code_sets),
        phases={code.upper(): _amount(text, f"{where}, phases") for code, text in entry.phases.items()},
        fee=entry.fee,
        staff=tuple(entry.staff),
        approved=tuple(entry.approved),
        **amounts,
    )


def _amount(text: str, where: str) -> Decimal:
    found = number(text)
    if found is None:
        raise LedesError(f'{where}: {text!r} is no plain number; write it like "350.00"')
    return found


def _custom_set(codes: Codes) -> CodeSet:
    """The client's own codes, as a set whose codes may stand in any code field."""
    rows = [row for path in codes.custom_files for row in _rows_of(path)]
    rows += [[code, "", "task", label, "", "", "yes", "confirmed", ""] for code, label in codes.custom.items()]
    found = tuple(Code(*row) for row in rows)
    return CodeSet("custom", "the client's own codes", "", "", ANY, True, "", "", "", "", found)


def _rows_of(path: str) -> list[list[str]]:
    try:
        return read_codes(path)
    except (OSError, ValueError) as error:
        raise LedesError(f"{path}: {error}") from error


def _column(field: str, where: str) -> str:
    fields = fields_of("1998BI")
    known = {name: one.column for one in fields for name in (one.name, one.column)}
    if field not in known:
        raise LedesError(f"{where}: there is no field {field!r}{near_miss(field, list(known))}")
    return known[field]


def _plugin_kinds(names: Iterable[str]) -> dict[str, Callable[[Scope], Iterator[Any]]]:
    """The kinds of check in the modules that the guidelines name; `kinds` in such a module is a dict of functions."""
    import importlib

    found: dict[str, Callable[[Scope], Iterator[Any]]] = {}
    for name in names:
        try:
            found.update(importlib.import_module(name).kinds)
        except Exception as error:  # whatever a module of somebody else does when it is loaded
            raise LedesError(f"plug-in {name}: {error}; a plug-in is a module with a dict `kinds`") from error
    return found


def read_baseline(path: str) -> dict[str, int]:
    """The fingerprints in a baseline file, and how often each was found; raises LedesError when it is not one."""
    import json

    try:
        with open(path, encoding="utf-8") as file:
            return {str(key): int(count) for key, count in json.load(file)["findings"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise LedesError(f"{path}: this is no baseline file; write one with --write-baseline") from error


@lru_cache(maxsize=1)
def standard() -> Guidelines:
    """The standard alone: every card as it is shipped."""
    return Guidelines(Settings(name="standard"), {})


def load_guidelines(*names: str, overrides: Mapping[str, Any] | None = None, base_name: str = "standard") -> Guidelines:
    """Guidelines from files, folders of files, or shipped names, several standing side by side.

    One of them may be without a `[match]` and judges what no other one fits; without such a one `base_name` does, which
    is also what files extend that extend nothing else. `overrides` are settings put over the outcome (the command
    line's). Raises LedesError with file, line and key.
    """
    found = [_load(path, overrides or {}, base_name) for name in names for path in _files(name)]
    if not found:
        found = [_load(base_name, overrides or {}, base_name)]
    general = [one for one in found if one.settings.match == Match()]
    if len(general) > 1:
        told = " and ".join(one.title for one in general[:2])
        raise LedesError(f"{told} both have no [match], so it is not clear which of them judges an invoice")
    base = general[0] if general else None
    if base is None:
        base = _load(base_name, overrides or {}, base_name)
    others = [one for one in found if one is not base]
    if not others and not base.clients:
        return base
    return Guidelines(base.settings, base.origins, [*base.clients, *others])


def _files(name: str) -> list[str]:
    if os.path.isdir(name):
        files = sorted(glob.glob(os.path.join(glob.escape(name), "*.toml")))
        if not files:
            raise LedesError(f"{name}: the folder has no guidelines (*.toml)")
        return files
    return [name]


def _load(name: str, overrides: Mapping[str, Any], base_name: str, *, of_client: bool = False) -> Guidelines:
    values, origins = layers(name, (), base_name)
    guidelines = _resolve(values, origins, overrides)
    if not guidelines.settings.clients:
        return guidelines
    if of_client:
        raise LedesError(f"{name}: a client's guidelines cannot have clients of their own")
    clients = []
    for pattern in guidelines.settings.clients:
        paths = sorted(glob.glob(pattern))
        if not paths:
            raise LedesError(f"{name}, clients: there is no file {pattern}")
        clients += [_load(path, overrides, base_name, of_client=True) for path in paths]
    lost = next((one for one in clients if one.settings.match == Match()), None)
    if lost:
        raise LedesError(
            f"{lost.title}: a client's guidelines need a [match], or no invoice would ever be judged by them"
        )
    return Guidelines(guidelines.settings, guidelines.origins, clients)


def _resolve(values: dict[str, Any], origins: dict[str, str], overrides: Mapping[str, Any]) -> Guidelines:
    merged = merge(values, overrides, "command line", origins)
    merged.setdefault("name", "standard")
    if not values and not overrides:
        return standard()
    from ledes_engine.strict import validated

    return Guidelines(validated(Settings, merged, origins.get("name", "guidelines")), origins)
