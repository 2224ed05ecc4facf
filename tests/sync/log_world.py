"""A small school in plain SQL for the tests of the log: lessons, a class link, enrolments, grants, own notes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import msgspec
import psycopg

from sync.collection import (
    BucketKind,
    Collection,
    Grant,
    Link,
    Membership,
    audience,
    bucket,
    equals,
    is_set,
)
from sync.merge import Append
from sync.postgres.install import install
from sync.registry import Registry, build_registry

SCHEMA_SQL = """
create table lessons (id uuid primary key, version bigint not null default 1, deleted_at timestamptz(3),
    course_id uuid not null, title text not null, body json, rank integer not null default 0, minutes integer,
    is_free boolean, due_on date, tags text[], published_at timestamptz(3), secret text);
create table unlocks (id uuid primary key default gen_random_uuid(), lesson_id uuid not null, class_id uuid not null);
create table texts (id uuid primary key, version bigint not null default 1, deleted_at timestamptz(3),
    course_id uuid not null, body text not null);
create table notes (id uuid primary key, version bigint not null default 1, deleted_at timestamptz(3),
    user_id uuid not null, class_id uuid, body text not null);
create table enrolments (id uuid primary key default gen_random_uuid(), version bigint not null default 1,
    deleted_at timestamptz(3), class_id uuid not null, student_id uuid not null, status text not null default 'active');
create table class_courses (id uuid primary key default gen_random_uuid(), version bigint not null default 1,
    deleted_at timestamptz(3), class_id uuid not null, course_id uuid not null);
"""


class LessonRow(msgspec.Struct):
    id: UUID
    course_id: UUID
    title: str
    body: Any = None
    rank: int = 0
    minutes: int | None = None
    is_free: bool | None = None
    due_on: str | None = None
    tags: list[str] | None = None
    published_at: str | None = None


class TextRow(msgspec.Struct):
    id: UUID
    course_id: UUID
    body: str


class NoteRow(msgspec.Struct):
    id: UUID
    user_id: UUID
    body: str
    class_id: UUID | None = None


LESSONS = Collection(
    name="school.lessons",
    table="lessons",
    row=LessonRow,
    buckets=(
        bucket("course", "course_id", when=is_set("published_at")),
        bucket("course-staff", "course_id"),
        bucket("class", "class_id", link=Link("unlocks", "lesson_id")),
    ),
    tier=1,
    order_by=("rank",),
)
TEXTS = Collection(name="school.texts", table="texts", row=TextRow, buckets=(bucket("course", "course_id"),), tier=2)
NOTES = Collection(
    name="school.notes",
    table="notes",
    row=NoteRow,
    buckets=(bucket("user", "user_id"), bucket("class", "class_id")),
    tier=0,
    merge=Append(),
    may_create=frozenset({"user_id", "body"}),
)
ENROLMENTS = Membership("enrolments", "student_id", audience("class", "class_id"), when=equals("status", "active"))
CLASS_COURSES = Grant("class_courses", audience("class", "class_id"), bucket("course", "course_id").name)
CLASS_ITSELF = Grant("class_courses", audience("class", "class_id"), bucket("class", "class_id").name)


def school_registry() -> Registry:
    return build_registry(
        schema=1,
        collections=(LESSONS, TEXTS, NOTES),
        memberships=(ENROLMENTS,),
        grants=(CLASS_COURSES, CLASS_ITSELF),
        bucket_kinds=(
            BucketKind("course", automatic=False),
            BucketKind("course-staff", automatic=False),
            BucketKind("class", automatic=True),
        ),
    )


class School:
    """One autocommit connection and words for what a test does with it. Each call is a transaction of its own."""

    def __init__(self, url: str, connection: psycopg.Connection[Any]) -> None:
        self.url = url
        self.connection = connection

    def run(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        cursor = self.connection.execute(sql, values)  # type: ignore[call-overload]  # tests write SQL as they like
        return cursor.fetchall() if cursor.description else []

    def advance(self) -> int:
        """Sequence one batch; how many log rows it wrote, -1 when another leader holds the lock."""
        return int(self.run("call sync_advance()")[0][0])

    def lesson(
        self, course_id: UUID, title: str = "Motion", *, rank: int = 0, published: bool = True, **columns: Any
    ) -> UUID:
        values = {"id": uuid4(), "course_id": course_id, "title": title, "rank": rank, **columns}
        names = ", ".join([*values, "published_at"])
        marks = ", ".join(["%s"] * len(values) + ["timestamptz '2026-11-21 08:00:00.5+00'" if published else "null"])
        self.run(f"insert into lessons ({names}) values ({marks})", *values.values())
        return values["id"]

    def text(self, course_id: UUID, body: str = "words") -> UUID:
        id_ = uuid4()
        self.run("insert into texts (id, course_id, body) values (%s, %s, %s)", id_, course_id, body)
        return id_

    def note(self, user_id: UUID, body: str = "note", class_id: UUID | None = None) -> UUID:
        id_ = uuid4()
        self.run(
            "insert into notes (id, user_id, class_id, body) values (%s, %s, %s, %s)", id_, user_id, class_id, body
        )
        return id_

    def enrol(self, user_id: UUID, class_id: UUID) -> UUID:
        sql = "insert into enrolments (class_id, student_id) values (%s, %s) returning id"
        return UUID(str(self.run(sql, class_id, user_id)[0][0]))

    def give_course(self, class_id: UUID, course_id: UUID) -> UUID:
        sql = "insert into class_courses (class_id, course_id) values (%s, %s) returning id"
        return UUID(str(self.run(sql, class_id, course_id)[0][0]))

    def lines(self, bucket_name: str) -> list[str]:
        """What the log holds of a bucket, in log order, gone lines included."""
        sql = (
            "select line from sync_item i join sync_bucket b on b.number = i.bucket where b.name = %s order by position"
        )
        return [line for (line,) in self.run(sql, bucket_name)]


@contextmanager
def open_school(url: str, registry: Registry | None = None) -> Iterator[School]:
    """The school's tables in an empty database, the engine installed over them."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SCHEMA_SQL)
    with psycopg.connect(url) as connection:
        install(connection, registry or school_registry())
    with psycopg.connect(url, autocommit=True) as connection:
        yield School(url, connection)
