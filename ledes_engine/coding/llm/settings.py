"""How the language model is reached, what it may cost, and what must never be told it."""

from decimal import Decimal
from typing import Literal, NamedTuple

from ledes_engine.model import LedesError
from ledes_engine.values import number

# What an entry may cost where nobody sets a limit: a run must end.
_MOST_CALLS = 200


class ModelSettings(NamedTuple):
    """The `[coding.model]` table of guidelines. Amounts are texts, because they are exact."""

    use: Literal["off", "on", "forbidden"] = "off"
    name: str = ""  # of the model
    base_url: str = ""  # of a server that speaks OpenAI's protocol; OpenAI's own when empty
    api_version: str = ""  # for Azure
    key_variable: str = "OPENAI_API_KEY"  # the environment variable that holds the key
    batch: int = 10  # entries to a call
    at_once: int = 4  # calls under way
    timeout: int = 60  # seconds for a call, all its retries apart
    retries: int = 4
    max_calls: int = _MOST_CALLS
    max_tokens: int = 0  # 0: no limit
    max_cost: str = ""  # in the currency of the prices
    price_in: str = ""  # for a million tokens
    price_out: str = ""
    audit: str = ""  # the file of the audit log, JSON lines


class Prices(NamedTuple):
    """What a token costs; None where it is not known."""

    told: Decimal | None
    answered: Decimal | None

    def cost(self, told: int, answered: int) -> Decimal | None:
        """The price of so many tokens."""
        if self.told is None or self.answered is None:
            return None
        return told * self.told + answered * self.answered


_MILLION = Decimal(1_000_000)


def prices_of(settings: ModelSettings) -> Prices:
    """The prices that the settings give; raises LedesError when they are none, or a limit of cost has no prices."""
    amounts = {}
    for name in ("price_in", "price_out", "max_cost"):
        text = getattr(settings, name)
        amounts[name] = number(text) if text else None
        if text and (amounts[name] is None or amounts[name] < 0):  # type: ignore[operator]
            raise LedesError(f'coding.model.{name}: {text!r} is no amount; write it like "0.15"')
    if settings.max_cost and None in (amounts["price_in"], amounts["price_out"]):
        raise LedesError("coding.model.max_cost needs price_in and price_out, the prices of a million tokens")
    told, answered = (None if amounts[name] is None else amounts[name] / _MILLION for name in ("price_in", "price_out"))  # type: ignore[operator]
    return Prices(told, answered)


def examine(settings: ModelSettings) -> None:
    """Refuse settings that cannot work; raises LedesError in plain words."""
    if settings.use == "forbidden":
        raise LedesError("the guidelines forbid a language model ([coding.model] use)")
    if not settings.name:
        raise LedesError('name the model: [coding.model] name = "..." in the guidelines, or --model NAME')
    for name in ("batch", "at_once", "timeout", "max_calls"):
        if getattr(settings, name) < 1:
            raise LedesError(f"coding.model.{name} must be 1 or more")
    for name in ("max_tokens", "retries"):
        if getattr(settings, name) < 0:
            raise LedesError(f"coding.model.{name} must not be negative")
    prices_of(settings)
