"""What it costs to save one changed paragraph of a lesson of 500 blocks: bytes up, and the time of the whole exchange.

Method: an educator's phone saves again and again, as the app does (the changed block and a neighbour on each side) and,
beside it, by saying the whole lesson twice. The floor of the bytes is the new paragraph alone; that of the time is a
bare update of the row by psycopg, with the triggers of the log. The exchange brings the saved lesson back, whole.
"""

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from bench.figures import Figure, Servers
from tests.support.api import Api, running_api, settings_for
from tests.support.phone import Phone
from tests.support.settle import all_published

BLOCKS = 500
SAVES = 15
GOAL_BYTES = 4_096
GOAL_MS = 400
PARAGRAPH = "Heat is what flows from the warmer body to the colder one until both are equally warm. "

Blocks = list[dict[str, Any]]


async def measure(servers: Servers) -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_for(servers.new_database(), servers.redis_url, servers.s3_url, Path(folder))
        async with running_api(settings) as api:
            return await _measure(api)


async def _measure(api: Api) -> list[Figure]:
    await api.add("Oybek Rahimov", "educator")
    async with api.signed_in("Oybek Rahimov") as oybek:
        course = (await oybek.post("/api/v1/courses", json={"title": "Heat"})).json()["data"]["id"]
        section = (await oybek.post(f"/api/v1/courses/{course}/sections", json={"title": "One"})).json()["data"]["id"]
        blocks: Blocks = [{"type": "paragraph", "html": f"{n}. {PARAGRAPH * 2}".strip()} for n in range(BLOCKS)]
        made = await oybek.post(f"/api/v1/sections/{section}/lessons", json={"title": "Heat", "blocks": blocks})
        lesson = str(made.json()["data"]["id"])
        await all_published(api)
        phone = Phone(oybek)
        await phone.sync()
        part_bytes, part_ms = await _saves(api, phone, lesson, blocks, _part)
        whole_bytes, whole_ms = await _saves(api, phone, lesson, blocks, _whole)
    bare_ms = _bare_ms(api, lesson, blocks)
    least = len(json.dumps(blocks[0], separators=(",", ":")).encode())
    name = f"one changed paragraph of {BLOCKS}"
    return [
        Figure(
            f"{name}: the op",
            part_bytes,
            "bytes",
            least,
            "the paragraph",
            f"≤ {GOAL_BYTES:,}",
            holds=part_bytes <= GOAL_BYTES,
        ),
        Figure(f"{name}: the op that says all of it twice", whole_bytes, "bytes", least, "the paragraph"),
        Figure(
            f"{name}: the exchange that saves it",
            part_ms,
            "ms",
            bare_ms,
            "a bare update of the row",
            f"≤ {GOAL_MS}",
            holds=part_ms <= GOAL_MS,
        ),
        Figure(f"{name}: the exchange that says all of it twice", whole_ms, "ms", bare_ms, "a bare update of the row"),
    ]


def _part(was: Blocks, now: Blocks, place: int) -> dict[str, Blocks]:
    return {"was": was[place - 1 : place + 2], "now": now[place - 1 : place + 2]}


def _whole(was: Blocks, now: Blocks, _place: int) -> dict[str, Blocks]:
    return {"was": was, "now": now}


async def _saves(
    api: Api, phone: Phone, lesson: str, blocks: Blocks, said: Callable[[Blocks, Blocks, int], dict[str, Blocks]]
) -> tuple[int, float]:
    """Bytes of an op, and the median of the milliseconds until its receipt is here."""
    spent, sizes = [], []
    for n in range(SAVES):
        place = 1 + 30 * n
        was = [*blocks]
        blocks[place] = {
            "type": "paragraph",
            "html": f"{place}, changed {time.monotonic_ns()}. {PARAGRAPH * 2}".strip(),
        }
        number = phone.patch("catalog.lesson_texts", lesson, {"blocks": said(was, blocks, place)})
        sizes.append(len(phone.queue[-1]))
        begun = time.perf_counter()
        await phone.exchange()
        spent.append((time.perf_counter() - begun) * 1000)
        assert phone.outcome(number) in {"applied", "merged"}
        await all_published(api)
        await phone.sync()
    return round(statistics.median(sizes)), statistics.median(spent)


def _bare_ms(api: Api, lesson: str, blocks: Blocks) -> float:
    spent = []
    with psycopg.connect(api.settings.database_url, autocommit=True) as connection:
        for n in range(SAVES):
            content = json.dumps([*blocks, {"type": "paragraph", "html": str(n)}], separators=(",", ":"))
            begun = time.perf_counter()
            connection.execute("update catalog_lesson_texts set blocks = %s where id = %s", [content, lesson])
            spent.append((time.perf_counter() - begun) * 1000)
    return statistics.median(spent)
