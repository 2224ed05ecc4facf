"""Educators write questions and tests together on their phones; no learner's phone ever holds a draft."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from server.base.ids import derived_id, new_id
from server.catalog.models import CourseStaff
from server.features import REGISTRY
from tests.features.assessments.conftest import TestSchool
from tests.support.phone import Phone

FULL = 1_000_000
RIGHT = "Hushanswer"


def choice(prompt: str = "Which is right?", right: str = RIGHT) -> dict[str, Any]:
    choices = [{"text": right, "weight_ppm": FULL, "feedback": "Hushfeed"}, {"text": "Not this", "weight_ppm": 0}]
    return {"prompt": prompt, "body": {"kind": "choice", "is_multi": False, "choices": choices}, "explanation": "Hush"}


CLOZE = {
    "prompt": "[[1]] is the capital of [[2]].",
    "body": {
        "kind": "cloze",
        "gaps": [
            {"answers": [{"text": "Tashkent", "weight_ppm": FULL}]},
            {
                "answers": [{"text": "Uzbekistan", "weight_ppm": FULL}, {"text": "France", "weight_ppm": 0}],
                "is_menu": True,
            },
        ],
    },
}
NUMBER = {"prompt": "g?", "body": {"kind": "numeric", "ranges": [{"low": "9.7", "high": 9.9, "weight_ppm": FULL}]}}
ORDER = {"prompt": "In order.", "body": {"kind": "order", "things": ["first", "second", "third"]}}
TRUTH = {"prompt": "Ice floats.", "body": {"kind": "true_false", "is_true": True}}


class Desk:
    """Ms Otieno's phone, and what is done with it."""

    def __init__(self, world: TestSchool, phone: Phone) -> None:
        self.world, self.phone = world, phone
        self.course_id = str(world.course_id)

    async def sync(self) -> None:
        await self.phone.sync()
        await self.world.school.published()
        await self.phone.sync()

    def write(self, question: dict[str, Any], **more: Any) -> str:
        id_ = str(new_id())
        self.phone.create("assessments.drafts", id_, {"course_id": self.course_id, "question": question, **more})
        return id_

    def put_together(self, *ids: str, **more: Any) -> str:
        test_id = str(new_id())
        fields = {"course_id": self.course_id, "title": "Chapter one", "draft_ids": list(ids), **more}
        self.phone.create("assessments.tests", test_id, fields)
        return test_id

    def publish(self, test_id: str) -> int:
        return self.phone.command("assessments.test.publish", {"id": test_id})

    def version(self, id_: str) -> int:
        """Of a draft, as the phone shows it."""
        lines = [line for shown in self.phone.store.shown.values() for (_, one), line in shown.items() if one == id_]
        return int(json.loads(lines[0])[0])

    def draft(self, id_: str) -> dict[str, Any]:
        row: dict[str, Any] = self.phone.all("assessments.drafts")[id_]
        return row


@asynccontextmanager
async def desk_of(world: TestSchool, name: str) -> AsyncIterator[Desk]:
    async with world.phone(name) as phone:
        desk = Desk(world, phone)
        await desk.sync()
        yield desk


@pytest.fixture
async def desk(world: TestSchool) -> AsyncIterator[Desk]:
    async with desk_of(world, "Otieno") as found:
        yield found


@pytest.mark.parametrize("name", ["assessments.drafts", "assessments.tests"])
def test_drafts_lie_in_the_staffs_bucket_and_in_no_other(name: str) -> None:
    """Each holds its key: a second rule here, whatever its condition, would put every answer on learners' phones."""
    [rule] = REGISTRY.collections[name].buckets

    assert (rule.name.kind, rule.name.column, rule.link, rule.when) == ("course-staff", "course_id", None, None)
    granted = [grant for grant in REGISTRY.grants if grant.bucket.kind == "course-staff"]
    assert [grant.table for grant in granted] == ["catalog_course_staff"]


