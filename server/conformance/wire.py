"""A server as anybody sees it: requests and answers by hand, with the standard library alone."""

import hashlib
import http.client
import json
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

TIMEOUT_S = 60
NOTHING = "0:0000000000000000"

Set = tuple[str, int]  # (bucket, tier)


class Broken(Exception):
    """A rule is not kept; the message says what was seen."""


def expect(condition: object, seen: str) -> None:
    """Raises Broken with what was seen unless the condition holds."""
    if not condition:
        raise Broken(seen)


@dataclass(frozen=True)
class Answer:
    """One answer, and its lines where it is NDJSON."""

    status: int
    headers: dict[str, str]
    body: bytes
    lines: list[Any] = field(default_factory=list)
    raw_lines: list[bytes] = field(default_factory=list)

    @classmethod
    def of(cls, status: int, headers: dict[str, str], body: bytes) -> Self:
        raw = body.splitlines() if headers.get("content-type", "").startswith("application/x-ndjson") else []
        return cls(status, headers, body, [json.loads(line) for line in raw], raw)

    @property
    def first(self) -> dict[str, Any]:
        return dict(self.lines[0])

    @property
    def last(self) -> dict[str, Any]:
        return dict(self.lines[-1])

    @property
    def code(self) -> str:
        """Of an answer that turns the request away; empty for others."""
        return "" if self.lines else str(json.loads(self.body or b"{}").get("error", {}).get("code", ""))

    @property
    def receipts(self) -> list[dict[str, Any]]:
        return [receipt for line in self.lines if isinstance(line, dict) for receipt in line.get("receipts", [])]

    def pairs(self, name: str) -> list[Set]:
        """What `joined`, `left` or `reconcile` lines name."""
        lines = (line for line in self.lines if isinstance(line, dict))
        return [(str(bucket), int(tier)) for line in lines for bucket, tier in line.get(name, [])]

    @property
    def digests(self) -> dict[Set, str]:
        found: dict[Set, str] = {}
        for line in self.lines:
            if isinstance(line, dict):
                cut = (line.get("mark") or {}).get("cut") or {}
                for bucket, tiers in {**line.get("digests", {}), **cut.get("digests", {})}.items():
                    found |= {(bucket, int(tier)): digest for tier, digest in tiers.items()}
        return found


@dataclass(frozen=True)
class Server:
    url: str
    token: str = ""

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """One request on a connection of its own. Raises OSError and HTTPException."""
        parts = urlsplit(self.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
        sent = {"content-type": "application/json"} | ({"authorization": f"Bearer {self.token}"} if self.token else {})
        try:
            connection.request(method, path, body, sent | (headers or {}))
            answer = connection.getresponse()
            names = {name.lower(): value for name, value in answer.getheaders()}
            return Answer.of(answer.status, names, answer.read())
        finally:
            connection.close()

    def signed_in(self, email: str, password: str) -> Self:
        """The same server, asked by this person. Raises Broken."""
        answer = self.request("POST", "/api/v1/auth/login", encode({"email": email, "password": password}))
        expect(answer.status == 200, f"signing in as {email} is answered {answer.status} {answer.code}")
        return type(self)(self.url, json.loads(answer.body)["data"]["access_token"])

    def exchange(self, device: str, *, ops: list[bytes] | None = None, **more: Any) -> Answer:
        """One exchange; `more` are members of the request. Ops go as the bytes they are."""
        head = {"protocol": 1, "device": device, "want": {"bytes": 1 << 20, "buckets": []}} | more
        head = {key: value for key, value in head.items() if value is not None}
        return self.request("POST", "/api/v1/sync", encode(head)[:-1] + b',"ops":[' + b",".join(ops or []) + b"]}")


@dataclass
class Held:
    """What a client holds that asked for everything at once and was not disturbed: what others are compared with."""

    rows: dict[tuple[Set, str, str], bytes] = field(default_factory=dict)  # (set, collection, id) → line
    collections: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)  # name → id → row
    sets: list[Set] = field(default_factory=list)
    cursor: str | None = None

    def take(self, answer: Answer) -> bool:
        """Apply one answer; True when there is more to come."""
        heading: dict[str, Any] = {}
        for line, raw in zip(answer.lines, answer.raw_lines, strict=True):
            match line:
                case [_, dict() as row]:
                    self.rows[(heading["bucket"], heading["tier"]), heading["collection"], row["id"]] = raw
                    self.collections.setdefault(heading["collection"], {})[row["id"]] = row
                case [_, str() as gone]:
                    self.rows.pop(((heading["bucket"], heading["tier"]), heading["collection"], gone), None)
                    self.collections.get(heading["collection"], {}).pop(gone, None)
                case {"bucket": _, "collection": _}:
                    heading = line
                case {"mark": mark}:
                    self.cursor = mark["cursor"]
        self.sets += answer.pairs("joined")
        self.cursor = answer.last["cursor"]
        return bool(answer.last["more"])

    def digest(self, one: Set) -> str:
        """Of a set as it is held."""
        return digest_of([line for (held, _, _), line in self.rows.items() if held == one])


def hold_all(server: Server, device: str, buckets: list[str]) -> Held:
    """Everything that this person may hold. Raises Broken."""
    held = Held()
    want = {"bytes": 1 << 20, "buckets": buckets}
    more = True
    while more:
        answer = server.exchange(device, cursor=held.cursor, want=want)
        expect(answer.status == 200, f"a fill is answered {answer.status} {answer.code}")
        more = held.take(answer)
    return held


def encode(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def op_hash(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:16]


def digest_of(lines: list[bytes]) -> str:
    """`count:xor` over lines as they were sent."""
    total = 0
    for line in lines:
        total ^= int.from_bytes(hashlib.md5(line, usedforsecurity=False).digest()[:8])
    return f"{len(lines)}:{total:016x}"
