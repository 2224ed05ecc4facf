"""B rules: what phones give back after a restore, and what nobody can."""

import copy
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import AsyncConnection
from sqlalchemy import text

from server.backup.bringing import Target, finish
from server.backup.keeping import Keeper
from server.backup.objects import S3Objects
from server.backup.report import lost_report
from server.backup.witness import lost_after
from server.base.ids import new_id
from server.embedded.installation import Installation
from sync.postgres.restoring import FLOOR_SHIFT, begin_anew, read_head, sequence_to_end
from sync.testing.lab import Lab, outcomes
from sync.testing.phone import Pen, id_of
from sync.testing.sample_drafts import SHEETS
from tests.features.school import PHYSICS, SchoolTemplate, school_template
from tests.support.api import settings_for
from tests.support.copies import Copied
from tests.support.phone import Phone, number_of
from tests.support.postgres import PostgresServer
from tests.support.sample_school import make_tables, open_sample
from tests.support.settle import all_published
from tests.sync.log_world import open_school

__all__ = ["school_template"]
pytestmark = pytest.mark.slow


@pytest.fixture
async def server(
    migrated_postgres: PostgresServer,
    school_template: SchoolTemplate,
    redis_url: str,
    bucket_url: str,
    tmp_path: Path,
) -> AsyncIterator[Copied]:
    with migrated_postgres.new_database(school_template.name) as url:
        server = Copied(migrated_postgres, settings_for(url, redis_url, bucket_url, tmp_path), tmp_path)
        await server.up()
        try:
            yield server
        finally:
            await server.down()
            server.drop()


@pytest.fixture
def bucket_url(s3_url: str) -> str:
    """A bucket of this test alone: a witness is of one log."""
    return f"{s3_url.rpartition('/')[0]}/{new_id()}"


@asynccontextmanager
async def phones_of(server: Copied, *names: str) -> AsyncIterator[list[Phone]]:
    """Signed in, and up to date."""
    async with AsyncExitStack() as stack:
        found = []
        for name in names:
            phone = Phone(await stack.enter_async_context(server.api.signed_in(name)))
            await phone.sync()
            found.append(phone)
        yield found


def ask(phone: Phone, title: str, **more: Any) -> UUID:
    id_ = new_id()
    args = {"id": str(id_), "subject_id": str(PHYSICS), "title": title, "body": "Why?", "visibility": "public"}
    phone.command("questions.question.ask", args, **more)
    return id_


def answer(phone: Phone, question_id: UUID, body: str) -> int:
    return phone.command("questions.answer.post", {"id": str(new_id()), "question_id": str(question_id), "body": body})


async def values(server: Copied, sql: str) -> list[Any]:
    async with server.api.work.database.transaction() as tx:
        return list((await tx.db.execute(text(sql))).scalars())


async def titles(server: Copied) -> list[Any]:
    return await values(server, "select title from questions_questions order by title")


async def test_B8_what_was_lost_is_given_back_exactly_once_before_what_is_new_and_groups_whole(server: Copied) -> None:
    async with phones_of(server, "Amina") as [amina]:
        ask(amina, "1 before")
        await amina.sync()
        copied = await server.backup()
        ask(amina, "2 lost")
        ask(amina, "3 lost, of a group", group=["g", 2])
        ask(amina, "4 lost, of a group", group=["g", 2])
        await amina.sync()
        await server.restore(copied)
        ask(amina, "5 new")

        assert await titles(server) == ["1 before"]
        await amina.exchange()  # It hears the watermark, and nothing of what it brought was used.
        assert [number_of(op) for op in amina.queue] == [2, 3, 4, 5]
        await amina.exchange()  # One request: what was lost, then what is new.

        assert amina.queue == []
        assert await titles(server) == ["1 before", "2 lost", "3 lost, of a group", "4 lost, of a group", "5 new"]
        assert [amina.receipts[n]["outcome"] for n in (2, 3, 4, 5)] == ["applied"] * 4
        await all_published(server.api)
        await amina.sync()
        assert sorted(row["title"] for row in amina.all("questions.questions").values()) == await titles(server)


async def test_B9_an_answer_given_back_before_its_question_waits_for_it(server: Copied) -> None:
    async with phones_of(server, "Amina", "Madina") as [amina, madina]:
        copied = await server.backup()
        question_id = ask(amina, "Lost with its answer")
        await amina.sync()
        n = answer(madina, question_id, "Because.")
        await madina.sync()
        await server.restore(copied)

        await madina.sync()
        assert madina.outcome(n) == "waiting.record"
        await amina.sync()

        assert await values(server, "select body from questions_answers") == ["Because."]
        await all_published(server.api)
        await madina.sync()
        assert [row["outcome"] for row in madina.all("sync.ops").values()] == ["applied"]


