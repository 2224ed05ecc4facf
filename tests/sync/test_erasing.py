"""E rules: after an erasure nothing of the person is in any table, object or answer, not after a restore either."""

import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from server.backup.leaving import PersonUnknown, erase_person
from server.backup.ledger import read_ledger
from server.backup.objects import S3Objects
from server.base.ids import new_id
from server.erasing import declared, erase_people
from sync.erasing import Forget, Through
from sync.files import blob_key, folder_of
from tests.features.school import PHYSICS, SchoolTemplate, school_template
from tests.support.api import PASSWORD, settings_for
from tests.support.copies import Copied
from tests.support.phone import Phone
from tests.support.postgres import PostgresServer
from tests.support.settle import all_published

__all__ = ["school_template"]
pytestmark = pytest.mark.slow

CANARY = "canary7f3a"
WHERE_THE_CANARIES_ARE = [
    "base_audit",
    "identity_login_events",
    "identity_sessions",
    "identity_users",
    "notifications_notifications",
    "questions_questions",
    "sync_item",
    "sync_op",
]
NAMES_A_PERSON = re.compile(
    r"(^|_)(user|author|owner|actor|asker|reporter|student|learner|mentor|educator|person|by)_id$|^adopted_by$"
)


@pytest.fixture
async def server(
    migrated_postgres: PostgresServer, school_template: SchoolTemplate, redis_url: str, s3_url: str, tmp_path: Path
) -> AsyncIterator[Copied]:
    own_bucket = f"{s3_url.rpartition('/')[0]}/{new_id()}"
    with migrated_postgres.new_database(school_template.name) as url:
        server = Copied(migrated_postgres, settings_for(url, redis_url, own_bucket, tmp_path), tmp_path)
        await server.up()
        try:
            yield server
        finally:
            await server.down()
            server.drop()


async def live_a_little(server: Copied) -> tuple[Phone, UUID]:
    """A learner whose every word is a canary: asks twice, is answered once, has an op parked; and her id."""
    name = f"{CANARY}-name Karimova"
    user_id = await server.api.add(name, "student")
    signing_in = {"email": f"{CANARY}-name@example.org", "password": PASSWORD, "device_name": f"{CANARY} phone"}
    await server.api.http.post("/api/v1/auth/login", json=signing_in)
    token = await server.api.http.post("/api/v1/auth/login", json=signing_in)
    client = server.api.http
    client.headers["authorization"] = f"Bearer {token.json()['data']['access_token']}"
    phone = Phone(client)
    answered = ask(phone, f"{CANARY} answered")
    ask(phone, f"{CANARY} unanswered")
    phone.command("questions.question.ask", {"title": f"{CANARY} parked"})
    phone.patch("identity.me", user_id, {"display_name": f"{CANARY} star"}, base=1)
    await phone.sync()
    async with server.api.signed_in("Madina") as mentors:
        mentor = Phone(mentors)
        args = {"id": str(new_id()), "question_id": str(answered), "body": "Because of gravity."}
        mentor.command("questions.answer.post", args)
        await mentor.sync()
        assert mentor.outcome(1) == "applied"
    await server.api.run_jobs()
    await all_published(server.api)
    await phone.sync()
    return phone, user_id


def ask(phone: Phone, title: str) -> UUID:
    id_ = new_id()
    args = {"id": str(id_), "subject_id": str(PHYSICS), "title": title, "body": f"{CANARY}?", "visibility": "public"}
    phone.command("questions.question.ask", args)
    return id_


def tables_with(url: str, words: str) -> list[str]:
    """The tables that hold the words anywhere, in any column of any row."""
    with psycopg.connect(url, autocommit=True) as connection:
        tables = connection.execute(
            "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " where n.nspname = 'public' and c.relkind = 'r' order by 1"
        ).fetchall()
        found = []
        for (table,) in tables:
            query = sql.SQL(
                "select exists (select from {} t where strpos(lower(t::text), %(w)s) > 0"
                " or strpos(lower(t::text), %(hex)s) > 0)"
            ).format(sql.Identifier(table))
            row = connection.execute(query, {"w": words, "hex": words.encode().hex()}).fetchone()
            found += [table] if row == (True,) else []
        return found


def objects_with(server: Copied, words: str) -> list[str]:
    objects = S3Objects(server.settings.s3_url)
    return [
        entry.key
        for entry in objects.entries()
        if words in entry.key or words.encode() in b"".join(objects.read(entry.key)).lower()
    ]


def rows(server: Copied, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(server.settings.database_url, autocommit=True) as connection:
        return connection.execute(statement.encode()).fetchall()


async def test_E1_E2_after_an_erasure_nothing_is_left_of_the_person_and_others_keep_theirs(server: Copied) -> None:
    phone, user_id = await live_a_little(server)
    (server.settings.data / "mail").mkdir()
    (server.settings.data / "mail" / "1.eml").write_text(f"To: {CANARY}-name@example.org\n")
    put_a_base_file(server, f"mentors:{PHYSICS}")
    assert tables_with(server.settings.database_url, CANARY) == WHERE_THE_CANARIES_ARE

    assert erase_person(server.settings, f"{CANARY}-name@example.org") == user_id

    assert tables_with(server.settings.database_url, CANARY) == []
    assert objects_with(server, CANARY) == []
    assert list((server.settings.data / "mail").iterdir()) == []
    assert rows(server, "select body from questions_answers") == [("Because of gravity.",)]
    assert rows(server, "select title, author_name from questions_questions where deleted_at is null") == [
        ("…", "Former member")
    ]
    refused = await phone.post(phone.body())
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "account.erased")
    async with server.api.signed_in("Madina") as mentors:
        mentor = Phone(mentors)
        await mentor.sync()
        assert CANARY.encode() not in mentor.raw
        assert [row["author_name"] for row in mentor.all("questions.questions").values()] == ["Former member"]


