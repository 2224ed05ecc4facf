"""Merge policies: what becomes of two devices' writes to one row. Pure values and pure functions."""

from dataclasses import dataclass, field
from typing import Any, Literal

JoinRule = Literal["greater", "smaller", "earlier", "later", "union"]


@dataclass(frozen=True)
class ByServer:
    """Phones send commands only; the row is the server's."""


@dataclass(frozen=True)
class Append:
    """Immutable once made."""


@dataclass(frozen=True)
class Join:
    """A lattice a field: never goes back, whatever the order. Fields without a rule are set on create and then stand."""

    rules: dict[str, JoinRule] = field(default_factory=dict)


@dataclass(frozen=True)
class LwwField:
    """Three-way per field against `base`; both changed: the later (at, device) wins. The table carries `merge_state json`."""


@dataclass(frozen=True)
class Fsm:
    """A phone may create the row in `initial` and then sends commands; a command is legal from the state of now, else parked."""

    column: str
    initial: str
    moves: dict[str, tuple[str, ...]] = field(default_factory=dict)  # event → states it is legal from


Policy = ByServer | Append | Join | LwwField | Fsm


def join_values(rule: JoinRule, stored: Any, offered: Any) -> Any:
    """The least upper bound of two values; None is the bottom."""
    if stored is None or offered is None:
        return offered if stored is None else stored
    match rule:
        case "greater" | "later":
            return max(stored, offered)
        case "smaller" | "earlier":
            return min(stored, offered)
        case "union":
            return sorted(set(stored) | set(offered))
