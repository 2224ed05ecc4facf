"""P rules: what a phone that follows the protocol holds after each answer."""

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest
from msgspec.structs import replace

from sync.postgres.pull_store import PostgresPullStore, open_pool
from tests.sync.amina import Amina
from tests.sync.log_world import School, open_school


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


# --- increments, silence ----------------------------------------------------------------------------------------


async def test_P1_a_first_fill_then_a_change_by_hand_reach_the_phone(school: School, amina: Amina) -> None:
    lesson, text = school.lesson(amina.course, "Motion"), school.text(amina.course)
    await amina.sync()
    assert amina.lessons == {str(lesson), str(text)}

    school.run("update lessons set title = 'Motion, mended in psql' where id = %s", lesson)
    await amina.sync()

    line = amina.phone.bucket(amina.bucket)[str(lesson)]
    assert line.startswith("[2,{")
    assert "mended in psql" in line
    assert not amina.phone.mismatches


async def test_P2_nothing_new_is_silence_though_others_write(school: School, amina: Amina) -> None:
    school.lesson(amina.course)
    await amina.sync()

    school.lesson(uuid4())  # of a course she does not hold

    assert await amina.ask() is None


async def test_P2_a_lost_last_line_is_answered_though_nothing_changes_any_more(school: School, amina: Amina) -> None:
    school.note(amina.id)
    await amina.sync()
    school.note(amina.id)
    lines = await amina.ask(pace=1)
    assert lines is not None
    amina.phone.read(lines[:-1])
    assert len(amina.phone.bucket(f"user:{amina.id}")) == 1  # Staged behind the lost line.

    lines = await amina.ask()

    assert lines is not None
    assert not amina.phone.read(lines)
    assert len(amina.phone.bucket(f"user:{amina.id}")) == 2


async def test_P2_a_cursor_of_yesterday_is_renewed(school: School, amina: Amina) -> None:
    school.lesson(amina.course)
    await amina.sync()
    school.run("update sync_batch set at = now() - interval '25 hours'")
    school.lesson(uuid4())

    lines = await amina.ask()

    assert lines is not None
    old_head = amina.cursor.head
    amina.phone.read(lines)
    assert amina.cursor.head > old_head


async def test_P2_a_server_that_was_quiet_for_ten_days_stays_silent(school: School, amina: Amina) -> None:
    school.lesson(amina.course)
    await amina.sync()

    school.run("update sync_batch set at = now() - interval '10 days'")
    school.run("select sync_sweep()")

    assert await amina.ask() is None


async def test_P3_a_removed_row_is_gone_from_the_phone(school: School, amina: Amina) -> None:
    lesson, other = school.lesson(amina.course), school.lesson(amina.course)
    await amina.sync()

    school.run("update lessons set deleted_at = now() where id = %s", lesson)
    await amina.sync()

    assert amina.lessons == {str(other)}
    assert not amina.phone.mismatches


async def test_P4_an_answer_cut_at_any_line_is_worth_what_arrived(school: School, amina: Amina) -> None:
    for number in range(30):
        school.lesson(amina.course, f"lesson {number}")
        school.note(amina.id, f"note {number}")
    school.advance()
    for count in range(400):
        lines = await amina.ask(pace=200, bytes_wanted=4_096)
        if lines is None:
            break
        amina.phone.read(lines[: max(3, count % 9)] if count < 60 else lines)

    assert len(amina.lessons) == 30
    assert len(amina.phone.bucket(f"user:{amina.id}")) == 30
    assert not amina.phone.mismatches


async def test_P4_what_stands_above_a_mark_is_never_sent_again(school: School, amina: Amina) -> None:
    for number in range(30):
        school.lesson(amina.course, f"lesson {number}")
        school.text(amina.course, f"text {number}")
        school.note(amina.id, f"note {number}")
    received = 0
    while (lines := await amina.ask(pace=300)) is not None:
        marks = [place for place, line in enumerate(lines) if b'"cursor"' in line and b'"cut"' not in line]
        kept = lines[: marks[0] + 1]
        received += sum(line.startswith(b"[") for line in kept)
        amina.phone.read(kept)

    assert received == 90
    assert len(amina.phone.shown) == 90


async def test_P5_increments_are_shown_at_the_cut_while_a_course_still_fills(school: School, amina: Amina) -> None:
    for number in range(100):
        school.lesson(amina.course, "x" * 100 + str(number))
    lines = await amina.ask(bytes_wanted=2_048)
    assert lines is not None
    assert amina.phone.read(lines)

    school.note(amina.id, "while it fills")
    lines = await amina.ask(bytes_wanted=2_048)
    assert lines is not None
    more = amina.phone.read(lines)

    assert more
    assert len(amina.phone.bucket(f"user:{amina.id}")) == 1
    assert 0 < len(amina.lessons) < 100


