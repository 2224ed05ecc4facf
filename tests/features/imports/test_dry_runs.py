"""A dry run says what the import will say, and leaves everything as it was."""

import hashlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from server.base.ids import new_id
from server.imports import uploads
from tests.support.api import Api
from tests.support.cartridges import cartridge, manifest, page, picture

GIFT = b"::One::1 + 1? { =2 ~3 }\n\n::Two::Name it. {}\n"
AIKEN = b"What is 1 + 1?\nA. 2\nB. 3\nANSWER: A\n"
QUIZ = "imsqti_xmlv1p2/imscc_xmlv1p3/assessment"
SENT = {"media_uploads", "media_upload_parts"}
OWN = frozenset({"imports_imports", "base_outbox", "base_audit", *SENT})  # Of the dry run itself, and of its file.


def asked(ident: str, words: str, right: str, *wrong: str) -> str:
    """A question of QTI 1.2 as a cartridge's profile has it."""
    labels = "".join(
        f'<response_label ident="{index}"><material><mattext texttype="text/plain">{word}</mattext></material>'
        "</response_label>"
        for index, word in enumerate([right, *wrong])
    )
    return (
        f'<item ident="{ident}" title="{ident}"><itemmetadata><qtimetadata><qtimetadatafield>'
        "<fieldlabel>cc_profile</fieldlabel><fieldentry>cc.multiple_choice.v0p1</fieldentry></qtimetadatafield>"
        '</qtimetadata></itemmetadata><presentation><material><mattext texttype="text/html">'
        f'{words}</mattext></material><response_lid ident="r" rcardinality="Single"><render_choice>{labels}'
        '</render_choice></response_lid></presentation><resprocessing><outcomes><decvar maxvalue="100" '
        'minvalue="0" varname="SCORE" vartype="Decimal"/></outcomes><respcondition continue="No">'
        '<conditionvar><varequal respident="r">0</varequal></conditionvar><setvar action="Set" '
        'varname="SCORE">100</setvar></respcondition></resprocessing></item>'
    )


def quiz(title: str, *items: str) -> bytes:
    return (
        '<?xml version="1.0"?><questestinterop xmlns="http://www.imsglobal.org/xsd/ims_qtiasiv1p2">'
        f'<assessment ident="a" title="{title}"><section ident="s">{"".join(items)}</section></assessment>'
        "</questestinterop>"
    ).encode()


def with_quizzes() -> bytes:
    """Two lessons, a quiz after the first, a quiz after the second of which one question cannot be asked."""
    essay = asked("long", "Why?", "x", "y").replace("cc.multiple_choice.v0p1", "cc.essay.v0p1")
    files = {
        "q1.xml": quiz("Motion", asked("one", "1 + 1?", "2", "3"), asked("two", "2 + 2?", "4", "5")),
        "q2.xml": quiz("Forces", asked("three", "3 + 3?", "6", "7"), essay),
        "q3.xml": b"<questestinterop><!DOCTYPE",
        "pic.png": picture(),
        "bad.png": b"no picture",
    }
    items = "".join(
        f'<item identifier="{name}" identifierref="r-{name}"><title>{title}</title></item>'
        for name, title in (("q1", "Check yourself"), ("q2", "Check yourself"), ("q3", "Broken"))
    )
    resources = "".join(
        f'<resource identifier="r-{name}" type="{QUIZ}"><file href="{name}.xml"/></resource>'
        for name in ("q1", "q2", "q3")
    )
    pages: dict[str, str | bytes] = {
        "a.html": page('<p>x</p><img src="pic.png" alt="p"/><img src="bad.png" alt="b"/>'),
        "b.html": page("y"),
    }
    told = manifest(list(pages), extra_items=items, extra_resources=resources)
    first = '<item identifier="i2" identifierref="r2">'
    moved = '<item identifier="q1" identifierref="r-q1"><title>Check yourself</title></item>'
    told = told.replace(moved, "", 1).replace(first, moved + first, 1)
    return cartridge(pages, files, manifest_text=told)