async def test_B10_a_journal_shorter_than_the_loss_begins_anew_and_brings_what_it_has(server: Copied) -> None:
    async with phones_of(server, "Amina") as [amina]:
        copied = await server.backup()
        for number in range(4):
            ask(amina, f"Question {number}")
        await amina.sync()
        del amina.journal[:2]
        await server.restore(copied)

        await amina.sync()

        assert amina.forks == 1
        assert await titles(server) == ["Question 2", "Question 3"]


@pytest.mark.parametrize(
    ("lost", "made_by_the_clone"),
    [
        pytest.param(2, 3, id="the clone used more numbers than were confirmed: seen from the request"),
        pytest.param(2, 1, id="the clone used fewer: seen from the answer"),
    ],
)
async def test_B10_two_clones_that_use_the_same_numbers_after_a_restore_lose_nothing(
    server: Copied, lost: int, made_by_the_clone: int
) -> None:
    """Method: both clones hold the ops that were lost; one of them has forgotten them and makes others."""
    async with phones_of(server, "Amina") as [amina]:
        ask(amina, "before")
        await amina.sync()
        copied = await server.backup()
        clone = copy.copy(amina)
        clone.journal, clone.queue, clone.receipts = list(amina.journal), [], {}
        clone.store = copy.deepcopy(amina.store)
        for number in range(lost):
            ask(amina, f"lost {number}")
        await amina.sync()
        await server.restore(copied)
        for number in range(made_by_the_clone):
            ask(clone, f"clone {number}")

        await clone.sync()
        await amina.sync()
        await clone.sync()

        assert await titles(server) == sorted(
            ["before", *(f"lost {n}" for n in range(lost)), *(f"clone {n}" for n in range(made_by_the_clone))]
        )
        assert (amina.forks, clone.forks) == (1, 0)


async def test_B4_who_was_there_before_the_copy_goes_on_and_who_came_after_compares(server: Copied) -> None:
    async with phones_of(server, "Amina") as [late]:
        ask(late, "Kept")
        await late.sync()
        await all_published(server.api)
        early = Phone(late.client)
        await early.sync()
        copied = await server.backup()
        ask(late, "Lost with the phone's journal")
        await late.sync()
        await all_published(server.api)
        await late.sync()
        late.journal = []
        await server.restore(copied)
        early.raw = late.raw = b""

        await early.sync()
        await late.sync()

        assert b'"reconcile"' not in early.raw
        assert b'"reconcile"' in late.raw
        shown = [[row["title"] for row in phone.all("questions.questions").values()] for phone in (early, late)]
        assert shown == [["Kept"], ["Kept"]]


async def test_B6_B7_a_restore_that_nobody_announced_is_noticed_and_its_loss_is_told(server: Copied) -> None:
    async with phones_of(server, "Amina") as [amina]:
        ask(amina, "Before")
        await amina.sync()
        await keep(server)
        copied = await server.backup()
        ask(amina, "Lost")
        await amina.sync()
        await server.api.run_jobs()  # Mentors are told, by the server: nobody can give that back.
        await all_published(server.api)
        await keep(server)
        await server.restore_by_hand(copied)
        before = await values(server, "select epoch from sync_state")
        [restored] = [read(server, read_head)]
        witness = server.witness()
        assert witness is not None
        report = lost_report(lost_after(witness, restored))

        await keep(server)

        assert report is not None
        assert report.rows == {"questions.questions": 1, "notifications.notifications": 4}
        assert report.by_server == {"questions.questions": 1}
        assert report.positions > 0
        assert report.since <= report.until
        assert await values(server, "select is_noticed from sync_restore") == [True]
        assert await values(server, "select epoch from sync_state") != before
        assert (await values(server, "select sync_version_floor()"))[0] > 1
        told = "select u.full_name from notifications_notifications n join identity_users u on u.id = n.user_id"
        assert await values(server, f"{told} where n.kind = 'server.log_behind'") == ["Siti Rahayu"]
        await keep(server)
        assert len(await values(server, "select at from sync_restore")) == 1  # Once.
        await amina.sync()
        assert await titles(server) == ["Before", "Lost"]


async def test_B6_a_database_that_others_brought_back_is_finished_by_the_command_and_is_no_alarm(
    server: Copied,
) -> None:
    async with phones_of(server, "Amina") as [amina]:
        await keep(server)
        copied = await server.backup()
        ask(amina, "Lost")
        await amina.sync()
        await all_published(server.api)
        await keep(server)
        await server.bring(copied)
        installation = Installation(server.folder)
        target = Target(installation, S3Objects(server.settings.s3_url))
        report = finish(server.settings.database_url, target, lambda _: None, now=datetime.now(UTC))
        await server.up()

        await keep(server)

        assert report.lost is not None
        assert report.lost.rows == {"questions.questions": 1}
        assert await values(server, "select is_noticed from sync_restore") == [False]
        witness = server.witness()
        assert witness is not None
        assert [witness.epoch] == await values(server, "select epoch from sync_state")
        await amina.sync()
        assert await titles(server) == ["Lost"]


