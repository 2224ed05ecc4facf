"""A link that is cut costs what was on the wire, wherever it is cut and however often."""

import asyncio
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from server.base.work import Work
from server.media.uploads.assembling import Assembled, assemble
from server.media.uploads.errors import UploadDamaged
from server.media.uploads.places import SILENT_S
from server.media.uploads.routes import places
from tests.features.uploads.conftest import Room
from tests.support.proxy import Fate, cut_at, proxy_to
from tests.support.uploading import Sending, content_of

KB, MB = 1024, 1024 * 1024
BUFFER = 96 * KB  # What one cut may cost: a buffer of the server, and heads.


async def assembled(work: Work, sending: Sending, folder: Path) -> bytes:
    path = folder / "whole"
    found = await assemble(work, sending.id, path)
    assert found == Assembled(len(sending.content), sending.sha256)
    return path.read_bytes()


async def test_a_link_cut_every_64_kilobytes_sends_no_byte_twice_but_a_buffer_a_cut(room: Room, tmp_path: Path) -> None:
    content = content_of(2 * MB + 300 * KB)
    async with proxy_to(room.api.url) as proxy:
        proxy.fate_of = lambda _: Fate(up_max=64 * KB, piece=16 * KB)
        async with httpx.AsyncClient(base_url=proxy.url, timeout=20) as link:
            sending = Sending(room.otieno, content, link=link)
            await sending.send()

        assert proxy.cuts >= len(content) // (64 * KB)
        assert proxy.bytes_up <= len(content) + proxy.cuts * 8 * KB
    assert await assembled(room.api.work, sending, tmp_path) == content


async def test_a_link_cut_twenty_times_anywhere_costs_a_twentieth_at_the_most(room: Room, tmp_path: Path) -> None:
    content = content_of(8 * MB)
    places = sorted(n * 7919 * KB % len(content) for n in range(1, 21))
    async with proxy_to(room.api.url) as proxy:
        cut_at(proxy, places)
        async with httpx.AsyncClient(base_url=proxy.url, timeout=20) as link:
            sending = Sending(room.otieno, content, link=link)
            await sending.send()

        assert proxy.cuts == 20
        assert proxy.bytes_up <= len(content) + 20 * BUFFER
    assert await assembled(room.api.work, sending, tmp_path) == content


async def test_what_stalls_is_kept_while_the_link_still_stands(room: Room) -> None:
    """A dead link says nothing for minutes: what came is kept meanwhile, and the phone goes on over another one."""
    sending = Sending(room.otieno, content_of(MB))
    path = (await sending.session())["path"]
    head = sending.content[: 200 * KB]
    reader, writer = await asyncio.open_connection("127.0.0.1", room.api.settings.port)
    lines = (f"PUT {path}0 HTTP/1.1", "host: x", f"content-length: {MB}", f"part-sha256: {sending.sha256}", "", "")
    writer.write("\r\n".join(lines).encode() + head)
    await writer.drain()

    for _ in range(3_000):
        kept = (await sending.session())["have"]["partial"].get("0", 0)
        if kept == len(head):
            break
        await asyncio.sleep(0.01)
    assert kept == len(head)
    await asyncio.sleep(SILENT_S)
    other = await sending.put(path, 0, sending.content[kept:], offset=kept, part=sending.content)
    assert other.status_code == 204
    writer.write(sending.content[kept : kept + KB])  # The old link comes back to life: its request was ended.
    answer = await asyncio.wait_for(reader.readline(), 60)
    writer.close()

    assert b"409" in answer
    assert places.total == 0
    assert (await sending.send())["state"] == "received"


async def test_a_part_whose_beginning_was_damaged_begins_anew(room: Room) -> None:
    sending = Sending(room.otieno, content_of(MB))
    path = (await sending.session())["path"]
    async with proxy_to(room.api.url) as proxy:
        proxy.fate_of = lambda _: Fate(up_max=100 * KB, piece=16 * KB)
        async with httpx.AsyncClient(base_url=proxy.url) as link:
            wrong = Sending(room.otieno, content_of(MB, seed=9), link=link)
            with suppress(httpx.TransportError):
                await wrong.put(path, 0, wrong.content, part=sending.content)
    kept = 0
    while not kept:
        kept = (await sending.session())["have"]["partial"].get("0", 0)
        await asyncio.sleep(0.01)

    rest = await sending.put(path, 0, sending.content[kept:], offset=kept, part=sending.content)

    assert (rest.status_code, rest.json()["error"]["code"]) == (422, "upload.part_damaged")
    assert (await sending.session())["have"] == {"whole": "", "partial": {}}
    assert (await sending.send())["state"] == "received"


async def test_parts_that_are_not_the_file_that_was_announced_are_found_out(room: Room, tmp_path: Path) -> None:
    sending, other = Sending(room.otieno, content_of(1000)), Sending(room.otieno, content_of(1000, seed=5))
    path = (await sending.session())["path"]
    await other.put(path, 0, other.content)
    await sending.client.post(f"/api/v1/uploads/{sending.id}/complete", json={"sha256": sending.sha256})
    with pytest.raises(UploadDamaged, match="hash"):
        await assemble(room.api.work, sending.id, tmp_path / "whole")

    async with room.api.work.database.transaction() as tx:
        [piece] = (await tx.db.execute(text("select pieces[1] from media_upload_parts"))).scalars()
    await room.api.work.storage.remove(f"temp/{sending.id}/00000.{piece}")
    with pytest.raises(UploadDamaged, match="gone"):
        await assemble(room.api.work, sending.id, tmp_path / "whole")


async def test_a_part_that_was_kept_to_its_last_byte_and_not_compared_is_ended_by_an_empty_request(room: Room) -> None:
    """The store died between the last byte and the comparison."""
    sending = Sending(room.otieno, content_of(MB))
    path = (await sending.session())["path"]
    assert (await sending.put(path, 0, sending.content)).status_code == 204
    async with room.api.work.database.transaction() as tx:
        await tx.db.execute(text("update media_upload_parts set completed_at = null, sha256 = null"))
    assert (await sending.session())["have"] == {"whole": "", "partial": {"0": MB}}

    ended = await sending.put(path, 0, b"", offset=MB, part=sending.content)

    assert ended.status_code == 204
    assert (await sending.send())["state"] == "received"


async def test_a_request_that_a_browser_repeats_by_itself_goes_on_behind_what_is_kept(room: Room) -> None:
    sending = Sending(room.otieno, content_of(MB))
    path = (await sending.session())["path"]
    async with proxy_to(room.api.url) as proxy:
        proxy.fate_of = lambda n: Fate(up_max=300 * KB, piece=16 * KB) if n == 0 else Fate()
        async with httpx.AsyncClient(base_url=proxy.url) as link:
            over = Sending(room.otieno, sending.content, link=link)
            with suppress(httpx.TransportError):
                await over.put(path, 0, sending.content)
            kept = 0
            while kept <= 200 * KB:
                kept = (await sending.session())["have"]["partial"].get("0", 0)
                await asyncio.sleep(0.01)
            again = await over.put(path, 0, sending.content)  # From the beginning, as it was.

    assert again.status_code == 204
    assert again.headers["connection"] == "close"
    assert (await sending.send())["state"] == "received"
