"""`python -m tests.sync.recorded.record`: use the product on a phone, and keep what it sent and what it was answered.

Run once for each release, before it leaves; the files of older releases stay as they are. Nothing here is run by tests.
"""

import asyncio
import gzip
import json
import re
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from playwright.async_api import expect

from server.cli.export import describe
from server.embedded.ports import free_ports
from server.features import REGISTRY, SCHEMA
from tests.support.api import PASSWORD
from tests.support.browser import Phone, phones
from tests.support.installation import installed
from tests.sync.recorded.world import EMAIL, lay_world

FOLDER = Path(__file__).parent / f"v{SCHEMA}"
PATHS = ("/api/v1/sync", "/api/v1/sync/compare")
HOP_BY_HOP = (b"transfer-encoding", b"connection", b"content-encoding", b"content-length")
CURSOR = re.compile(r'"cursor":"[^"]*"')


class Tape:
    """Stands between a phone and the server, and keeps the exchanges that pass, in their order."""

    def __init__(self, server: httpx.AsyncClient) -> None:
        self._server = server
        self.exchanges: list[dict[str, Any]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # Any: as ASGI has it
        if scope["type"] != "http":
            return
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        if scope["path"].endswith("/live"):  # A hint; nothing depends on it.
            await send({"type": "http.response.start", "status": 503, "headers": []})
            await send({"type": "http.response.body"})
            return
        headers = {name.decode(): value.decode() for name, value in scope["headers"]} | {"accept-encoding": "identity"}
        path = scope["path"] + ("?" + scope["query_string"].decode() if scope["query_string"] else "")
        answer = await self._server.request(scope["method"], path, headers=headers, content=body)
        if scope["path"] in PATHS and answer.status_code in (200, 204):
            packed = headers.get("content-encoding") == "gzip"
            self._keep(scope["path"], gzip.decompress(body) if packed else body, answer)
        kept = [(name, value) for name, value in answer.headers.raw if name.lower() not in HOP_BY_HOP]
        await send({"type": "http.response.start", "status": answer.status_code, "headers": kept})
        await send({"type": "http.response.body", "body": answer.content})

    def _keep(self, path: str, body: bytes, answer: httpx.Response) -> None:
        lines = [line for line in map(json.loads, answer.content.splitlines()) if isinstance(line, dict)]
        receipts = [receipt for line in lines for receipt in line.get("receipts", [])]
        must = {
            "status": answer.status_code,
            "outcomes": {str(receipt["n"]): receipt["outcome"] for receipt in receipts},
            "collections": sorted({line["collection"] for line in lines if "bucket" in line}),
        }
        text = CURSOR.sub('"cursor":"{{cursor}}"', body.decode())
        self.exchanges.append({"path": path, "body": text, "must": must})


@asynccontextmanager
async def taped(url: str) -> AsyncIterator[tuple[Tape, str]]:
    """A tape before the server at `url`, and the address to use instead."""
    [port] = free_ports(1)
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        tape = Tape(client)
        server = uvicorn.Server(uvicorn.Config(tape, host="127.0.0.1", port=port, log_config=None, lifespan="off"))
        task = asyncio.create_task(server.serve())
        yield tape, f"http://127.0.0.1:{port}"
        server.should_exit = True
        await task


async def learn(phone: Phone) -> None:
    """What a learner's phone sends: the first fill, a download, progress, wishes made with and without a network."""
    page = phone.screen
    await phone.go("/courses")
    await page.get_by_role("link").filter(has=page.get_by_role("heading", name="Recorded motion", exact=True)).click()
    await page.get_by_role("button", name=re.compile("Download")).first.click()
    await expect(page.get_by_text(re.compile("Ready offline"))).to_be_visible(timeout=90_000)
    await page.get_by_role("link", name=re.compile("Law 1")).click()
    await expect(page.get_by_role("heading", level=1, name="Law 1")).to_be_visible()
    await phone.shows("A body at rest")
    await phone.offline()
    await phone.go("/questions/ask")
    await page.get_by_label("Subject").select_option(label="Physics")
    await page.get_by_label("Your question in short").fill("Why does it stay at rest?")
    await page.get_by_label("Tell more").fill("Asked without a network: ʻ × 🙂")
    await page.get_by_role("button", name="Send").click()
    await phone.shows("Why does it stay at rest?")
    await phone.go("/profile")
    await page.get_by_label("Name others see").fill("Amina K")
    await page.get_by_role("button", name="Save").click()
    await phone.online()
    await phone.received_everything()


async def record() -> None:
    with tempfile.TemporaryDirectory() as folder, installed(Path(folder)) as installation:
        await lay_world(installation.spark("db", "url"))
        async with taped(installation.url) as (tape, url), phones(Path(folder), url) as drawer:
            phone = drawer["amina"]
            await phone.open()
            await phone.sign_in(EMAIL, PASSWORD)
            await learn(phone)
    story = {
        "client": f"the page, schema {SCHEMA}",
        "recorded": f"{datetime.now(UTC):%Y-%m-%d}",
        "story": "A learner downloads a course, reads, asks and changes a name without a network, and comes back.",
        "exchanges": tape.exchanges,
    }
    FOLDER.mkdir(exist_ok=True)
    write("learner.json", story)
    write("wire.json", describe(REGISTRY))


def write(name: str, content: Any) -> None:  # Any: whatever is JSON
    (FOLDER / name).write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    sys.exit(asyncio.run(record()))
