"""A phone that follows the protocol and nothing else, for journeys over HTTP.

It holds what it was sent, shows a cut whose digests agree, compares what does not, and keeps its ops as bytes until
their receipt; then in its journal, from which it gives back what a restored server has lost.
"""

import json
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from server.base.ids import new_id
from sync.ops import hash_of
from sync.testing.comparing import Comparison
from tests.support.phone_rows import Pair, PhoneRows

EXCHANGES_MAX = 200
JSON = {"content-type": "application/json"}


@dataclass
class Phone:
    client: httpx.AsyncClient
    device: str = field(default_factory=lambda: str(new_id()))
    want: list[str] = field(default_factory=list)
    schema: int = 1  # The release that this phone was built for.
    confirmed: tuple[int, str] | None = None
    queue: list[bytes] = field(default_factory=list)  # numbered, not yet received
    journal: list[bytes] = field(default_factory=list)  # received; the oldest may be taken away
    forks: int = 0  # How often it went on under another device id.
    n: int = 0
    receipts: dict[int, dict[str, Any]] = field(default_factory=dict)
    store: PhoneRows = field(default_factory=PhoneRows)
    scope: dict[str, dict[str, Any]] = field(default_factory=dict)
    left: list[Any] = field(default_factory=list)
    raw: bytes = b""  # every byte ever received, to search for what must not be there
    first: dict[str, Any] = field(default_factory=dict)  # the newest first line
    bytes_up: int = 0
    bytes_down: int = 0  # as they came over the wire, packed
    compares: int = 0

    @property
    def cursor(self) -> str | None:
        return self.store.cursor

    # --- wishes ---------------------------------------------------------------------------------------------------

    def command(self, name: str, args: dict[str, Any], **more: Any) -> int:
        return self._queue({"kind": "command", "command": name, "args": args, "op": str(new_id()), **more})

    def create(self, collection: str, id_: UUID | str, fields: dict[str, Any], **more: Any) -> int:
        return self._queue({"kind": "create", "collection": collection, "id": str(id_), "fields": fields, **more})

    def patch(self, collection: str, id_: UUID | str, fields: dict[str, Any], **more: Any) -> int:
        op = {"kind": "patch", "collection": collection, "id": str(id_), "fields": fields, "op": str(new_id()), **more}
        return self._queue(op)

    def delete(self, collection: str, id_: UUID | str, **more: Any) -> int:
        return self._queue({"kind": "delete", "collection": collection, "id": str(id_), "op": str(new_id()), **more})

    def _queue(self, op: dict[str, Any]) -> int:
        self.n += 1
        op = {"n": self.n, "schema": self.schema, "at": [time.time_ns() // 1_000_000, self.n], **op}
        self.queue.append(encode_op(op))
        return self.n

    # --- the exchange ---------------------------------------------------------------------------------------------

    def body(self, ops: list[bytes] | None = None) -> bytes:
        """The request as bytes: ops are spliced in as they are, never written anew."""
        head: dict[str, Any] = {
            "protocol": 1,
            "schema": self.schema,
            "device": self.device,
            "cursor": self.cursor,
            "want": {"bytes": 262144, "tier": 3, "buckets": self.want},
        }
        if self.store.check:
            head["check"] = sorted(self.store.check)
        if self.confirmed:
            head["confirmed"] = list(self.confirmed)
        encoded = json.dumps(head, separators=(",", ":")).encode()
        return encoded[:-1] + b',"ops":[' + b",".join(self.queue if ops is None else ops) + b"]}"

    async def post(self, body: bytes, *, path: str = "/api/v1/sync") -> httpx.Response:
        answer = await self.client.post(path, content=body, headers=JSON)
        self.bytes_up += len(body)
        self.bytes_down += answer.num_bytes_downloaded
        return answer

    async def exchange(self) -> bool:
        """One round trip; True when there is more to come."""
        answer = await self.post(self.body())
        if answer.status_code == 204:
            return False
        assert answer.status_code == 200, answer.text
        more = self.apply(answer.content)
        return more and "upgrade" not in self.first

    async def sync(self) -> None:
        """Exchange and compare until nothing is left to send, to receive or to mend."""
        for _ in range(EXCHANGES_MAX):
            if await self.exchange() or self.queue:
                continue
            if not self.store.check:
                return
            for pair in sorted(self.store.check):
                await self.compare(pair)
        raise AssertionError("the phone never comes to rest")

    async def compare(self, pair: Pair) -> None:
        """Mend one set; its digest is asked for with the next exchange."""
        comparison = Comparison(self.store.held.setdefault(pair, {}))
        while not comparison.is_done:
            head = {"protocol": 1, "device": self.device, "cursor": self.cursor, "bytes": 262144}
            request = {**head, "bucket": pair[0], "tier": pair[1], "ask": comparison.ask()}
            body = json.dumps(request, separators=(",", ":")).encode()
            answer = await self.post(body, path="/api/v1/sync/compare")
            if answer.status_code in (404, 409):
                return  # The exchange says what became of it.
            assert answer.status_code == 200, answer.text
            comparison.hear(answer.content.splitlines(keepends=True))
            self.compares += 1
            self.raw += answer.content

    def apply(self, answer: bytes) -> bool:
        """Take in one answer; True when there is more to come."""
        self.raw += answer
        raw_lines = answer.splitlines(keepends=True)
        for raw in raw_lines:
            line = json.loads(raw)
            if isinstance(line, dict):
                self._control(line)
        return self.store.take(raw_lines)

    def _control(self, line: dict[str, Any]) -> None:
        if "protocol" in line:
            self.first = line
        for receipt in line.get("receipts", []):
            self.receipts[receipt["n"]] = receipt
        for entry in line.get("scope", []):
            self.scope[f"{entry['bucket']}/{entry['tier']}"] = entry
        self.left += [bucket for bucket, _tier in line.get("left", [])]
        if line.get("error") == "device_forked":
            self.fork()
        elif watermark := line.get("watermark"):
            self._heed(*watermark)

    # --- numbers, and what is given back ----------------------------------------------------------------------------

    def _heed(self, n: int, hash_: str) -> None:
        """The server's watermark: up to there ops are received. Below ours: it was restored, and lost what is above."""
        own = {number_of(op): op for op in [*self.journal, *self.queue]}
        if self.confirmed is not None and n < self.confirmed[0]:
            is_mine = n == 0 or (n in own and hash_of(own[n]) == hash_)
            if not is_mine or n + 1 not in own:
                self.fork()  # A clone used the numbers, or the journal is shorter than the loss.
                return
        self.confirmed = (n, hash_) if n else None
        self.journal = [op for number, op in sorted(own.items()) if number <= n]
        self.queue = [op for number, op in sorted(own.items()) if number > n]

    def fork(self) -> None:
        """Another device id: journal, then queue, numbered anew; what was known of their fate is asked again."""
        self.forks += 1
        ops = [json.loads(op) for op in [*self.journal, *self.queue]]
        names = [op["group"][0] for op in ops if "group" in op]
        for number, op in enumerate(ops, start=1):
            op |= {"n": number, "again": True}
            if "group" in op and names.count(op["group"][0]) != op["group"][1]:
                del op["group"]
        self.device, self.n, self.confirmed = str(new_id()), len(ops), None
        self.journal, self.queue, self.receipts = [], [encode_op(op) for op in ops], {}

    # --- looking --------------------------------------------------------------------------------------------------

    def all(self, collection: str) -> dict[str, dict[str, Any]]:
        """Rows of a collection that are shown, whatever bucket they came in."""
        return {
            id_: json.loads(line)[1]
            for lines in self.store.shown.values()
            for (name, id_), line in lines.items()
            if name == collection
        }

    def outcome(self, n: int) -> str:
        receipt = self.receipts[n]
        return receipt.get("code") or str(receipt["outcome"])


def encode_op(op: dict[str, Any]) -> bytes:
    return json.dumps(op, separators=(",", ":"), ensure_ascii=False).encode()


def number_of(op: bytes) -> int:
    """Half an emoji, which a test may have put into an op, is no hindrance."""
    return int(json.loads(op)["n"])
