"""Memory and PostgreSQL keep the same contract."""

from collections.abc import AsyncIterator, Iterator

import pytest

from sync.memory import MemoryStore, Tables
from sync.testing.contract import DeviceContract, OrderContract, RefusalContract
from sync.testing.contract_drafts import CasContract, DeletionContract, ListContract, SetContract, TextContract
from sync.testing.contract_held import GroupContract, MovesContract, WaitingContract
from sync.testing.contract_merge import AppendContract, FsmContract, JoinContract, LwwContract, WritingContract
from sync.testing.contract_versions import VersionContract
from sync.testing.lab import Lab
from sync.testing.sample import sample_registry
from tests.support.postgres import PostgresServer
from tests.support.sample_school import make_tables, open_sample


class OnMemory:
    @pytest.fixture
    def lab(self) -> Lab:
        return Lab(MemoryStore(Tables(sample_registry())))


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


class EveryContract(
    OrderContract,
    DeviceContract,
    RefusalContract,
    AppendContract,
    JoinContract,
    LwwContract,
    FsmContract,
    SetContract,
    TextContract,
    ListContract,
    CasContract,
    DeletionContract,
    WritingContract,
    WaitingContract,
    MovesContract,
    GroupContract,
    VersionContract,
):
    """All that a store must bear."""


class TestMemory(OnMemory, EveryContract): ...


class TestPostgres(OnPostgres, EveryContract): ...
