"""The policies a collection may declare. Data; what they do is in the files beside this one."""

import dataclasses
from dataclasses import dataclass
from typing import Literal

from sync.refusals import StateIllegal

JoinRule = Literal["greater", "smaller", "earlier", "later", "union", "sum"]


@dataclass(frozen=True)
class ByServer:
    """Phones send commands only; the row is the server's."""


@dataclass(frozen=True)
class Append:
    """Immutable once made."""


@dataclass(frozen=True)
class Join:
    """A lattice a field: never goes back, whatever the order. Fields without a rule are set on create and then stand.

    `sum` adds up what each device says of itself (a phone sends its own total); the table carries `merge_state json`.
    """

    rules: dict[str, JoinRule] = dataclasses.field(default_factory=dict)

    @property
    def keeps_state(self) -> bool:
        return "sum" in self.rules.values()


@dataclass(frozen=True)
class LwwField:
    """Three-way per field against `base`; both changed: the later (at, device) wins. Needs `merge_state json`."""


@dataclass(frozen=True)
class Fsm:
    """A phone may create the row in `initial`, then sends commands: legal from the state of now, or parked."""

    field: str
    initial: str
    moves: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)  # event → states it is legal from

    def check(self, event: str, state: str) -> None:
        """Raises StateIllegal when `event` may not happen in `state`. For the mutators of the events."""
        legal_from = self.moves[event]
        if state not in legal_from:
            raise StateIllegal(f"`{event}` is possible in {', '.join(legal_from)}; the state is {state}.")


Policy = ByServer | Append | Join | LwwField | Fsm
