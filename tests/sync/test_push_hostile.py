"""Whatever a phone sends: applied, merged, a duplicate, waiting or parked. Never a bug. SPEC.md U10-U13."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.memory import MemoryStore, Tables
from sync.testing.lab import Lab
from sync.testing.phone import Pen, id_of
from sync.testing.sample import COLLECTIONS, PROFILES, PROGRESS, sample_registry

REGISTRY = sample_registry()
USER = id_of("user amina")
IDS = st.sampled_from(
    [
        id_of("a"),
        id_of("b"),
        PROFILES.derived_id({"user_id": USER}),
        PROGRESS.derived_id({"user_id": USER, "lesson_id": id_of("a")}),
    ]
).map(str)
INSTANTS = st.sampled_from(
    [
        "2026-11-21T08:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59.999999-14:00",
        "2026-02-30T00:00:00Z",
        "now",
    ]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False)
    | st.text(max_size=6)
    | IDS
    | INSTANTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=5,
)
FIELD_NAMES = sorted({name for collection in COLLECTIONS for name in collection.row.__struct_fields__})
FIELDS = st.dictionaries(st.sampled_from(FIELD_NAMES), VALUES, max_size=5)
COLLECTION_NAMES = st.sampled_from([*REGISTRY.collections, "no.such"])
AT = st.tuples(st.integers(0, 10**13), st.integers(0, 3)) | st.just((253_402_300_799_999, 1_000_000_000))
MORE = st.fixed_dictionaries(
    {"at": AT},
    optional={
        "op": IDS,
        "after": st.lists(IDS, max_size=2),
        "replaces": IDS,
        "again": st.booleans(),
        "schema": st.integers(0, 2),
        "group": st.tuples(st.just("g"), st.integers(1, 3)),
        "blobs": st.lists(st.just("ab" * 32), max_size=1),
    },
)
CREATE = st.fixed_dictionaries({"kind": st.just("create"), "collection": COLLECTION_NAMES, "id": IDS, "fields": FIELDS})
PATCH = st.fixed_dictionaries(
    {"kind": st.just("patch"), "collection": COLLECTION_NAMES, "id": IDS, "fields": FIELDS},
    optional={"base": st.integers(0, 3)},
)
BATCH = st.fixed_dictionaries(
    {
        "kind": st.just("batch"),
        "collection": COLLECTION_NAMES,
        "same": FIELDS,
        "columns": st.lists(st.sampled_from([*FIELD_NAMES, "at"]), min_size=1, max_size=2),
        "rows": st.lists(st.lists(VALUES, min_size=1, max_size=2), min_size=1, max_size=3),
    }
)
COMMAND = st.fixed_dictionaries(
    {
        "kind": st.just("command"),
        "command": st.sampled_from([*REGISTRY.mutators, "no.such"]),
        "args": st.dictionaries(
            st.sampled_from(["id", "attempt_id", "account_id", "amount", "text", "user_id"]), VALUES, max_size=4
        ),
    }
)
OPS = st.tuples(CREATE | PATCH | BATCH | COMMAND | st.just({"kind": "void"}), MORE).map(
    lambda parts: {**parts[0], **parts[1]}
)


@pytest.mark.slow
@given(st.lists(OPS, min_size=1, max_size=6))
@settings(max_examples=300)
async def test_U10_U13_no_op_that_a_phone_can_write_is_a_bug(ops: list[dict[str, Any]]):
    lab, pen = Lab(MemoryStore(Tables(REGISTRY)), REGISTRY), Pen()
    for op in ops:
        if op.get("args", {}).get("amount") != 13:  # The sample's own bug.
            pen.write(**op)
    pen.void()
    pen.void()

    answer = await lab.push(pen)

    assert answer.notices == []
    assert (await lab.push(pen)).receipts == answer.receipts
    await lab.wake()
