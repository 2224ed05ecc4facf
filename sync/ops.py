"""Ops: what a phone asks for, as byte strings first and as structs second.

    body ──split_request──► envelope + raw ops ──read_op──► Sent (n, hash, Op or the fault that was found)

An op is a byte string: its hash is taken over its bytes as they stand in the body. Each is decoded alone, so that no op
can poison the rest. Nothing here knows a collection; `wishes.py` reads an op against the registry.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import msgspec

from sync import scan
from sync.errors import ExchangeError
from sync.files import FileWish

BODY_BYTES_MAX = 1_048_576
OPS_MAX = 500
OP_BYTES_MAX = 262_144
OP_DEPTH_MAX = 32
GROUP_OPS_MAX = 100
GROUP_BYTES_MAX = 262_144
AFTER_MAX = 100
BLOBS_MAX = 100
BATCH_ROWS_MAX = 500
BATCH_COLUMNS_MAX = 32
INTEGER_MAX = 2**53 - 1  # What a browser can hold exactly.
WALL_MS_MAX = 253_402_300_799_999  # The last millisecond of the year 9999.

Number = Annotated[int, msgspec.Meta(ge=1, le=INTEGER_MAX)]
WallMs = Annotated[int, msgspec.Meta(ge=0, le=WALL_MS_MAX)]
Counter = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]
At = tuple[WallMs, Counter]  # Wall milliseconds and a counter, compared in this order.
WireName = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"^[a-z][a-z0-9_.\-]*$")]
Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
GroupId = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
GroupSize = Annotated[int, msgspec.Meta(ge=1, le=GROUP_OPS_MAX)]
Mark = tuple[Annotated[int, msgspec.Meta(ge=0, le=INTEGER_MAX)], Annotated[str, msgspec.Meta(max_length=16)]]


# --- the request ------------------------------------------------------------------------------------------------


class Want(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the phone would like to have. `buckets` left out: as in the request before."""

    bytes: Annotated[int, msgspec.Meta(ge=1024, le=8_388_608)] = 65_536
    tier: Annotated[int, msgspec.Meta(ge=0, le=3)] = 3
    buckets: (
        Annotated[list[Annotated[str, msgspec.Meta(min_length=1, max_length=100)]], msgspec.Meta(max_length=200)] | None
    ) = None
    # Present, even empty: this client reads base files.
    files: Annotated[list[FileWish], msgspec.Meta(max_length=800)] | None = None


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """The request of one exchange without its ops. Unknown fields are ignored."""

    protocol: Annotated[int, msgspec.Meta(ge=1, le=1)] = 1
    schema: Annotated[int, msgspec.Meta(ge=0, le=INTEGER_MAX)] = 0
    device: UUID
    cursor: Annotated[str, msgspec.Meta(max_length=4096)] | None = None
    confirmed: Mark | None = None  # [n, hash of op n]: the receipts up to n are durable on the phone.
    want: Want = msgspec.field(default_factory=Want)
    check: Annotated[list[tuple[Annotated[str, msgspec.Meta(max_length=100)], int]], msgspec.Meta(max_length=800)] = []


class _Request(Envelope, frozen=True, kw_only=True):
    """A request that can be read as a whole: nearly every one."""

    ops: list[msgspec.Raw] = []


_ENVELOPE = msgspec.json.Decoder(Envelope)
_REQUEST = msgspec.json.Decoder(_Request)


def split_request(body: bytes) -> tuple[Envelope, list[bytes]]:
    """Cut a decoded request body into its envelope and the byte strings of its ops.

    Raises ExchangeError: 413 above the limits, 422 where the envelope is wrong or an op cannot even be delimited (with
    its `op_index`). Nothing else, whatever the bytes are.
    """
    if len(body) > BODY_BYTES_MAX:
        raise ExchangeError(
            413,
            "request.too_large",
            f"A request holds at most {BODY_BYTES_MAX} bytes; send fewer ops at once.",
            details={"max_bytes": BODY_BYTES_MAX},
        )
    found = _read_whole(body)
    return found if found is not None else _scan(body)


def _read_whole(body: bytes) -> tuple[Envelope, list[bytes]] | None:
    """The quick way; None where anything at all is unusual: then the scanner looks, and says what."""
    try:
        request = _REQUEST.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
    raw_ops = [bytes(raw) for raw in request.ops]
    is_usual = len(raw_ops) <= OPS_MAX and body.count(b'"ops"') == 1 and all(raw[:1] == b"{" for raw in raw_ops)
    return (request, raw_ops) if is_usual else None


