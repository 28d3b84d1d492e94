"""What may be spent on models, at which prices, and what was spent. Prices are the team's to say: lists of them age."""

import math
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from schemas.errors import BudgetSpent, SettingsError

_BUDGET = re.compile(r"\s*(\d+(?:[.,]\d+)?)\s*([kKmM]?)\s*(usd|\$|tokens?)\s*", re.IGNORECASE)
_SCALE = {"": 1, "k": 10**3, "m": 10**6}


@dataclass(frozen=True, slots=True)
class Prices:
    """What a million tokens cost, in US dollars; 0 where nobody said."""

    input_usd: float = 0.0
    output_usd: float = 0.0

    def cost_usd(self, prompt_tokens: int, answer_tokens: int) -> float:
        """What a question and its answer cost."""
        return (prompt_tokens * self.input_usd + answer_tokens * self.output_usd) / 1e6


@dataclass(frozen=True, slots=True)
class Amount:
    """Tokens in and out, and US dollars: what may be spent, or what was."""

    tokens: float = 0.0
    usd: float = 0.0


@dataclass(frozen=True, slots=True)
class Spending:
    """What was asked and what it cost: questions paid for and known before, tokens, US dollars (0 without prices)."""

    asked_count: int = 0
    cached_count: int = 0
    prompt_tokens: int = 0
    answer_tokens: int = 0
    spent_usd: float = 0.0


UNLIMITED = Amount(math.inf, math.inf)


def read_budget(text: str, prices: Prices) -> Amount:
    """A budget such as `5usd`, `2M tokens` or `800k tokens`; empty is no limit.

    Raises:
        SettingsError: not of that form, or in dollars where no prices are set.
    """
    if not text.strip():
        return UNLIMITED
    said = _BUDGET.fullmatch(text)
    if said is None:
        raise SettingsError(f"{text[:40]!r} is no budget. Write `5usd`, `2M tokens` or `800k tokens`.")
    amount = float(said[1].replace(",", ".")) * _SCALE[said[2].lower()]
    if said[3].lower().startswith("token"):
        return Amount(amount, math.inf)
    if not (prices.input_usd or prices.output_usd):
        raise SettingsError(
            "A budget in dollars needs prices: set MOMUS_MODEL_INPUT_USD and MOMUS_MODEL_OUTPUT_USD, for a million tokens."
        )
    return Amount(math.inf, amount)


class Purse:
    """Counts what is spent and holds back what questions under way may still cost. Used by several threads at once."""

    def __init__(self, prices: Prices, budget: Amount = UNLIMITED, *, spent: Amount = Amount()) -> None:
        """Take a budget, and what was `spent` of it before."""
        self.prices = prices
        self._asked_count, self._prompt_tokens, self._answer_tokens, self._usd = 0, 0, 0, 0.0
        self._budget, self._spent, self._held = budget, spent, Amount()
        self._lock = threading.Lock()

    @contextmanager
    def held(self, prompt_tokens: int, answer_tokens: int) -> Iterator[None]:
        """Hold back what a question is expected to cost, as long as it is under way; see `hold`."""
        self.hold(prompt_tokens, answer_tokens)
        try:
            yield
        finally:
            self.release(prompt_tokens, answer_tokens)

    def hold(self, prompt_tokens: int, answer_tokens: int) -> None:
        """Hold back what a question is expected to cost.

        Raises:
            BudgetSpent: it would exceed the budget, together with all that is spent and held back.
        """
        tokens, usd = prompt_tokens + answer_tokens, self.prices.cost_usd(prompt_tokens, answer_tokens)
        with self._lock:
            all_tokens = self._spent.tokens + self._held.tokens + tokens
            all_usd = self._spent.usd + self._held.usd + usd
            if all_tokens > self._budget.tokens or all_usd > self._budget.usd:
                raise BudgetSpent
            self._held = Amount(self._held.tokens + tokens, self._held.usd + usd)

    def release(self, prompt_tokens: int, answer_tokens: int) -> None:
        """Give back what was held for a question that is answered or given up."""
        tokens, usd = prompt_tokens + answer_tokens, self.prices.cost_usd(prompt_tokens, answer_tokens)
        with self._lock:
            self._held = Amount(self._held.tokens - tokens, self._held.usd - usd)

    def spend(self, prompt_tokens: int, answer_tokens: int) -> float:
        """Count an answer that the endpoint charged for; returns what it cost in US dollars, 0 without prices."""
        usd = self.prices.cost_usd(prompt_tokens, answer_tokens)
        with self._lock:
            self._asked_count += 1
            self._prompt_tokens += prompt_tokens
            self._answer_tokens += answer_tokens
            self._usd += usd
            self._spent = Amount(self._spent.tokens + prompt_tokens + answer_tokens, self._spent.usd + usd)
        return usd

    def left(self) -> Amount:
        """What may still be spent."""
        with self._lock:
            return Amount(self._budget.tokens - self._spent.tokens, self._budget.usd - self._spent.usd)

    def spending(self, cached_count: int = 0) -> Spending:
        """What was spent by this purse, without what was spent before."""
        with self._lock:
            return Spending(self._asked_count, cached_count, self._prompt_tokens, self._answer_tokens, self._usd)
