"""JOIN: a lattice a field. Nothing goes back, whatever the order."""

from collections.abc import Mapping
from typing import Any

from sync.merge.policies import Join, JoinRule
from sync.merge.values import SERVER, Merged, State, same_value


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