def _scan(body: bytes) -> tuple[Envelope, list[bytes]]:
    start, end = _find_ops(body)
    raw_ops = _cut_ops(body, start) if end else []
    envelope = body[:start] + b"[]" + body[end:] if end else body
    try:
        return _ENVELOPE.decode(envelope), raw_ops
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise ExchangeError(422, "request.malformed", f"The request cannot be read: {error}") from error


def _find_ops(body: bytes) -> tuple[int, int]:
    """Where the value of `ops` lies; (0, 0) when there is none."""
    found = (0, 0)
    try:
        for key, start, end in scan.members(body):
            if key == b"ops":
                if found[1]:
                    raise ExchangeError(422, "request.malformed", "`ops` stands twice in the request.")
                found = (start, end)
    except scan.Undelimited as error:
        index = _undelimited_op(body)
        raise ExchangeError(
            422,
            "request.malformed",
            f"The request is no JSON object from byte {error.position} on.",
            details={} if index is None else {"op_index": index},
        ) from error
    if found[1] and body[found[0] : found[0] + 1] != b"[":
        raise ExchangeError(422, "request.malformed", "`ops` is an array of objects.")
    return found


def _undelimited_op(body: bytes) -> int | None:
    """Which op the scanner stumbles over, if it is one of the array `ops`."""
    opening = re.search(rb'"ops"\s*:\s*(?=\[)', body)
    if opening is None:
        return None
    index = 0
    try:
        for _ in scan.elements(body, opening.end()):
            index += 1
    except scan.Undelimited:
        return index
    return None


def _cut_ops(body: bytes, start: int) -> list[bytes]:
    raw_ops: list[bytes] = []
    try:
        for op_start, op_end in scan.objects(body, start):
            raw_ops.append(body[op_start:op_end])
    except scan.Undelimited as error:
        raise ExchangeError(
            422,
            "op.undelimited",
            f"Op {len(raw_ops)} of the request is no JSON object.",
            details={"op_index": len(raw_ops)},
        ) from error
    if len(raw_ops) > OPS_MAX:
        raise ExchangeError(
            413,
            "request.too_many_ops",
            f"A request holds at most {OPS_MAX} ops; send the rest with the next.",
            details={"max_ops": OPS_MAX},
        )
    return raw_ops


# --- one op -----------------------------------------------------------------------------------------------------


