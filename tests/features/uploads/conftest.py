"""An educator, a student and another educator, signed in at an API of their own."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from uuid import UUID

import httpx
import pytest

from tests.support.api import Api


@dataclass
class Room:
    api: Api
    otieno: httpx.AsyncClient  # educators
    grace: httpx.AsyncClient
    amina: httpx.AsyncClient  # student
    ids: dict[str, UUID]


@pytest.fixture
async def room(api: Api) -> AsyncIterator[Room]:
    ids = {
        "otieno": await api.add("Otieno Daniel", "educator"),
        "grace": await api.add("Grace Achieng", "educator"),
        "amina": await api.add("Amina Karimova", "student"),
    }
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(api.signed_in(name)) for name in ("Otieno", "Grace", "Amina")]
        yield Room(api, *clients, ids)
