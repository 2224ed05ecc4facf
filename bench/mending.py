"""A phone in Python that holds lines, checks its digests at each cut, and mends what does not agree by compare."""

import gzip
import http.client
import json
from collections.abc import Iterable
from hashlib import md5
from typing import Any
from uuid import UUID

import zstandard

from bench.api import Person, exchange_body, headers_of

ASKS_MAX = 64
GZIP_FROM = 1_024
ROUNDS_MAX = 40

Pair = tuple[str, int]


class MendingPhone:
    """Raises AssertionError where the server breaks the protocol; used to count bytes, not milliseconds."""

    def __init__(self, port: int, person: Person) -> None:
        self._port = port
        self._person = person
        self._cursor: str | None = None
        self._lines: dict[Pair, dict[str, int]] = {}  # set → id → digest of the line
        self._check: set[Pair] = set()

    def held(self, bucket: str, tier: int) -> dict[str, int]:
        """Id and digest of every line of the set."""
        return self._lines.get((bucket, tier), {})

    def sync(self) -> None:
        """Exchange until there is no more, then mend what its digest says is wrong, until nothing is."""
        for _ in range(ROUNDS_MAX):
            while self._exchange():
                pass
            if not self._check:
                return
            for pair in sorted(self._check):
                self._mend(pair)
        raise AssertionError(f"{self._check} cannot be mended")

    def _exchange(self) -> bool:
        asked = exchange_body(self._person, self._cursor, [])
        if self._check:
            asked["check"] = sorted(self._check)
        lines = self._post("/api/v1/sync", asked)
        return self._read(lines) if lines else False

    def _read(self, lines: Iterable[bytes]) -> bool:
        """Whether there is more."""
        pair: Pair = ("", 0)
        more = False
        for line in lines:
            value = json.loads(line)
            if isinstance(value, list):
                self._keep(pair, line, value)
            elif "collection" in value:
                pair = (value["bucket"], value["tier"])
            else:
                for bucket, tier in value.get("left", []):
                    self._lines.pop((bucket, tier), None)
                self._check |= {(bucket, tier) for bucket, tier in value.get("reconcile", [])}
                cut = value.get("mark", {}).get("cut") or value
                self._compare_digests(cut.get("digests", {}))
                if "more" in value:
                    self._cursor, more = value["cursor"], value["more"]
        return more

    def _keep(self, pair: Pair, line: bytes, value: list[Any]) -> None:
        held = self._lines.setdefault(pair, {})
        if isinstance(value[1], str):
            held.pop(value[1], None)
        else:
            held[value[1]["id"]] = _digest(line)

    def _compare_digests(self, digests: dict[str, dict[str, str]]) -> None:
        for bucket, tiers in digests.items():
            for tier, text in tiers.items():
                pair = (bucket, int(tier))
                if text == _sum(self._lines.get(pair, {}).values()):
                    self._check.discard(pair)
                else:
                    self._check.add(pair)

    # --- compare ---

    def _mend(self, pair: Pair) -> None:
        pending = [""]
        while pending:
            part, pending = pending[:ASKS_MAX], pending[ASKS_MAX:]
            asked = {
                "protocol": 1,
                "device": self._person.device,
                "cursor": self._cursor,
                "bucket": pair[0],
                "tier": pair[1],
                "bytes": 1_048_576,
                "ask": [{"prefix": prefix, "sums": self._sums(pair, prefix)} for prefix in part],
            }
            pending += self._take_leaves(pair, self._post("/api/v1/sync/compare", asked))

    def _sums(self, pair: Pair, prefix: str) -> dict[str, str]:
        children: dict[str, list[int]] = {}
        for id_, digest in self._lines.get(pair, {}).items():
            tail = _tail(id_)
            if tail.startswith(prefix):
                children.setdefault(tail[len(prefix) : len(prefix) + 2], []).append(digest)
        return {child: _sum(digests) for child, digests in children.items()}

    def _take_leaves(self, pair: Pair, lines: list[bytes]) -> list[str]:
        """Replace what lies below each leaf; the prefixes that are to be asked next."""
        leaf: dict[str, int] = {}
        for line in lines:
            value = json.loads(line)
            if isinstance(value, list):
                leaf[value[1]["id"]] = _digest(line)
            elif "leaf" in value:
                leaf = {}
            elif "end" in value:
                held = self._lines.setdefault(pair, {})
                for id_ in [id_ for id_ in held if _tail(id_).startswith(value["end"])]:
                    del held[id_]
                held |= leaf
            elif "differ" in value:
                return list(value["differ"])
        raise AssertionError("a compare without its last line was cut")

    def _post(self, path: str, value: object) -> list[bytes]:
        body = json.dumps(value, separators=(",", ":")).encode()
        headers = headers_of(self._person)
        if len(body) > GZIP_FROM:
            body, headers["content-encoding"] = gzip.compress(body, mtime=0), "gzip"
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        raw = answer.read()
        connection.close()
        assert answer.status in (200, 204), raw[:500]
        if answer.getheader("content-encoding") == "zstd":
            raw = zstandard.ZstdDecompressor().decompressobj().decompress(raw)
        return raw.splitlines()


def _tail(id_: str) -> str:
    """The id's bytes from its end, as compare walks them."""
    return bytes(reversed(UUID(id_).bytes)).hex()


def _digest(line: bytes) -> int:
    return int.from_bytes(md5(line, usedforsecurity=False).digest()[:8], "big")


def _sum(digests: Iterable[int]) -> str:
    count = mixed = 0
    for digest in digests:
        count += 1
        mixed ^= digest
    return f"{count}:{mixed:016x}"
