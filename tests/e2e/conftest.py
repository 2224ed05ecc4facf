"""One installation for the stories of a file, and a drawer of phones for each story."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.browser import Phones, phones
from tests.support.installation import Installation, installed


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, laid_installation: Path) -> Iterator[Installation]:
    with installed(tmp_path_factory.mktemp("installation"), laid=laid_installation) as running:
        yield running


@pytest.fixture
async def drawer(installation: Installation, tmp_path: Path) -> AsyncIterator[Phones]:
    async with phones(tmp_path, installation.url) as made:
        yield made
