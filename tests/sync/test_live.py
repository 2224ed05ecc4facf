"""X7 at the hub: who may listen."""

from uuid import uuid4

import pytest

from server.exchange.live import LISTENERS_EACH_MAX, Hub
from sync.errors import ExchangeError
from sync.postgres.pull_store import PostgresPullStore, open_pool
from tests.sync.log_world import open_school


async def test_X7_one_person_cannot_take_every_line_and_has_room_again_when_one_ends(empty_database_url: str) -> None:
    greedy, other = uuid4(), uuid4()
    with open_school(empty_database_url) as school:
        async with open_pool(school.url, size_max=2) as pool:
            hub = Hub(PostgresPullStore(pool))
            lines = []
            for _ in range(LISTENERS_EACH_MAX):
                lines.append(await hub.listen(greedy, ()))
                await anext(lines[-1])

            with pytest.raises(ExchangeError) as refused:
                await hub.listen(greedy, ())
            assert (refused.value.status, refused.value.code) == (429, "sync.at_once")
            await anext(await hub.listen(other, ()))

            await lines[0].aclose()  # type: ignore[attr-defined]  # It is a generator.
            await anext(await hub.listen(greedy, ()))
