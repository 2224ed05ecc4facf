"""Two educators write one course on two phones, without a network for hours: nothing of either is lost."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import httpx
import pytest

from server.base.ids import derived_id, new_id
from server.catalog.block_merge import merge_blocks
from server.catalog.models import CourseStaff
from sync.merge import place_between
from tests.support.api import Api
from tests.support.phone import Phone
from tests.support.settle import all_published

Blocks = list[dict[str, Any]]


def paragraph(html: str) -> dict[str, Any]:
    return {"type": "paragraph", "html": html}


EXERCISE = {"type": "exercise", "prompt": "Try it at home."}  # A course needs something to do before it is published.


class Desk:
    """Oybek's draft, which Bobur edits too; others come with `add`. A phone each."""

    api: Api
    stack: AsyncExitStack
    ids: dict[str, UUID]
    course_id: str
    section_id: str
    oybek: httpx.AsyncClient
    phones: dict[str, Phone]

    async def add(self, name: str, role: str) -> Phone:
        self.ids[name] = await self.api.add(f"{name.title()} X", role)
        self.phones[name] = Phone(await self.stack.enter_async_context(self.api.signed_in(f"{name.title()} X")))
        return self.phones[name]

    async def sync(self, *names: str) -> None:
        """Each sends and receives, one after the other; then all receive what the others sent."""
        for name in (*names, *names):
            await all_published(self.api)
            await self.phones[name].sync()

    def shown(self, name: str, collection: str, id_: str) -> dict[str, Any]:
        return self.phones[name].all(f"catalog.{collection}")[id_]

    def order(self, name: str, collection: str) -> list[str]:
        rows = self.phones[name].all(f"catalog.{collection}").values()
        return [row["title"] for row in sorted(rows, key=lambda row: row["rank"])]

    async def write_lesson(self, *html: str, name: str = "oybek", exercise: bool = False) -> str:
        """A lesson with these paragraphs, made by ops of one phone, and on both phones."""
        lesson_id = str(new_id())
        phone = self.phones[name]
        phone.create("catalog.lessons", lesson_id, {"section_id": self.section_id, "title": "Heat"})
        blocks = [*(paragraph(x) for x in html), *([EXERCISE] if exercise else [])]
        phone.patch("catalog.lesson_texts", lesson_id, {"blocks": {"was": [], "now": blocks}})
        await self.sync("oybek", "bobur")
        return lesson_id

    async def set_staff(self, user_id: UUID, *, is_staff: bool) -> None:
        id_ = derived_id("catalog.course_staff", self.course_id, user_id)
        async with self.api.work.database.transaction() as tx:
            row = await tx.db.get(CourseStaff, id_)
            if row is None:
                tx.db.add(CourseStaff(id=id_, course_id=UUID(self.course_id), user_id=user_id, role="editor"))
            else:
                row.deleted_at = None if is_staff else tx.now


@pytest.fixture
async def desk(api: Api) -> AsyncIterator[Desk]:
    world = Desk()
    world.api, world.phones, world.ids = api, {}, {}
    async with AsyncExitStack() as stack:
        world.stack = stack
        world.oybek = (await world.add("oybek", "educator")).client
        world.course_id = (await world.oybek.post("/api/v1/courses", json={"title": "Heat"})).json()["data"]["id"]
        made = await world.oybek.post(f"/api/v1/courses/{world.course_id}/sections", json={"title": "One"})
        world.section_id = made.json()["data"]["id"]
        await world.add("bobur", "educator")
        await world.set_staff(world.ids["bobur"], is_staff=True)
        await world.sync("oybek", "bobur")
        yield world


async def test_M13_two_educators_edit_one_lesson_offline_and_both_changes_stand(desk: Desk) -> None:
    lesson_id = await desk.write_lesson("Heat flows.", "It never rests.", "The end.")
    was = desk.shown("bobur", "lesson_texts", lesson_id)["blocks"]

    def edit(name: str, was: Blocks, place: int, html: str) -> Blocks:
        now = [paragraph(html) if index == place else block for index, block in enumerate(was)]
        desk.phones[name].patch("catalog.lesson_texts", lesson_id, {"blocks": {"was": was, "now": now}})
        return now

    edit("oybek", was, 0, "Warmth flows.")
    edit("bobur", edit("bobur", was, 0, "Heat wanders."), 2, "The very end.")
    await desk.sync("oybek", "bobur")

    texts = [desk.shown(name, "lesson_texts", lesson_id)["blocks"] for name in ("oybek", "bobur")]
    assert texts == [[paragraph(html) for html in ("Warmth wanders.", "It never rests.", "The very end.")]] * 2
    assert desk.phones["bobur"].outcome(1) == "merged"
    assert desk.shown("oybek", "lessons", lesson_id)["text_bytes"] == len(
        '[{"type":"paragraph","html":"Warmth wanders."},{"type":"paragraph","html":"It never rests."},'
        '{"type":"paragraph","html":"The very end."}]'
    )


