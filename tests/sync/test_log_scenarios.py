"""Scenes of a school, seen from one phone: what rules P and L say together."""

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import psycopg
import pytest

from sync.postgres.pull_store import PostgresPullStore, open_pool
from tests.sync.amina import Amina
from tests.sync.log_world import School, open_school

BULK = 50_000


@pytest.fixture
def school(empty_database_url: str) -> Iterator[School]:
    with open_school(empty_database_url) as school:
        yield school


@pytest.fixture
async def store(school: School) -> AsyncIterator[PostgresPullStore]:
    async with open_pool(school.url, size_max=2) as pool:
        yield PostgresPullStore(pool)


@pytest.fixture
def amina(school: School, store: PostgresPullStore) -> Amina:
    return Amina(school, store)


@pytest.mark.slow
async def test_P5_P6_fifty_thousand_rows_of_one_transaction_during_a_download_are_one_cut(
    school: School, amina: Amina
) -> None:
    for number in range(60):
        school.lesson(amina.course, f"Lesson {number}", rank=number)
    school.advance()
    lines = await amina.ask(bytes_wanted=2_048)
    assert lines is not None
    assert amina.phone.read(lines), "the download has begun and goes on"

    school.run(
        "insert into notes (id, user_id, body) select gen_random_uuid(), %s, 'n' || g from generate_series(1, %s) g",
        amina.id,
        BULK,
    )
    seen: set[int] = set()
    amina.phone.on_cut = lambda phone: seen.add(len(phone.bucket(f"user:{amina.id}")))
    await amina.sync(bytes_wanted=1 << 20)

    assert seen <= {0, BULK}, "a cut showed a part of the transaction"
    assert len(amina.phone.bucket(f"user:{amina.id}")) == BULK
    assert len(amina.lessons) == 60
    assert not amina.phone.mismatches


async def test_P7_a_bucket_dropped_and_wanted_again_before_the_answer_came_is_whole(
    school: School, amina: Amina
) -> None:
    school.lesson(amina.course)
    await amina.sync()
    amina.phone.want = []
    lost = await amina.ask()
    assert any(b'"left"' in line for line in lost or [])

    amina.phone.want = [amina.bucket]  # The answer never arrived; the phone still holds the bucket.
    school.lesson(amina.course)
    await amina.sync()

    assert len(amina.lessons) == 2
    assert not amina.phone.mismatches

    amina.phone.want = []
    dropped = await amina.ask()
    assert dropped is not None
    amina.phone.read(dropped)  # This time it did.
    assert amina.lessons == set()
    amina.phone.want = [amina.bucket]
    await amina.sync()

    assert len(amina.lessons) == 2
    assert not amina.phone.mismatches


async def test_P7_who_moves_between_classes_holds_the_new_ones_courses_in_one_cut(school: School, amina: Amina) -> None:
    school.lesson(amina.course, "of the old class")
    other_class, other_course = uuid4(), uuid4()
    school.give_course(other_class, other_course)
    new = school.lesson(other_course, "of the new class")
    amina.phone.want = [amina.bucket, f"course:{other_course}"]
    await amina.sync()
    assert len(amina.lessons) == 1

    seen: list[tuple[bool, bool]] = []
    amina.phone.on_cut = lambda phone: seen.append(
        (bool(phone.bucket(amina.bucket)), bool(phone.bucket(f"course:{other_course}")))
    )
    school.run("update enrolments set class_id = %s where student_id = %s", other_class, amina.id)
    await amina.sync()

    assert seen[-1] == (False, True)
    assert (True, True) not in seen
    assert set(amina.phone.bucket(f"course:{other_course}")) == {str(new)}
    assert not amina.phone.mismatches


async def test_L4_a_record_moved_between_two_held_buckets_is_never_in_both_nor_in_none(
    school: School, amina: Amina
) -> None:
    other = uuid4()
    school.give_course(amina.class_id, other)
    lesson = str(school.lesson(amina.course))
    amina.phone.want = [amina.bucket, f"course:{other}"]
    await amina.sync()
    places: list[int] = []
    amina.phone.on_cut = lambda phone: places.append(
        sum(lesson in phone.bucket(name) for name in (amina.bucket, f"course:{other}"))
    )

    for course in (other, amina.course, other):
        school.run("update lessons set course_id = %s where id = %s", course, lesson)
        await amina.sync()

    assert places == [1, 1, 1]
    assert lesson in amina.phone.bucket(f"course:{other}")
    assert not amina.phone.mismatches


async def test_L10_a_right_that_ends_by_the_clock_ends_with_the_column_that_a_job_turns(
    school: School, amina: Amina
) -> None:
    school.lesson(amina.course)
    await amina.sync()
    with psycopg.connect(school.url) as job:  # At the minute, and in a transaction of its own.
        job.execute("update enrolments set status = 'ended' where student_id = %s", [amina.id])
        assert await amina.ask() is None, "nothing has ended before the job's commit"
        job.commit()

    await amina.sync()

    assert amina.phone.shown == {}


async def test_L7_a_transaction_open_for_long_is_whole_when_it_ends_whatever_was_swept_meanwhile(
    school: School, amina: Amina
) -> None:
    await amina.sync()
    with psycopg.connect(school.url) as slow:
        for number in range(3):
            slow.execute(
                "insert into notes (id, user_id, body) values (gen_random_uuid(), %s, %s)", [amina.id, str(number)]
            )
        for minute in range(10):
            school.lesson(amina.course, f"Minute {minute}")
            await amina.sync()
            school.run("select sync_sweep()")
        assert amina.phone.bucket(f"user:{amina.id}") == {}
        slow.commit()

    await amina.sync()

    assert len(amina.phone.bucket(f"user:{amina.id}")) == 3
    assert len(amina.lessons) == 10
    assert not amina.phone.mismatches
