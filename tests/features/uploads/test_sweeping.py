"""What sessions leave behind goes, and nothing that is still needed."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from server.base import clock
from server.base.actor import Actor
from server.base.errors import Unavailable
from server.base.ids import new_id
from server.base.storage import Storage
from server.base.work import Work
from server.catalog.blocks import Image
from server.catalog.lessons import cleaned_for
from server.media.files import storage_key
from server.media.orphans import sweep as orphans_sweep
from server.media.uploads.owning import own_file, same_bytes
from server.media.uploads.sessions import note_upload
from server.media.uploads.sweeping import sweep
from tests.features.uploads.conftest import Room
from tests.support.uploading import Sending, content_of


async def keys_of(work: Work, prefix: str) -> list[str]:
    return [key async for key in work.storage.list_keys(prefix)]


async def execute(room: Room, statement: str, **values: Any) -> None:
    async with room.api.work.database.transaction() as tx:
        await tx.db.execute(text(statement), values)


async def test_parts_go_when_their_session_has_ended_and_stay_while_it_is_open(room: Room) -> None:
    work = room.api.work
    going, done, cancelled, failed = (Sending(room.otieno, content_of(5000, seed=n)) for n in range(4))
    for sending in (going, done, cancelled, failed):
        await sending.put((await sending.session())["path"], 0, sending.content)
    await room.otieno.delete(f"/api/v1/uploads/{cancelled.id}")
    for sending, state in ((done, "ready"), (failed, "failed")):
        async with work.database.transaction() as tx:
            await note_upload(tx, sending.id, state=state)  # type: ignore[arg-type]

    await sweep(work, now=clock.now())
    await sweep(work, now=clock.now())

    left = {name: await keys_of(work, f"temp/{s.id}/") for name, s in (("going", going), ("failed", failed))}
    assert {name: len(keys) for name, keys in left.items()} == {"going": 1, "failed": 1}
    for sending in (done, cancelled):
        assert await keys_of(work, f"temp/{sending.id}/") == []
    await sweep(work, now=clock.now() + timedelta(days=8))
    assert await keys_of(work, f"temp/{failed.id}/") == []


async def test_objects_of_no_session_go_after_a_day(room: Room) -> None:
    work, stray = room.api.work, f"temp/{new_id()}/00000.x"
    await work.storage.put(stray, b"left behind", media_type="application/octet-stream")

    await sweep(work, now=clock.now())
    assert await work.storage.has(stray)
    await sweep(work, now=clock.now() + timedelta(days=2))
    assert not await work.storage.has(stray)


class Away(Storage):
    """A store that goes away after so many objects were removed."""

    left = 1

    async def remove(self, key: str) -> None:
        if self.left == 0:
            raise Unavailable("The file store does not answer; try again.")
        self.left -= 1
        await super().remove(key)


async def test_objects_that_no_row_names_go_after_seven_days_however_often_the_sweep_is_cut(room: Room) -> None:
    bucket = f"{room.api.settings.s3_url.rpartition('/')[0]}/orphans-of-a-test"  # The common one has others' objects.
    work = replace(room.api.work, storage=Storage.from_url(bucket))
    await work.storage.ensure()
    before = clock.now()
    orphans = [storage_key(f"{number:064x}") for number in range(1, 4)]
    named = storage_key("f" * 64)
    for key in (*orphans, named):
        await work.storage.put(key, b"bytes", media_type="image/webp")
    file_id = new_id()
    await execute(
        room,
        "insert into media_files (id, owner_id, sha256, mime, width, height, bytes, variants)"
        " values (:id, :id, repeat('f', 64), 'image/png', 10, 10, 1, '[]')",
        id=file_id,
    )
    await execute(
        room,
        "insert into media_variants (id, file_id, sha256, name, width, height, mime, bytes, storage_key)"
        " values (:id, :id, repeat('f', 64), 'w480', 1, 1, 'image/webp', 5, :key)",
        id=file_id,
        key=named,
    )
    away = Away.from_url(bucket)

    assert await orphans_sweep(work, now=before + timedelta(days=6)) == 0
    with pytest.raises(Unavailable):
        await orphans_sweep(replace(work, storage=away), now=before + timedelta(days=8))
    left = [key for key in orphans if await work.storage.has(key)]
    assert len(left) == 2
    assert await orphans_sweep(work, now=before + timedelta(days=8)) == 2

    assert [await work.storage.has(key) for key in (*orphans, named)] == [False, False, False, True]


async def unused_file(room: Room, *, seed: int) -> tuple[UUID, Sending]:
    """Mr Otieno's: it was sent, and nothing shows it."""
    sending, file_id = Sending(room.otieno, content_of(100, seed=seed)), new_id()
    await sending.session()
    await execute(
        room,
        "insert into media_files (id, owner_id, sha256, mime, width, height, bytes, variants)"
        " values (:id, :owner, :sha256, 'image/png', 10, 10, 1, '[]')",
        id=file_id,
        owner=room.ids["otieno"],
        sha256=sending.sha256,
    )
    await execute(
        room,
        "insert into media_variants (id, file_id, sha256, name, width, height, mime, bytes, storage_key)"
        " values (:id, :file, :sha256, 'w480', 1, 1, 'image/webp', 1, :key)",
        id=new_id(),
        file=file_id,
        sha256=f"{seed:064x}",
        key=storage_key(f"{seed:064x}"),
    )
    async with room.api.work.database.transaction() as tx:
        await own_file(tx, file_id, owner_id=room.ids["otieno"])
        await note_upload(tx, sending.id, state="ready", file_id=file_id)
    return file_id, sending


