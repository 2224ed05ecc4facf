"""Compare: a phone and the log find out where they differ, and mend it in bytes proportional to the difference.

    the phone's sums ─► the snapshot's sums ─► decide (pure) ─► leaves, whole ─► the phone
                                                            └─► names of what else differs: asked next

Ids are sorted by their last byte, then the one before it: those are random in every kind of id. A prefix is that
path, as hexadecimal digits: `0a3f` are the ids that end in `…3f0a`, and its children are `0a3f00` to `0a3fff`. A sum is
the count and the XOR of the lines below a prefix, as in digests.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Annotated, NamedTuple, Protocol
from uuid import UUID

import msgspec

from sync import protocol
from sync.cursor import BadCursor, Cursor, Pair
from sync.digest import digest_text
from sync.errors import ExchangeError
from sync.pull import Asked, LogRow, Look, chain_of, held_buckets

BODY_BYTES_MAX = 262_144
ASKS_MAX = 256
CHILDREN_MAX = 256
ID_BYTES = 16
LEAF_ROWS = 8
NOTHING = "0:0000000000000000"
BLOCK_BYTES = 4_096

Prefix = str  # Two hexadecimal digits a byte, from the end of the id.
PrefixText = Annotated[str, msgspec.Meta(pattern=r"^(?:[0-9a-f]{2}){0,16}\Z")]
ChildText = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{2}\Z")]
SumText = Annotated[str, msgspec.Meta(pattern=r"^(?:0|[1-9][0-9]{0,9}):[0-9a-f]{16}\Z")]


class Ask(msgspec.Struct, frozen=True):
    """One prefix, and what the phone holds below each of its children; one that is not named is empty."""

    prefix: PrefixText
    sums: Annotated[dict[ChildText, SumText], msgspec.Meta(max_length=CHILDREN_MAX)] = {}


class CompareRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One (bucket, tier) that a phone compares. Unknown fields are ignored."""

    protocol: Annotated[int, msgspec.Meta(ge=1, le=1)] = 1
    device: UUID
    cursor: Annotated[str, msgspec.Meta(max_length=4096)]
    bucket: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    tier: Annotated[int, msgspec.Meta(ge=0, le=3)]
    bytes: Annotated[int, msgspec.Meta(ge=1024, le=8_388_608)] = 65_536
    ask: Annotated[list[Ask], msgspec.Meta(min_length=1, max_length=ASKS_MAX)]


class BranchSum(NamedTuple):
    """What the log holds below one prefix that has any lines."""

    prefix: Prefix
    rows: int
    digest: int
    bytes: int


class CompareSnapshot(Protocol):
    """A frozen view: every answer is of the same instant."""

    async def look(self, asked: Asked, *, with_all_totals: bool = False) -> Look: ...

    async def sums(self, pair: Pair, prefixes: Sequence[Prefix]) -> list[BranchSum]:
        """The sums of the children of these prefixes (0 to 15 bytes long); those without a line are left out."""

    async def below(self, pair: Pair, prefixes: Sequence[Prefix]) -> dict[Prefix, list[LogRow]]:
        """The live rows below each of these prefixes, in log order; a prefix without any may be left out."""


class CompareStore(Protocol):
    """Raises Outage when the store cannot answer."""

    def snapshot(self) -> AbstractAsyncContextManager[CompareSnapshot]: ...


@dataclass(frozen=True)
class Verdict:
    """What is sent whole, and what the phone is to ask for next."""

    leaves: list[Prefix] = field(default_factory=list)
    differ: list[Prefix] = field(default_factory=list)


@dataclass(frozen=True)
class Compared:
    """What one answer carries."""

    look: Look
    pair: Pair
    verdict: Verdict
    rows: Mapping[Prefix, Sequence[LogRow]]


_REQUEST = msgspec.json.Decoder(CompareRequest)


def read_compare(body: bytes) -> CompareRequest:
    """Raises ExchangeError: 413 above the limit, 422 for what cannot be read, a prefix asked twice among it."""
    if len(body) > BODY_BYTES_MAX:
        raise ExchangeError(
            413,
            "request.too_large",
            f"A comparison holds at most {BODY_BYTES_MAX} bytes; ask for fewer prefixes at once.",
            details={"max_bytes": BODY_BYTES_MAX},
        )
    try:
        request = _REQUEST.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise ExchangeError(422, "request.malformed", f"The comparison cannot be read: {error}") from error
    if len({ask.prefix for ask in request.ask}) < len(request.ask):
        raise ExchangeError(422, "request.malformed", "The comparison asks for a prefix twice.")
    return request


async def compare(store: CompareStore, request: CompareRequest, *, user_id: UUID) -> Compared:
    """Read one answer from one snapshot.

    Raises Outage, and ExchangeError: 404 `bucket.not_held` for what the caller does not hold, as if it did not exist;
    409 `cursor.off_chain` where the exchange must be asked first, `device.not_yours` for somebody else's device.
    """
    asked = _asked(request, user_id)
    async with store.snapshot() as snapshot:
        look = await snapshot.look(asked, with_all_totals=True)
        pair = _pair(request, asked, look)
        asks = {ask.prefix: ask for ask in request.ask}
        inner = [prefix for prefix in asks if len(prefix) < 2 * ID_BYTES]
        sums = await snapshot.sums(pair, inner) if inner else []
        verdict = decide(asks, sums, bytes_wanted=request.bytes)
        rows = await snapshot.below(pair, verdict.leaves) if verdict.leaves else {}
    return Compared(look, pair, verdict, rows)


