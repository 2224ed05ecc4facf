"""Cutting a request apart and reading ops one by one, whatever the bytes are. SPEC.md U12."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sync import scan
from sync.errors import ExchangeError
from sync.ops import BODY_BYTES_MAX, OP_BYTES_MAX, OP_DEPTH_MAX, OPS_MAX, hash_of, read_op, split_request

DEVICE = "0198f2a0-0000-7000-8000-000000000001"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=6), JSON, max_size=4)


def request(*ops: bytes, **envelope: Any) -> bytes:
    head = json.dumps({"protocol": 1, "device": DEVICE, **envelope})[:-1].encode()
    return head + b',"ops":[' + b" ,\n".join(ops) + b"]}"


def status_of(read: Callable[[], object]) -> int:
    """200, or what the exchange error says; whatever else is raised comes through."""
    try:
        read()
    except ExchangeError as error:
        return error.status
    return 200


@given(st.lists(OBJECTS, max_size=6), st.sampled_from([True, False]), st.sampled_from([None, 1, "\t"]))
def test_U12_what_was_put_into_a_request_comes_out_of_it_byte_for_byte(ops: list[Any], ascii_only: Any, indent: Any):
    raw_ops = [json.dumps(op, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "surrogatepass") for op in ops]

    envelope, cut = split_request(request(*raw_ops, schema=7))

    assert cut == raw_ops
    assert envelope.schema == 7


@given(st.lists(OBJECTS, max_size=6), st.sampled_from([None, 1, "\t"]))
def test_U12_the_quick_way_and_the_scanner_cut_alike(ops: list[Any], indent: Any):
    raw_ops = [json.dumps(op, indent=indent).encode() for op in ops]
    broken = b'{"n":1,"text":"\\ud800"}'

    _, quickly = split_request(request(*raw_ops))
    _, slowly = split_request(request(*raw_ops, broken))  # The broken one makes the whole undecodable.

    assert [*quickly, broken] == slowly


@given(st.binary(max_size=200))
@example(b'{"ops":[{"a":"\\')
@example(b'{"ops":[' + b"[" * 150 + b"]}")
@example(b'{"device":"x","ops":[1]}')
def test_U12_no_bytes_at_all_make_anything_but_an_exchange_error(body: bytes):
    assert status_of(lambda: split_request(body)) in (200, 413, 422)


@given(st.binary(max_size=60), st.integers(0, 400), st.integers(0, 20))
def test_U12_a_request_broken_anywhere_is_refused_or_read_but_never_more(noise: bytes, place: int, cut_away: int):
    body = request(b'{"n":1,"kind":"void"}', b'{"n":2,"kind":"command","command":"a.b","args":{"x":"\\u00e9"}}')
    broken = body[:place] + noise + body[place + cut_away :]

    def read() -> None:
        for index, raw in enumerate(split_request(broken)[1]):
            read_op(raw, op_index=index)

    assert status_of(read) in (200, 413, 422)


@given(st.binary(max_size=120))
def test_U12_no_op_at_all_makes_anything_but_a_fault_or_an_exchange_error(inside: bytes):
    raw = b'{"n":5,' + inside + b"}"

    assert status_of(lambda: read_op(raw, op_index=0)) in (200, 422)


@pytest.mark.parametrize(
    ("op", "fault"),
    [
        (b'{"n":3,"kind":"void","op":"\\ud800"}', "truncated"),
        (b'{"n":3,"kind":"command","command":"a.b","args":{"t":"a\\u0000b"}}', "NUL"),
        (b'{"n":3,"kind":"command","command":"a.b","args":{"t":"\xff"}}', "utf-8"),
        (b'{"n":3,"kind":"command","command":"a.b","args":{"t":9007199254740993}}', "2\\^53"),
        (b'{"n":3,"kind":"leap"}', "leap"),
        (b'{"n":3,"kind":"void","colour":"red"}', "colour"),
        (b'{"n":3,"kind":"void","at":[1.5,0]}', "float"),
        (b'{"n":3,"kind":"void","group":["g",101]}', "100"),
        (b'{"n":3,"kind":"void","after":["x"]}', "UUID"),
        (b'{"n":3,"kind":"command","command":"a.b","args":' + b"[" * 40 + b"]" * 40 + b"}", f"{OP_DEPTH_MAX} deep"),
        (b'{"n":3,"kind":"command","command":"a.b","args":"' + b"x" * OP_BYTES_MAX + b'"}', "bytes"),
    ],
)
def test_U12_each_kind_of_fault_is_found_and_named(op: bytes, fault: str):
    sent = read_op(op, op_index=0)

    assert sent.op is None
    assert sent.n == 3
    assert sent.fault is not None
    with pytest.raises(AssertionError, match=fault):
        raise AssertionError(sent.fault)


def test_U12_a_broken_op_still_tells_its_group_and_identity():
    sent = read_op(b'{"n":3,"op":"%s","group":["g",2],"bad":"\xff"}' % DEVICE.encode(), op_index=0)

    assert sent.group == ("g", 2)
    assert str(sent.identity_claimed) == DEVICE


def test_U12_an_op_that_cannot_be_delimited_is_named_by_its_place():
    with pytest.raises(ExchangeError) as refused:
        split_request(b'{"device":"%s","ops":[{"n":1},{"n":2},{"n":"3]}' % DEVICE.encode())

    assert (refused.value.status, refused.value.details) == (422, {"op_index": 2})


def test_U12_a_request_has_limits_of_bytes_and_ops():
    with pytest.raises(ExchangeError) as too_many:
        split_request(request(*[b'{"n":1}'] * (OPS_MAX + 1)))
    with pytest.raises(ExchangeError) as too_large:
        split_request(request(b'{"n":"' + b"x" * BODY_BYTES_MAX + b'"}'))

    assert (too_many.value.status, too_many.value.details) == (413, {"max_ops": OPS_MAX})
    assert (too_large.value.status, too_large.value.details) == (413, {"max_bytes": BODY_BYTES_MAX})


def test_U12_the_hash_is_taken_over_the_bytes_as_they_stand():
    raw = b'{ "n": 1, "kind": "void", "op": "0198f2a0-0000-7000-8000-000000000001" }'

    assert read_op(raw, op_index=0).hash == hash_of(raw) == hashlib.sha256(raw).hexdigest()[:16]


@given(JSON)
def test_U12_depth_is_counted_without_looking_into_strings(value: Any):
    def deep(inner: Any) -> int:
        children = inner.values() if isinstance(inner, dict) else inner if isinstance(inner, list) else None
        return 0 if children is None else 1 + max(map(deep, children), default=0)

    assert scan.depth(msgspec.json.encode(value)) == deep(value)
