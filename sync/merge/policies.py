"""The policies a collection may declare. Data; what they do is in the files beside this one."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

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


# --- field by field ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Lww:
    """The field as in LWW_FIELD."""


@dataclass(frozen=True)
class Elements:
    """SET: texts that devices add and remove one by one; the later `at` stands, and of two alike the removal."""

    count_max: int = 1_000  # That are there; as many removals are remembered.
    length_max: int = 100  # Characters of one element.


@dataclass(frozen=True)
class Text:
    """TEXT: a patch says {"was", "now"}; both sides' words stay. `join` merges values that are no plain text.

    Where the column `marked_while_null` is set, nothing is marked: a change that overlaps another one becomes a
    conflict copy. So readers of what is published never see two versions of a sentence.
    """

    join: "TextJoin | None" = None
    marked_while_null: str | None = None
    length_max: int = 100_000  # Characters of the result, of a plain text.


@dataclass(frozen=True)
class Place:
    """LIST: where the row stands among its neighbours, a text that sorts; the later `at` stands."""


@dataclass(frozen=True)
class Cas:
    """CAS: written only by who saw the newest of all the row's CAS fields; else a conflict copy.

    And of the fields `also` (LWW, TEXT or LIST): who publishes a row has seen all that it says.
    """

    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Joined:
    """What a `TextJoin` answers: the value, and whether both sides changed the same piece of it."""

    value: Any
    is_overlapping: bool


TextJoin = Callable[[Any, Any, Any], Joined]  # (was, now, stored); may raise a Refusal
FieldRule = Lww | Elements | Text | Place | Cas


@dataclass(frozen=True)
class ByField:
    """Each field by a rule of its own. Needs `merge_state json`."""

    rules: Mapping[str, FieldRule]

    def of(self, kind: type[FieldRule]) -> tuple[str, ...]:
        return tuple(sorted(name for name, rule in self.rules.items() if isinstance(rule, kind)))


Policy = ByServer | Append | Join | LwwField | Fsm | ByField

Deletion = Literal["by_server", "delete_wins", "edit_wins"]
"""What a phone's `delete` does. by_server: nothing, it is refused · delete_wins: the row goes, late edits are parked ·
edit_wins: the row stays, or comes back, where another device edited it without knowing of the deletion."""
