"""A file goes up while the processes that take it are killed, and while the phone that sends it is closed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from PIL import Image
from playwright.async_api import expect

from tests.e2e.test_two_people_one_phone import account
from tests.support.axe import violations
from tests.support.browser import phones
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


@pytest.mark.browser
async def test_a_picture_chosen_offline_is_sent_after_the_browser_was_closed_over_a_link_cut_ten_times(
    installation: Installation, tmp_path: Path
) -> None:
    picture = tmp_path / "wave.png"
    noise = Image.frombytes("RGB", (640, 640), content_of(640 * 640 * 3, seed=4))
    noise.save(picture)
    size = picture.stat().st_size
    async with proxy_to(installation.url) as proxy, phones(tmp_path / "drawer", proxy.url) as drawer:
        phone = drawer["educator"]
        await phone.open()
        await phone.sign_in(*account(installation, "Oybek"))
        await phone.go("/teach/uploads")  # Once with a network: then the phone has the screen.
        await phone.shows("No files on their way")  # What waits was read: now files are taken.
        await phone.offline()
        await phone.screen.get_by_label("Add files").set_input_files(picture)
        await phone.shows("wave.png")
        await phone.shows("Waits for the network")
        assert await violations(phone.screen) == []
        await phone.close()

        before, cuts = proxy.bytes_up, proxy.cuts
        proxy.fate_of = lambda _: Fate(up_max=size // 10, piece=16 * 1024)
        await phone.open("/teach/uploads")
        await expect(phone.screen.get_by_text("Ready to use")).to_be_visible(timeout=120_000)

        assert proxy.cuts - cuts >= 10
        assert proxy.bytes_up - before < 1.6 * size  # Heads, the page's own requests, and what was on the wire.
        assert await violations(phone.screen) == []