async def test_M14_sections_moved_on_two_phones_stand_in_one_order_on_both(desk: Desk) -> None:
    oybek, bobur = desk.phones["oybek"], desk.phones["bobur"]
    ids = {title: new_id() for title in ("Two", "Three", "Four")}
    for title, id_ in ids.items():
        oybek.create("catalog.sections", id_, {"course_id": desk.course_id, "title": title})
    await desk.sync("oybek", "bobur")
    assert desk.order("bobur", "sections") == ["One", "Two", "Three", "Four"]
    rank = {row["title"]: row["rank"] for row in bobur.all("catalog.sections").values()}

    for phone, title in ((oybek, "Three"), (bobur, "Four")):
        phone.patch("catalog.sections", ids[title], {"rank": place_between(None, rank["One"], ids[title])}, base=1)
    bobur.patch("catalog.sections", ids["Two"], {"rank": rank["One"]})
    await desk.sync("oybek", "bobur")

    assert desk.order("oybek", "sections") == desk.order("bobur", "sections")
    assert desk.order("oybek", "sections")[2:] == ["One", "Two"]
    assert bobur.outcome(2) == "field.invalid"  # Another row's place.


async def test_M15_publishing_without_having_seen_the_newest_card_is_a_conflict_that_its_author_finds(
    desk: Desk,
) -> None:
    await desk.write_lesson("x", exercise=True)
    oybek, bobur, amina = desk.phones["oybek"], desk.phones["bobur"], await desk.add("amina", "student")
    base = 3  # The course, its section's and its lesson's sums: what both have seen.
    bobur.patch("catalog.courses", desk.course_id, {"title": {"was": "Heat", "now": "Heat and light"}}, base=base)
    publish = oybek.patch("catalog.courses", desk.course_id, {"status": "published"}, base=base)
    await desk.sync("bobur", "oybek")

    receipt = oybek.receipts[publish]
    copy = oybek.all("sync.ops")[receipt["copy"]]
    assert (receipt["outcome"], receipt["code"]) == ("conflict", "record.changed")
    assert '"status":"published"' in copy["op"]
    assert desk.shown("oybek", "courses", desk.course_id)["status"] == "draft"

    seen = oybek.patch("catalog.courses", desk.course_id, {"status": "published"}, base=99, replaces=copy["identity"])
    amina.want = [f"course:{desk.course_id}"]
    await desk.sync("oybek", "amina")

    assert oybek.outcome(seen) == "applied"
    assert desk.shown("amina", "courses", desk.course_id)["title"] == "Heat and light"
    assert len(amina.all("catalog.lesson_texts")) == 1


async def test_M13_what_learners_see_is_never_marked_the_second_edit_becomes_a_copy(desk: Desk) -> None:
    lesson_id = await desk.write_lesson("It is cold.", exercise=True)
    assert (await desk.oybek.post(f"/api/v1/courses/{desk.course_id}/publish")).status_code == 200
    edits = {}
    for name, word in (("oybek", "warm"), ("bobur", "hot")):
        now = {"was": [paragraph("It is cold."), EXERCISE], "now": [paragraph(f"It is {word}."), EXERCISE]}
        edits[name] = desk.phones[name].patch("catalog.lesson_texts", lesson_id, {"blocks": now})
    await desk.sync("oybek", "bobur")

    assert desk.phones["oybek"].outcome(edits["oybek"]) == "applied"
    assert desk.phones["bobur"].receipts[edits["bobur"]]["outcome"] == "conflict"
    assert desk.shown("bobur", "lesson_texts", lesson_id)["blocks"] == [paragraph("It is warm."), EXERCISE]


