"""Merge policies: what becomes of two devices' writes to one row. Pure values and pure functions.

`testing/vectors.json` holds cases that this file and the phone's overlay both pass.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from sync.clock import ZERO, At, after
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

State = dict[str, Any]
"""`merge_state`: LWW_FIELD field → [version, [wall, counter], device] · JOIN `sum` field → {device: its own total}."""

SERVER = "server"  # The device of a stamp that a server-side writer left.


@dataclass(frozen=True)
class Merged:
    """What to write: the columns that change, and the new merge state if it changes."""

    columns: dict[str, Any]
    state: State | None
    is_as_offered: bool  # Every offered value now stands as it was offered.


def merge_join(
    policy: Join, *, stored: Mapping[str, Any], state: State, offered: Mapping[str, Any], device: str
) -> Merged:
    """Join each offered field with the stored one. Commutative, associative, idempotent; nothing goes back."""
    columns: dict[str, Any] = {}
    new_state = dict(state)
    is_as_offered = True
    for name, value in offered.items():
        rule = policy.rules.get(name)
        before = stored.get(name)
        match rule:
            case None:
                joined = before
            case "sum":
                new_state[name] = _own_total(new_state.get(name), before, device=device, total=value)
                joined = sum(new_state[name].values())
            case _:
                joined = join_values(rule, before, value)
        if not same_value(joined, before):
            columns[name] = joined
        is_as_offered = is_as_offered and same_value(joined, value)
    return Merged(columns, None if new_state == state else new_state, is_as_offered)


def _own_total(totals: dict[str, int] | None, stored: int | None, *, device: str, total: int | None) -> dict[str, int]:
    """What each device says of itself; what the stored sum has above that, somebody wrote past the engine."""
    known = dict(totals or {})
    surplus = (stored or 0) - sum(known.values())
    if surplus > 0:
        known[SERVER] = known.get(SERVER, 0) + surplus
    return {**known, device: max(known.get(device, 0), total or 0)}


def join_values(rule: JoinRule, stored: Any, offered: Any) -> Any:
    """The least upper bound of two values; None is the bottom."""
    if stored is None and offered is None:
        return None
    if rule == "union":
        return sorted({*(stored or ()), *(offered or ())})
    if stored is None or offered is None:
        return offered if stored is None else stored
    match rule:
        case "greater" | "later":
            return max(stored, offered)
        case "smaller" | "earlier":
            return min(stored, offered)
        case "sum":
            raise ValueError("sums are kept a device, see merge_join")


def merge_lww(
    *,
    stored: Mapping[str, Any],
    state: State,
    offered: Mapping[str, Any],
    base: int | None,
    at: At,
    device: str,
    version: int,
) -> Merged:
    """Three-way per field: unchanged since `base`, the offer wins; else the later (at, device) does.

    A winner by base is stamped later than what it saw, whatever its clock says; else the order of arrival would decide
    between it and a third device. `version` is the stored row's; a change makes the next one.
    """
    columns: dict[str, Any] = {}
    new_state = dict(state)
    is_as_offered = True
    for name, value in offered.items():
        field_version, field_at, field_device = stamp_of(state, name)
        saw_it = base is not None and base >= field_version
        is_same = same_value(value, stored.get(name))
        if not saw_it and (at, device) <= (field_at, field_device):
            is_as_offered = is_as_offered and is_same
            continue
        new_at = max(at, after(field_at)) if saw_it else at
        new_state[name] = [field_version if is_same else version + 1, list(new_at), device]
        if not is_same:
            columns[name] = value
    return Merged(columns, None if new_state == state else new_state, is_as_offered)


def stamp_of(state: State, name: str) -> tuple[int, At, str]:
    """(version, at, device) of the field's last writer; a field that nobody stamped is as old as its row."""
    stamp = state.get(name)
    if stamp is None:
        return 1, ZERO, ""
    version, (wall_ms, counter), device = stamp
    return version, (wall_ms, counter), device


def stamps(names: Mapping[str, Any], *, at: At, device: str, version: int = 1) -> State:
    """The merge state of a row whose fields `names` were just written by `device`."""
    return {name: [version, list(at), device] for name in names}


def same_value(one: Any, other: Any) -> bool:
    """Equal as the wire would show them: instants to the millisecond, structs as plain values."""
    if one is other or one == other:
        return not (isinstance(one, bool) ^ isinstance(other, bool))
    return bool(_plain(one) == _plain(other))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        utc = value.astimezone(UTC)
        return utc.replace(microsecond=utc.microsecond // 1000 * 1000)
    return msgspec.to_builtins(value)
