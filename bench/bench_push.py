"""The write side: 1,000 ops of one phone in two requests, beside 1,000 upserts of the same rows in one transaction.

Method: the engine over a real database, without HTTP: a request in, its receipts out, committed. The floor sends
the same rows to the same table (with its triggers) as one pipelined `executemany`. Ours and the floor in turn; medians.
"""

import time
from collections.abc import Callable
from uuid import UUID, uuid4

import msgspec
import psycopg

from bench.figures import Figure, Servers
from sync.ops import split_request
from sync.push import push
from sync.testing.phone import Pen
from sync.testing.sample import ANSWERS, ATTEMPTS, NOTES, PROGRESS, sample_registry
from tests.support.sample_school import SampleStore, make_tables, open_sample

OPS = 1_000
OPS_A_REQUEST = 500
TURNS = 5
GOAL = 4.0

_UPSERT = (
    "insert into sample_notes (id, user_id, text) values (%s, %s, %s)"
    " on conflict (id) do update set text = excluded.text"
)

Write = Callable[[Pen, UUID], None]


async def measure(servers: Servers) -> list[Figure]:
    url = servers.new_database()
    make_tables(url)
    kinds: dict[str, Write] = {
        "creates": _note,
        "creates and joins of singletons": _progress,
        "guarded answers": _answer,
        "commands": _jot,
    }
    ours: dict[str, list[float]] = {kind: [] for kind in kinds}
    floor: list[float] = []
    async with open_sample(url) as store:
        for turn in range(TURNS):
            floor.append(_upsert(url))
            for kind, write in kinds.items():
                ours[kind].append(await _push(store, write, name=f"{kind} {turn}"))
    return [_figure(kind, _median(spent), _median(floor)) for kind, spent in ours.items()]


def _figure(kind: str, ours_ms: float, floor_ms: float) -> Figure:
    is_goal = kind == "creates"
    return Figure(
        name=f"push of 1,000 ops: {kind}",
        ours=ours_ms,
        unit="ms",
        floor=floor_ms,
        floor_is="1,000 upserts, one executemany",
        goal=f"≤ {GOAL:.0f} ×" if is_goal else "",
        holds=ours_ms <= GOAL * floor_ms if is_goal else None,
    )


def _median(spent: list[float]) -> float:
    return sorted(spent)[len(spent) // 2]


def _upsert(url: str) -> float:
    rows = [(uuid4(), uuid4(), "What a learner writes down in a lesson.") for _ in range(OPS)]
    with psycopg.connect(url) as connection:
        started = time.perf_counter()
        connection.cursor().executemany(_UPSERT, rows)
        connection.commit()
        return (time.perf_counter() - started) * 1000


async def _push(store: SampleStore, write: Write, *, name: str) -> float:
    pen = Pen(name)
    pen.create(ATTEMPTS, pen.device_id, {"title": "bench"})
    for _ in range(OPS - 1):
        write(pen, uuid4())
    requests = [_request(pen, pen.ops[start : start + OPS_A_REQUEST]) for start in range(0, OPS, OPS_A_REQUEST)]
    registry, now_ms = sample_registry(), time.time_ns() // 1_000_000
    started = time.perf_counter()
    for body in requests:
        envelope, raw_ops = split_request(body)
        answer = await push(
            store,
            registry,
            user_id=pen.user_id,
            device_id=envelope.device,
            raw_ops=raw_ops,
            confirmed=None,
            now_ms=now_ms,
        )
        assert {receipt.outcome for receipt in answer.receipts} == {"applied"}, answer
    return (time.perf_counter() - started) * 1000


def _request(pen: Pen, ops: list[bytes]) -> bytes:
    head = msgspec.json.encode({"protocol": 1, "schema": 1, "device": pen.device_id})
    return head[:-1] + b',"ops":[' + b",".join(ops) + b"]}"


def _note(pen: Pen, id_: UUID) -> None:
    pen.create(NOTES, id_, {"text": "What a learner writes down in a lesson."})


def _progress(pen: Pen, lesson_id: UUID) -> None:
    id_ = PROGRESS.derived_id({"user_id": pen.user_id, "lesson_id": lesson_id})
    pen.create(PROGRESS, id_, {"lesson_id": lesson_id, "seen_ppm": 400_000, "tags": ["a"]}, op=uuid4())


def _answer(pen: Pen, op: UUID) -> None:
    item = len(pen.ops)
    id_ = ANSWERS.derived_id({"attempt_id": pen.device_id, "item": item})
    pen.create(ANSWERS, id_, {"attempt_id": pen.device_id, "item": item, "value": "b"}, op=op)


def _jot(pen: Pen, id_: UUID) -> None:
    pen.command("sample.note.jot", id=id_, user_id=pen.user_id, text="What a learner writes down in a lesson.")