async def test_P6_a_row_that_changes_during_the_fill_comes_once_more_and_never_twice_in_the_store(
    school: School, amina: Amina
) -> None:
    lessons = [school.lesson(amina.course, "x" * 100 + str(number), rank=number) for number in range(60)]
    lines = await amina.ask(bytes_wanted=2_048)
    assert lines is not None
    amina.phone.read(lines)
    school.run("update lessons set title = 'changed' where id = any(%s)", [lessons[0], lessons[59]])
    school.run("update lessons set deleted_at = now() where id = any(%s)", [lessons[1], lessons[58]])

    exchanges = await amina.sync(bytes_wanted=2_048)

    assert exchanges > 2
    assert amina.lessons == {str(lesson) for lesson in lessons} - {str(lessons[1]), str(lessons[58])}
    assert sum('"title":"changed"' in line for line in amina.phone.shown.values()) == 2
    assert not amina.phone.mismatches


async def test_P6_an_oversize_row_travels_alone_and_whole(school: School, amina: Amina) -> None:
    school.text(amina.course, "y" * 300_000)
    school.lesson(amina.course)

    await amina.sync(bytes_wanted=1_024)

    assert len(amina.lessons) == 2
    assert not amina.phone.mismatches


# --- scope ------------------------------------------------------------------------------------------------------


async def test_P7_who_leaves_a_class_loses_its_buckets_and_gets_them_again_whole(school: School, amina: Amina) -> None:
    school.lesson(amina.course)
    await amina.sync()

    school.run("update enrolments set status = 'left'")
    await amina.sync()
    assert amina.phone.rows == {}
    assert amina.bucket not in {name for name, _ in amina.phone.held}

    school.lesson(amina.course)
    school.run("update enrolments set status = 'active'")
    await amina.sync()
    assert len(amina.lessons) == 2
    assert not amina.phone.mismatches


async def test_P7_the_list_may_be_left_out_and_still_counts_when_the_grant_comes_later(
    school: School, amina: Amina
) -> None:
    later = uuid4()
    school.lesson(later)
    amina.phone.want = [amina.bucket, f"course:{later}"]
    await amina.sync()
    assert f"course:{later}" in amina.phone.refused

    school.give_course(amina.class_id, later)
    lines = await amina.ask(with_list=False)

    assert lines is not None
    amina.phone.read(lines)
    assert len(amina.phone.bucket(f"course:{later}")) == 1


async def test_P7_a_stranger_is_refused_a_bucket_as_if_it_did_not_exist(school: School, amina: Amina) -> None:
    secret = uuid4()
    school.lesson(secret)
    amina.phone.want = [f"course:{secret}", f"course-staff:{amina.course}", "no-such-thing", f"user:{uuid4()}"]
    school.lesson(amina.course)

    await amina.sync()

    assert set(amina.phone.refused) == set(amina.phone.want)
    assert {name for name, _ in amina.phone.held} <= {f"user:{amina.id}", f"class:{amina.class_id}"}


async def test_P8_a_phone_that_takes_fewer_tiers_gets_the_others_whole_later(school: School, amina: Amina) -> None:
    lesson, text = school.lesson(amina.course), school.text(amina.course)
    lines = await amina.ask(tier=1)
    assert lines is not None
    amina.phone.read(lines)
    assert amina.lessons == {str(lesson)}
    school.run("update texts set body = 'changed meanwhile'")

    await amina.sync()

    assert amina.lessons == {str(lesson), str(text)}
    assert not amina.phone.mismatches


async def test_P8_the_scope_says_how_much_there_is(school: School, amina: Amina) -> None:
    for _ in range(3):
        school.lesson(amina.course)

    await amina.sync()

    entry = amina.phone.scope[amina.bucket, 1]
    assert entry["rows"] == 3
    assert entry["bytes"] == sum(len(line) for line in amina.phone.bucket(amina.bucket).values())


# --- rights ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_sealed", [True, False])
async def test_P12_a_forged_cursor_brings_nothing_that_is_not_granted(
    school: School, amina: Amina, *, is_sealed: bool
) -> None:
    secret = uuid4()
    school.lesson(secret)
    school.lesson(amina.course)
    await amina.sync()
    number = school.run("select number from sync_bucket where name = %s", f"course:{secret}")[0][0]
    coverage = {**amina.cursor.coverage, (number, 1): None, (999_999, 0): None}
    amina.phone.cursor = replace(amina.cursor, coverage=coverage, position=0).to_text(
        amina.key if is_sealed else b"guessed"
    )

    lines = await amina.ask()

    assert lines is not None
    assert not any(str(secret).encode() in line for line in lines if b'"left"' not in line)
    assert is_sealed or not any(b'"left"' in line for line in lines)
