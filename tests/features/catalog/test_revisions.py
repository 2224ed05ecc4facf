"""Who changed what learners see, when and how much; and what has to be there before they see anything."""

from typing import Any

import httpx
import pytest

from server.catalog import revisions
from server.catalog.revisions import excerpt, summary_of
from tests.support.api import Api
from tests.support.phone import Phone
from tests.support.settle import all_published

EXERCISE = {"type": "exercise", "prompt": "Try it at home."}


def paragraph(html: str) -> dict[str, Any]:
    return {"type": "paragraph", "html": html}


async def make_course(client: httpx.AsyncClient) -> tuple[str, str]:
    """The ids of a course and of its section."""
    course = (await client.post("/api/v1/courses", json={"title": "Heat"})).json()["data"]["id"]
    section = (await client.post(f"/api/v1/courses/{course}/sections", json={"title": "One"})).json()["data"]["id"]
    return course, section


async def write(client: httpx.AsyncClient, section: str, *blocks: dict[str, Any]) -> str:
    answer = await client.post(f"/api/v1/sections/{section}/lessons", json={"title": "Warmth", "blocks": blocks})
    return str(answer.json()["data"]["id"])


async def test_a_course_is_published_when_there_is_something_to_do_in_it_and_says_what_is_missing(api: Api) -> None:
    await api.add("Oybek X", "educator")
    async with api.signed_in("Oybek X") as oybek:
        course, section = await make_course(oybek)
        codes = []
        for blocks in ((), (paragraph('"type":"exercise"'),), ({"type": "note", "kind": "tip", "blocks": [EXERCISE]},)):
            if blocks:
                await write(oybek, section, *blocks)
            answer = await oybek.post(f"/api/v1/courses/{course}/publish")
            codes.append(answer.json().get("error", {}).get("code"))

        phone = Phone(oybek)
        await all_published(api)
        await phone.sync()
        base = phone.patch("catalog.courses", course, {"status": "draft"}, base=99)
        await phone.sync()

    assert codes == ["course.empty", "course.no_exercise", None]
    assert phone.outcome(base) == "applied"


async def test_every_change_of_what_learners_see_is_in_the_history_and_raises_the_revision(api: Api) -> None:
    await api.add("Oybek X", "educator")
    await api.add("Amina X", "student")
    async with api.signed_in("Oybek X") as oybek, api.signed_in("Amina X") as amina:
        course, section = await make_course(oybek)
        lesson = await write(oybek, section, paragraph("old"), EXERCISE)
        await oybek.patch(f"/api/v1/lessons/{lesson}", json={"blocks": [paragraph("older"), EXERCISE]})  # A draft yet.
        await oybek.post(f"/api/v1/courses/{course}/publish")
        author, learner = Phone(oybek), Phone(amina, want=[f"course:{course}"])
        await all_published(api)
        await author.sync()

        was = [paragraph("older"), EXERCISE]
        author.patch("catalog.lesson_texts", lesson, {"blocks": {"was": was, "now": [paragraph("new"), EXERCISE]}})
        author.patch("catalog.lessons", lesson, {"title": {"was": "Warmth", "now": "Heat"}})
        await author.sync()
        await oybek.patch(f"/api/v1/lessons/{lesson}", json={"blocks": [EXERCISE, paragraph("new")]})
        second = await write(oybek, section, paragraph("two"))
        await oybek.delete(f"/api/v1/lessons/{second}")
        await oybek.post(f"/api/v1/courses/{course}/unpublish")
        for phone in (author, learner):
            await all_published(api)
            await phone.sync()

    rows = sorted(author.all("catalog.revisions").values(), key=lambda row: row["number"])
    assert [(row["number"], row["kind"], row["summary"].get("lesson", "")) for row in rows] == [
        (1, "publish", ""),
        (2, "edit", ""),
        (3, "edit", "renamed"),
        (4, "edit", ""),
        (5, "edit", "added"),
        (6, "edit", "removed"),
        (7, "unpublish", ""),
    ]
    assert rows[1]["summary"] == {"changed": 1, "pairs": [{"was": "older", "now": "new"}], "title": "Warmth"}
    assert rows[3]["summary"]["moved"] is True
    assert {row["by_name"] for row in rows} == {"Oybek X."}
    assert author.all("catalog.courses")[course]["revision"] == 7
    assert learner.all("catalog.revisions") == {}