def decide(asks: Mapping[Prefix, Ask], sums: Iterable[BranchSum], *, bytes_wanted: int) -> Verdict:
    """Which children differ, and which of them are sent whole: what is small, and what the phone holds nothing of.

    One small leaf is sent whatever its size, so that every answer gets on.
    """
    ours = {entry.prefix: entry for entry in sums}
    theirs = {prefix + child: text for prefix, ask in asks.items() for child, text in ask.sums.items()}
    verdict = Verdict()
    bytes_left = bytes_wanted
    for prefix in sorted(ours.keys() | theirs.keys() | {prefix for prefix in asks if len(prefix) == 2 * ID_BYTES}):
        is_whole_id = len(prefix) == 2 * ID_BYTES and prefix in asks  # The lines themselves are asked for.
        here = ours.get(prefix, BranchSum(prefix, 0, 0, 0))
        there = theirs.get(prefix, NOTHING)
        if digest_text(here.rows, here.digest) == there and not is_whole_id:
            continue
        is_small = here.rows <= LEAF_ROWS
        may_be_sent = is_small or there == NOTHING
        if may_be_sent and (here.bytes <= bytes_left or (is_small and not verdict.leaves)):
            verdict.leaves.append(prefix)
            bytes_left -= here.bytes
        else:
            verdict.differ.append(prefix)
    return verdict


def write_compared(compared: Compared, collections: Mapping[int, str], *, schema: int) -> Iterator[bytes]:
    """The whole answer, in blocks of whole leaves. `collections`: names by their number in the log."""
    look = compared.look
    total = look.totals.get(compared.pair)
    digest = NOTHING if total is None else digest_text(total.count, total.digest)
    block = [
        protocol.line(
            {
                "protocol": protocol.PROTOCOL,
                "schema": schema,
                "now": protocol.instant(look.now_ms),
                "head": look.head,
                "digest": digest,
            }
        )
    ]
    size = 0
    for prefix in compared.verdict.leaves:
        lines = _leaf(prefix, compared.rows.get(prefix, ()), collections)
        block += lines
        size += sum(map(len, lines))
        if size >= BLOCK_BYTES:
            yield b"".join(block)
            block, size = [], 0
    block.append(protocol.line({"differ": compared.verdict.differ}))
    yield b"".join(block)


def _leaf(prefix: Prefix, rows: Sequence[LogRow], collections: Mapping[int, str]) -> list[bytes]:
    lines = [protocol.line({"leaf": prefix})]
    above: int | None = None
    for row in rows:
        if row.collection != above:
            above = row.collection
            lines.append(protocol.line({"collection": collections[above]}))
        lines.append(row.line + b"\n")
    lines.append(protocol.line({"end": prefix}))
    return lines


def _asked(request: CompareRequest, user_id: UUID) -> Asked:
    """The request as a look at the log: what the cursor says is wanted, and hardly any row."""
    try:
        cursor = Cursor.from_text(request.cursor)
    except BadCursor as error:
        raise _off_chain() from error
    return Asked(user_id=user_id, device_id=request.device, cursor=cursor, tier=request.tier, bytes_wanted=0)


def _pair(request: CompareRequest, asked: Asked, look: Look) -> Pair:
    if chain_of(asked, look) == "off":
        raise _off_chain()
    if look.device is not None and look.device.user_id != asked.user_id:
        raise ExchangeError(409, "device.not_yours", "This device id belongs to somebody else; make a new one.")
    if look.device is not None and not look.device.is_live:
        raise _off_chain()  # The exchange wakes one that slept, and turns one away that was revoked.
    for bucket in held_buckets(asked, look)[0]:
        if bucket.name == request.bucket:
            return bucket.number, request.tier
    raise ExchangeError(
        404, "bucket.not_held", "There is nothing of this name to compare; ask the exchange what this phone holds."
    )


def _off_chain() -> ExchangeError:
    return ExchangeError(
        409, "cursor.off_chain", "This log does not know the cursor; ask the exchange first, then compare."
    )


# --- prefixes ---------------------------------------------------------------------------------------------------


def prefix_of(id_: UUID, length: int) -> Prefix:
    """The first `length` bytes of an id's path, 0 to 16."""
    return id_.bytes[::-1][:length].hex()


def ending_of(prefix: Prefix) -> bytes:
    """The bytes with which every id below a prefix ends."""
    return bytes.fromhex(prefix)[::-1]


def sums_by_prefix(lines: Iterable[tuple[UUID, int, int]], length: int) -> dict[Prefix, BranchSum]:
    """Sums of lines, each an id, its digest and its bytes, by the first `length` bytes of their path."""
    found: dict[Prefix, BranchSum] = {}
    for id_, digest, size in lines:
        prefix = prefix_of(id_, length)
        old = found.get(prefix, BranchSum(prefix, 0, 0, 0))
        found[prefix] = BranchSum(prefix, old.rows + 1, old.digest ^ digest, old.bytes + size)
    return found
