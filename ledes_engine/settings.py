"""Guidelines files: what may stand in one, read strictly, and files that extend one another put over one another."""

import os
from collections.abc import Mapping
from datetime import date
from fnmatch import fnmatchcase
from typing import Any, Literal, NamedTuple

from ledes_engine.cards import cards_in, find_cards, near_miss, shipped_cards
from ledes_engine.codesets import currency_digits
from ledes_engine.coding.llm.settings import ModelSettings
from ledes_engine.formats.fields import FORMATS, fields_of
from ledes_engine.model import LedesError
from ledes_engine.resources import data_folder
from ledes_engine.values import number

FILE_NAME = "ledes.toml"


class Codes(NamedTuple):
    """What the client says of codes."""

    sets: list[str] | None = None  # names of code sets in play; the usual ones when not given
    allowed: list[str] | None = None
    denied: dict[str, str] = {}  # code -> reason
    custom: dict[str, str] = {}  # the client's own codes -> label
    custom_files: list[str] = []  # CSV files with at least a column `code`


class Rate(NamedTuple):
    """An hourly rate, as text because it is exact, and the days that it holds for."""

    rate: str
    start: date | None = None
    end: date | None = None


class TimekeeperEntry(NamedTuple):
    """A timekeeper that the client approved."""

    id: str
    name: str = ""
    classification: str = ""
    rates: list[Rate] = []
    admitted: int | None = None  # the year of admission to the bar
    until: date | None = None  # the last day of the approval


class MatterEntry(NamedTuple):
    """A matter assigned to the firm, by the client's number or the firm's."""

    id: str
    opened: date | None = None
    closed: date | None = None
    code_sets: list[str] = []
    budget: str = ""  # amounts are texts, because they are exact
    phases: dict[str, str] = {}  # task code or phase -> the most that may be billed to it
    authorised: str = ""
    billed: str = ""  # to date, where it is not in the history
    fee: Literal["hourly", "fixed"] = "hourly"
    staff: list[str] = []  # the timekeepers of the staffing plan
    approved: list[str] = []  # work that was approved in advance: "summary judgment", "expert"


class Match(NamedTuple):
    """The invoices that the guidelines are for; a value may hold `*`. All that is given must fit."""

    client_id: list[str] = []
    law_firm_id: list[str] = []
    matter_id: list[str] = []
    client_matter_id: list[str] = []


class Waiver(NamedTuple):
    """Findings that do not count, for a reason and until a day."""

    rule: str
    reason: str
    until: date
    invoice: str = "*"
    matter: str = "*"
    timekeeper: str = "*"
    field: str = "*"


class DisputeEntry(NamedTuple):
    """What the client rejected or disputes of an earlier invoice: a line of it, or the whole."""

    invoice: str
    reason: str = ""
    raised: date | None = None
    line: str = ""
    status: Literal["rejected", "disputed"] = "rejected"


class Coding(NamedTuple):
    """How codes are assigned to narratives."""

    threshold: str = "0.6"  # the confidence from which on a code is filled in
    phrases: dict[str, str] = {}  # texts of the firm's own -> their codes, separated by blanks
    memory: str = ""  # the store of approved codings
    columns: dict[str, str] = {}  # field -> column, for time-entry files of unknown products
    activities: Literal["1997", "2013"] = "1997"  # whether the client adopted the codes A113 to A128
    model: ModelSettings = ModelSettings()


class Settings(NamedTuple):
    """A guidelines file, key by key."""

    name: str = ""
    extends: str = "standard"
    select: list[str] = ["default"]
    ignore: list[str] = []
    preview: bool = False
    fail_on: Literal["error", "warning", "info", "never"] = "error"
    match: Match = Match()
    severity: dict[str, Literal["error", "warning", "info", "off"]] = {}
    params: dict[str, dict[str, Any]] = {}
    codes: Codes = Codes()
    timekeeper: list[TimekeeperEntry] = []
    matter: list[MatterEntry] = []
    firm_ids: list[str] = []
    currency: str = ""
    tax_rates: list[str] = []  # the fractions that the client approved
    dispute: list[DisputeEntry] = []
    remedy: dict[str, str] = {}  # what the client does with a finding of a rule: "reject", "adjust", "cut 20%"
    history: str = ""  # the store of earlier invoices
    cards: list[str] = []
    plugins: list[str] = []
    waiver: list[Waiver] = []
    baseline: str = ""
    defaults: dict[str, str] = {}  # what conversions fill in where a file does not say it: column -> value
    coding: Coding = Coding()
    clients: list[str] = []  # guidelines of single clients that stand beside this file


# Lists that a file adds to; any other value takes the place of the one it extends.
_ADDED = ("ignore", "cards", "plugins", "waiver", "timekeeper", "matter", "dispute")
_PATHS = ("cards", "clients", "baseline", "codes.custom_files", "history", "coding.memory", "coding.model.audit")