async def test_five_kinds_written_offline_become_a_test_that_a_student_takes(world: TestSchool, desk: Desk) -> None:
    ids = [desk.write(question, points=2) for question in (choice(), CLOZE, NUMBER, ORDER, TRUTH)]
    test_id = desk.put_together(*ids)
    n = desk.publish(test_id)
    await desk.sync()

    assert desk.phone.outcome(n) == "applied"
    assert [desk.draft(id_)["kind"] for id_ in ids] == ["mcq", "cloze", "numeric", "order", "true_false"]
    async with world.phone("Amina") as amina:
        await amina.sync()
        items = {row["kind"]: row for row in amina.all("assessments.items").values()}
        assert set(items) == {"mcq", "cloze", "numeric", "order", "true_false"}
        assert b"Hushfeed" not in amina.raw
        attempt = await world.begin(amina, UUID(test_id))
        places = {option["text"]: option["id"] for row in items.values() for option in row["options"]}
        given = {
            "mcq": places[RIGHT],
            "cloze": {"1": " tashkent ", "2": places["Uzbekistan"]},
            "numeric": "9,8",
            "order": [places["first"], places["third"], places["second"]],
            "true_false": True,
        }
        for kind, value in given.items():
            world.answer(amina, attempt, items[kind]["id"], value)
        world.submit(amina, attempt)
        await amina.sync()
        result = (await world.marked(amina, attempt))["result"]

    assert (result["max"], result["correct_count"]) == (10, 4)
    assert result["points"] == 8.66  # One of three stands in its place.
    assert {mark["item_id"]: mark["right"] for mark in result["items"]}[items["cloze"]["id"]] == {
        "1": "Tashkent",
        "2": places["Uzbekistan"],
    }


async def test_nothing_of_a_draft_reaches_a_learner_before_the_test_is_published(world: TestSchool, desk: Desk) -> None:
    desk.put_together(desk.write(choice()))
    await desk.sync()
    async with world.phone("Amina") as amina:
        amina.want = [f"course:{desk.course_id}", f"course-staff:{desk.course_id}"]
        await amina.sync()
        assert RIGHT.encode() not in amina.raw
        assert amina.all("assessments.drafts") == {}
        amina.create("assessments.drafts", str(new_id()), {"course_id": desk.course_id, "question": choice("Mine?")})
        amina.command("assessments.test.publish", {"id": str(new_id())})
        await amina.sync()

    assert await world.school.value("select count(*) from assessments_drafts") == 1


async def test_a_picture_of_a_draft_is_on_the_staffs_phones_and_on_learners_with_its_test(
    world: TestSchool, desk: Desk
) -> None:
    mine, theirs = [await add_picture(world, name) for name in ("otieno", "amina")]
    shown = choice(f"Which is ![a shape](file:{mine}), which ![](file:{theirs})?")
    test_id = desk.put_together(desk.write(shown))
    await desk.sync()
    assert set(desk.phone.all("media.files")) == {mine}  # Nobody shows a stranger's file.
    async with world.phone("Amina") as amina:
        await amina.sync()
        assert amina.all("media.files") == {}
        desk.publish(test_id)
        await desk.sync()
        await amina.sync()
        assert set(amina.all("media.files")) == {mine}


async def add_picture(world: TestSchool, name: str) -> str:
    id_ = str(new_id())
    async with world.school.as_() as tx:
        columns = "(id, owner_id, sha256, mime, width, height, bytes, variants)"
        values = {"id": id_, "owner": world.school.people[name].id, "sha256": id_.replace("-", "") * 2}
        await tx.db.execute(
            text(f"insert into media_files {columns} values (:id, :owner, :sha256, 'image/png', 1, 1, 1, '[]')"), values
        )
    return id_


async def test_the_same_drafts_again_change_nothing_and_a_changed_one_is_the_next_revision(
    world: TestSchool, desk: Desk
) -> None:
    ids = [desk.write(choice()), desk.write(TRUTH)]
    test_id = desk.put_together(*ids, pass_ppm=500_000)
    for _ in range(2):
        desk.publish(test_id)
        await desk.sync()
    revision = "select revision from assessments_assessments where id = :id"
    assert await world.school.value(revision, id=UUID(test_id)) == 1

    desk.phone.patch("assessments.drafts", ids[0], {"question": choice("Which one is right?")})
    desk.phone.patch("assessments.tests", test_id, {"title": {"was": "Chapter one", "now": "Chapter 1"}})
    desk.publish(test_id)
    await desk.sync()

    assert await world.school.value(revision, id=UUID(test_id)) == 2
    [row] = await world.school.rows("select title, items_count, pass_ppm from assessments_assessments")
    assert row == {"title": "Chapter 1", "items_count": 2, "pass_ppm": 500_000}
    assert await world.school.value("select count(*) from assessments_item_keys") == 3


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ({"prompt": "", "body": {"kind": "true_false", "is_true": True}}, "test.question_incomplete"),
        ({"prompt": "Q", "body": {"kind": "choice", "is_multi": False, "choices": []}}, "test.question_incomplete"),
        ({"prompt": "Write.", "body": {"kind": "open", "asks": "essay"}}, "assessment.not_gradable"),
        (None, "test.empty"),
    ],
)
async def test_a_test_that_cannot_be_marked_is_not_published_and_nothing_is_lost(
    world: TestSchool, desk: Desk, question: dict[str, Any] | None, code: str
) -> None:
    test_id = desk.put_together(*([desk.write(question)] if question else []))
    n = desk.publish(test_id)
    await desk.sync()

    assert desk.phone.outcome(n) == code
    assert await world.school.value("select count(*) from assessments_assessments") == 0
    assert len(desk.phone.all("assessments.tests")) == 1


