"""A sender that follows the protocol of uploads and nothing else, for tests over links of every kind."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from server.base.ids import new_id

TRIES_MAX = 200


@dataclass
class Sending:
    """One file of one person: `client` speaks JSON with a token, `link` carries the parts."""

    client: httpx.AsyncClient
    content: bytes
    name: str = "film.mp4"
    mime: str = "video/mp4"
    purpose: str = "course"
    link: httpx.AsyncClient | None = None
    id: UUID = field(default_factory=new_id)
    more: dict[str, Any] = field(default_factory=dict)
    tries: int = 0
    is_patient: bool = False  # Servers may die meanwhile: what does not answer is asked again.

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    async def begin(self, **other: Any) -> httpx.Response:
        body = {
            "id": str(self.id),
            "name": self.name,
            "bytes": len(self.content),
            "mime": self.mime,
            "sha256": self.sha256,
            "purpose": self.purpose,
        }
        return await self.client.post("/api/v1/uploads", json=body | self.more | other)

    async def session(self) -> dict[str, Any]:
        answer = await self._asked(self.begin)
        assert answer.status_code in {200, 201}, answer.text
        return dict(answer.json()["data"])

    async def _asked(self, ask: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
        while True:
            try:
                answer = await ask()
            except httpx.TransportError:
                if not self.is_patient:
                    raise
            else:
                if answer.status_code < 500 or not self.is_patient:
                    return answer
            self.tries += 1
            assert self.tries < TRIES_MAX, "the server never answers"
            await asyncio.sleep(0.2)

    async def put(
        self, path: str, number: int, body: bytes, *, offset: int = 0, sha256: str | None = None, part: bytes = b""
    ) -> httpx.Response:
        """One request; the hash is that of `part`, or of the body, unless another is given."""
        digest = sha256 if sha256 is not None else hashlib.sha256(part or body).hexdigest()
        headers = {"upload-offset": str(offset), "part-sha256": digest}
        return await (self.link or self.client).put(f"{path}{number}", content=body, headers=headers)

    async def send(self) -> dict[str, Any]:
        """All parts over whatever link there is, again and again from where it stands; then complete."""
        while True:
            assert self.tries < TRIES_MAX, "the file never arrives"
            self.tries += 1
            session = await self.session()
            if session["state"] != "receiving":
                return session
            if await self._send_parts(session):
                break
        body = {"sha256": self.sha256}
        answer = await self._asked(lambda: self.client.post(f"/api/v1/uploads/{self.id}/complete", json=body))
        assert answer.status_code == 202, answer.text
        return dict(answer.json()["data"])

    async def _send_parts(self, session: dict[str, Any]) -> bool:
        """Whether all are there now; False when the link was cut."""
        whole = numbers_of(session["have"]["whole"])
        for number in range(session["parts_count"]):
            if number in whole:
                continue
            start = number * session["part_bytes"]
            part = self.content[start : start + session["part_bytes"]]
            offset = session["have"]["partial"].get(str(number), 0)
            try:
                answer = await self.put(session["path"], number, part[offset:], offset=offset, part=part)
            except httpx.TransportError:
                return False
            if answer.status_code == 503:
                await asyncio.sleep(0.2 if self.is_patient else 0.05)
                return False
            if answer.status_code == 409:
                return False  # Another request of ours was still under way: ask where it stands.
            assert answer.status_code == 204, answer.text
        return True


def numbers_of(ranges: str) -> set[int]:
    """Read "0-2,5" as {0, 1, 2, 5}."""
    found: set[int] = set()
    for run in filter(None, ranges.split(",")):
        first, _, last = run.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found


def content_of(size: int, seed: int = 1) -> bytes:
    """Bytes that nothing packs, the same for the same seed."""
    return hashlib.shake_128(seed.to_bytes(4, "big")).digest(size)
