"""The cursor: where a phone stands and what it holds, as opaque text that the phone keeps for us.

It is a claim, never a right: what a phone may have is decided anew from the grants at each exchange. It is sealed
for its user, so that nobody can make one up and read bucket names off the answer; a broken seal is read as off the
chain. It is packed so that the parts that change from one mark to the next stand last, where a compressor finds the
rest again.

    version · flags · epoch · tag · head · coverage · wishes not granted · last cut · position · how far fills came ·
    seal
"""

import base64
import binascii
import hashlib
import hmac

import msgspec
from msgspec.structs import replace

VERSION = 1
TAG_BYTES = 8  # of the head's tag: enough to tell two chains apart
EPOCH_BYTES = 7
HASH_BYTES = 8
SEAL_BYTES = 8
TEXT_MAX = 4_096  # characters taken; what we write is about 2 KB at most
BUCKETS_MAX = 200
TAILS_MAX = 64  # Each brings a place of its own; with more, the cursor would outgrow its 2 KB.
TIERS = 4
NUMBER_MAX = 2**62

_OUTDATED, _FINAL, _TAILS = 1, 2, 4
_ABSENT, _FULL, _WAITING, _STARTED = 0, 1, 2, 3

Pair = tuple[int, int]  # (bucket's number, tier)


class BadCursor(ValueError):
    """Not a cursor of ours, or one of another format: read as off the chain."""


class Filling(msgspec.Struct, frozen=True):
    """Rows up to `bound` are on their way; those up to `position` have been sent.

    A tail begins above a base, which comes as files: its gone lines are sent, too, for the base may hold their rows.
    """

    bound: int
    position: int = 0
    is_tail: bool = False  # Its position is never 0.


class Cursor(msgspec.Struct, frozen=True):  # A page replaces one at each mark: a dataclass takes ten times as long.
    epoch: int
    head: int  # at which its page was read
    tag: bytes  # of that head: the chain is checked there, never at the position
    position: int  # increments up to here were sent
    last_cut: int
    is_outdated: bool = False  # All digests are due at the next cut.
    is_final: bool = False  # From a last line with more:false.
    coverage: dict[Pair, Filling | None] = {}  # None: full
    ungranted: tuple[int, ...] = ()  # Hashes of wanted names that were not granted.
    sealed: bytes = b""  # What came in the text: everything but the seal, …
    seal: bytes = b""  # … and the seal.

    @property
    def buckets(self) -> list[int]:
        return sorted({bucket for bucket, _ in self.coverage})

    @property
    def is_filling(self) -> bool:
        return any(state is not None for state in self.coverage.values())

    def to_text(self, key: bytes) -> str:
        """Sealed with the key of the user whose cursor it is."""
        return Writer(key).text(self)

    def is_sealed_with(self, key: bytes) -> bool:
        return hmac.compare_digest(self.seal, _seal(self.sealed, key))

    @staticmethod
    def from_text(text: str) -> "Cursor":
        """Raises BadCursor on what cannot be one of ours. Whether it is, `is_sealed_with` says."""
        if len(text) > TEXT_MAX:
            raise BadCursor(f"a cursor has at most {TEXT_MAX} characters")
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise BadCursor("not base64url") from error
        sealed, seal = raw[:-SEAL_BYTES], raw[-SEAL_BYTES:]
        return replace(unpack(sealed), sealed=sealed, seal=seal)


