"""Sessions and parts over HTTP: what is taken once and for ever, and what is refused, whoever asks."""

import asyncio
import hashlib
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from server.base import clock
from server.base.ids import new_id
from server.media.uploads.sweeping import sweep
from server.media.uploads.token import key_of, make_token
from tests.features.uploads.conftest import Room
from tests.support.uploading import Sending, content_of

MB = 1024 * 1024


async def rows(room: Room, statement: str, **values: Any) -> list[Any]:
    async with room.api.work.database.transaction() as tx:
        return list((await tx.db.execute(text(statement), values)).all())


def code_of(answer: httpx.Response) -> str:
    return str(answer.json()["error"]["code"])


async def test_a_file_goes_in_parts_and_is_received_when_it_is_complete(room: Room) -> None:
    sending = Sending(room.otieno, content_of(2 * MB + 5))

    begun = await sending.begin()
    assert begun.status_code == 201
    session = begun.json()["data"]
    assert (session["parts_count"], session["part_bytes"], session["have"]) == (3, MB, {"whole": "", "partial": {}})
    received = await sending.send()

    assert received["state"] == "received"
    assert received["path"] is None
    [row] = await rows(room, "select state, name, bytes, sha256 from media_uploads where id = :id", id=sending.id)
    assert tuple(row) == ("received", "film.mp4", 2 * MB + 5, sending.sha256)
    jobs = await rows(room, "select weight from base_outbox where kind = 'media.check_upload'")
    assert [job.weight for job in jobs] == [2 * MB + 5]


