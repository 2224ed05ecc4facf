"""The policies as laws, and as the vectors that the page passes, too. SPEC.md M."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sync.testing
from sync.clock import AHEAD_MAX_MS, ZERO, At, clamp
from sync.merge import (
    Append,
    ByField,
    Cas,
    Elements,
    Fsm,
    Join,
    Lww,
    LwwField,
    Merged,
    Place,
    Policy,
    State,
    Text,
    join_values,
    merge_join,
    merge_lww,
)
from sync.refusals import StateIllegal
from sync.testing.overlay import shown

VECTORS: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(sync.testing.__file__).parent / "vectors.json").read_text(encoding="utf-8")
)


def _named(kind: str) -> Any:
    return pytest.mark.parametrize("case", VECTORS[kind], ids=[case["name"] for case in VECTORS[kind]])


@_named("join")
def test_M2_join_vectors(case: dict[str, Any]):
    merged = merge_join(
        Join(case["rules"]), stored=case["stored"], state=case["state"], offered=case["offered"], device=case["device"]
    )

    assert _as_json(merged) == case["expect"]


@_named("lww")
def test_M3_lww_vectors(case: dict[str, Any]):
    merged = merge_lww(
        stored=case["stored"],
        state=case["state"],
        offered=case["offered"],
        base=case["base"],
        at=(case["at"][0], case["at"][1]),
        device=case["device"],
        version=case["version"],
    )

    assert _as_json(merged) == case["expect"]


@_named("overlay")
def test_M9_overlay_vectors(case: dict[str, Any]):
    rules = case["policy"].get("rules", {})
    kinds = {"lww": Lww(), "set": Elements(), "text": Text(), "list": Place(), "cas": Cas()}
    policies: dict[str, Policy] = {"append": Append(), "lww": LwwField(), "join": Join(rules)}
    if case["policy"]["kind"] == "fields":
        policies["fields"] = ByField({name: kinds[rule] for name, rule in rules.items()})

    assert shown(policies[case["policy"]["kind"]], case["row"], case["writes"]) == case["expect"]


def _as_json(merged: Merged) -> Any:
    return json.loads(
        json.dumps({"columns": merged.columns, "state": merged.state, "is_as_offered": merged.is_as_offered})
    )


# --- JOIN -------------------------------------------------------------------------------------------------------

NUMBERS = st.none() | st.integers(0, 5)
SETS = st.none() | st.lists(st.sampled_from("abc"), unique=True).map(sorted)
VALUES = st.one_of(
    *(st.tuples(st.just(rule), NUMBERS, NUMBERS, NUMBERS) for rule in ("greater", "smaller", "earlier", "later")),
    st.tuples(st.just("union"), SETS, SETS, SETS),
)


@given(VALUES)
def test_M2_joining_is_commutative_associative_and_idempotent(values: Any):
    rule, one, two, three = values

    assert join_values(rule, one, two) == join_values(rule, two, one)
    assert join_values(rule, join_values(rule, one, two), three) == join_values(
        rule, one, join_values(rule, two, three)
    )
    assert join_values(rule, one, one) == one


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(0, 50)), min_size=1, max_size=5))
def test_M2_a_sum_is_the_same_in_every_order_and_never_goes_back(totals: list[tuple[str, int]]):
    ends = set()
    for order in itertools.permutations(totals):
        row: dict[str, Any] = {"seconds": None}
        state: State = {}
        for device, total in [*order, order[0]]:
            merged = merge_join(
                Join({"seconds": "sum"}), stored=row, state=state, offered={"seconds": total}, device=device
            )
            assert merged.columns.get("seconds", row["seconds"] or 0) >= (row["seconds"] or 0)
            row, state = {**row, **merged.columns}, merged.state or state
        ends.add(row["seconds"])

    assert ends == {
        sum(max(total for owner, total in totals if owner == device) for device in {owner for owner, _ in totals})
    }


# --- LWW_FIELD --------------------------------------------------------------------------------------------------


class Cell:
    """One LWW field on the server."""

    def __init__(self, at: At = ZERO) -> None:
        self.value, self.version = "stored", 1
        self.state: State = {"value": [1, list(at), "server"]}

    def write(self, value: str, *, at: At, device: str, base: int | None) -> int:
        merged = merge_lww(
            stored={"value": self.value},
            state=self.state,
            offered={"value": value},
            base=base,
            at=at,
            device=device,
            version=self.version,
        )
        self.state = merged.state or self.state
        if merged.columns:
            self.value, self.version = merged.columns["value"], self.version + 1
        return self.version


@given(st.lists(st.tuples(st.integers(1, 5), st.sampled_from("abcd")), min_size=1, max_size=5, unique=True))
def test_M3_writes_that_did_not_see_each_other_end_alike_in_every_order(writes: list[tuple[int, str]]):
    ends = set()
    for order in itertools.permutations(writes):
        cell = Cell()
        for wall_ms, device in order:
            cell.write(f"{wall_ms}{device}", at=(wall_ms, 0), device=device, base=1)
        ends.add(cell.value)

    latest = max(writes)
    assert ends == {f"{latest[0]}{latest[1]}"}


@given(st.integers(1, 20), st.integers(1, 20), st.integers(1, 20))
def test_M3_who_saw_a_value_wins_over_it_wherever_a_third_device_comes_in(first: int, seeing: int, third: int):
    """Goal: all orders converge. Method: two saw the row as it was; the third saw the first one's write."""
    ends = set()
    for order in ("first seeing third", "first third seeing", "third first seeing"):
        cell, seen = Cell(), 0
        for who in order.split():
            if who == "first":
                seen = cell.write("first", at=(first, 0), device="b", base=1)
            elif who == "third":
                cell.write("third", at=(third, 0), device="a", base=1)
            elif cell.value == "first":  # It saw what it writes over, so it comes after it.
                cell.write("seeing", at=(seeing, 0), device="c", base=seen)
        ends.add(cell.value)

    if (third, "a") < (first, "b"):
        assert ends == {"seeing"}


@given(st.integers(0, 9), st.integers(0, 9))
def test_M3_what_a_patch_does_not_name_is_never_touched(stored_at: int, at: int):
    merged = merge_lww(
        stored={"name": "A", "locale": "en"},
        state={"locale": [1, [stored_at, 0], "b"]},
        offered={"name": "B"},
        base=None,
        at=(at, 0),
        device="a",
        version=1,
    )

    assert "locale" not in merged.columns


# --- clocks and machines ----------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 3)), max_size=30), st.integers(0, 10**6))
def test_M10_the_at_of_a_device_never_goes_back_and_never_runs_far_ahead(claims: list[At], now_ms: int):
    last = ZERO
    for claimed in claims:
        at = clamp(claimed, now_ms=now_ms, last=last)
        assert at > last
        assert at[0] <= now_ms + AHEAD_MAX_MS
        last = at


def test_M4_a_machine_says_from_which_states_a_move_is_legal():
    machine = Fsm("state", "open", {"submit": ("open", "paused")})

    machine.check("submit", "paused")
    with pytest.raises(StateIllegal, match="open, paused; the state is graded"):
        machine.check("submit", "graded")
