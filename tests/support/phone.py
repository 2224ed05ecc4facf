"""A phone that follows the protocol and nothing else, for journeys over HTTP.

It holds what it was sent by bucket, shows what a cut shows, and keeps its ops as bytes until their receipt.
"""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from server.base.ids import new_id

EXCHANGES_MAX = 200

Line = tuple[str, str, list[Any]]  # bucket, collection, [version, row or id]


@dataclass
class Phone:
    client: httpx.AsyncClient
    device: str = field(default_factory=lambda: str(new_id()))
    want: list[str] = field(default_factory=list)
    cursor: str | None = None
    confirmed: tuple[int, str] | None = None
    queue: list[bytes] = field(default_factory=list)  # numbered, not yet received
    n: int = 0
    receipts: dict[int, dict[str, Any]] = field(default_factory=dict)
    rows: dict[tuple[str, str], dict[str, dict[str, Any]]] = field(
        default_factory=dict
    )  # (bucket, collection) → id → row
    scope: dict[str, dict[str, Any]] = field(default_factory=dict)
    left: list[Any] = field(default_factory=list)
    raw: bytes = b""  # every byte ever received, to search for what must not be there

    # --- wishes ---------------------------------------------------------------------------------------------------

    def command(self, name: str, args: dict[str, Any], **more: Any) -> int:
        return self._queue({"kind": "command", "command": name, "args": args, "op": str(new_id()), **more})

    def create(self, collection: str, id_: UUID | str, fields: dict[str, Any], **more: Any) -> int:
        return self._queue({"kind": "create", "collection": collection, "id": str(id_), "fields": fields, **more})

    def patch(self, collection: str, id_: UUID | str, fields: dict[str, Any], **more: Any) -> int:
        op = {"kind": "patch", "collection": collection, "id": str(id_), "fields": fields, "op": str(new_id()), **more}
        return self._queue(op)

    def _queue(self, op: dict[str, Any]) -> int:
        self.n += 1
        op = {"n": self.n, "schema": 1, **op, "at": [self.n, 0]}
        self.queue.append(json.dumps(op, separators=(",", ":"), ensure_ascii=False).encode())
        return self.n

    # --- the exchange ---------------------------------------------------------------------------------------------

    def body(self, ops: list[bytes] | None = None) -> bytes:
        """The request as bytes: ops are spliced in as they are, never written anew."""
        head: dict[str, Any] = {
            "protocol": 1,
            "schema": 1,
            "device": self.device,
            "cursor": self.cursor,
            "want": {"bytes": 262144, "tier": 3, "buckets": self.want},
        }
        if self.confirmed:
            head["confirmed"] = list(self.confirmed)
        encoded = json.dumps(head, separators=(",", ":")).encode()
        return encoded[:-1] + b',"ops":[' + b",".join(self.queue if ops is None else ops) + b"]}"

    async def post(self, body: bytes) -> httpx.Response:
        return await self.client.post("/api/v1/sync", content=body, headers={"content-type": "application/json"})

    async def exchange(self) -> bool:
        """One round trip; True when there is more to come."""
        answer = await self.post(self.body())
        if answer.status_code == 204:
            return False
        assert answer.status_code == 200, answer.text
        return self.apply(answer.content)

    async def sync(self) -> None:
        """Exchange until nothing is left to send or to receive."""
        for _ in range(EXCHANGES_MAX):
            if not await self.exchange() and not self.queue:
                return
        raise AssertionError("the phone never comes to rest")

    def apply(self, answer: bytes) -> bool:
        self.raw += answer
        bucket = collection = ""
        more = True
        for text in answer.splitlines():
            line = json.loads(text)
            match line:
                case [int(), dict() as row]:
                    self.rows.setdefault((bucket, collection), {})[row["id"]] = row
                case [int(), str() as gone]:
                    self.rows.get((bucket, collection), {}).pop(gone, None)
                case {"bucket": bucket, "collection": collection}:
                    pass
                case _:
                    more = self._control(line, more=more)
        return more

    def _control(self, line: dict[str, Any], *, more: bool) -> bool:
        for receipt in line.get("receipts", []):
            self.receipts[receipt["n"]] = receipt
        for entry in line.get("scope", []):
            self.scope[f"{entry['bucket']}/{entry['tier']}"] = entry
        for bucket, _tier in line.get("left", []):
            self.left.append(bucket)
            for key in [key for key in self.rows if key[0] == bucket]:
                del self.rows[key]
        if watermark := line.get("watermark"):
            n = watermark[0]
            if n:
                self.confirmed = (n, watermark[1])
            self.queue = [op for op in self.queue if json.loads(op)["n"] > n]
        if mark := line.get("mark"):
            self.cursor = mark["cursor"]
        if "cursor" in line:
            self.cursor = line["cursor"]
            return bool(line["more"])
        return more

    # --- looking --------------------------------------------------------------------------------------------------

    def all(self, collection: str) -> dict[str, dict[str, Any]]:
        """Rows of a collection, whatever bucket they came in."""
        found: dict[str, dict[str, Any]] = {}
        for (_bucket, name), rows in self.rows.items():
            if name == collection:
                found |= rows
        return found

    def outcome(self, n: int) -> str:
        receipt = self.receipts[n]
        return receipt.get("code") or str(receipt["outcome"])

    def digest(self, bucket: str, tier_of: dict[str, int], tier: int) -> int:
        """XOR of the first 64 bits of MD5 over each row as compact JSON; for comparing two phones."""
        total = 0
        for (name, collection), rows in self.rows.items():
            if name == bucket and tier_of[collection] == tier:
                for row in rows.values():
                    line = json.dumps(row, separators=(",", ":"), ensure_ascii=False).encode()
                    total ^= int.from_bytes(hashlib.md5(line, usedforsecurity=False).digest()[:8])
        return total
