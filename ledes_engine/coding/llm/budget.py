"""What a run may spend. A call is made only if its worst case still fits, so that a limit is never overstepped."""

from decimal import Decimal
from typing import NamedTuple

from ledes_engine.coding.llm.settings import ModelSettings, Prices, prices_of
from ledes_engine.values import ZERO, number


class Spent(NamedTuple):
    """Calls, tokens told and answered, and their price (None without prices)."""

    calls: int
    told: int
    answered: int
    cost: Decimal | None


class Budget:
    """The limits of a run and what is left of them."""

    def __init__(self, settings: ModelSettings) -> None:
        self._prices: Prices = prices_of(settings)
        self._most_calls, self._most_tokens = settings.max_calls, settings.max_tokens
        self._most_cost = number(settings.max_cost) if settings.max_cost else None
        self._reserved: dict[int, tuple[int, int]] = {}
        self._calls = self._told = self._answered = 0

    def reserve(self, told: int, answered: int) -> int | None:
        """Set aside the tokens of one call at worst; a ticket for `settle`, or None where it does not fit."""
        all_told = self._told + told + sum(one for one, _ in self._reserved.values())
        all_answered = self._answered + answered + sum(one for _, one in self._reserved.values())
        if self._calls >= self._most_calls or (self._most_tokens and all_told + all_answered > self._most_tokens):
            return None
        cost = self._prices.cost(all_told, all_answered)
        if self._most_cost is not None and cost is not None and cost > self._most_cost:
            return None
        self._calls += 1
        self._reserved[self._calls] = told, answered
        return self._calls

    def settle(self, ticket: int, told: int | None, answered: int | None) -> Decimal | None:
        """Book what a call took, as the server says; what it says nothing of counts as reserved. The price of it."""
        worst_told, worst_answered = self._reserved.pop(ticket)
        told = worst_told if told is None else told
        answered = worst_answered if answered is None else answered
        self._told += told
        self._answered += answered
        return self._prices.cost(told, answered)

    def release(self, ticket: int) -> None:
        """Give back what was set aside for a call that was never answered. It counts as a call."""
        self._reserved.pop(ticket)

    @property
    def spent(self) -> Spent:
        """What was spent so far."""
        return Spent(self._calls, self._told, self._answered, self._prices.cost(self._told, self._answered))


def price_at_most(settings: ModelSettings, told: int, answered: int) -> Decimal:
    """What so many tokens cost, 0 without prices."""
    return prices_of(settings).cost(told, answered) or ZERO
