"""Pictures of questions, and films, sound and papers of cartridges: into the course, onto phones, and out again."""

import base64
import io
import re
import wave
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pikepdf
import pytest
from sqlalchemy import text

from server.assessments.interchange import read_questions
from server.assessments.keeping import show_pictures
from server.base.ids import new_id
from tests.support.api import Api
from tests.support.cartridges import cartridge, manifest, page, picture
from tests.support.phone import Phone
from tests.support.settle import all_published

QUIZ = "imsqti_xmlv1p2/imscc_xmlv1p3/assessment"
MARK = re.compile(r"!\[([^\]]*)\]\(file:([0-9a-f-]{36})\)")

ITEM = """<questestinterop><assessment ident="a" title="Shapes"><section ident="s"><item ident="one" title="Shape">
<presentation><material><mattext texttype="text/html">&lt;p&gt;What is &lt;img src="$IMS-CC-FILEBASE$/shape.png"
 alt="a shape"&gt;, of area \\(a^2\\)?&lt;/p&gt;</mattext></material>
<response_lid ident="r" rcardinality="Single"><render_choice>
<response_label ident="a"><material><mattext>A square</mattext></material></response_label>
<response_label ident="b"><material><matimage uri="round.png"/></material></response_label></render_choice>
</response_lid></presentation><resprocessing><outcomes><decvar maxvalue="100" varname="SCORE"/></outcomes>
<respcondition><conditionvar><varequal respident="r">a</varequal></conditionvar><setvar varname="SCORE">100</setvar>
<displayfeedback linkrefid="general_fb"/></respcondition></resprocessing><itemfeedback ident="general_fb"><material>
<mattext texttype="text/html">&lt;p&gt;Look: &lt;img src="key.png" alt="the key"&gt;&lt;/p&gt;</mattext></material>
</itemfeedback></item></section></assessment></questestinterop>"""


def paper() -> bytes:
    body = io.BytesIO()
    with pikepdf.new() as made:
        made.add_blank_page(page_size=(200, 200))
        made.save(body)
    return body.getvalue()


def voice() -> bytes:
    body = io.BytesIO()
    with wave.open(body, "wb") as made:
        made.setnchannels(1)
        made.setsampwidth(2)
        made.setframerate(8_000)
        made.writeframes(b"\0\0" * 8_000)
    return body.getvalue()


def unit() -> bytes:
    """A page that links to a paper, a sound that is a lesson, a quiz with pictures before and behind the answer."""
    items = (
        '<item identifier="v" identifierref="r-v"><title>Listen</title></item>'
        '<item identifier="q" identifierref="r-q"><title>Shapes</title></item>'
        '<item identifier="d" identifierref="r-d"><title>Not a film</title></item>'
    )
    resources = (
        '<resource identifier="r-v" type="webcontent" href="voice.wav"><file href="voice.wav"/></resource>'
        f'<resource identifier="r-q" type="{QUIZ}"><file href="quiz/q.xml"/></resource>'
        '<resource identifier="r-d" type="webcontent" href="bad.mp4"><file href="bad.mp4"/></resource>'
    )
    files = {
        "quiz/q.xml": ITEM.encode(),
        "shape.png": picture(),
        "quiz/round.png": picture(color=(1, 2, 3)),
        "key.png": picture(color=(9, 9, 9)),
        "notes.pdf": paper(),
        "voice.wav": voice(),
        "bad.mp4": b"no film at all",
    }
    told = manifest(["a.html"], extra_items=items, extra_resources=resources)
    return cartridge({"a.html": page('<p>Read <a href="notes.pdf">the notes</a>.</p>')}, files, manifest_text=told)


MOODLE = """<?xml version="1.0"?><quiz><question type="multichoice"><name><text>Which?</text></name>
<questiontext format="html"><text><![CDATA[<p>Which is <img src="@@PLUGINFILE@@/a%20b.png" alt="this one">?</p>]]>
</text>
<file name="a b.png" path="/" encoding="base64">{good}</file></questiontext><single>true</single>
<answer fraction="100" format="html"><text>One</text></answer><answer fraction="0" format="html"><text>
<![CDATA[<img src="@@PLUGINFILE@@/no.png" alt="nothing">]]></text><file name="no.png" encoding="base64">{bad}</file>
</answer></question></quiz>"""


def moodle() -> bytes:
    good, bad = base64.b64encode(picture(color=(7, 7, 7))), base64.b64encode(b"no picture")
    return MOODLE.format(good=good.decode(), bad=bad.decode()).encode()


