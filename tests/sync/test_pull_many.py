"""P, C3: who is granted more buckets than a phone holds still gets on, and holds their own."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from sync.cursor import BUCKETS_MAX
from sync.postgres.pull_store import PostgresPullStore, open_pool
from tests.support.postgres import PostgresServer
from tests.sync.file_world import TIERS
from tests.sync.log_world import School, open_school
from tests.sync.phone import Phone
from tests.sync.pulling import answer

EXCHANGES_MAX = 20


@pytest.fixture
def school(postgres_server: PostgresServer) -> Iterator[School]:
    with postgres_server.new_database() as url, open_school(url) as school:
        yield school


async def test_C3_beyond_200_buckets_a_phone_holds_its_owners_own_and_what_it_leaves_out_holds_nothing_up(
    school: School,
) -> None:
    me, phone = uuid4(), Phone(tiers=TIERS)
    classes = [uuid4() for _ in range(BUCKETS_MAX + 1)]
    for class_id in classes:
        school.enrol(me, class_id)
        school.give_course(class_id, uuid4())
    school.advance()
    mine = school.note(me, "mine")
    school.advance()
    async with open_pool(school.url, size_max=2) as pool:
        store = PostgresPullStore(pool)
        await _sync(store, phone, me)
        assert str(mine) in phone.bucket(f"user:{me}")

        left_out = [c for c in classes if (f"class:{c}", 0) not in phone.held]
        assert left_out
        for class_id in left_out:
            for _ in range(8):
                school.note(uuid4(), "long " * 200, class_id)
        school.advance()
        seen = school.note(uuid4(), "seen", next(c for c in classes if c not in left_out))
        school.advance()
        await _sync(store, phone, me)

    assert str(seen) in {key[3] for key in phone.shown}
    assert phone.mismatches == []


async def _sync(store: PostgresPullStore, phone: Phone, me: object) -> None:
    for _ in range(EXCHANGES_MAX):
        lines = await answer(store, phone, user_id=me, device_id=me, bytes_wanted=4_096)  # type: ignore[arg-type]
        if lines is None or not phone.read(lines):
            return
    raise AssertionError("the phone does not come to rest")