class Op(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", forbid_unknown_fields=True):
    """What every op carries."""

    n: Number
    schema: Annotated[int, msgspec.Meta(ge=0, le=INTEGER_MAX)] = 0  # The release it was made under.
    op: UUID | None = None  # Its identity, kept through renumbering; a create's is its record id.
    at: At | None = None  # The phone's claim of when; left out: when it arrives.
    group: tuple[GroupId, GroupSize] | None = None
    after: Annotated[list[UUID], msgspec.Meta(max_length=AFTER_MAX)] = []  # Identities of ops that come first.
    blobs: Annotated[list[Sha256], msgspec.Meta(max_length=BLOBS_MAX)] = []
    again: bool = False  # Renumbered after a fork: it may have been applied under another number.
    replaces: UUID | None = None  # The identity of a parked op that this one corrects.


class Create(Op, frozen=True, kw_only=True, tag="create"):
    collection: WireName
    id: UUID
    fields: msgspec.Raw = msgspec.Raw(b"{}")


class Patch(Op, frozen=True, kw_only=True, tag="patch"):
    collection: WireName
    id: UUID
    fields: msgspec.Raw
    base: Annotated[int, msgspec.Meta(ge=0, le=INTEGER_MAX)] | None = None  # The version that the person saw.


class Delete(Op, frozen=True, kw_only=True, tag="delete"):
    collection: WireName
    id: UUID
    base: Annotated[int, msgspec.Meta(ge=0, le=INTEGER_MAX)] | None = None  # The version that the person saw.


class Batch(Op, frozen=True, kw_only=True, tag="batch"):
    """Many creates or patches of one keyed collection. A column `at` counts milliseconds from the op's own `at`."""

    collection: WireName
    same: dict[str, Any] = {}
    columns: Annotated[list[WireName], msgspec.Meta(min_length=1, max_length=BATCH_COLUMNS_MAX)]
    rows: Annotated[list[list[Any]], msgspec.Meta(min_length=1, max_length=BATCH_ROWS_MAX)]


class Command(Op, frozen=True, kw_only=True, tag="command"):
    command: WireName
    args: msgspec.Raw = msgspec.Raw(b"{}")


class Void(Op, frozen=True, kw_only=True, tag="void"):
    """Uses its number for nothing: what stood here was set aside on the phone."""


AnyOp = Create | Patch | Delete | Batch | Command | Void

_OP = msgspec.json.Decoder(AnyOp)


@dataclass(frozen=True, slots=True)
class Sent:
    """One op as it came: its bytes, its number, and what it says or why that cannot be read."""

    raw: bytes
    hash: str  # The first 16 hexadecimal digits of SHA-256 over `raw`.
    n: int
    op: AnyOp | None
    fault: str | None = None
    group: tuple[str, int] | None = None
    identity_claimed: UUID | None = None  # Of an op that cannot be read, if its `op` (or a create's `id`) still can; …
    schema_claimed: int = 0  # … and the schema that it says it was made under.


def hash_of(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:16]


def read_op(raw: bytes, *, op_index: int) -> Sent:
    """Decode one op alone. A wrong one comes back with its fault. Raises ExchangeError 422 when it has no `n`."""
    try:
        op = _decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        return _read_malformed(raw, op_index=op_index, fault=str(error))
    return Sent(raw=raw, hash=hash_of(raw), n=op.n, op=op, group=op.group)


def _decode(raw: bytes) -> AnyOp:
    if len(raw) > OP_BYTES_MAX:
        raise ValueError(f"an op holds at most {OP_BYTES_MAX} bytes; this one has {len(raw)}")
    raw.decode()  # msgspec does not look into what it hands on as raw JSON.
    if raw.count(b"[") + raw.count(b"{") > OP_DEPTH_MAX and scan.depth(raw) > OP_DEPTH_MAX:
        raise ValueError(f"an op nests at most {OP_DEPTH_MAX} deep")
    op: AnyOp = _OP.decode(raw)
    if _SUSPECT.search(raw):
        _check_values(msgspec.json.decode(raw))
    return op


_SUSPECT = re.compile(rb"\\u0000|[0-9]{16}")


def _check_values(value: object) -> None:
    """Refuse what neither PostgreSQL nor a browser can hold: NUL in a text, whole numbers above 2^53."""
    match value:
        case str():
            if "\x00" in value:
                raise ValueError("a text holds a NUL character")
        case int() if abs(value) > INTEGER_MAX:
            raise ValueError(f"{value} is no whole number within 2^53")
        case list():
            for item in value:
                _check_values(item)
        case dict():
            for key, item in value.items():
                _check_values(key)
                _check_values(item)


def _read_malformed(raw: bytes, *, op_index: int, fault: str) -> Sent:
    number: int | None = None
    group: tuple[str, int] | None = None
    kind: str | None = None
    names: dict[bytes, UUID | None] = {}
    schema = 0
    try:
        for key, start, end in scan.members(raw):
            value = raw[start:end]
            if key == b"n" and re.fullmatch(rb"[1-9][0-9]{0,15}", value) and int(value) <= INTEGER_MAX:
                number = int(value)
            elif key == b"schema" and re.fullmatch(rb"[1-9][0-9]{0,15}", value):
                schema = int(value)
            elif key == b"group":
                group = _convert_or_none(value, tuple[GroupId, GroupSize])
            elif key == b"kind":
                kind = _convert_or_none(value, str)
            elif key in (b"op", b"id"):
                names[key] = _convert_or_none(value, UUID)
    except scan.Undelimited:
        pass  # What was found before it stands.
    if number is None:
        raise ExchangeError(
            422, "op.unnumbered", f"Op {op_index} of the request has no readable `n`.", details={"op_index": op_index}
        )
    created = names.get(b"id") if kind == "create" else None  # Of any other op it names a record that others name, too.
    return Sent(
        raw=raw,
        hash=hash_of(raw),
        n=number,
        op=None,
        fault=fault,
        group=group,
        identity_claimed=names.get(b"op") or created,
        schema_claimed=schema,
    )


def _convert_or_none(value: bytes, type_: Any) -> Any:  # Any: a type expression, and what it stands for
    try:
        return msgspec.json.decode(value, type=type_)
    except (msgspec.MsgspecError, RecursionError):
        return None
