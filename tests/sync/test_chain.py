"""P9–P11: a cursor that the log knows, knew, or never knew; and the digests by which a phone finds out."""

import json
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


def digests_of(lines: list[bytes]) -> dict[str, dict[str, str]]:
    """All digests of an answer, on lines of their own and on its last one."""
    found: dict[str, dict[str, str]] = {}
    for line in lines:
        if b'"digests"' in line:
            found.update(json.loads(line)["digests"])
    return found


async def test_P9_off_the_chain_everything_is_listed_with_its_digest_and_nothing_is_sent_again(
    school: School, amina: Amina
) -> None:
    school.lesson(amina.course)
    school.note(amina.id)
    await amina.sync()
    held, rows = set(amina.phone.held), dict(amina.phone.rows)
    amina.phone.cursor = replace(amina.cursor, tag=b"elsewher").to_text(amina.key)

    lines = await amina.ask()

    assert lines is not None
    assert not any(line.startswith(b"[") or b'"joined"' in line for line in lines)
    assert {(bucket, int(tier)) for bucket, tiers in digests_of(lines).items() for tier in tiers} == held
    assert not amina.phone.read(lines)
    assert amina.phone.held == held
    assert amina.phone.shown == rows
    assert not amina.phone.mismatches
    assert await amina.ask() is None
    school.lesson(amina.course, "afterwards")
    await amina.sync()
    assert len(amina.lessons) == 2


async def test_P9_what_is_not_listed_goes_and_a_ghost_is_found_by_its_digest(school: School, amina: Amina) -> None:
    school.lesson(amina.course)
    await amina.sync()
    amina.phone.cursor = replace(amina.cursor, tag=b"elsewher").to_text(amina.key)
    amina.phone.rows[amina.bucket, 1, "school.lessons", "ghost"] = '[1,{"id":"ghost"}]'
    amina.phone.rows["course:gone", 1, "school.lessons", "old"] = '[1,{"id":"old"}]'
    amina.phone.held |= {("course:gone", 1)}

    lines = await amina.ask()

    assert lines is not None
    amina.phone.read(lines)
    assert ("course:gone", 1) not in amina.phone.held
    assert not amina.phone.bucket("course:gone")
    assert [text.split(":")[0] for text in amina.phone.mismatches] == ["course"]


async def test_P9_a_long_list_of_many_buckets_is_stored_as_one(school: School, amina: Amina) -> None:
    for _ in range(40):
        course = uuid4()
        school.lesson(course)
        school.give_course(amina.class_id, course)
        amina.phone.want.append(f"course:{course}")
    await amina.sync()
    held = set(amina.phone.held)
    amina.phone.cursor = "bm90IG9mIG91cnM"

    lines = await amina.ask()

    assert lines is not None
    assert sum(b'"reconcile"' in line for line in lines) > 1
    assert not any(b'"mark"' in line for line in lines)
    amina.phone.read(lines)
    assert amina.phone.held == held
    assert not amina.phone.mismatches


async def test_P9_off_the_chain_without_a_list_only_the_list_is_asked_for(school: School, amina: Amina) -> None:
    school.lesson(amina.course)
    await amina.sync()
    amina.phone.cursor = "bm90IG9mIG91cnM"

    lines = await amina.ask(with_list=False)

    assert lines is not None
    assert len(lines) == 1
    assert json.loads(lines[0])["again"] == ["want.buckets"]


async def test_P9_a_head_beyond_the_log_is_off_the_chain_and_a_swept_tag_is_only_outdated(
    school: School, amina: Amina
) -> None:
    school.lesson(amina.course)
    await amina.sync()
    good = amina.cursor

    amina.phone.cursor = replace(good, head=good.head + 1_000, position=good.head + 1_000, last_cut=good.head).to_text(
        amina.key
    )
    beyond = await amina.ask()
    amina.phone.cursor = good.to_text(amina.key)
    school.lesson(amina.course)
    school.advance()
    school.run("delete from sync_batch where position < (select max(position) from sync_batch)")
    swept = await amina.ask()

    assert any(b'"reconcile"' in line for line in beyond or [])
    assert swept is not None
    assert not any(b'"reconcile"' in line for line in swept)
    assert set(digests_of(swept)[amina.bucket]) == {"0", "1", "2", "3"}


async def test_P10_a_cursor_below_the_floor_goes_on_and_all_digests_come(school: School, amina: Amina) -> None:
    lesson = school.lesson(amina.course)
    await amina.sync()
    school.run("update lessons set deleted_at = now() where id = %s", lesson)
    school.advance()
    school.run("update sync_item set gone_at = now() - interval '181 days' where gone_at is not null")
    school.run("select sync_purge()")

    lines = await amina.ask()

    assert lines is not None
    amina.phone.read(lines)
    assert amina.phone.mismatches  # The ghost is found, since its gone line is no more.
    assert not amina.cursor.is_outdated


async def test_P11_a_set_on_the_check_list_gets_its_digest_though_nothing_changed(school: School, amina: Amina) -> None:
    school.lesson(amina.course)
    await amina.sync()

    lines = await amina.ask(check=((amina.bucket, 1), (amina.bucket, 3)))

    assert lines is not None
    digests = json.loads(lines[-1])["digests"][amina.bucket]
    assert digests["1"].startswith("1:")
    assert digests["3"] == "0:0000000000000000"