async def test_M16_a_lesson_deleted_while_another_wrote_on_comes_back_with_its_text_and_section(desk: Desk) -> None:
    lesson_id = await desk.write_lesson("one")
    oybek, bobur = desk.phones["oybek"], desk.phones["bobur"]
    oybek.delete("catalog.lessons", lesson_id, base=99)
    oybek.delete("catalog.sections", desk.section_id, base=99)
    await desk.sync("oybek")
    assert oybek.all("catalog.lesson_texts") == oybek.all("catalog.sections") == {}

    edit = {"was": [paragraph("one")], "now": [paragraph("one"), paragraph("two")]}
    n = bobur.patch("catalog.lesson_texts", lesson_id, {"blocks": edit}, base=2)
    await desk.sync("bobur", "oybek")

    assert bobur.outcome(n) == "merged"
    assert desk.shown("oybek", "lesson_texts", lesson_id)["blocks"] == edit["now"]
    assert desk.order("oybek", "sections") == ["One"]
    assert desk.order("oybek", "lessons") == ["Heat"]
    assert next(iter(oybek.all("catalog.courses").values()))["lessons_count"] == 1


async def test_M17_a_lesson_made_while_its_section_was_deleted_is_kept_in_either_order(desk: Desk) -> None:
    oybek, bobur = desk.phones["oybek"], desk.phones["bobur"]
    lessons = [str(new_id()), str(new_id())]
    bobur.create("catalog.lessons", lessons[0], {"section_id": desk.section_id, "title": "Unseen"})
    refused = oybek.delete("catalog.sections", desk.section_id, base=99)
    await desk.sync("bobur", "oybek")
    assert oybek.outcome(refused) == "section.not_empty"
    assert desk.order("oybek", "lessons") == ["Unseen"]

    oybek.delete("catalog.lessons", lessons[0], base=99)
    oybek.delete("catalog.sections", desk.section_id, base=99)
    parked = bobur.create("catalog.lessons", lessons[1], {"section_id": desk.section_id, "title": "Too late"})
    await desk.sync("oybek", "bobur")
    assert bobur.outcome(parked) == "section.gone"
    assert [row["code"] for row in bobur.all("sync.ops").values()] == ["section.gone"]


async def test_M18_drafts_are_written_by_the_rights_of_now_and_a_stranger_learns_nothing(desk: Desk) -> None:
    lesson_id = await desk.write_lesson("x", exercise=True)
    rename = {"title": {"was": "Heat", "now": "Mine"}}
    rosa, amina = await desk.add("rosa", "educator"), await desk.add("amina", "student")
    bobur = desk.phones["bobur"]
    hidden = [
        rosa.patch("catalog.lessons", lesson_id, rename),
        rosa.delete("catalog.lessons", lesson_id),
        rosa.create("catalog.lessons", new_id(), {"section_id": desk.section_id, "title": "Mine"}),
        rosa.create("catalog.sections", new_id(), {"course_id": desk.course_id, "title": "Mine"}),
        rosa.patch("catalog.courses", desk.course_id, {"status": "published"}, base=99),
    ]
    await rosa.sync()
    assert {rosa.outcome(n) for n in hidden} == {"record.not_found"}

    await desk.oybek.post(f"/api/v1/courses/{desk.course_id}/publish")
    shown = [phone.patch("catalog.lessons", lesson_id, rename) for phone in (rosa, amina)]
    for phone in (rosa, amina):
        await phone.sync()
    assert [phone.outcome(n) for phone, n in zip((rosa, amina), shown, strict=True)] == ["access.forbidden"] * 2

    late = bobur.patch("catalog.lessons", lesson_id, rename)
    await desk.set_staff(desk.ids["bobur"], is_staff=False)
    await bobur.sync()
    assert bobur.outcome(late) == "access.forbidden"
    await desk.sync("oybek")
    assert desk.order("oybek", "lessons") == ["Heat"]


