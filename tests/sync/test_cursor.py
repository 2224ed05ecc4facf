"""C rules: the cursor is opaque, small, sealed, and survives anything that is sent in its place."""

import base64
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sync.cursor import BUCKETS_MAX, TAILS_MAX, TEXT_MAX, BadCursor, Cursor, Filling

KEY = b"a key of the user's"
POSITIONS = st.integers(0, 2**48)

states = st.one_of(
    st.none(),
    st.builds(Filling, POSITIONS, POSITIONS),
    st.builds(Filling, POSITIONS, st.integers(1, 2**48), st.just(True)),
)
pairs = st.tuples(st.integers(1, 2**31 - 1), st.integers(0, 3))


@st.composite
def cursors(draw: st.DrawFn) -> Cursor:
    head = draw(POSITIONS)
    return Cursor(
        epoch=draw(st.integers(0, 2**52)),
        head=head,
        tag=draw(st.binary(min_size=8, max_size=8)),
        position=draw(st.integers(0, head)),
        last_cut=draw(st.integers(0, head)),
        is_outdated=draw(st.booleans()),
        is_final=draw(st.booleans()),
        coverage=draw(st.dictionaries(pairs, states, max_size=20)),
        ungranted=tuple(draw(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=5))),
    )


@given(cursor=cursors())
def test_C1_a_cursor_is_read_as_it_was_written(cursor: Cursor) -> None:
    read = Cursor.from_text(cursor.to_text(KEY))

    assert replace(read, sealed=b"", seal=b"") == cursor
    assert read.is_sealed_with(KEY)
    assert not read.is_sealed_with(b"somebody else's")


@given(cursor=cursors(), place=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_C2_a_changed_byte_is_never_taken_for_ours(cursor: Cursor, place: int, flip: int) -> None:
    text = cursor.to_text(KEY)
    raw = bytearray(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    raw[place % len(raw)] ^= flip

    try:
        read = Cursor.from_text(base64.urlsafe_b64encode(bytes(raw)).decode().rstrip("="))
    except BadCursor:
        return
    assert not read.is_sealed_with(KEY)


@given(text=st.one_of(st.text(max_size=200), st.binary(max_size=100).map(lambda raw: raw.hex())))
def test_C2_anything_else_is_refused_and_nothing_worse(text: str) -> None:
    with suppress(BadCursor):
        assert not Cursor.from_text(text).is_sealed_with(KEY)


def test_C2_a_cursor_beyond_the_limit_is_not_even_unpacked() -> None:
    with pytest.raises(BadCursor):
        Cursor.from_text("A" * (TEXT_MAX + 1))


def test_C3_two_hundred_buckets_fit_two_kilobytes() -> None:
    coverage = {(bucket * 50, tier): Filling(2**40) for bucket in range(BUCKETS_MAX) for tier in range(4)}
    coverage |= {(bucket * 50, 0): None for bucket in range(BUCKETS_MAX)}
    coverage |= {(bucket * 50, 2): Filling(2**40, 2**40 - 9, is_tail=True) for bucket in range(TAILS_MAX)}

    text = Cursor(2**50, 2**40, b"12345678", 2**40 - 5, 2**40 - 900, coverage=coverage).to_text(KEY)

    assert len(text) <= 2_048