@pytest.mark.parametrize(
    "question",
    [
        {"prompt": "x" * 10_001, "body": {"kind": "true_false", "is_true": True}},
        {
            "prompt": "Q",
            "body": {"kind": "choice", "is_multi": False, "choices": [{"text": "a", "weight_ppm": 2_000_000}]},
        },
        {"prompt": "Q", "body": {"kind": "order", "things": ["x"] * 51}},
        {"prompt": "Q", "body": {"kind": "numeric", "ranges": [{"low": "1e999", "high": "1", "weight_ppm": FULL}]}},
        {"prompt": "Q", "body": {"kind": "numeric", "ranges": [{"low": "NaN", "high": "1", "weight_ppm": FULL}]}},
        {"prompt": "Q", "body": {"kind": "short", "answers": [{"text": "я" * 2_000, "weight_ppm": FULL}] * 50}},
        {"prompt": "Q", "body": {"kind": "song"}},
        {"prompt": "Q", "body": {"kind": "true_false", "is_true": True}, "key": "x"},
        "Q",
    ],
)
async def test_a_draft_out_of_bounds_is_refused(world: TestSchool, desk: Desk, question: Any) -> None:
    desk.write(question)
    await desk.sync()

    assert desk.phone.outcome(1) in {"field.invalid", "question.number", "question.too_large"}
    assert await world.school.value("select count(*) from assessments_drafts") == 0


async def test_two_educators_change_one_question_and_the_second_is_kept_beside_it(
    world: TestSchool, desk: Desk
) -> None:
    id_ = desk.write(choice())
    await desk.sync()
    await world.school.add("Nodir Teacher", "educator")
    await add_staff(world, "nodir")
    async with desk_of(world, "Nodir Teacher") as other:
        for one, prompt in ((desk, "Mine?"), (other, "Yours?")):
            one.phone.patch("assessments.drafts", id_, {"question": choice(prompt)}, base=one.version(id_))
        await desk.sync()
        await other.sync()

        assert other.phone.receipts[1]["outcome"] == "conflict"
        assert other.draft(id_)["question"]["prompt"] == "Mine?"
        kept = other.phone.all("sync.ops")[other.phone.receipts[1]["copy"]]
        assert "Yours?" in json.dumps(kept)


async def test_two_educators_put_questions_into_one_test_and_both_are_in(world: TestSchool, desk: Desk) -> None:
    ids = [desk.write(choice(f"Q{n}?")) for n in range(4)]
    test_id = desk.put_together(*ids[:2])
    await desk.sync()
    await world.school.add("Nodir Teacher", "educator")
    await add_staff(world, "nodir")
    async with desk_of(world, "Nodir Teacher") as other:
        was = ids[:2]
        desk.phone.patch("assessments.tests", test_id, {"draft_ids": {"was": was, "now": [*was, ids[2]]}})
        other.phone.patch("assessments.tests", test_id, {"draft_ids": {"was": was, "now": [ids[1], ids[3]]}})
        await desk.sync()
        await other.sync()

        shown = other.phone.all("assessments.tests")[test_id]["draft_ids"]
    assert set(shown) == {ids[1], ids[2], ids[3]}


async def add_staff(world: TestSchool, name: str) -> None:
    user_id = world.school.people[name].id
    async with world.school.as_() as tx:
        id_ = derived_id("catalog.course_staff", world.course_id, user_id)
        tx.db.add(CourseStaff(id=id_, course_id=world.course_id, user_id=user_id, role="editor"))
    await world.school.published()


async def test_the_owner_of_another_course_changes_nothing_here(world: TestSchool, desk: Desk) -> None:
    test_id = desk.put_together(desk.write(choice()))
    await desk.sync()
    await world.school.add("Nodir Teacher", "educator")
    async with desk_of(world, "Nodir Teacher") as other:
        other.phone.patch("assessments.tests", test_id, {"title": {"was": "Chapter one", "now": "Mine"}})
        n = other.publish(test_id)
        await other.sync()

        assert other.phone.outcome(n) == "record.not_found"
        assert other.phone.all("assessments.tests") == {}
    assert await world.school.value("select title from assessments_tests") == "Chapter one"
    assert await world.school.value("select count(*) from assessments_assessments") == 0