async def test_a_part_goes_on_at_the_byte_that_is_kept(room: Room) -> None:
    sending = Sending(room.otieno, content_of(MB))
    path = (await sending.session())["path"]
    half = sending.content[: MB // 2]

    async def cut() -> Any:
        yield half
        raise httpx.WriteError("the link is cut")

    with pytest.raises(httpx.TransportError):
        await room.otieno.put(
            f"{path}0",
            content=cut(),
            headers={"content-length": str(MB), "part-sha256": sending.sha256, "upload-offset": "0"},
        )
    for _ in range(3_000):
        have = (await sending.session())["have"]
        if have["partial"]:
            break
        await asyncio.sleep(0.01)
    kept = have["partial"]["0"]
    assert 4096 <= kept <= MB // 2
    rest = await sending.put(path, 0, sending.content[kept:], offset=kept, part=sending.content)

    assert rest.status_code == 204
    assert rest.headers["upload-offset"] == str(MB)
    assert (await sending.session())["have"] == {"whole": "0", "partial": {}}


async def test_asked_twice_a_session_and_a_part_are_one(room: Room) -> None:
    sending = Sending(room.otieno, content_of(1000))
    path = (await sending.session())["path"]

    assert (await sending.begin()).status_code == 200
    assert (await sending.put(path, 0, sending.content)).status_code == 204
    assert (await sending.put(path, 0, sending.content)).status_code == 204
    assert (await sending.send())["state"] == "received"
    assert (await sending.send())["state"] == "received"
    assert len(await rows(room, "select 1 from base_outbox where kind = 'media.check_upload'")) == 1


WRONG_PARTS: list[tuple[str, dict[str, str], int, str]] = [
    ("2", {}, 422, "upload.part_number"),
    ("99999", {}, 422, "upload.part_number"),
    ("-1", {}, 422, "upload.part_number"),
    ("0x1", {}, 422, "upload.part_number"),
    ("1/0", {}, 404, "upload.unknown"),
    ("0", {"upload-offset": "1"}, 409, "upload.offset"),
    ("0", {"upload-offset": "-5"}, 409, "upload.offset"),
    ("0", {"upload-offset": "99999999999999999999"}, 409, "upload.offset"),
    ("0", {"part-sha256": "0" * 64}, 422, "upload.part_damaged"),
    ("0", {"part-sha256": "nonsense"}, 422, "upload.part_hash"),
    ("0", {"part-sha256": ""}, 422, "upload.part_hash"),
]


async def test_a_wrong_part_is_refused_and_nothing_of_it_stays(room: Room) -> None:
    sending = Sending(room.otieno, content_of(MB + 10))
    path = (await sending.session())["path"]
    part = sending.content[:MB]
    right = {"upload-offset": "0", "part-sha256": hashlib.sha256(part).hexdigest()}

    answers = [await _raw(room, f"{path}{number}", part, right | change) for number, change, _, _ in WRONG_PARTS]

    assert [(answer.status_code, code_of(answer)) for answer in answers] == [wrong[2:] for wrong in WRONG_PARTS]
    assert (await sending.session())["have"] == {"whole": "", "partial": {}}


async def test_a_part_of_another_size_is_refused(room: Room) -> None:
    sending = Sending(room.otieno, content_of(2 * MB))
    path = (await sending.session())["path"]

    answers = [await sending.put(path, 0, content_of(size)) for size in (0, 1, MB - 1, MB + 1, 3 * MB)]

    assert [(answer.status_code, code_of(answer)) for answer in answers] == [(413, "upload.part_size")] * 5
    assert (await sending.session())["have"] == {"whole": "", "partial": {}}


async def test_a_body_without_a_length_is_refused(room: Room) -> None:
    sending = Sending(room.otieno, content_of(1000))
    path = (await sending.session())["path"]

    async def chunks() -> Any:
        yield sending.content

    answer = await room.otieno.put(f"{path}0", content=chunks(), headers={"part-sha256": sending.sha256})

    assert (answer.status_code, code_of(answer)) == (411, "upload.length")


async def test_a_whole_part_is_not_written_over(room: Room) -> None:
    sending = Sending(room.otieno, content_of(1000))
    path = (await sending.session())["path"]
    await sending.put(path, 0, sending.content)

    other = await sending.put(path, 0, content_of(1000, seed=2))

    assert (other.status_code, code_of(other)) == (409, "upload.part_taken")


async def test_a_path_that_is_not_ours_opens_nothing(room: Room) -> None:
    paths = (
        "/uploads",
        "/uploads/",
        "/uploads/x/0",
        f"/uploads/{'A' * 48}/0",
        "/uploads/../media/x",
        "/uploads/%2e%2e/0",
    )

    answers = [await _raw(room, path, b"x" * 10, {"part-sha256": "0" * 64}) for path in paths]

    assert {answer.status_code for answer in answers} <= {404, 405}


async def test_a_token_opens_its_own_upload_and_only_for_a_day(room: Room) -> None:
    one, two = Sending(room.otieno, content_of(1000)), Sending(room.otieno, content_of(2000))
    path = (await one.session())["path"]
    await two.session()
    key, now = key_of(room.api.settings.signing_key), int(clock.now().timestamp())
    old = f"/uploads/{make_token(key, one.id, expires_s=now - 1)}/"

    strange = await two.put(path, 0, two.content)  # The other one's path: another file's size.
    late = await one.put(old, 0, one.content)
    read = await room.otieno.get(f"{path}0")

    assert (strange.status_code, code_of(strange)) == (413, "upload.part_size")
    assert (late.status_code, code_of(late)) == (404, "upload.unknown")
    assert read.status_code == 405
    assert (await two.session())["have"] == {"whole": "", "partial": {}}


async def test_nobody_sees_or_ends_the_upload_of_another(room: Room) -> None:
    mine = Sending(room.otieno, content_of(1000))
    await mine.session()

    looked = await room.grace.get(f"/api/v1/uploads/{mine.id}")
    ended = await room.grace.delete(f"/api/v1/uploads/{mine.id}")
    completed = await room.grace.post(f"/api/v1/uploads/{mine.id}/complete", json={"sha256": mine.sha256})
    taken = await Sending(room.grace, content_of(1000, seed=3), id=mine.id).begin()
    listed = await room.grace.get("/api/v1/uploads")

    assert [code_of(answer) for answer in (looked, ended, completed)] == ["upload.unknown"] * 3
    assert (taken.status_code, code_of(taken)) == (409, "upload.id_taken")
    assert listed.json()["data"] == []
    assert (await mine.session())["state"] == "receiving"


async def test_an_upload_without_all_its_parts_is_not_complete_and_says_what_is_there(room: Room) -> None:
    sending = Sending(room.otieno, content_of(2 * MB + 1))
    path = (await sending.session())["path"]
    await sending.put(path, 1, sending.content[MB : 2 * MB])

    early = await room.otieno.post(f"/api/v1/uploads/{sending.id}/complete", json={"sha256": sending.sha256})
    other = await room.otieno.post(f"/api/v1/uploads/{sending.id}/complete", json={"sha256": "0" * 64})

    assert (early.status_code, code_of(early)) == (409, "upload.incomplete")
    assert early.json()["error"]["fields"] == {"whole": "1"}
    assert (other.status_code, code_of(other)) == (422, "upload.sha256")


async def test_a_cancelled_upload_takes_nothing_more(room: Room) -> None:
    sending = Sending(room.otieno, content_of(1000))
    path = (await sending.session())["path"]

    assert (await room.otieno.delete(f"/api/v1/uploads/{sending.id}")).status_code == 204
    assert (await room.otieno.delete(f"/api/v1/uploads/{sending.id}")).status_code == 204
    late = await sending.put(path, 0, sending.content)

    assert (late.status_code, code_of(late)) == (409, "upload.closed")
    assert (await sending.session())["state"] == "cancelled"


WRONG_FILES: list[tuple[str, dict[str, Any], int, str]] = [
    ("amina", {}, 403, "upload.forbidden"),
    ("amina", {"purpose": "import"}, 403, "upload.forbidden"),
    ("otieno", {"mime": "text/html"}, 415, "upload.type"),
    ("otieno", {"bytes": 3 * 1024 * MB}, 413, "upload.too_large"),
    ("otieno", {"bytes": 0}, 422, "file.empty"),
    ("otieno", {"bytes": -1}, 422, "field.invalid"),
    ("otieno", {"sha256": "../../etc/passwd"}, 422, "field.invalid"),
    ("otieno", {"name": "x" * 256}, 422, "field.invalid"),
    ("otieno", {"purpose": "other"}, 422, "field.invalid"),
    ("otieno", {"unknown": 1}, 422, "field.invalid"),
]


async def test_what_may_not_be_begun_leaves_nothing(room: Room) -> None:
    answers = [await Sending(getattr(room, who), content_of(1000)).begin(**change) for who, change, _, _ in WRONG_FILES]

    assert [(answer.status_code, code_of(answer)) for answer in answers] == [wrong[2:] for wrong in WRONG_FILES]
    assert await rows(room, "select 1 from media_uploads") == []


async def test_a_file_for_a_course_comes_from_those_who_write_it(room: Room) -> None:
    made = await room.otieno.post("/api/v1/courses", json={"title": "Waves", "language": "en"})
    course_id = made.json()["data"]["id"]

    own = await Sending(room.otieno, content_of(1000), more={"purpose_id": course_id}).begin()
    strange = await Sending(room.grace, content_of(1000), more={"purpose_id": course_id}).begin()
    later = await Sending(room.grace, content_of(1000), more={"purpose_id": str(new_id())}).begin()

    assert own.status_code == 201
    assert (strange.status_code, code_of(strange)) == (403, "upload.forbidden")
    assert later.status_code == 201  # Its course may still wait on the phone.


async def test_a_student_has_five_files_under_way_and_half_a_gigabyte_a_day(room: Room) -> None:
    sent = [
        Sending(room.amina, content_of(100 + n), name="a.png", mime="image/png", purpose="question") for n in range(6)
    ]
    answers = [await one.begin() for one in sent]
    assert [answer.status_code for answer in answers] == [201] * 5 + [429]
    assert code_of(answers[5]) == "upload.too_many"
    assert "retry-after" in answers[5].headers

    await room.amina.delete(f"/api/v1/uploads/{sent[0].id}")
    assert (await sent[5].begin()).status_code == 201
    async with room.api.work.database.transaction() as tx:
        await tx.db.execute(
            text("update media_uploads set state = 'ready', bytes = 524288000 where id = :id"), {"id": sent[1].id}
        )
    full = await Sending(room.amina, content_of(50), name="a.png", mime="image/png", purpose="question").begin()
    assert (full.status_code, code_of(full)) == (429, "upload.quota")


async def test_the_same_file_of_the_same_owner_is_ready_at_once_and_that_of_another_must_be_sent(room: Room) -> None:
    content = content_of(1000)
    sending = Sending(room.otieno, content)
    async with room.api.work.database.transaction() as tx:
        await tx.db.execute(
            text(
                "insert into media_files (id, owner_id, sha256, mime, width, height, bytes, variants)"
                " values (:id, :owner, :sha256, 'image/png', 10, 10, 1000, '[]')"
            ),
            {"id": new_id(), "owner": room.ids["otieno"], "sha256": sending.sha256},
        )

    again = await sending.session()
    terms = await Sending(room.otieno, content, more={"licence": "CC BY 4.0", "attribution": "Me"}).session()
    strange = await Sending(room.grace, content).session()

    assert (again["state"], again["path"]) == ("ready", None)
    assert again["file_id"] is not None
    assert terms["state"] == "ready"
    assert terms["file_id"] != again["file_id"]
    assert (strange["state"], strange["file_id"]) == ("receiving", None)
    licences = await rows(room, "select licence from media_files where id = :id", id=terms["file_id"])
    assert [row.licence for row in licences] == ["CC BY 4.0"]
    owned = await rows(room, "select file_id from media_uses where user_id = :user", user=room.ids["otieno"])
    assert {str(row.file_id) for row in owned} == {again["file_id"], terms["file_id"]}


async def test_a_session_is_there_after_a_week_and_gone_after_eight_days(room: Room) -> None:
    sending = Sending(room.otieno, content_of(1000))
    await sending.session()
    await _age(room, sending, days=7)
    await sweep(room.api.work, now=clock.now())
    assert (await sending.session())["state"] == "receiving"

    await _age(room, sending, days=2)
    await sweep(room.api.work, now=clock.now())

    session = await sending.session()
    assert (session["state"], session["reason_code"]) == ("expired", "upload.expired")


async def test_two_who_send_one_part_at_once_make_one_part(room: Room) -> None:
    sending = Sending(room.otieno, content_of(3 * MB))
    path = (await sending.session())["path"]
    part = sending.content[:MB]

    answers = await asyncio.gather(*(sending.put(path, 0, part) for _ in range(3)))

    assert [answer.status_code for answer in answers] == [204] * 3
    [row] = await rows(
        room, "select received_bytes, pieces from media_upload_parts where upload_id = :id", id=sending.id
    )
    assert row.received_bytes == MB
    keys = [key async for key in room.api.work.storage.list_keys(f"temp/{sending.id}/")]
    assert keys == [f"temp/{sending.id}/00000.{row.pieces[0]}"]


async def _age(room: Room, sending: Sending, *, days: int) -> None:
    async with room.api.work.database.transaction() as tx:
        await tx.db.execute(
            text("update media_uploads set expires_at = expires_at - cast(:age as interval) where id = :id"),
            {"age": timedelta(days=days), "id": sending.id},
        )


async def _raw(room: Room, path: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
    """As it stands: httpx would tidy up the path."""
    url = httpx.URL(room.api.url).copy_with(raw_path=path.encode())
    return await room.otieno.put(url, content=body, headers=headers)
