"""A file goes up while the processes that take it are killed.

A phone that is closed meanwhile, and a link that is cut, are in the educator's story.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.e2e.test_two_people_one_phone import account
from tests.support.installation import Installation
from tests.support.proxy import Fate, proxy_to
from tests.support.uploading import Sending, content_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

MB = 1024 * 1024


@asynccontextmanager
async def educator(installation: Installation) -> AsyncIterator[httpx.AsyncClient]:
    email, password = account(installation, "Oybek")
    async with httpx.AsyncClient(base_url=installation.url, timeout=20) as client:
        answer = await client.post("/api/v1/auth/login", json={"email": email, "password": password})
        assert answer.status_code == 200, answer.text
        client.headers["authorization"] = f"Bearer {answer.json()['data']['access_token']}"
        yield client


def pieces_of(installation: Installation, sending: Sending) -> list[Path]:
    folder = installation.data / "s3" / "spark" / "temp" / str(sending.id)
    return sorted(folder.iterdir()) if folder.exists() else []


async def test_kill_9_of_api_and_store_in_the_middle_of_a_file_costs_time_and_no_byte_of_it(
    installation: Installation,
) -> None:
    async with educator(installation) as client, proxy_to(installation.url) as proxy:
        proxy.fate_of = lambda _: Fate(up_bytes_a_s=4 * MB, piece=16 * 1024)
        async with httpx.AsyncClient(base_url=proxy.url, timeout=20) as link:
            sending = Sending(client, content_of(12 * MB), link=link, is_patient=True)
            task = asyncio.create_task(sending.send())
            for victim, after in (("api", 2), ("s3", 5), ("api", 8), ("worker", 9)):
                while len(pieces_of(installation, sending)) < after and not task.done():  # noqa: ASYNC110 - its disk
                    await asyncio.sleep(0.01)
                assert not task.done()
                installation.wait_for_another(victim, installation.kill(victim))
            await asyncio.wait_for(task, 120)

    kept = {row[0]: row[1] for row in installation.psql("select number, pieces from media_upload_parts")}
    folder = installation.data / "s3" / "spark" / "temp" / str(sending.id)
    if folder.exists():  # Until it was looked at.
        whole = b"".join((folder / f"{n:05d}.{piece}").read_bytes() for n in sorted(kept) for piece in kept[n])
        assert whole == sending.content