@pytest.fixture
async def teacher(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    await api.add("Oybek Rahimov", "educator")
    async with api.signed_in("Oybek Rahimov") as client:
        yield client


async def counts(api: Api) -> dict[str, int]:
    """Rows of every table but those that tell of the dry run itself."""
    async with api.work.database.transaction() as tx:
        names = (
            await tx.db.execute(text("select tablename from pg_tables where schemaname = 'public' order by 1"))
        ).scalars()
        return {
            name: (await tx.db.execute(text(f'select count(*) from "{name}"'))).scalar_one()
            for name in names
            if name not in OWN and not name.startswith("sync_")
        }


async def send(client: httpx.AsyncClient, content: bytes, **query: str) -> str:
    answer = await client.post("/api/v1/imports", params={"kind": "cartridge", **query}, content=content)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["data"]["id"])


async def told(client: httpx.AsyncClient, import_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(f"/api/v1/imports/{import_id}")).json()["data"]
    return found


async def uploaded(client: httpx.AsyncClient, content: bytes, *, name: str = "unit.imscc") -> str:
    """Sent as an upload, in one part."""
    id_, sha256 = str(new_id()), hashlib.sha256(content).hexdigest()
    begun = await client.post(
        "/api/v1/uploads",
        json={
            "id": id_,
            "name": name,
            "bytes": len(content),
            "mime": "application/octet-stream",
            "sha256": sha256,
            "purpose": "import",
        },
    )
    assert begun.status_code == 201, begun.text
    put = await client.put(f"{begun.json()['data']['path']}0", content=content, headers={"part-sha256": sha256})
    assert put.status_code == 204, put.text
    done = await client.post(f"/api/v1/uploads/{id_}/complete", json={"sha256": sha256})
    assert done.status_code == 202, done.text
    return id_


async def test_a_dry_run_of_a_cartridge_writes_nothing_and_says_what_the_import_says(
    api: Api, teacher: httpx.AsyncClient
) -> None:
    before = await counts(api)

    import_id = await send(teacher, with_quizzes(), dry_run="1", publish="1")
    await api.run_jobs()

    tried = await told(teacher, import_id)
    assert (tried["state"], tried["dry_run"], tried["course_slug"]) == ("done", True, None), tried
    assert await counts(api) == before
    assert (await teacher.post(f"/api/v1/imports/{import_id}/apply")).status_code == 202
    assert (await teacher.post(f"/api/v1/imports/{import_id}/apply")).status_code == 202
    await api.run_jobs()

    made = await told(teacher, import_id)
    assert (made["state"], made["dry_run"], made["course_slug"]) == ("done", False, "small-course"), made
    assert made["report"] == tried["report"]
    assert made["would"] == tried["would"]
    assert tried["would"] | {"bytes": 0} == {"sections": 1, "lessons": 2, "questions": 3, "files": 1, "bytes": 0}
    assert list(uploads.folder_of(api.settings.tmp).iterdir()) == []


async def test_quizzes_inside_a_cartridge_are_tests_beside_their_lessons(api: Api, teacher: httpx.AsyncClient) -> None:
    import_id = await send(teacher, with_quizzes(), publish="1")
    await api.run_jobs()

    states = {item["item"]: item["status"] for item in (await told(teacher, import_id))["report"]["items"]}
    assert (states["q1"], states["q2"], states["q3"]) == ("ok", "partial", "failed"), states
    assert [state for item, state in states.items() if item.startswith("q2: ")] == ["ok", "partial"]
    async with api.work.database.transaction() as tx:
        rows = (
            await tx.db.execute(
                text(
                    "select l.title, a.title, a.kind, a.items_count, a.published_at is not null,"
                    " (t.blocks::jsonb -> -1 ->> 'assessment_id')::uuid = a.id"
                    " from assessments_assessments a join catalog_lessons l on l.id = a.lesson_id"
                    " join catalog_lesson_texts t on t.id = l.id order by l.rank"
                )
            )
        ).all()
    assert [tuple(row) for row in rows] == [
        ("Lesson 1", "Check yourself", "quiz", 2, True, True),
        ("Lesson 2", "Check yourself (2)", "quiz", 1, True, True),
    ]