async def test_a_draft_keeps_to_the_format_and_what_does_not_is_parked_and_named(desk: Desk) -> None:
    lesson_id = await desk.write_lesson("x")
    oybek = desk.phones["oybek"]
    image = {"type": "image", "file_id": str(new_id()), "alt": "x", "width": 1, "height": 1}
    wrong: dict[int, str] = {}
    for now, code in (
        ([image], "content.unknown_file"),
        ([{"type": "video"}], "content.invalid"),
        ("text", "field.invalid"),
        ([paragraph("x")] * 2_001, "content.invalid"),
    ):
        wrong[oybek.patch("catalog.lesson_texts", lesson_id, {"blocks": {"was": [], "now": now}})] = code
    wrong[oybek.patch("catalog.lesson_texts", lesson_id, {"blocks": {"was": ["x", 1], "now": [paragraph("y")]}})] = (
        "content.invalid"
    )
    wrong[oybek.delete("catalog.lesson_texts", lesson_id)] = "lesson_text.not_alone"
    wrong[oybek.patch("catalog.courses", desk.course_id, {"status": "archived"}, base=99)] = (
        "course.status_not_settable"
    )
    wrong[oybek.create("catalog.lessons", new_id(), {"title": "nowhere"})] = "field.invalid"
    clean = [paragraph("x"), paragraph("<em>ok</em><script>steal()</script>")]
    n = oybek.patch("catalog.lesson_texts", lesson_id, {"blocks": {"was": [paragraph("x")], "now": clean}})

    await desk.sync("oybek")

    assert {n: oybek.outcome(n) for n in wrong} == wrong
    assert oybek.outcome(n) == "applied"
    assert desk.shown("oybek", "lesson_texts", lesson_id)["blocks"][1] == paragraph("<em>ok</em>")


# --- blocks, without a server -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("was", "one", "other", "expected", "is_overlapping"),
    [
        ("a b c", "x a b c", "a b c y", "x a b c y", False),
        ("a b c", "a c", "a b c d", "a c d", False),
        ("a b", "a x", "a y", "a ⟦x⟧⟦y⟧", True),
        ("a", "", "A", "A", True),
        ("a", "a x", "a y", "a ⟦ x ⟧⟦ y ⟧", True),
    ],
)
def test_M13_blocks_are_merged_one_by_one_and_where_both_changed_one_both_stay(
    was: str, one: str, other: str, expected: str, is_overlapping: object
) -> None:
    sides = [[paragraph(html) for html in side.split()] for side in (was, one, other)]

    merged = merge_blocks(sides[0], sides[1], sides[2])

    assert " ".join(block["html"] for block in merged.value) == expected
    assert merged.is_overlapping is is_overlapping
    assert merge_blocks(sides[0], sides[2], sides[1]) == merged


def test_M13_within_a_block_words_are_merged_but_never_between_a_tag_and_its_end() -> None:
    note = {"type": "note", "kind": "tip", "blocks": [paragraph("old words stay")]}
    one = {**note, "kind": "info"}
    other = {**note, "blocks": [paragraph("new words stay")]}
    assert merge_blocks([note], [one], [other]).value == [{**one, "blocks": other["blocks"]}]

    tagged = merge_blocks([paragraph("a b")], [paragraph("<em>x</em> b")], [paragraph("<em>y</em> b")])
    assert [block["html"] for block in tagged.value] == ["⟦", "<em>x</em> b", "⟧⟦", "<em>y</em> b", "⟧"]


async def test_M13_an_edit_may_say_only_what_changed_and_its_neighbours_of_a_long_lesson(desk: Desk) -> None:
    lesson_id = await desk.write_lesson(*(f"Paragraph {n}." for n in range(300)))
    oybek, bobur = desk.phones["oybek"], desk.phones["bobur"]

    def change(phone: Phone, n: int, html: str) -> int:
        was = [paragraph(f"Paragraph {place}.") for place in (n - 1, n, n + 1)]
        edit = {"was": was, "now": [was[0], paragraph(html), was[2]]}
        return phone.patch("catalog.lesson_texts", lesson_id, {"blocks": edit})

    numbers = change(oybek, 100, "Oybek's."), change(bobur, 200, "Bobur's.")
    sent = [len(phone.queue[-1]) for phone in (oybek, bobur)]
    await desk.sync("oybek", "bobur")

    texts = [block["html"] for block in desk.shown("bobur", "lesson_texts", lesson_id)["blocks"]]
    assert [phone.outcome(n) for phone, n in zip((oybek, bobur), numbers, strict=True)] == ["merged", "merged"]
    assert [(n, text) for n, text in enumerate(texts) if text != f"Paragraph {n}."] == [
        (100, "Oybek's."),
        (200, "Bobur's."),
    ]
    assert max(sent) < 700
