"""Memory and PostgreSQL keep the same contract."""

from collections.abc import AsyncIterator, Iterator

import pytest

from sync.memory import MemoryStore
from sync.testing.contract import DeviceContract, OrderContract, RefusalContract
from sync.testing.lab import Lab
from tests.support.postgres import PostgresServer
from tests.support.sample_school import make_tables, open_sample


class OnMemory:
    @pytest.fixture
    def lab(self) -> Lab:
        return Lab(MemoryStore())


@pytest.fixture(scope="module")
def sample_url(postgres_server: PostgresServer) -> Iterator[str]:
    with postgres_server.new_database() as url:
        make_tables(url)
        yield url


class OnPostgres:
    @pytest.fixture
    async def lab(self, sample_url: str) -> AsyncIterator[Lab]:
        async with open_sample(sample_url) as store:
            await store.empty()
            yield Lab(store)


class TestOrderOnMemory(OnMemory, OrderContract): ...


class TestOrderOnPostgres(OnPostgres, OrderContract): ...


class TestDevicesOnMemory(OnMemory, DeviceContract): ...


class TestDevicesOnPostgres(OnPostgres, DeviceContract): ...


class TestRefusalsOnMemory(OnMemory, RefusalContract): ...


class TestRefusalsOnPostgres(OnPostgres, RefusalContract): ...