@pytest.mark.parametrize(("kind", "content"), [("gift", GIFT), ("aiken", AIKEN)])
async def test_a_dry_run_of_questions_writes_nothing_and_says_what_the_import_says(
    api: Api, teacher: httpx.AsyncClient, kind: str, content: bytes
) -> None:
    await send(teacher, cartridge({"a.html": page("<p>x</p>")}))
    await api.run_jobs()
    before = await counts(api)

    import_id = await send(teacher, content, kind=kind, course="small-course", practice="P", dry_run="1", publish="1")
    await api.run_jobs()

    tried = await told(teacher, import_id)
    assert tried["state"] == "done", tried
    assert await counts(api) == before
    await teacher.post(f"/api/v1/imports/{import_id}/apply")
    await api.run_jobs()
    made = await told(teacher, import_id)
    assert (made["report"], made["would"]) == (tried["report"], tried["would"])
    assert (await counts(api))["assessments_assessments"] == 1


async def test_an_uploaded_file_is_tried_and_then_imported_without_being_sent_again(
    api: Api, teacher: httpx.AsyncClient
) -> None:
    upload_id = await uploaded(teacher, cartridge({"a.html": page("<p>x</p>")}))
    order = {"upload_id": upload_id, "kind": "cartridge", "dry_run": True}

    answer = await teacher.post("/api/v1/imports", json=order)
    assert answer.status_code == 202, answer.text
    import_id = answer.json()["data"]["id"]
    await api.run_jobs()
    assert (await told(teacher, import_id))["state"] == "done"
    await teacher.post(f"/api/v1/imports/{import_id}/apply")
    await api.run_jobs()

    assert (await told(teacher, import_id))["course_slug"] == "small-course"
    assert (await teacher.get(f"/api/v1/uploads/{upload_id}")).json()["data"]["state"] == "ready"
    assert list((api.settings.tmp / "media").iterdir()) == []
    again = await teacher.post("/api/v1/imports", json=order)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "import.upload_open")
    assert "imported already" in again.json()["error"]["message"]


async def test_a_refused_file_is_refused_on_its_uploads_row_and_a_tried_one_may_be_tried_otherwise(
    api: Api, teacher: httpx.AsyncClient
) -> None:
    upload_id = await uploaded(teacher, b"PK, but no zip", name="unit.zip")

    for dry_run, state in ((True, "received"), (False, "refused")):
        answer = await teacher.post(
            "/api/v1/imports", json={"upload_id": upload_id, "kind": "cartridge", "dry_run": dry_run}
        )
        await api.run_jobs()
        end = await told(teacher, answer.json()["data"]["id"])
        assert (end["state"], end["error"]["code"]) == ("failed", "archive.not_a_zip")
        assert (await teacher.get(f"/api/v1/uploads/{upload_id}")).json()["data"]["state"] == state


async def test_a_strangers_upload_and_import_are_not_there(api: Api, teacher: httpx.AsyncClient) -> None:
    await api.add("Nilufar Yusupova", "educator")
    upload_id = await uploaded(teacher, GIFT, name="q.gift")
    import_id = await send(teacher, cartridge({"a.html": page("<p>x</p>")}), dry_run="1")

    async with api.signed_in("Nilufar Yusupova") as other:
        taken = await other.post("/api/v1/imports", json={"upload_id": upload_id, "kind": "cartridge"})
        assert (taken.status_code, taken.json()["error"]["code"]) == (404, "upload.unknown")
        assert (await other.post(f"/api/v1/imports/{import_id}/apply")).status_code == 404
    early = await teacher.post(f"/api/v1/imports/{import_id}/apply")
    assert (early.status_code, early.json()["error"]["code"]) == (409, "import.not_tried")
    broken = await teacher.post("/api/v1/imports", json={"upload_id": "x", "kind": "cartridge"})
    assert (broken.status_code, broken.json()["error"]["code"]) == (400, "import.bad_order")
