"""What only a real database does to a push: other connections, constraints, locks, and its log. SPEC.md U, L."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence

import psycopg
import pytest
from sqlalchemy import text

from sync.collection import Collection
from sync.effects import Effect
from sync.errors import Outage
from sync.meeting import Writer
from sync.memory import MemoryStore, Tables
from sync.memory_log import MemoryLog
from sync.ports import Raced, Row
from sync.postgres.install import install
from sync.postgres.push_store import PostgresPushUnit
from sync.settling import Settler
from sync.testing.lab import Lab, outcomes
from sync.testing.phone import Pen, id_of
from sync.testing.sample import (
    ANSWERS,
    ATTEMPTS,
    NOTES,
    PROFILES,
    PROGRESS,
    SPENDINGS,
    NoMoreCredit,
    sample_registry,
)
from sync.wishes import Wish
from tests.support.postgres import PostgresServer
from tests.support.sample_school import SampleStore, SampleTx, make_tables, open_sample

ACCOUNT = id_of("account")
PHOTO = "ab" * 32


@pytest.fixture(scope="module")
def sample_url(postgres_server: PostgresServer) -> Iterator[str]:
    with postgres_server.new_database() as url:
        make_tables(url)
        yield url


@pytest.fixture
async def store(sample_url: str) -> AsyncIterator[SampleStore]:
    async with open_sample(sample_url) as opened:
        await opened.empty()
        yield opened


@pytest.fixture
def lab(store: SampleStore) -> Lab:
    return Lab(store)


async def test_U2_one_request_that_arrives_four_times_at_once_takes_effect_once(lab: Lab):
    pen = Pen()
    for amount in (1, 2, 3):
        pen.command("sample.spend", account_id=ACCOUNT, amount=amount)

    answers = await asyncio.gather(*(lab.push(pen) for _ in range(4)))

    assert [outcomes(answer) for answer in answers] == [["applied"] * 3] * 4
    assert (await lab.row(SPENDINGS, ACCOUNT) or {})["amount"] == 6


async def test_M3_twins_made_at_the_same_moment_on_many_phones_all_come_in(lab: Lab):
    profile_id = PROFILES.derived_id({"user_id": id_of("user amina")})
    pens = [Pen(f"phone {number}") for number in range(6)]
    for number, pen in enumerate(pens):
        pen.create(PROFILES, profile_id, {"name": f"name {number}"}, at=[lab.now_ms + number, 0])

    answers = await asyncio.gather(*(lab.push(pen) for pen in pens))

    assert {outcome for answer in answers for outcome in outcomes(answer)} <= {"applied", "merged"}
    assert (await lab.row(PROFILES, profile_id) or {})["name"] == "name 5"


async def test_U11_what_the_database_refuses_is_parked_and_named_and_the_rest_applied(lab: Lab):
    pen = Pen()
    pen.create(ATTEMPTS, id_of("attempt"), {"title": "test"})
    pen.create(NOTES, id_of("without text"), {})
    answer_id = ANSWERS.derived_id({"attempt_id": id_of("attempt"), "item": 2**40})
    pen.create(ANSWERS, answer_id, {"attempt_id": str(id_of("attempt")), "item": 2**40, "value": "b"}, op=id_of("op"))
    pen.create(NOTES, id_of("note"), {"text": "words"})

    answer = await lab.push(pen)

    assert outcomes(answer) == ["applied", "parked field.invalid", "parked field.invalid", "applied"]
    assert answer.receipts[1].fields == {"text": "missing"}
    assert await lab.row(NOTES, id_of("note")) is not None


async def test_U13_a_row_that_somebody_holds_too_long_is_an_outage_and_nothing_is_used(lab: Lab, store: SampleStore):
    pen = Pen()
    pen.create(NOTES, id_of("note"), {"text": "words"})
    await lab.push(pen)
    pen.create(NOTES, id_of("note 2"), {"text": "words"})
    with psycopg.connect(store.url) as other:
        other.execute("select * from sync_device for update")
        async with open_sample(store.url, options="-c lock_timeout=100") as hasty:
            with pytest.raises(Outage):
                await Lab(hasty).push(pen)

    assert (await lab.push(pen)).watermark[0] == 2


async def test_U13_a_connection_that_dies_within_a_push_is_an_outage_and_the_op_lands_once(
    lab: Lab, store: SampleStore
):
    pen = Pen()
    for _ in range(3):
        pen.command("sample.spend", account_id=ACCOUNT, amount=1)
    put, puts = SampleTx.put, 0

    async def put_and_die(tx: SampleTx, table: str, row: dict[str, object]) -> None:
        nonlocal puts
        puts += 1
        if puts == 2:
            await tx.db.execute(text("select pg_terminate_backend(pg_backend_pid())"))
        await put(tx, table, row)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SampleTx, "put", put_and_die)
        with pytest.raises(Outage):
            await lab.push(pen)

    assert outcomes(await lab.push(pen)) == ["applied"] * 3
    assert (await lab.row(SPENDINGS, ACCOUNT) or {})["amount"] == 3


def bugs_counted(store: SampleStore) -> int:
    with psycopg.connect(store.url) as connection:
        return connection.execute("select count(*) from sync_bug").fetchone()[0]


@pytest.fixture
def twins(lab: Lab) -> list[Pen]:
    """Two phones of one person that make the same profile; the first one's waits for a file."""
    profile_id = PROFILES.derived_id({"user_id": id_of("user amina")})
    pens = [Pen("held"), Pen("other")]
    pens[0].create(PROFILES, profile_id, {"name": "held"}, blobs=[PHOTO], at=[lab.now_ms, 1], op=id_of("op"))
    pens[1].create(PROFILES, profile_id, {"name": "other"}, at=[lab.now_ms, 0])
    return pens