async def test_what_stood_before_a_change_is_read_by_its_educators_and_brought_back_as_a_change(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revisions, "TEXTS_KEPT", 2)
    await api.add("Oybek X", "educator")
    await api.add("Bobur X", "educator")
    async with api.signed_in("Oybek X") as oybek, api.signed_in("Bobur X") as bobur:
        course, section = await make_course(oybek)
        lesson = await write(oybek, section, paragraph("one"), EXERCISE)
        await oybek.post(f"/api/v1/courses/{course}/publish")
        for words in ("two", "three", "four"):
            await oybek.patch(f"/api/v1/lessons/{lesson}", json={"blocks": [paragraph(words), EXERCISE]})
        await all_published(api)
        author = Phone(oybek)
        await author.sync()
        edits = {row["number"]: row["id"] for row in author.all("catalog.revisions").values()}
        path = f"/api/v1/courses/{course}/revisions/%s/before"

        assert (await oybek.get(path % edits[2])).json()["error"]["code"] == "revision.not_kept"  # Of the oldest.
        assert (await oybek.get(path % edits[1])).json()["error"]["code"] == "revision.not_kept"  # The publishing.
        assert (await bobur.get(path % edits[4])).status_code == 403
        stood = (await oybek.get(path % edits[3])).json()["data"]
        assert (stood["lesson_id"], stood["number"], stood["blocks"]) == (lesson, 3, [paragraph("two"), EXERCISE])

        now = author.all("catalog.lesson_texts")[lesson]["blocks"]
        author.patch("catalog.lesson_texts", lesson, {"blocks": {"was": now, "now": stood["blocks"]}})
        await author.sync()
        await all_published(api)
        await author.sync()

    assert author.all("catalog.lesson_texts")[lesson]["blocks"] == [paragraph("two"), EXERCISE]
    newest = max(author.all("catalog.revisions").values(), key=lambda row: row["number"])
    assert newest["summary"]["pairs"] == [{"was": "four", "now": "two"}]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (["a", "b"], ["a", "b"], (0, 0, 0, False)),
        (["a", "b"], ["b", "a"], (0, 0, 0, True)),
        (["a"], ["a", "b", "c"], (2, 0, 0, False)),
        (["a", "b", "c"], ["c"], (0, 2, 0, False)),
        (["a", "b"], ["x", "b", "y"], (1, 0, 1, False)),
        (["a", "a"], ["a"], (0, 1, 0, False)),
        ([], [], (0, 0, 0, False)),
    ],
)
def test_a_summary_counts_what_came_went_and_changed(
    before: list[str], after: list[str], expected: tuple[int, int, int, bool]
) -> None:
    summary = summary_of([paragraph(x) for x in before], [paragraph(x) for x in after])

    assert (summary.added, summary.removed, summary.changed, summary.moved) == expected


def test_an_excerpt_is_short_and_plain_whatever_stands_in_the_block() -> None:
    deep: dict[str, Any] = {"type": "note", "kind": "tip", "blocks": []}
    for _ in range(200):
        deep = {"type": "quote", "blocks": [deep]}

    assert excerpt(paragraph("a <em>b</em>, d<br>&amp; c")) == "a b, d & c"
    assert len(excerpt({"type": "code", "text": "x" * 20_000})) == 100
    assert excerpt({"type": "video", "file_id": "f", "title": "Heat"}) == "Heat"
    assert excerpt(deep) == "(quote)"