async def test_E1_a_phone_that_holds_a_row_of_the_erased_is_told_that_it_is_gone(server: Copied) -> None:
    async with server.api.signed_in("Madina") as mentors:
        _, user_id = await live_a_little(server)
        mentor = Phone(mentors)
        await mentor.sync()
        await all_published(server.api)
        held = mentor.all("questions.questions")
        assert len(held) == 2

        erase_person(server.settings, str(user_id))
        await mentor.sync()

        shown = mentor.all("questions.questions")
        assert [row["title"] for row in shown.values()] == ["…"]
        [gone] = held.keys() - shown.keys()
        lines = rows(server, f"select line, version from sync_item where gone_at is not null and id = '{gone}'")
        assert lines
        assert {line for line, _ in lines} == {f'[{version},"{gone}"]' for _, version in lines}
        assert CANARY not in json.dumps(shown)


async def test_E2_a_refresh_token_of_the_erased_is_told_so_and_the_e_mail_is_free_again(server: Copied) -> None:
    await server.api.add("Zarina Karimova", "student")
    signing_in = {"email": "zarina@example.org", "password": PASSWORD}
    assert (await server.api.http.post("/api/v1/auth/login", json=signing_in)).status_code == 200

    erase_person(server.settings, "zarina@example.org")

    csrf = {"x-csrf-token": server.api.http.cookies["csrf"]}
    again = await server.api.http.post("/api/v1/auth/refresh", json={}, headers=csrf)
    assert again.status_code == 401
    assert again.json()["error"]["code"] == "account.erased"
    await server.api.add("Zarina Karimova", "student")  # Somebody else by now, or the same person anew.


async def test_E4_a_restore_of_an_older_backup_does_not_bring_the_person_back(server: Copied) -> None:
    phone, user_id = await live_a_little(server)
    token = phone.client.headers["authorization"]
    copied = await server.backup()
    erase_person(server.settings, str(user_id))
    ledger = read_ledger(S3Objects(server.settings.s3_url))
    nobody = new_id()  # Came and was erased after the backup: it does not know of them.

    brought = await server.restore(copied, {**ledger, nobody: datetime.now(UTC)})

    assert brought.erased == 2
    assert tables_with(server.settings.database_url, CANARY) == []
    assert set(rows(server, "select user_id from sync_erased")) == {(user_id,), (nobody,)}
    refused = await server.api.http.get("/api/v1/auth/me", headers={"authorization": token})
    assert refused.json()["error"]["code"] == "account.erased"


async def test_E4_erasing_twice_is_erasing_once_and_a_stranger_is_not_erased(server: Copied) -> None:
    _, user_id = await live_a_little(server)
    erase_person(server.settings, str(user_id))
    before = rows(server, "select id, version from questions_questions union select id, version from identity_users")

    erase_person(server.settings, str(user_id))
    with psycopg.connect(server.settings.database_url, autocommit=True) as connection:
        assert erase_people(connection, read_ledger(S3Objects(server.settings.s3_url))) == []

    after = rows(server, "select id, version from questions_questions union select id, version from identity_users")
    assert sorted(after) == sorted(before)
    with pytest.raises(PersonUnknown):
        erase_person(server.settings, "stranger@example.org")


def test_E3_every_column_that_may_name_a_person_is_declared(database_url: str) -> None:
    named = {(erasure.table, erasure.person) for erasure in declared() if not through(erasure)}
    with psycopg.connect(database_url, autocommit=True) as connection:
        columns = connection.execute(
            "select c.table_name, c.column_name from information_schema.columns c"
            " where c.table_schema = 'public' and c.data_type = 'uuid' and c.table_name not like 'sync%'"
        ).fetchall()
        references = connection.execute(
            "select k.conrelid::regclass::text, a.attname from pg_constraint k"
            " join pg_attribute a on a.attrelid = k.conrelid and a.attnum = any(k.conkey)"
            " where k.contype = 'f' and k.confrelid = 'identity_users'::regclass"
        ).fetchall()

    people = {(table, column) for table, column in columns if NAMES_A_PERSON.search(column)} | set(references)

    assert sorted(people - named) == []
    assert sorted(table for table, column in named if (table, column) not in set(columns)) == []


def through(erasure: object) -> Through | None:
    return erasure.through if isinstance(erasure, Forget) else None


def put_a_base_file(server: Copied, bucket: str) -> None:
    """A chunk of the bucket's files in which a line of hers stands, as the cutter leaves it."""
    sha256 = "ab" * 32
    path = server.folder / "chunk"
    path.write_bytes(f"{CANARY} in a chunk".encode())
    S3Objects(server.settings.s3_url).write(blob_key(folder_of(bucket), sha256, "identity"), path)
    with psycopg.connect(server.settings.database_url, autocommit=True) as connection:
        connection.execute(
            "insert into sync_chunk (bucket, sha256, is_stored)"
            " select number, %s, true from sync_bucket where name = %s",
            [bytes.fromhex(sha256), bucket],
        )
