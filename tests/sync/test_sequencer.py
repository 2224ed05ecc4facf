"""L rules: from a committed change to a line in the log, on real PostgreSQL."""

import json
from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import psycopg
import pytest

from sync.collection import BucketKind, bucket
from sync.digest import set_digest
from sync.postgres.catalog import BadDeclaration
from sync.postgres.install import install
from sync.registry import Registry, build_registry
from tests.sync.log_world import LESSONS, NOTES, School, open_school, school_registry


@pytest.fixture
def school(empty_database_url: str) -> Iterator[School]:
    with open_school(empty_database_url) as school:
        yield school


def test_L1_a_change_by_anybody_reaches_the_log_in_one_batch(school: School) -> None:
    course = uuid4()
    lesson = school.lesson(
        course, 'Mo"tion\n', minutes=7, is_free=True, due_on="2026-12-01", tags=["a b", "c"], body='{"a":\n 1}'
    )

    published = school.advance()

    assert published == 2  # the course's bucket and its staff's
    line = school.lines(f"course:{course}")[0]
    assert line == (
        f'[1,{{"id":"{lesson}","course_id":"{course}","title":"Mo\\"tion\\n","body":{{"a": 1}},"rank":0,"minutes":7,'
        '"is_free":true,"due_on":"2026-12-01","tags":["a b","c"],"published_at":"2026-11-21T08:00:00.500Z"}]'
    )
    assert json.loads(line)[1]["title"] == 'Mo"tion\n'


def test_L1_a_bulk_statement_marks_each_row_and_a_rolled_back_one_none(school: School) -> None:
    course = uuid4()
    for _ in range(20):
        school.lesson(course)
    school.advance()

    school.run("update lessons set title = 'all at once'")
    with psycopg.connect(school.url) as other:
        other.execute("update lessons set title = 'never'")
        other.rollback()
    school.advance()

    lines = school.lines(f"course:{course}")
    assert len(lines) == 20
    assert all('"title":"all at once"' in line and line.startswith("[2,") for line in lines)


def test_L2_the_version_rises_only_with_what_crosses_the_wire(school: School) -> None:
    lesson = school.lesson(uuid4())
    school.advance()

    school.run("update lessons set secret = 'not on the wire', version = 99 where id = %s", lesson)
    quiet = school.advance()
    school.run("update lessons set body = '{}' where id = %s", lesson)
    school.advance()

    assert quiet == 0
    assert school.run("select version from lessons where id = %s", lesson) == [(2,)]


@pytest.mark.parametrize(
    "statement",
    ["update lessons set id = gen_random_uuid()", "delete from lessons", "truncate lessons", "truncate unlocks"],
)
def test_L3_what_would_leave_ghosts_on_phones_is_refused(school: School, statement: str) -> None:
    school.lesson(uuid4())

    with pytest.raises(psycopg.errors.RestrictViolation):
        school.run(statement)


def test_L3_the_eraser_may_delete_and_the_row_is_gone_from_the_log(school: School) -> None:
    course = uuid4()
    lesson = school.lesson(course)
    school.advance()

    with psycopg.connect(school.url) as eraser:
        eraser.execute("set local sync.erasing = 'on'")
        eraser.execute("delete from lessons where id = %s", [lesson])
    school.advance()

    assert school.lines(f"course:{course}") == [f'[2,"{lesson}"]']


def test_L4_a_row_that_leaves_a_bucket_leaves_a_gone_line_and_may_come_back(school: School) -> None:
    old, new = uuid4(), uuid4()
    lesson = school.lesson(old)
    school.advance()

    school.run("update lessons set course_id = %s where id = %s", new, lesson)
    school.advance()
    assert school.lines(f"course:{old}") == [f'[2,"{lesson}"]']
    assert len(school.lines(f"course:{new}")) == 1

    school.run("update lessons set deleted_at = now() where id = %s", lesson)
    school.advance()
    assert school.lines(f"course:{new}") == [f'[3,"{lesson}"]']

    school.run("update lessons set deleted_at = null where id = %s", lesson)
    school.advance()
    assert school.lines(f"course:{new}")[0].startswith("[4,{")


def test_L4_a_condition_on_a_column_off_the_wire_moves_the_row_too(school: School) -> None:
    course = uuid4()
    lesson = school.lesson(course, published=False)
    school.advance()
    assert school.lines(f"course:{course}") == []
    assert len(school.lines(f"course-staff:{course}")) == 1

    school.run("update lessons set published_at = now() where id = %s", lesson)
    school.advance()

    assert len(school.lines(f"course:{course}")) == 1


