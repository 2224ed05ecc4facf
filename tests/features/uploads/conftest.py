"""Two educators and a student, signed in at an API of their own."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from uuid import UUID

import httpx
import pytest

from server.base.clock import now
from server.identity.sessions import open_session
from server.identity.tokens import AccessClaims, Tokens
from tests.features.school import SchoolTemplate, database_url, school_template
from tests.support.api import Api

__all__ = ["database_url", "school_template"]


@dataclass
class Room:
    api: Api
    otieno: httpx.AsyncClient  # educators
    grace: httpx.AsyncClient
    amina: httpx.AsyncClient  # student
    ids: dict[str, UUID]


@pytest.fixture
async def room(api: Api, school_template: SchoolTemplate) -> AsyncIterator[Room]:
    ids = {
        "otieno": school_template.people["otieno"].id,
        "grace": await api.add("Grace Achieng", "educator"),
        "amina": school_template.people["amina"].id,
    }
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(await client_of(api, id_)) for id_ in ids.values()]
        yield Room(api, *clients, ids)


async def client_of(api: Api, user_id: UUID) -> httpx.AsyncClient:
    """Signed in without a password, which costs a hash."""
    tokens: Tokens = api.app.state.tokens
    async with api.work.database.transaction() as tx:
        session = await open_session(
            tx, tokens, user_id=user_id, remember_me=None, device_name=None, device_id=None, address="127.0.0.1"
        )
    claims = AccessClaims(user_id, session.session_id, session.token_version)
    token = tokens.make_access(claims, role=session.role, now=now())
    return httpx.AsyncClient(base_url=api.url, headers={"authorization": f"Bearer {token}"}, timeout=20)