async def test_U22_a_twin_made_while_a_held_op_is_woken_is_no_bug_and_the_op_is_tried_again(
    lab: Lab, store: SampleStore, twins: list[Pen]
):
    held, other = twins
    insert_rows, tries = PostgresPushUnit.insert_rows, 0

    async def insert_after_the_twin(unit: PostgresPushUnit, collection: Collection, rows: Sequence[Row]):
        nonlocal tries
        tries += 1
        if tries == 1:  # It has read that there is none; now the other phone is first.
            assert outcomes(await lab.push(other)) == ["applied"]
        return await insert_rows(unit, collection, rows)

    await lab.push(held)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PostgresPushUnit, "insert_rows", insert_after_the_twin)
        await lab.bring_blob(PHOTO)

    assert (await lab.held(held, id_of("op")))["outcome"] == "applied"
    assert (await lab.row(PROFILES, PROFILES.derived_id({"user_id": held.user_id})) or {})["name"] == "held"
    assert bugs_counted(store) == 0


async def test_U22_a_held_op_that_others_race_for_ever_counts_no_bug_and_holds_up_no_other(
    lab: Lab, store: SampleStore, twins: list[Pen]
):
    held, behind = twins[0], Pen("behind", user="brian")
    behind.create(NOTES, id_of("note"), {"text": "behind"}, blobs=[PHOTO])
    insert_rows = PostgresPushUnit.insert_rows

    async def always_raced(unit: PostgresPushUnit, collection: Collection, rows: Sequence[Row]):
        if collection is PROFILES:
            raise Raced
        return await insert_rows(unit, collection, rows)

    for pen in (held, behind):
        await lab.push(pen)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PostgresPushUnit, "insert_rows", always_raced)
        await lab.bring_blob(PHOTO)
    meanwhile = [(await lab.held(pen, id_of(op)))["outcome"] for pen, op in ((held, "op"), (behind, "note"))]
    lab.now_ms += 5_000
    await lab.wake()

    assert meanwhile == ["waiting", "applied"]
    assert (await lab.held(held, id_of("op")))["outcome"] == "applied"
    assert bugs_counted(store) == 0


async def test_U10_jobs_of_a_refused_op_are_forgotten_with_it(store: SampleStore):
    async with store.unit(id_of("user amina"), now_ms=0) as unit:
        unit.tx.later.append("of an op that stands")
        with contextlib.suppress(NoMoreCredit):
            async with unit.savepoint():
                unit.tx.later.append("of an op that is refused")
                raise NoMoreCredit

        assert unit.tx.later == ["of an op that stands"]