def test_L5_a_link_row_puts_its_record_into_a_bucket_and_takes_it_out(school: School) -> None:
    first, second = school.lesson(uuid4()), school.lesson(uuid4())
    class_id = uuid4()
    school.run("insert into unlocks (lesson_id, class_id) values (%s, %s)", first, class_id)
    school.advance()
    assert [json.loads(line)[1]["id"] for line in school.lines(f"class:{class_id}")] == [str(first)]

    school.run("update unlocks set lesson_id = %s", second)
    school.advance()
    assert {type(json.loads(line)[1]) for line in school.lines(f"class:{class_id}")} == {str, dict}

    school.run("delete from unlocks")
    school.advance()
    assert all(isinstance(json.loads(line)[1], str) for line in school.lines(f"class:{class_id}"))


def test_L6_totals_of_a_bucket_are_those_of_its_lines(school: School) -> None:
    course = uuid4()
    lessons = [school.lesson(course) for _ in range(5)]
    school.advance()
    school.run("update lessons set title = 'again' where id = %s", lessons[0])
    school.run("update lessons set deleted_at = now() where id = %s", lessons[1])
    school.advance()

    lines = [line.encode() for line in school.lines(f"course:{course}") if not isinstance(json.loads(line)[1], str)]

    sql = (
        "select count, digest, bytes from sync_digest d join sync_bucket b on b.number = d.bucket"
        " where b.name = %s order by position desc limit 1"
    )
    count, digest, size = school.run(sql, f"course:{course}")[0]
    assert (count, digest % 2**64) == set_digest(lines)
    assert size == sum(len(line) for line in lines)


def test_L7_a_transaction_is_published_whole_though_it_is_larger_than_a_chunk(school: School) -> None:
    course = uuid4()
    school.run(
        "insert into lessons (id, course_id, title, rank, published_at)"
        " select gen_random_uuid(), %s, 'lesson ' || n, 12000 - n, now() from generate_series(1, 12000) n",
        course,
    )

    assert school.advance() == 24_000

    assert school.run("select count(*) from sync_batch") == [(2,)]
    lines = school.lines(f"course:{course}")
    ranks = [json.loads(line)[1]["rank"] for line in lines]
    assert ranks == sorted(ranks)  # Reading order, across the chunks.


def test_L7_a_long_transaction_delays_only_itself(school: School) -> None:
    slow, quick = uuid4(), uuid4()
    with psycopg.connect(school.url) as other:
        sql = "insert into lessons (id, course_id, title, published_at) values (gen_random_uuid(), %s, 'slow', now())"
        other.execute(sql, [slow])
        school.lesson(quick)
        school.advance()
        assert len(school.lines(f"course:{quick}")) == 1
        other.commit()
    school.run("select sync_sweep()")

    school.advance()

    assert len(school.lines(f"course:{slow}")) == 1


def test_L8_the_tag_chains_each_batch_to_the_one_before(school: School) -> None:
    school.lesson(uuid4())
    school.advance()
    school.enrol(uuid4(), uuid4())
    school.advance()

    batches = school.run("select position, tag, items, scope_changes from sync_batch order by position")

    assert [(items, changes) for _, _, items, changes in batches] == [(0, 0), (2, 0), (0, 1)]
    assert len({bytes(tag) for _, tag, _, _ in batches}) == 3
    assert [position for position, _, _, _ in batches] == [0, 3, 4]  # A batch takes one position for itself.


def test_L9_a_second_leader_does_not_wait(school: School) -> None:
    school.lesson(uuid4())
    with psycopg.connect(school.url) as leader:
        leader.execute("lock table sync_leader in exclusive mode")

        assert school.advance() == -1

    assert school.advance() == 2


def test_L10_members_and_grants_follow_their_rows(school: School) -> None:
    user, class_id, course = uuid4(), uuid4(), uuid4()
    enrolment, grant = school.enrol(user, class_id), school.give_course(class_id, course)
    school.advance()
    assert school.run("select user_id, audience from sync_member") == [(user, f"class:{class_id}")]

    school.run("update enrolments set status = 'left' where id = %s", enrolment)
    school.run("delete from class_courses where id = %s", grant)
    school.advance()

    assert school.run("select count(*) from sync_member") == [(0,)]
    assert school.run("select count(*) from sync_grant") == [(0,)]