@pytest.fixture
async def teacher(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    await api.add("Oybek Rahimov", "educator")
    async with api.signed_in("Oybek Rahimov") as client:
        yield client


async def imported(client: httpx.AsyncClient, api: Api, content: bytes, **query: str) -> dict[str, Any]:
    answer = await client.post("/api/v1/imports", params=query, content=content)
    assert answer.status_code == 202, answer.text
    await api.run_jobs()
    found: dict[str, Any] = (await client.get(f"/api/v1/imports/{answer.json()['data']['id']}")).json()["data"]
    assert found["state"] == "done", found["error"]
    return found


async def test_pictures_and_papers_of_a_cartridge_reach_phones_and_the_key_does_not(
    api: Api, teacher: httpx.AsyncClient
) -> None:
    tried = await imported(teacher, api, unit(), kind="cartridge", dry_run="1", publish="1")
    made = await imported(teacher, api, unit(), kind="cartridge", publish="1")

    assert tried["report"] == made["report"]
    assert tried["would"]["files"] == made["would"]["files"] == 4  # Two pictures, a paper, a sound.
    told = {item["item"]: item for item in made["report"]["items"]}
    assert told["notes.pdf"]["status"] == told["voice.wav"]["status"] == "ok"
    assert told["bad.mp4"]["status"] == "failed"
    [shape] = [item for item in made["report"]["items"] if item["kind"] == "question"]
    assert shape["status"] == "partial"
    assert shape["reason"] == "A picture where only words can stand was left out."

    await api.add("Amina Karimova", "student")
    async with api.signed_in("Amina Karimova") as client:
        slug = made["course_slug"]
        await all_published(api)
        phone = Phone(client, want=[f"course:{await course_id(api, slug)}"])
        await phone.sync()
        [item] = phone.all("assessments.items").values()
        files = phone.all("media.files")
        marks = MARK.findall(" ".join([item["prompt"], *(option["text"] for option in item["options"])]))
        assert [alt for alt, _ in marks] == ["a shape", ""]
        assert all(files[id_]["kind"] == "image" for _, id_ in marks)
        assert sorted(file["kind"] for file in files.values()) == ["audio", "document", "image", "image"]
        [card] = phone.all("catalog.courses").values()
        weight = sum(min(one["bytes"] for one in files[id_]["variants"]) for _, id_ in marks)
        assert card["pack_bytes"]["low"] - card["pack_bytes"]["audio"] >= weight


async def course_id(api: Api, slug: str) -> str:
    async with api.work.database.transaction() as tx:
        found = await tx.db.execute(text("select id from catalog_courses where slug = :slug"), {"slug": slug})
        return str(found.scalar_one())


async def test_a_picture_of_moodle_comes_in_and_goes_out_again(api: Api, teacher: httpx.AsyncClient) -> None:
    course = await imported(teacher, api, cartridge({"a.html": page("<p>x</p>")}), kind="cartridge")
    where = {"kind": "moodle_xml", "course": course["course_slug"], "practice": "Which"}
    first = await imported(teacher, api, moodle(), **where)
    again = await imported(teacher, api, moodle(), **where)

    [item] = first["report"]["items"]
    assert item["status"] == "partial"
    assert item["reason"].startswith("The picture no.png was left out: ")
    assert first["report"] == again["report"]
    async with api.work.database.transaction() as tx:
        revisions = (await tx.db.execute(text("select revision from assessments_assessments"))).scalars().all()
    assert revisions == [1]  # The same questions again are no new revision.

    where_to = f"/api/v1/courses/{await course_id(api, course['course_slug'])}/export"
    for format_, kind in (("moodle_xml", "moodle_xml"), ("gift", "gift")):
        answer = await teacher.get(where_to, params={"format": format_})
        [entry] = read_questions(kind, answer.content).entries  # type: ignore[arg-type]
        assert entry.question is not None
        assert answer.headers["export-losses"] == ("0" if format_ == "moodle_xml" else "1")
        if format_ == "moodle_xml":
            [kept] = entry.pictures
            assert kept.content.startswith(b"RIFF")
            assert entry.question.prompt == f"Which is ![this one](file:{kept.id}) ?"
        else:
            assert entry.question.prompt == "Which is [this one] ?"

    packed = await teacher.get(where_to)
    other = await imported(teacher, api, packed.content, kind="course")
    assert {item["status"] for item in other["report"]["items"]} == {"ok"}
    async with api.work.database.transaction() as tx:
        asked = text(
            "select i.prompt, u.file_id::text as file from assessments_items i join catalog_courses c"
            " on c.id = i.course_id join media_uses u on u.course_id = c.id where c.slug = :slug"
        )
        [row] = (await tx.db.execute(asked, {"slug": other["course_slug"]})).all()
    assert MARK.findall(row.prompt) == [("this one", row.file)]

    async with api.work.database.transaction() as tx:  # Somebody else's test names the file: it gets nothing.
        uses = text("select count(*) from media_uses")
        before = (await tx.db.execute(uses)).scalar_one()
        await show_pictures(tx, course_id=new_id(), owner_id=new_id(), texts=[row.prompt])
        assert (await tx.db.execute(uses)).scalar_one() == before