class Writer:
    """Writes the cursors of one page, which differ in little: packs anew only what may have changed."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._written: Cursor | None = None
        self._shape = b""
        self._flags = 0
        self._started: list[Pair] = []

    def text(self, cursor: Cursor) -> str:
        if not self._has_shape_of(cursor):
            self._started = _started(cursor.coverage)
            tails = _pack_tails(cursor.coverage, self._started)
            self._flags = bool(tails) * _TAILS
            self._shape = _pack_shape(cursor, tails)
        self._written = cursor
        flags = self._flags | cursor.is_outdated * _OUTDATED | cursor.is_final * _FINAL
        raw = bytes((VERSION, flags)) + self._shape + _pack_places(cursor, self._started)
        return base64.urlsafe_b64encode(raw + _seal(raw, self._key)).rstrip(b"=").decode()

    def forget(self) -> None:
        """A set of the coverage last written was changed in place, by more than how far its fill came."""
        self._written = None

    def _has_shape_of(self, cursor: Cursor) -> bool:
        before = self._written
        return (
            before is not None
            and cursor.coverage is before.coverage
            and (cursor.head, cursor.ungranted) == (before.head, before.ungranted)
        )


def _seal(raw: bytes, key: bytes) -> bytes:
    return hashlib.blake2b(raw, key=key, digest_size=SEAL_BYTES).digest()


# --- bytes ------------------------------------------------------------------------------------------------------


def _pack_shape(cursor: Cursor, tails: bytes) -> bytes:
    """All that stays the same from mark to mark, or nearly so."""
    out = bytearray(cursor.epoch.to_bytes(EPOCH_BYTES, "big"))
    out += cursor.tag[:TAG_BYTES] + cursor.head.to_bytes(8, "big")
    _pack_coverage(out, cursor.coverage)
    out += tails
    _number(out, len(cursor.ungranted))
    for hash_ in cursor.ungranted:
        out += (hash_ & (2**64 - 1)).to_bytes(HASH_BYTES, "big")
    return bytes(out)


def _pack_places(cursor: Cursor, started: list[Pair]) -> bytes:
    out = bytearray()
    _number(out, cursor.head - cursor.last_cut)
    _number(out, cursor.head - cursor.position)
    for pair in started:
        state = cursor.coverage[pair]
        assert state is not None
        _number(out, state.position)
    return bytes(out)


def _pack_tails(coverage: dict[Pair, Filling | None], started: list[Pair]) -> bytes:
    """One bit for each fill that has begun; nothing when none is a tail."""
    states = (coverage[pair] for pair in started)
    bits = sum(1 << place for place, state in enumerate(states) if state is not None and state.is_tail)
    return bits.to_bytes((len(started) + 7) // 8, "little") if bits else b""


def _started(coverage: dict[Pair, Filling | None]) -> list[Pair]:
    return sorted(pair for pair, state in coverage.items() if state is not None and state.position)


def unpack(raw: bytes) -> Cursor:
    reader = _Reader(raw)
    if reader.take(1)[0] != VERSION:
        raise BadCursor("another version")
    flags = reader.take(1)[0]
    epoch = int.from_bytes(reader.take(EPOCH_BYTES), "big")
    tag = reader.take(TAG_BYTES)
    head = int.from_bytes(reader.take(8), "big")
    coverage, started = _unpack_coverage(reader)
    tails = int.from_bytes(reader.take((len(started) + 7) // 8), "little") if flags & _TAILS else 0
    count = reader.number(most=BUCKETS_MAX)
    ungranted = tuple(int.from_bytes(reader.take(HASH_BYTES), "big", signed=True) for _ in range(count))
    last_cut = head - reader.number(most=head)
    position = head - reader.number(most=head)
    for place, (pair, bound) in enumerate(started):
        coverage[pair] = Filling(bound, reader.number(), bool(tails >> place & 1))
    reader.end()
    return Cursor(
        epoch, head, tag, position, last_cut, bool(flags & _OUTDATED), bool(flags & _FINAL), coverage, ungranted
    )


def _pack_coverage(out: bytearray, coverage: dict[Pair, Filling | None]) -> None:
    """Buckets by rising number: the step from the one before, two bits a tier; then the bounds of what is filling."""
    by_bucket: dict[int, list[int]] = {}
    bounds: list[int] = []
    for (bucket, tier), state in sorted(coverage.items()):
        states = by_bucket.setdefault(bucket, [_ABSENT] * TIERS)
        states[tier] = _FULL if state is None else _STARTED if state.position else _WAITING
        if state is not None:
            bounds.append(state.bound)
    _number(out, len(by_bucket))
    before = 0
    for bucket, states in by_bucket.items():
        _number(out, bucket - before)
        out.append(sum(state << 2 * tier for tier, state in enumerate(states)))
        before = bucket
    distinct = sorted(set(bounds))
    _number(out, len(distinct))
    for bound in distinct:
        _number(out, bound)
    if len(distinct) > 1:
        for bound in bounds:
            _number(out, distinct.index(bound))


def _unpack_coverage(reader: "_Reader") -> tuple[dict[Pair, Filling | None], list[tuple[Pair, int]]]:
    coverage: dict[Pair, Filling | None] = {}
    unfilled: list[tuple[Pair, int]] = []
    bucket = 0
    for _ in range(reader.number(most=BUCKETS_MAX)):
        bucket += reader.number(most=2**31)
        states = reader.take(1)[0]
        for tier in range(TIERS):
            state = states >> 2 * tier & 3
            if state != _ABSENT:
                coverage[bucket, tier] = None
            if state in (_WAITING, _STARTED):
                unfilled.append(((bucket, tier), state))
    distinct = [reader.number() for _ in range(reader.number(most=BUCKETS_MAX * TIERS))]
    if unfilled and not distinct:
        raise BadCursor("no bound")
    started: list[tuple[Pair, int]] = []
    for pair, state in unfilled:
        bound = distinct[reader.number(most=len(distinct) - 1) if len(distinct) > 1 else 0]
        coverage[pair] = Filling(bound)
        if state == _STARTED:
            started.append((pair, bound))
    return coverage, started


def _number(out: bytearray, value: int) -> None:
    """Seven bits a byte, low first."""
    assert value >= 0
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)


class _Reader:
    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._at = 0

    def take(self, count: int) -> bytes:
        piece = self._raw[self._at : self._at + count]
        if len(piece) != count:
            raise BadCursor("too short")
        self._at += count
        return piece

    def number(self, *, most: int = NUMBER_MAX) -> int:
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 127) << shift
            if byte < 128:
                break
            shift += 7
            if shift > 63:
                raise BadCursor("a number too long")
        if value > most:
            raise BadCursor("a number too large")
        return value

    def end(self) -> None:
        if self._at != len(self._raw):
            raise BadCursor("bytes left over")