def test_L11_installing_twice_changes_nothing_and_another_projection_marks_every_row(school: School) -> None:
    course = uuid4()
    school.lesson(course, minutes=5)
    school.advance()
    with psycopg.connect(school.url) as connection:
        install(connection, school_registry())
    assert school.advance() == 0
    assert school.run("select count(*) from sync_batch") == [(2,)]

    narrower = registry_with(replace(LESSONS, buckets=(bucket("course", "course_id"),)))
    with psycopg.connect(school.url) as connection:
        install(connection, narrower)
    school.advance()

    assert isinstance(json.loads(school.lines(f"course-staff:{course}")[0])[1], str)


def test_L11_a_table_that_a_migration_made_anew_is_watched_again(school: School) -> None:
    school.run("drop table texts")
    school.run(
        "create table texts (id uuid primary key, version bigint not null default 1, deleted_at timestamptz(3),"
        " course_id uuid not null, body text not null)"
    )
    with psycopg.connect(school.url) as connection:
        install(connection, school_registry())
    course = uuid4()

    school.text(course)
    school.advance()

    assert len(school.lines(f"course:{course}")) == 1


def test_L11_a_cluster_of_another_identity_marks_everything_anew(school: School) -> None:
    course = uuid4()
    school.lesson(course)
    school.advance()
    school.run(
        "update sync_state set cluster = 1"
    )  # As after a dump read into another cluster: xids mean nothing there.
    school.run("update sync_batch set snapshot = '9000000:9000000:'")
    school.run("update lessons set title = 'changed in the meantime'")
    school.run("select 1")

    school.advance()

    assert "changed in the meantime" in school.lines(f"course:{course}")[0]


@pytest.mark.parametrize(
    ("column", "type_"),
    [("body", "jsonb"), ("minutes", "numeric"), ("rank", "double precision"), ("due_on", "timestamptz")],
)
def test_L12_a_type_without_one_text_form_is_refused_when_it_is_declared(
    school: School, column: str, type_: str
) -> None:
    school.run(f"alter table lessons alter column {column} drop default")
    school.run(f"alter table lessons alter column {column} type {type_} using null")

    with psycopg.connect(school.url) as connection, pytest.raises(BadDeclaration, match=column):
        install(connection, school_registry())


def test_L12_a_collection_never_moves_to_another_tier(school: School) -> None:
    with psycopg.connect(school.url) as connection, pytest.raises(BadDeclaration, match="tier"):
        install(connection, registry_with(replace(LESSONS, tier=2)))


def test_L13_sweeping_leaves_one_total_a_set_whatever_was_written_before(school: School) -> None:
    course, other = uuid4(), uuid4()
    for number in range(5):
        school.lesson(course, str(number))
        school.lesson(other, str(number))
        school.advance()
        if number == 2:
            school.run("select sync_sweep()")

    school.run("select sync_sweep()")

    assert school.run("select count(*), count(distinct (bucket, tier)) from sync_digest") == [(4, 4)]
    assert school.run("select distinct count from sync_digest") == [(5,)]


def test_L13_sweeping_keeps_what_is_not_yet_published(school: School) -> None:
    course = uuid4()
    school.lesson(course)
    school.advance()
    school.lesson(course)
    school.run("select sync_sweep()")

    school.advance()
    school.run("select sync_sweep()")

    assert len(school.lines(f"course:{course}")) == 2
    assert school.run(
        "select count(*) from sync_outbox where xid < (select xmin_ from (select pg_snapshot_xmin(snapshot) as"
        " xmin_ from sync_batch order by position desc limit 1) s)"
    ) == [(0,)]


def test_L13_purging_gone_rows_raises_the_floor(school: School) -> None:
    course = uuid4()
    lesson = school.lesson(course)
    school.advance()
    school.run("update lessons set deleted_at = now() where id = %s", lesson)
    school.advance()
    school.run("update sync_item set gone_at = now() - interval '181 days' where gone_at is not null")

    with psycopg.connect(school.url) as connection:
        connection.execute("select sync_purge()")

    assert school.lines(f"course:{course}") == []
    assert school.run("select floor > 0 from sync_state") == [(True,)]


def registry_with(lessons: object) -> Registry:
    registry = school_registry()
    kinds = [BucketKind(kind, automatic=kind == "class") for kind in ("course", "course-staff", "class")]
    texts = registry.collections["school.texts"]
    return build_registry(
        schema=1,
        collections=[lessons, texts, NOTES],
        memberships=registry.memberships,
        grants=registry.grants,
        bucket_kinds=kinds,
    )