async def values_of(room: Room, statement: str) -> list[Any]:
    async with room.api.work.database.transaction() as tx:
        return list((await tx.db.execute(text(statement))).scalars())


async def test_a_file_that_nothing_shows_goes_after_a_month_and_one_that_is_shown_stays(room: Room) -> None:
    work = room.api.work
    unused, _ = await unused_file(room, seed=20)
    shown, _ = await unused_file(room, seed=21)
    await work.storage.put(storage_key(f"{20:064x}"), b"x", media_type="image/webp")
    uses = "insert into media_uses (id, file_id, course_id) values (:id, :file, :course)"
    await execute(room, uses, id=new_id(), file=shown, course=new_id())

    await sweep(work, now=clock.now() + timedelta(days=29))
    assert await values_of(room, "select id from media_files where deleted_at is not null") == []
    await sweep(work, now=clock.now() + timedelta(days=31))

    assert await values_of(room, "select id from media_files where deleted_at is not null") == [unused]
    assert await values_of(room, "select file_id from media_variants") == [shown]
    assert await work.storage.has(storage_key(f"{20:064x}")), "somebody may be sending the same bytes just now"


async def test_a_file_that_somebody_is_about_to_show_is_not_swept_from_under_them(room: Room) -> None:
    work, me = room.api.work, room.ids["otieno"]
    (sent_again, sending), (put_in, _) = [await unused_file(room, seed=22 + n) for n in range(2)]
    image = Image(file_id=put_in, alt="x", width=1, height=1)

    async with work.database.transaction(Actor(id=me, roles=frozenset({"educator"}))) as tx:
        await same_bytes(tx, owner_id=me, sha256=sending.sha256, licence="", attribution="")
        await cleaned_for(tx, new_id(), [image])
        await sweep(work, now=clock.now() + timedelta(days=31))

    assert await values_of(room, "select id from media_files where deleted_at is not null") == []
    await sweep(work, now=clock.now() + timedelta(days=31))
    gone = await values_of(room, "select id from media_files where deleted_at is not null")
    assert {sent_again, put_in} <= set(gone), "nobody holds them any more, and nothing shows them"