async def test_U26_what_an_older_release_kept_whole_is_summarised_when_this_one_is_installed(
    lab: Lab, store: SampleStore
):
    pen = Pen()
    pen.create(NOTES, id_of("note"), {"text": "far too long " * 500})
    await lab.push(pen)
    before = await lab.held(pen, id_of("note"))

    with psycopg.connect(store.url) as connection:
        connection.execute("update sync_op set op = convert_from(raw, 'UTF8'), bytes = null")
        connection.execute("comment on table sync_state is 'of another release'")
        connection.commit()
        install(connection, sample_registry())
        install(connection, sample_registry())

    after = await lab.held(pen, id_of("note"))
    assert (after["op"], after["bytes"], after["raw"]) == (before["op"], len(pen.ops[0]), pen.ops[0])
    assert after["version"] == before["version"] + 2  # Phones that hold the whole hear of it.


async def test_L4_memory_and_database_write_the_same_lines(lab: Lab, store: SampleStore):
    """Goal: identical content is identical bytes, whoever writes it. Method: the same ops on both, then both logs."""
    memory = MemoryStore(Tables(sample_registry()))
    log = MemoryLog(memory, sample_registry())
    pen = Pen()
    lesson = id_of("lesson")
    progress_id = PROGRESS.derived_id({"user_id": pen.user_id, "lesson_id": lesson})
    fields = {
        "lesson_id": str(lesson),
        "seen_ppm": 400_000,
        "completed_at": "2026-11-21T08:00:00.5+05:00",
        "tags": ["ö", 'a"b'],
    }
    pen.create(PROGRESS, progress_id, fields, op=id_of("op"))
    pen.patch(PROGRESS, progress_id, {"seen_ppm": 500_000})
    pen.create(ATTEMPTS, id_of("attempt"), {"title": None})
    answer_id = ANSWERS.derived_id({"attempt_id": id_of("attempt"), "item": 1})
    value = {"chosen": ["b", {"x": 1.5}], "note": "naïve ʻ\u2028"}
    pen.create(ANSWERS, answer_id, {"attempt_id": str(id_of("attempt")), "item": 1, "value": value}, op=id_of("answer"))
    pen.create(NOTES, id_of("bad"), {"text": 5})

    for each in (lab, Lab(memory)):
        await each.push(pen)
    log.publish(now_ms=lab.now_ms)
    with psycopg.connect(store.url, autocommit=True) as connection:
        connection.execute("call sync_advance()")
        lines = connection.execute(
            "select line from sync_item i join sync_bucket b on b.number = i.bucket"
            " where b.name = %s and gone_at is null",
            [f"user:{pen.user_id}"],
        ).fetchall()

    number = log.buckets[f"user:{pen.user_id}"]
    in_memory = [item.line.decode() for (_, _, bucket), item in log.items.items() if bucket == number]
    assert len(in_memory) == 4
    assert sorted(line for (line,) in lines) == sorted(in_memory)


@pytest.mark.slow
@pytest.mark.parametrize(
    "bad", [{199}, {0}, set(range(0, 200, 2)), {17, 18, 120}], ids=["last", "first", "half", "some"]
)
async def test_U1_what_the_database_refuses_at_the_end_is_found_in_few_steps(
    lab: Lab, store: SampleStore, bad: set[int]
):
    """One by one, each time with all behind it, a request of 500 ops kept the process for minutes."""
    pen = Pen()
    for number in range(200):
        pen.create(NOTES, id_of(f"note {number}"), {"text": "refused" if number in bad else "good"})
    await store.run("alter table sample_notes add constraint sample_rule check (text <> 'refused')")
    attempt, attempts = Settler.attempt, 0

    async def counted(settler: Settler, wish: Wish, writer: Writer) -> Effect:
        nonlocal attempts
        attempts += 1
        return await attempt(settler, wish, writer)

    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Settler, "attempt", counted)
            found = outcomes(await lab.push(pen))
    finally:
        await store.run("alter table sample_notes drop constraint sample_rule")

    assert found == ["parked field.invalid" if number in bad else "applied" for number in range(200)]
    assert attempts < 200 * 6
