"""An educator's GIFT file becomes a practice test: whole, reported, and the same file twice changes nothing."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from msgspec import structs

from server.assessments.demo import QUESTIONS, lay_practice_test
from server.assessments.exporting import documents_of
from server.assessments.imports import import_gift, take_questions
from server.assessments.interchange import Question, QuestionDocument, document_of
from server.assessments.interchange.document import ChoiceBody
from server.assessments.interchange.gift import parse_gift
from server.base.errors import AppError
from server.base.import_report import ImportReport
from tests.features.assessments.test_interchange import FIVE
from tests.features.school import School

PHYSICS_FILE = Path(__file__).resolve().parents[4] / "shared" / "content" / "high-school-physics.gift"
TWO = "::a::Is it so? {T}\n\n::b::Which? {=this ~that}"


@pytest.fixture(autouse=True)
async def motion(school: School) -> None:
    """The course that everything goes into."""
    await school.add_course("motion", owner="otieno")


async def bring(school: School, text: str | bytes = TWO, *, by: str | None = None, **more: Any) -> ImportReport:
    owner = school.people[more.pop("owner", "otieno")].id
    arguments = {"course_slug": "motion", "practice_title": "Practice", "publish": True, **more}
    async with school.as_(by) as tx:
        return await import_gift(tx, text=text, owner_id=owner, **arguments)


async def counts(school: School) -> dict[str, int]:
    tables = ("bank_items", "item_keys", "assessments", "items")
    return {table: await school.value(f"select count(*) from assessments_{table}") for table in tables}


async def test_a_file_becomes_a_published_test_with_its_keys_apart(school: School) -> None:
    report = await bring(school)

    assert report.counts == {"ok": 2, "partial": 0, "skipped": 0, "failed": 0}
    assert [(item.item, item.title) for item in report.items] == [("line 1", "a"), ("line 3", "b")]
    [row] = await school.rows(
        "select kind, title, revision, items_count, points, pass_ppm, attempts_max, published_at"
        " from assessments_assessments"
    )
    assert row.pop("published_at") is not None
    assert row == {
        "kind": "practice_test",
        "title": "Practice",
        "revision": 1,
        "items_count": 2,
        "points": 2,
        "pass_ppm": 600_000,
        "attempts_max": None,
    }
    assert await counts(school) == {"bank_items": 2, "item_keys": 2, "assessments": 1, "items": 2}


async def test_the_same_file_again_changes_nothing(school: School) -> None:
    await bring(school)
    before = await school.rows("select id, version from assessments_items order by id")

    await bring(school)

    assert await counts(school) == {"bank_items": 2, "item_keys": 2, "assessments": 1, "items": 2}
    assert await school.rows("select id, version from assessments_items order by id") == before


async def test_a_corrected_file_is_the_next_revision_and_only_what_changed_gets_a_new_key(school: School) -> None:
    await bring(school)

    await bring(school, TWO.replace("{T}", "{F}"))
    await school.run_jobs()

    assert await school.value("select revision from assessments_assessments") == 2
    assert await counts(school) == {"bank_items": 2, "item_keys": 3, "assessments": 1, "items": 4}
    live = await school.rows("select revision, rank from assessments_items where retired_at is null order by rank")
    assert live == [{"revision": 2, "rank": 0}, {"revision": 2, "rank": 1}]


async def test_what_cannot_be_read_is_named_with_its_line_and_the_rest_is_taken(school: School) -> None:
    report = await bring(school, f"{TWO}\n\n::c::Write about light. {{}}\n\n::d::Q {{~a ~b}}\n\n::e::Q {{=a ~b ~b}}\n")

    assert report.counts == {"ok": 2, "partial": 2, "skipped": 0, "failed": 1}
    reasons = {item.title: (item.item, item.reasons[0].code) for item in report.items if item.reasons}
    assert reasons == {
        "c": ("line 5", "question.partial"),
        "d": ("line 7", "question.failed"),
        "e": ("line 9", "question.partial"),
    }
    assert await school.value("select items_count from assessments_assessments") == 3


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "questions.none"),
        ("// nothing\n", "questions.none"),
        ("::x::Q {=a", "questions.none"),
        (b"\xe9\xff", "questions.encoding"),
        ("Q {T}\n\n" * 6_000, "questions.too_large"),
    ],
)
async def test_a_file_of_which_nothing_can_be_read_writes_nothing(school: School, text: str | bytes, code: str) -> None:
    with pytest.raises(AppError) as refused:
        await bring(school, text)

    assert refused.value.code == code
    assert await counts(school) == {"bank_items": 0, "item_keys": 0, "assessments": 0, "items": 0}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"course_slug": "elsewhere"}, "record.not_found"),
        ({"practice_title": " \n"}, "assessment.title"),
        ({"practice_title": "x" * 256}, "assessment.title"),
        ({"owner": "amina"}, "assessment.owner"),
        ({"by": "amina"}, "access.forbidden"),
        ({"by": "brian", "owner": "brian"}, "access.forbidden"),
        ({"by": "otieno", "owner": "siti"}, "access.forbidden"),
        ({"by": "nodir", "owner": "nodir"}, "access.forbidden"),
    ],
)
async def test_who_may_not_is_refused(school: School, arguments: dict[str, Any], code: str) -> None:
    await school.add("Nodir Teacher", "educator")  # Of another course.

    with pytest.raises(AppError) as refused:
        await bring(school, **arguments)

    assert refused.value.code == code
    assert (await counts(school))["bank_items"] == 0


async def test_an_educator_whom_nobody_has_checked_imports_but_does_not_publish(school: School) -> None:
    await school.add("Nodir Teacher", "educator", is_verified=False)
    await school.add_course("light", owner="nodir", is_published=False)

    with pytest.raises(AppError) as refused:
        await bring(school, by="nodir", owner="nodir", course_slug="light")
    await bring(school, by="nodir", owner="nodir", course_slug="light", publish=False)

    assert refused.value.code == "assessment.not_verified"
    assert await school.value("select published_at from assessments_assessments") is None


async def take(school: School, document: QuestionDocument, *, dry_run: bool) -> ImportReport:
    course_id = await school.value("select id from catalog_courses where slug = 'motion'")
    async with school.as_("otieno") as tx:
        return await take_questions(
            tx,
            document,
            course_id=course_id,
            owner_id=school.people["otieno"].id,
            practice_title="Practice",
            publish=True,
            dry_run=dry_run,
        )


async def test_a_dry_run_writes_nothing_and_reports_what_the_real_one_does(school: School) -> None:
    document = parse_gift(f"{TWO}\n\n::c::Write about light. {{}}\n\n::d::Q {{~a ~b}}")
    everything = "select count(*) from assessments_bank_items, base_audit"
    before = await school.value(everything)

    tried = await take(school, document, dry_run=True)

    assert await school.value(everything) == before
    assert await counts(school) == {"bank_items": 0, "item_keys": 0, "assessments": 0, "items": 0}
    assert await take(school, document, dry_run=False) == tried
    assert tried.counts == {"ok": 2, "partial": 1, "skipped": 0, "failed": 1}
    assert (await counts(school))["items"] == 2


async def test_what_people_mark_is_kept_as_a_draft_once_and_asked_by_no_test(school: School) -> None:
    await bring(school, f"{TWO}\n\n::Light::Write about light. {{####For whoever marks it.}}\n")
    await bring(school, f"{TWO}\n\n::Light::Write about light. {{####For whoever marks it.}}\n")
    await bring(school, "::Alone::Write about sound. {}\n", practice_title="Essays alone")

    drafts = await school.rows("select title, kind from assessments_drafts order by title")
    assert drafts == [{"title": "Alone", "kind": "essay"}, {"title": "Light", "kind": "essay"}]
    assert await counts(school) == {"bank_items": 2, "item_keys": 2, "assessments": 1, "items": 2}


async def test_what_was_taken_in_goes_out_again_as_it_was(school: School) -> None:
    """Goal: an export is whole. Method: all kinds in, out of the bank and its keys, and compared."""
    gradable = document_of(*FIVE.questions[:-1])
    await take(school, gradable, dry_run=False)
    async with school.as_("otieno") as tx:
        course_id = await school.value("select id from catalog_courses where slug = 'motion'")
        [(test, document)] = await documents_of(tx, course_id)

    assert test.title == document.title == "Practice"
    assert [canonical(one) for one in document.questions] == [canonical(one) for one in gradable.questions]


def canonical(question: Question) -> Question:
    """Options have no order of their own: learners see them in one by chance."""
    body = question.body
    if isinstance(body, ChoiceBody):
        body = ChoiceBody(tuple(sorted(body.choices, key=lambda choice: choice.text)), body.is_multi)
    return structs.replace(question, body=body)


async def test_students_take_no_course_s_questions_elsewhere(school: School) -> None:
    course_id = await school.value("select id from catalog_courses where slug = 'motion'")
    with pytest.raises(AppError) as refused:
        async with school.as_("amina") as tx:
            await documents_of(tx, course_id)

    assert refused.value.code == "access.forbidden"


async def test_an_admin_imports_for_an_educator(school: School) -> None:
    await bring(school, by="siti")

    assert await school.value("select created_by_id from assessments_assessments") == school.people["otieno"].id


async def test_an_owner_who_does_not_exist_is_refused(school: School) -> None:
    with pytest.raises(AppError) as refused:
        async with school.as_() as tx:
            await import_gift(tx, text=TWO, course_slug="motion", owner_id=uuid4(), practice_title="P", publish=True)

    assert refused.value.code == "assessment.owner"


@pytest.mark.skipif(not PHYSICS_FILE.exists(), reason="the shared content is not on this machine")
async def test_all_154_physics_questions_come_in(school: School) -> None:
    report = await bring(school, PHYSICS_FILE.read_bytes())

    assert report.counts == {"ok": 153, "partial": 1, "skipped": 0, "failed": 0}
    assert await counts(school) == {"bank_items": 154, "item_keys": 154, "assessments": 1, "items": 154}


async def test_the_demo_test_is_whole_and_laid_once(school: School) -> None:
    for _ in range(2):
        async with school.as_() as tx:
            await lay_practice_test(tx, course_slug="motion", owner_id=school.people["otieno"].id)

    kinds = await school.rows("select kind from assessments_items order by rank")
    assert [row["kind"] for row in kinds] == ["mcq", "true_false", "multi", "numeric", "short", "match", "mcq", "mcq"]
    assert QUESTIONS.count("::") == 16
