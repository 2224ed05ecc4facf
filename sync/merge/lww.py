"""LWW: three-way per field against `base`; where both changed, the later (at, device) stands."""

from collections.abc import Mapping
from typing import Any

from sync.clock import ZERO, At, after
from sync.merge.values import Merged, State, same_value


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