async def test_a_test_from_a_file_is_opened_corrected_and_published_as_its_next_revision(
    world: TestSchool, desk: Desk
) -> None:
    imported = str(await world.put_test())
    opened = [desk.phone.command("assessments.test.open", {"assessment_id": imported}) for _ in range(2)]
    await desk.sync()

    assert [desk.phone.outcome(n) for n in opened] == ["applied", "applied"]
    test = desk.phone.all("assessments.tests")[imported]
    drafts = [desk.draft(id_) for id_ in test["draft_ids"]]
    assert [draft["kind"] for draft in drafts] == ["mcq", "multi", "true_false", "numeric", "short", "match"]
    async with world.phone("Amina") as amina:
        await amina.sync()
        assert b"Hush" not in amina.raw

        first = drafts[0]["id"]
        now = {"question": choice("Which one is it?")}
        desk.phone.patch("assessments.drafts", first, now, base=desk.version(first))
        n = desk.publish(imported)
        await desk.sync()
        await amina.sync()
        assert desk.phone.outcome(n) == "applied"
        assert "Which one is it?" in {row["prompt"] for row in amina.all("assessments.items").values()}

    [row] = await world.school.rows("select revision, items_count, title from assessments_assessments")
    assert row == {"revision": 2, "items_count": 6, "title": "Practice"}


async def test_a_student_opens_no_test(world: TestSchool, desk: Desk) -> None:
    imported = str(await world.put_test())
    async with world.phone("Amina") as amina:
        n = amina.command("assessments.test.open", {"assessment_id": imported})
        await amina.sync()

    assert amina.outcome(n) == "access.forbidden"
    assert await world.school.value("select count(*) from assessments_drafts") == 0


async def test_a_copy_of_a_course_takes_its_tests_along_and_their_doors_open(world: TestSchool, desk: Desk) -> None:
    section, lesson, copy = str(new_id()), str(new_id()), str(new_id())
    written = [desk.write(choice()), desk.write(TRUTH)]
    test_id, later = desk.put_together(*written), desk.put_together(written[0], title="Not yet")
    desk.publish(test_id)
    desk.phone.create("catalog.sections", section, {"course_id": desk.course_id, "title": "One"})
    doors = [{"type": "exercise", "assessment_id": id_} for id_ in (test_id, later, str(new_id()))]
    fields = {"course_id": desk.course_id, "section_id": section, "id": lesson, "title": "Heat", "blocks": doors}
    desk.phone.command("catalog.lesson.add", fields, op=lesson)
    await desk.sync()
    copied = desk.phone.command("catalog.course.duplicate", {"id": copy, "of": desk.course_id, "title": "2"}, op=copy)
    desk.phone.want.append(f"course-staff:{copy}")
    await desk.sync()

    assert desk.phone.outcome(copied) == "applied"
    tests = {row["title"]: row for row in desk.phone.all("assessments.tests").values() if row["course_id"] == copy}
    assert set(tests) == {"Chapter one", "Not yet"}
    text = desk.phone.all("catalog.lesson_texts")[str(derived_id("catalog.lessons", copy, lesson))]
    opened = [door["assessment_id"] for door in text["blocks"]]
    assert opened == [tests["Chapter one"]["id"], tests["Not yet"]["id"]]
    drafts = {id_: row for id_, row in desk.phone.all("assessments.drafts").items() if row["course_id"] == copy}
    assert [drafts[id_]["kind"] for id_ in tests["Chapter one"]["draft_ids"]] == ["mcq", "true_false"]
    [made] = await world.school.rows(
        "select a.id, a.published_at, string_agg(k.key, '') as keys from assessments_assessments a"
        " join assessments_items i on i.assessment_id = a.id"
        " join assessments_item_keys k on k.bank_item_id = i.bank_item_id"
        " where a.course_id = :course group by a.id, a.published_at",
        course=UUID(copy),
    )
    assert (str(made["id"]), made["published_at"]) == (opened[0], None)
    assert "Hushfeed" in made["keys"]
    async with world.phone("Amina") as amina:
        amina.want = [f"course:{copy}", f"course-staff:{copy}"]
        await amina.sync()
        assert RIGHT.encode() not in amina.raw
