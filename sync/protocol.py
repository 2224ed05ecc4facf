"""The lines of an answer, as bytes. What a request looks like is in `ops.py`, beside the scanner that cuts it up."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from sync.receipts import PushAnswer, Receipt

PROTOCOL = 1
CONTENT_TYPE = "application/x-ndjson"
LINE_BYTES_MAX = 4_096  # of scope, joined, left, refused, reconcile, digests and receipts: each line of its own

NamedPair = tuple[str, int]  # (bucket's name, tier)
Digests = dict[str, dict[str, str]]  # bucket → tier → "count:digest"

_encode = msgspec.json.Encoder().encode


def line(value: Any) -> bytes:  # Any: whatever msgspec can encode
    return bytes(_encode(value)) + b"\n"


def first_line(
    answer: PushAnswer | None, *, schema: int, now_ms: int, watermark: tuple[int, str], **more: Any
) -> bytes:
    """`more`: `again` or `upgrade`."""
    fields: dict[str, Any] = {"protocol": PROTOCOL, "schema": schema, "now": instant(now_ms), "watermark": watermark}
    if answer is not None:
        if answer.error is not None:
            fields["error"] = answer.error
        if answer.expected is not None:
            fields["expected"] = answer.expected
        if answer.notices:
            fields["notices"] = answer.notices
    return line(fields | more)


def instant(ms: int) -> str:
    """Milliseconds since 1970 as `YYYY-MM-DDTHH:MM:SS.mmmZ`."""
    moment = datetime.fromtimestamp(ms // 1000, tz=UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


def receipt_lines(receipts: Sequence[Receipt]) -> list[bytes]:
    return _lines("receipts", receipts)


def pair_lines(name: str, pairs: Iterable[NamedPair]) -> list[bytes]:
    """`joined`, `left` or `reconcile`."""
    return _lines(name, pairs)


def pair_chunks(pairs: Sequence[NamedPair]) -> list[Sequence[NamedPair]]:
    """Cut so that each part makes one line of at most LINE_BYTES_MAX."""
    chunks: list[Sequence[NamedPair]] = []
    start = size = 0
    for place, (bucket, _) in enumerate(pairs):
        size += len(bucket) + 6
        if size > LINE_BYTES_MAX - 64:
            chunks.append(pairs[start:place])
            start, size = place, len(bucket) + 6
    if pairs:
        chunks.append(pairs[start:])
    return chunks


def scope_lines(entries: Iterable[dict[str, Any]]) -> list[bytes]:
    return _lines("scope", entries)


def refused_lines(names: Iterable[str]) -> list[bytes]:
    return _lines("refused", names)


def digest_lines(digests: Digests) -> list[bytes]:
    """All but what fits the line that follows; merged by the phone into the next cut."""
    lines: list[bytes] = []
    part: Digests = {}
    size = 0
    for bucket, tiers in digests.items():
        part[bucket] = tiers
        size += len(bucket) + 40 * len(tiers) + 8
        if size > LINE_BYTES_MAX - 256:
            lines.append(line({"digests": part}))
            part, size = {}, 0
    if part:
        lines.append(line({"digests": part}))
    return lines


def heading(bucket: str, collection: str, tier: int) -> bytes:
    """Without its line end. The tier is named, so that a phone can file rows of a collection that it does not know."""
    return bytes(_encode({"bucket": bucket, "collection": collection, "tier": tier}))


def mark_line(cursor: str) -> bytes:
    return b'{"mark":{"cursor":"' + cursor.encode() + b'"}}\n'


def cut_line(cursor: str, *, settled: int, digests: Digests) -> bytes:
    return line({"mark": {"cursor": cursor, "cut": {"settled": settled, "digests": digests}}})


def last_line(cursor: str, *, more: bool, settled: int | None, digests: Digests) -> bytes:
    fields: dict[str, Any] = {"cursor": cursor, "more": more}
    if settled is not None:
        fields["settled"] = settled
    if digests:
        fields["digests"] = digests
    return line(fields)


def _lines(name: str, entries: Iterable[Any]) -> list[bytes]:
    """`{name: […]}` as often as needed, each within LINE_BYTES_MAX."""
    lines: list[bytes] = []
    part: list[bytes] = []
    size = 0
    for entry in entries:
        encoded = _encode(entry)
        if part and size + len(encoded) > LINE_BYTES_MAX - 64:
            lines.append(_joined(name, part))
            part, size = [], 0
        part.append(encoded)
        size += len(encoded) + 1
    if part:
        lines.append(_joined(name, part))
    return lines


def _joined(name: str, part: list[bytes]) -> bytes:
    return b'{"' + name.encode() + b'":[' + b",".join(part) + b"]}\n"
