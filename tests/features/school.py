"""A small school on a real database: people, a course, commands run as the sync engine runs them.

A folder of tests imports its fixtures into its conftest.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import text

from server.base.actor import SYSTEM, Actor
from server.base.ids import derived_id, new_id
from server.base.runner import Runner
from server.base.tx import Tx
from server.base.work import Work
from server.catalog.courses import add_course
from server.catalog.models import Course
from server.features import jobs
from server.identity.accounts import NewAccount, answer_for, create_account
from server.means import open_work
from sync.mutator import Mutator
from tests.support.api import PASSWORD, Api, email_of, settings_for
from tests.support.postgres import TEMPLATE, PostgresServer

ROUNDS_MAX = 20
PUBLISHED_POLLS_MAX = 6_000
PHYSICS = derived_id("catalog.subjects", "physics")
CHEMISTRY = derived_id("catalog.subjects", "chemistry")


@dataclass
class School:
    """Amina and Brian learn, Ms Otieno teaches, Madina and Marat are mentors of physics, Siti is admin."""

    work: Work
    people: dict[str, Actor] = field(default_factory=dict)

    @asynccontextmanager
    async def as_(self, name: str | None = None) -> AsyncIterator[Tx]:
        """A transaction of this person; without a name, of the system."""
        async with self.work.database.transaction(self.people[name] if name else SYSTEM) as tx:
            yield tx

    async def add(self, name: str, role: str, *, subject_ids: tuple[UUID, ...] = (), is_verified: bool = True) -> Actor:
        async with self.as_() as tx:
            account = NewAccount(
                email=email_of(name), full_name=name, role=role, password=PASSWORD, is_verified=is_verified
            )
            user = await create_account(tx, account)
            await answer_for(tx, user_id=user.id, subject_ids=list(subject_ids))
        actor = Actor(id=user.id, roles=frozenset({role}), is_email_verified=is_verified)
        self.people[name.split(maxsplit=1)[0].lower()] = actor
        return actor

    async def add_course(self, slug: str, *, owner: str, is_published: bool = True, access: str = "free") -> UUID:
        course = Course(
            id=new_id(),
            slug=slug,
            title=slug.title(),
            language="en",
            access=access,
            created_by_id=self.people[owner].id,
            subject_id=PHYSICS,
            status="published" if is_published else "draft",
        )
        async with self.as_() as tx:
            course.published_at = tx.now if is_published else None
            await add_course(tx, course, owner_id=self.people[owner].id)
        return course.id

    async def run(self, name: str, command: Mutator, **args: Any) -> None:
        """One command in a transaction of its own. Raises the refusal that the phone would be told."""
        async with self.as_(name) as tx:
            await command.run(tx, msgspec.convert(args, type=command.args))

    async def rows(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        async with self.as_() as tx:
            found = (await tx.db.execute(text(statement), values)).mappings().all()
        return [dict(row) for row in found]

    async def value(self, statement: str, **values: Any) -> Any:
        [row] = await self.rows(statement, **values)
        return next(iter(row.values()))

    async def told(self, name: str) -> list[str]:
        """The kinds of what this person was told, oldest first."""
        statement = "select kind from notifications_notifications where user_id = :user order by created_at, kind"
        return [row["kind"] for row in await self.rows(statement, user=self.people[name].id)]

    async def published(self) -> None:
        """Wait until the running API has written everything that was committed into the log, a few milliseconds."""
        for _ in range(PUBLISHED_POLLS_MAX):
            if not await self.value("select sync_has_marks()"):
                return
            await asyncio.sleep(0.01)
        raise AssertionError("the log does not catch up")

    async def run_jobs(self) -> None:
        runner = Runner(self.work, jobs())
        for _ in range(ROUNDS_MAX):
            due = await self.rows(
                "select id from base_outbox where failed_at is null and next_at <= clock_timestamp() order by id"
            )
            if not due:
                failed = await self.rows("select kind, error from base_outbox")
                assert failed == []
                return
            for row in due:
                await runner.run({}, outbox_id=row["id"])
        raise AssertionError("the outbox does not become empty")


@asynccontextmanager
async def open_school(database_url: str, data: Path, people: dict[str, Actor] | None = None) -> AsyncIterator[School]:
    """The school on this database. Valkey and S3 are not needed, and not there."""
    settings = settings_for(database_url, "redis://127.0.0.1:1", "http://nobody:nothing@127.0.0.1:1/none", data)
    work = open_work(settings)
    try:
        yield School(work, dict(people or {}))
    finally:
        await work.redis.aclose()
        await work.database.close()


@dataclass(frozen=True)
class SchoolTemplate:
    """A database that holds the people above; copying it takes a moment, hashing their passwords does not."""

    name: str
    people: dict[str, Actor]


@pytest.fixture(scope="session")
async def school_template(
    migrated_postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[SchoolTemplate]:
    with migrated_postgres.new_database(TEMPLATE) as url:
        async with open_school(url, tmp_path_factory.mktemp("school")) as school:
            await school.add("Amina Karimova", "student")
            await school.add("Brian Otieno", "student")
            await school.add("Otieno Grace", "educator")
            await school.add("Madina Yusupova", "mentor", subject_ids=(PHYSICS,))
            await school.add("Marat Aliev", "mentor", subject_ids=(PHYSICS,))
            await school.add("Siti Rahayu", "admin")
        yield SchoolTemplate(url.rpartition("/")[2], school.people)


@pytest.fixture
def database_url(migrated_postgres: PostgresServer, school_template: SchoolTemplate) -> Iterator[str]:
    """A copy of the school for this test alone; the API of `api` runs on it, too."""
    with migrated_postgres.new_database(school_template.name) as url:
        yield url


@pytest.fixture
async def school(database_url: str, school_template: SchoolTemplate, tmp_path: Path) -> AsyncIterator[School]:
    """The school without HTTP."""
    async with open_school(database_url, tmp_path, school_template.people) as opened:
        yield opened


@pytest.fixture
def online(api: Api, school_template: SchoolTemplate) -> School:
    """The school behind a running API."""
    return School(api.work, dict(school_template.people))