async def keep(server: Copied) -> None:
    """One turn of the witness, by a keeper that has just started."""
    async with await AsyncConnection.connect(server.settings.database_url, autocommit=True) as connection:
        await Keeper(server.api.work, connection).turn()


def read(server: Copied, look: Callable[[psycopg.Connection[Any]], Any]) -> Any:
    with psycopg.connect(server.settings.database_url, autocommit=True) as connection:
        return look(connection)


# --- the log alone ------------------------------------------------------------------------------------------------


def test_B2_what_a_copy_held_committed_is_in_the_log_before_it_opens(empty_database_url: str) -> None:
    with open_school(empty_database_url) as school:
        user = new_id()
        school.note(user, "committed, and in no batch yet")

        sequence_to_end(school.connection)

        assert [json.loads(line)[1]["body"] for line in school.lines(f"user:{user}")] == [
            "committed, and in no batch yet"
        ]


def test_B3_after_a_restore_no_version_is_used_twice_of_an_old_row_or_a_new_one(empty_database_url: str) -> None:
    with open_school(empty_database_url) as school:
        user, now = new_id(), datetime.now(UTC)
        note = school.note(user)
        before = read_head(school.connection)

        first = begin_anew(school.connection, before=before, now=now)
        again = begin_anew(school.connection, before=read_head(school.connection), now=now)
        school.run("update notes set body = 'other' where id = %s", note)
        school.run("update notes set body = 'another' where id = %s", note)
        fresh = school.note(user)

        versions = dict(school.run("select id, version from notes"))
        assert first.floor == int(now.timestamp()) << FLOOR_SHIFT
        assert first.floor < again.floor < 2**53
        assert versions == {note: again.floor + 1, fresh: again.floor}
        assert len({before.epoch, first.epoch, again.epoch}) == 3


async def test_B3_a_write_that_saw_a_lost_version_does_not_pass_for_one_that_saw_the_row(
    empty_database_url: str,
) -> None:
    """The lost log had version 2 of the sheet, and a phone holds it offline; after the restore there is another."""
    make_tables(empty_database_url)
    async with open_sample(empty_database_url) as store:
        lab, offline, other = Lab(store), Pen("offline"), Pen("other")
        await store.run("insert into sample_notes (id, user_id, text) values (:id, :id, 'red')", id=offline.user_id)
        sheet = {"team": "red", "title": "Sheet", "status": "draft", "price": 1}
        other.create(SHEETS, id_of("sheet"), sheet)
        await lab.push(other)
        with psycopg.connect(empty_database_url, autocommit=True) as connection:
            begin_anew(connection, before=read_head(connection), now=datetime.now(UTC))

        other.patch(SHEETS, id_of("sheet"), {"price": 2}, base=1)
        offline.patch(SHEETS, id_of("sheet"), {"price": 3}, base=2)
        assert outcomes(await lab.push(other))[1:] == ["applied"]
        answer_ = await lab.push(offline)

        assert outcomes(answer_) == ["conflict record.changed"]
        assert (await lab.row(SHEETS, id_of("sheet")) or {})["price"] == 2


async def test_B3_no_stamp_of_a_restored_log_is_old_enough_to_have_been_seen_on_the_lost_one(
    empty_database_url: str,
) -> None:
    """The lost log had these rows at version 2; what stands in them now, a field or an element, nobody saw there."""
    make_tables(empty_database_url)
    async with open_sample(empty_database_url) as store:
        lab, offline, other = Lab(store), Pen("offline"), Pen("other")
        await store.run("insert into sample_notes (id, user_id, text) values (:id, :id, 'red')", id=offline.user_id)
        kept, fresh = id_of("kept"), id_of("fresh")
        other.create(SHEETS, kept, {"team": "red", "locale": "uz", "tags": ["a"]}, at=[1_000, 0])
        await lab.push(other)
        with psycopg.connect(empty_database_url, autocommit=True) as connection:
            begin_anew(connection, before=read_head(connection), now=datetime.now(UTC))

        other.patch(SHEETS, kept, {"locale": "ru", "tags": {"add": ["b"]}}, base=1, at=[5_000, 0])
        other.create(SHEETS, fresh, {"team": "red", "locale": "ru", "tags": ["b"]}, at=[5_000, 0])
        for sheet in (kept, fresh):
            offline.patch(SHEETS, sheet, {"locale": "id", "tags": {"remove": ["b"]}}, base=2, at=[4_000, 0])
        await lab.push(other)
        await lab.push(offline)

        rows = [await lab.row(SHEETS, sheet) or {} for sheet in (kept, fresh)]
        assert [(row["locale"], row["tags"]) for row in rows] == [("ru", ["a", "b"]), ("ru", ["b"])]
