"""Money: integer minor units and an ISO 4217 currency, together. No floats."""

from dataclasses import dataclass
from typing import Self

MINOR_PER_MAJOR = {"UZS": 100, "USD": 100, "IDR": 100, "RUB": 100, "EUR": 100}


class MixedCurrencies(ValueError):
    """Two currencies cannot be added."""


@dataclass(frozen=True, order=False)
class Money:
    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        if self.currency not in MINOR_PER_MAJOR:
            raise ValueError(f"currency {self.currency!r} is not one of {', '.join(sorted(MINOR_PER_MAJOR))}")

    def __add__(self, other: Self) -> "Money":
        if self.currency != other.currency:
            raise MixedCurrencies(f"{self.currency} + {other.currency}")
        return Money(self.amount_minor + other.amount_minor, self.currency)
