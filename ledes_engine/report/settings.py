"""Resolved guidelines for a reader: every value, and the file it is from."""

from collections.abc import Iterator, Mapping
from typing import Any

from ledes_engine.engine import Rule
from ledes_engine.guidelines import Guidelines


def show_guidelines(guidelines: Guidelines) -> str:
    """`key = value    # origin`, a line a value; then the rules that run with their severities; then the clients'."""
    lines = [f"# {guidelines.title}"]
    for key, value in _flat(guidelines.settings):
        lines.append(f"{key} = {toml(value)}    # {guidelines.origins.get(key, 'default')}")
    lines.append("\n# rules that run")
    for rule in guidelines.plan.rules:
        lines += _rule(rule, guidelines.origins)
    for client in guidelines.clients:
        lines += ["", show_guidelines(client).rstrip("\n")]
    return "\n".join(lines) + "\n"


def _rule(rule: Rule, origins: Mapping[str, str]) -> Iterator[str]:
    """A rule with its severities and parameters, each with the file that set it; else the card did."""
    card = rule.card

    def origin(kind: str, key: str = "", below: str = ".") -> str:
        """The file that set a key of the rule, or something below it."""
        for at, file in origins.items():
            for name in (card.id, card.name):
                start = f"{kind}.{name}{key}"
                if at == start or at.startswith(start + below):
                    return file
        return "the rule"

    yield f"{card.id} {card.name}: {rule.severity}    # {origin('severity')}"
    for column, grade in rule.by_field.items():
        yield f"    {column}: {grade}    # {origin('severity', below=':')}"
    for key, value in rule.params.items():
        yield f"    {key} = {toml(value)}    # {origin('params', f'.{key}')}"


def _flat(value: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    if hasattr(value, "_asdict") or (isinstance(value, Mapping) and not at.startswith("codes.")):
        for key, inner in (value._asdict() if hasattr(value, "_asdict") else value).items():
            yield from _flat(inner, f"{at}.{key}" if at else str(key))
    elif value is not None:
        yield at, value


def toml(value: Any) -> str:
    """A value as it is written in TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, list | tuple) and not hasattr(value, "_asdict"):
        return "[" + ", ".join(map(toml, value)) + "]"
    if hasattr(value, "_asdict") or isinstance(value, Mapping):
        items = (value._asdict() if hasattr(value, "_asdict") else value).items()
        return "{ " + ", ".join(f"{key} = {toml(inner)}" for key, inner in items if inner not in (None, "", [])) + " }"
    return str(value)
