"""The API on a fresh database, for the tests of what people do."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.api import Api, running_api, settings_for


@pytest.fixture
async def api(database_url: str, redis_url: str, s3_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with running_api(settings_for(database_url, redis_url, s3_url, tmp_path)) as running:
        yield running
