"""Waiting for what runs beside a test."""

import asyncio

from sqlalchemy import text

from tests.support.api import Api

TRIES_MAX = 6_000
TRY_S = 0.01


async def all_published(api: Api) -> None:
    """Wait until every committed change has its position in the log, so that the next exchange must show it."""
    for _ in range(TRIES_MAX):
        async with api.work.database.engine.connect() as connection:
            if not (await connection.execute(text("select sync_has_marks()"))).scalar_one():
                return
        await asyncio.sleep(TRY_S)
    raise AssertionError("changes are never published")
