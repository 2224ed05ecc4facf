"""An op that names a file waits for it, is applied when it was accepted, and parked with the reason when it was not."""

import asyncio
import time
from typing import Any
from uuid import UUID

from sqlalchemy import text

from server.exchange.pushing import open_push_store
from server.features import REGISTRY
from server.media.blobs import blob_arrived, missing_blobs
from server.media.files import file_id_of
from server.media.uploads.sessions import note_upload
from sync.waking import wake_due
from tests.features.uploads.conftest import Room
from tests.support.phone import Phone
from tests.support.settle import all_published
from tests.support.uploading import Sending, content_of

CONTENT = content_of(5_000)


async def accept(room: Room, sending: Sending, owner_id: UUID) -> UUID:
    """What the job does that looks at files."""
    file_id = file_id_of(owner_id, sending.sha256, licence="", attribution="")
    async with room.api.work.database.transaction() as tx:
        await tx.db.execute(
            text(
                "insert into media_files (id, owner_id, sha256, mime, width, height, bytes, variants)"
                " values (:id, :owner, :sha256, 'image/png', 10, 10, 1000, '[]')"
            ),
            {"id": file_id, "owner": owner_id, "sha256": sending.sha256},
        )
        await note_upload(tx, sending.id, state="ready", file_id=file_id)
    await wake(room)
    return file_id


async def refuse(room: Room, sending: Sending) -> None:
    async with room.api.work.database.transaction() as tx:
        await note_upload(tx, sending.id, state="refused", reason=("file.damaged", "It breaks off in the middle."))
    await wake(room)


async def wake(room: Room) -> None:
    now_ms = time.time_ns() // 1_000_000 + 1
    await wake_due(open_push_store(room.api.work), REGISTRY, now_ms=now_ms, limit=10)
    await all_published(room.api)


async def asked(room: Room, phone: Phone, owner: str, sha256: str) -> int:
    n = phone.patch("identity.me", room.ids[owner], {"display_name": "Mr O."}, blobs=[sha256])
    await phone.sync()
    await all_published(room.api)
    await phone.sync()
    return n


def held(phone: Phone) -> list[dict[str, Any]]:
    return [row for row in phone.all("sync.ops").values() if row["outcome"] in {"waiting", "parked"}]


async def test_an_op_waits_for_its_senders_file_and_for_nobody_elses(room: Room) -> None:
    mine = Sending(room.otieno, CONTENT, name="a.png", mime="image/png")
    others = Sending(room.grace, CONTENT, name="a.png", mime="image/png")
    phone = Phone(room.otieno)
    await others.send()
    n = await asked(room, phone, "otieno", mine.sha256)
    assert phone.outcome(n) == "waiting.blob"

    await accept(room, others, room.ids["grace"])
    await phone.sync()
    assert [row["code"] for row in held(phone)] == ["waiting.blob"]

    await mine.send()
    file_id = await accept(room, mine, room.ids["otieno"])
    await phone.sync()

    assert held(phone) == []
    [me] = phone.all("identity.me").values()
    assert me["display_name"] == "Mr O."
    [upload] = phone.all("media.uploads").values()
    assert (upload["state"], upload["file_id"], upload["progress_ppm"]) == ("ready", str(file_id), 1_000_000)
    assert list(phone.all("media.files")) == [str(file_id)]


async def test_an_op_whose_file_is_refused_is_parked_with_the_reason_and_a_better_one_wakes_it(room: Room) -> None:
    first = Sending(room.otieno, CONTENT, name="wave.png", mime="image/png")
    phone = Phone(room.otieno)
    await first.send()
    await asked(room, phone, "otieno", first.sha256)

    await refuse(room, first)
    await phone.sync()
    [parked] = held(phone)
    assert (parked["outcome"], parked["code"]) == ("parked", "blob.refused")
    assert "wave.png" in parked["message"]
    assert "breaks off" in parked["message"]
    [row] = phone.all("media.uploads").values()
    assert (row["state"], row["reason_code"]) == ("refused", "file.damaged")

    again = Sending(room.otieno, CONTENT, name="wave.png", mime="image/png")
    await again.send()
    await accept(room, again, room.ids["otieno"])
    await phone.sync()
    assert held(phone) == []


async def test_an_op_that_comes_after_the_refusal_is_parked_at_once(room: Room) -> None:
    sending = Sending(room.otieno, CONTENT, name="wave.png", mime="image/png")
    await sending.send()
    await refuse(room, sending)
    phone = Phone(room.otieno)

    n = await asked(room, phone, "otieno", sending.sha256)

    assert phone.receipts[n]["code"] == "blob.refused"


async def test_a_file_that_is_accepted_while_its_op_is_being_held_wakes_it(room: Room) -> None:
    """Neither sees what the other has not committed: so one waits for the other."""
    database, sha256 = room.api.work.database, Sending(room.otieno, CONTENT).sha256

    async def accepting() -> None:
        async with database.transaction() as tx:
            await blob_arrived(tx, sha256)

    async with database.transaction() as tx:
        assert await missing_blobs(tx.db, room.ids["otieno"], [sha256]) == {sha256}
        other = asyncio.create_task(accepting())
        while not await _waits(room):  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.01)
        assert not other.done()
    await asyncio.wait_for(other, 60)


async def _waits(room: Room) -> bool:
    async with room.api.work.database.transaction() as tx:
        statement = text("select count(*) from pg_locks where locktype = 'advisory' and not granted")
        return bool((await tx.db.execute(statement)).scalar_one())
