"""Memory and PostgreSQL keep the same contract."""

import pytest

from sync.memory import MemoryStore
from sync.testing.contract import DeviceContract, OrderContract, RefusalContract
from sync.testing.lab import Lab


class OnMemory:
    @pytest.fixture
    def lab(self) -> Lab:
        return Lab(MemoryStore())


class TestOrderOnMemory(OnMemory, OrderContract): ...


class TestDevicesOnMemory(OnMemory, DeviceContract): ...


class TestRefusalsOnMemory(OnMemory, RefusalContract): ...
