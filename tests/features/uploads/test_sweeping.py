"""What sessions leave behind goes, and nothing that is still needed."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from server.base import clock
from server.base.errors import Unavailable
from server.base.ids import new_id
from server.base.storage import Storage
from server.base.work import Work
from server.media.files import storage_key
from server.media.orphans import sweep as orphans_sweep
from server.media.uploads.owning import own_file
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


async def test_a_file_that_nothing_shows_goes_after_a_month_and_one_that_is_shown_stays(room: Room) -> None:
    work = room.api.work
    sendings = [Sending(room.otieno, content_of(100, seed=20 + n)) for n in range(2)]
    files = []
    for n, sending in enumerate(sendings):
        await sending.session()
        file_id, sha256 = new_id(), f"{n:064x}"
        files.append(file_id)
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
            sha256=sha256,
            key=f"tests/{file_id}",
        )
        await work.storage.put(f"tests/{file_id}", b"x", media_type="image/webp")
        async with work.database.transaction() as tx:
            await own_file(tx, file_id, owner_id=room.ids["otieno"])
            await note_upload(tx, sending.id, state="ready", file_id=file_id)
    await execute(
        room,
        "insert into media_uses (id, file_id, course_id) values (:id, :file, :course)",
        id=new_id(),
        file=files[1],
        course=new_id(),
    )

    await sweep(work, now=clock.now() + timedelta(days=29))
    assert await work.storage.has(f"tests/{files[0]}")
    await sweep(work, now=clock.now() + timedelta(days=31))

    assert [await work.storage.has(f"tests/{file_id}") for file_id in files] == [False, True]
    async with work.database.transaction() as tx:
        gone = (await tx.db.execute(text("select id from media_files where deleted_at is not null"))).scalars()
        assert list(gone) == [files[0]]