def shipped_names() -> list[str]:
    """The names of the guidelines that come with the package."""
    folder = os.path.join(data_folder("rules"), "guidelines")
    return sorted(os.path.splitext(name)[0] for name in os.listdir(folder) if name.endswith(".toml"))


def find_file(start: str) -> str:
    """The `ledes.toml` in a folder or the nearest one above it; empty when there is none."""
    folder = os.path.abspath(start)
    while True:
        path = os.path.join(folder, FILE_NAME)
        if os.path.isfile(path):
            return path
        above = os.path.dirname(folder)
        if above == folder:
            return ""
        folder = above


def layers(name: str, above: tuple[str, ...], base_name: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The values of a file put over those of the files that it extends, and the origin of each."""
    if name == "standard":
        return {}, {}
    if "\0" in name:
        raise LedesError("the name of guidelines holds a NUL character")
    path = name if os.path.isfile(name) or name.endswith(".toml") else shipped_path(name)
    if path in above:
        raise LedesError(f"{path}: guidelines extend one another in a circle")
    values = _read(path)
    below = values.get("extends", "standard")
    if base_name not in ("standard", name):
        if below not in ("standard", base_name):
            raise LedesError(
                f"{path} extends {below} already, so it cannot be judged as {base_name} too; leave out --hub"
            )
        below = base_name
    base, origins = layers(_relative(below, path), (*above, path), "standard")
    values.setdefault("name", os.path.splitext(os.path.basename(path))[0])
    for key in ("match", "clients", "baseline"):
        base.pop(key, None)  # whom guidelines are for is not inherited
    origin = path if path == name else f"shipped: {name}"
    return merge(base, _absolute(values, path), origin, origins), origins


def shipped_path(name: str) -> str:
    """The file of shipped guidelines; raises LedesError when there are none of that name."""
    path = os.path.join(data_folder("rules"), "guidelines", name + ".toml")
    if not name or os.sep in name or not os.path.isfile(path):
        known = ["standard", *shipped_names()]
        raise LedesError(f"there are no guidelines {name!r}{near_miss(name, known)}; shipped: {', '.join(known)}")
    return path


def _relative(name: str, path: str) -> str:
    beside = os.path.join(os.path.dirname(os.path.abspath(path)), name)
    return beside if name.endswith(".toml") else name


def _read(path: str) -> dict[str, Any]:
    """A guidelines file, checked key by key."""
    from ledes_engine.strict import read_toml, validated

    values, text = read_toml(path)
    _check_rules(validated(Settings, values, path, text), path, text)
    return values


def _check_rules(settings: Settings, path: str, text: str) -> None:
    """Parameters and severities must be of rules that exist; parameters must be ones that the card has."""
    cards = shipped_cards()
    for folder in settings.cards:
        cards = {**cards, **cards_in(_relative_path(folder, path))}
    names = [*cards, *(card.name for card in cards.values())]
    for word, params in settings.params.items():
        found = find_cards(cards, word)
        if len(found) != 1:
            raise LedesError(f"{path}{_at(text, word)}: there is no rule {word!r}{near_miss(word, names)}")
        for key in params:
            known = [
                *(key for key in found[0].check if key != "kind"),
                "where",
                "unless",
                *_OPTIONAL.get(found[0].kind, ()),
            ]
            if key not in known:
                raise LedesError(f"{path}{_at(text, key)}: rule {word} has no parameter {key!r}{near_miss(key, known)}")
            pattern = {**_PATTERNS, **found[0].check}.get(key)
            wrong = _unlike(params[key], pattern) if pattern is not None else ""
            if wrong:
                raise LedesError(f"{path}{_at(text, key)}: {key} of rule {word} must be {wrong}")
        _check_columns(params, path, text, found[0].check)
    for waiver in settings.waiver:
        if len(find_cards(cards, waiver.rule)) != 1:
            raise LedesError(
                f"{path}{_at(text, waiver.rule)}: there is no rule {waiver.rule!r}{near_miss(waiver.rule, names)}"
            )
        if not waiver.reason.strip():
            raise LedesError(f"{path}{_at(text, waiver.rule)}: the waiver of {waiver.rule} needs a reason")
        if waiver.field != "*" and not any(fnmatchcase(known, waiver.field) for known in field_names()):
            hint = near_miss(waiver.field, field_names())
            raise LedesError(f"{path}{_at(text, waiver.field)}: there is no field {waiver.field!r}{hint}")
    columns = sorted({field.column for format in FORMATS for field in fields_of(format) if field.column})
    for key in settings.defaults:
        if key not in columns:
            raise LedesError(f"{path}{_at(text, key)}: there is no column {key!r}{near_miss(key, columns)}")
    for key, allowed in (("currency", currency_digits()), ("account_type", ("O", "T"))):
        if settings.defaults.get(key, "") and settings.defaults[key] not in allowed:
            raise LedesError(f"{path}{_at(text, key)}: {settings.defaults[key]!r} is no {key.replace('_', ' ')}")
    for key in settings.severity:
        if len(find_cards(cards, key.partition(":")[0])) != 1:
            raise LedesError(f"{path}{_at(text, key)}: there is no rule {key!r}{near_miss(key, names)}")


def field_names() -> list[str]:
    """The native names of all fields."""
    return [field.name for field in fields_of("1998BI")]


def _check_columns(params: Mapping[str, Any], path: str, text: str, check: Mapping[str, Any]) -> None:
    """Columns that parameters name must exist: a rule on a column that is misspelt would silently find nothing."""
    known = [field.column for field in fields_of("1998BI")]
    worded = ("except", "limits") if check["kind"] in _OF_WORDS else ()
    keys = ("columns", "by", "same", "except", "differs", "where", "unless", "limits")
    named = [name for key in keys if key not in worded for name in _words(params.get(key))]
    for name in named:
        if name not in known:
            raise LedesError(f"{path}{_at(text, name)}: there is no column {name!r}{near_miss(name, known)}")


# Kinds whose `except` and `limits` hold words of narratives, not columns.
_OF_WORDS = ("phrases", "charge", "charge_cap", "clerical_task", "block_billing", "hours_a_day", "routine_time")


def _words(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ()) if isinstance(value, list | dict) else []


# What parameters look like that a card need not name.
_PATTERNS: dict[str, Any] = {
    "where": {"line_type": ["F"]},
    "unless": {"line_type": ["F"]},
    "limits": {"narrative": 1},
    "also": ["F"],
    "list": "word",
    "lists": ["word"],
    "values": ["word"],
    "min": "0",
    "max": "0",
    "not": ["0"],
}


def _unlike(given: Any, pattern: Any) -> str:
    """What a parameter must be, in words, when it is not like the pattern; empty when it is."""
    if isinstance(pattern, list):
        like = pattern[0] if pattern else "word"
        inner = [_unlike(one, like) for one in given] if isinstance(given, list) else ["no list"]
        return "" if (inner or not pattern) and not any(inner) else f"a list, each part of it {_unlike(None, like)}"
    if isinstance(pattern, dict):
        like = next(iter(pattern.values()))
        fits = isinstance(given, dict) and given and not any(_unlike(one, like) for one in given.values())
        return "" if fits else f"a table, each value of it {_unlike(None, like)}"
    if isinstance(pattern, bool):
        return "" if isinstance(given, bool) else "true or false"
    if isinstance(pattern, int):
        return "" if isinstance(given, int) and not isinstance(given, bool) else "a whole number"
    if number(pattern) is not None:
        return "" if isinstance(given, str) and number(given) is not None else 'a number between quotes, like "0.25"'
    return "" if isinstance(given, str) else "a text between quotes"


# Parameters that a kind takes and a card need not name.
_OPTIONAL = {
    "phrases": ("also", "files"),
    "charge": ("also",),
    "charge_cap": ("also",),
    "clerical_task": ("also_verbs", "also_objects", "also_phrases"),
    "required": ("also",),
    "max_length": ("limits",),
    "one_of": ("list", "lists", "values"),
    "bounds": ("min", "max", "not"),
}


def _at(text: str, word: str) -> str:
    line = next((i for i, line in enumerate(text.splitlines(), 1) if word in line), 0)
    return f":{line}" if line else ""


def _relative_path(name: str, path: str) -> str:
    return os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(path)), name))


def _absolute(values: dict[str, Any], path: str) -> dict[str, Any]:
    """The values with file names made relative to the guidelines file, not to the working folder."""
    for params in values.get("params", {}).values():
        if isinstance(params, dict) and isinstance(params.get("files"), list):
            params["files"] = [_relative_path(one, path) for one in params["files"]]
    for key in _PATHS:
        *outer, last = key.split(".")
        table = values
        for part in outer:
            table = table.get(part, {})
        if last in table:
            given = table[last]
            table[last] = (
                [_relative_path(one, path) for one in given] if isinstance(given, list) else _relative_path(given, path)
            )
    return values


def merge(
    base: dict[str, Any], over: Mapping[str, Any], origin: str, origins: dict[str, str], at: str = ""
) -> dict[str, Any]:
    """`over` put over `base`: tables key by key, some lists added to, anything else replaced; notes each origin."""
    merged = dict(base)
    for key, value in over.items():
        place = f"{at}{key}"
        if isinstance(value, dict) and key not in ("denied", "custom"):
            merged[key] = merge(base.get(key, {}), value, origin, origins, f"{place}.")
            continue
        if key in _ADDED and isinstance(value, list):
            value = [*base.get(key, []), *value]
        elif isinstance(value, dict):
            value = {**base.get(key, {}), **value}
        merged[key] = value
        origins[place] = origin
    return merged
