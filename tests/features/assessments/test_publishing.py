"""A test opens to learners with its course, or by itself when the course is open already."""

from collections.abc import Awaitable
from uuid import UUID

import pytest

from server.assessments.imports import import_gift
from server.assessments.publishing import publish
from server.base.errors import AppError
from server.base.ids import new_id
from server.catalog.events import CoursePublished
from tests.features.school import School


async def draft(school: School, *, is_course_published: bool = True) -> UUID:
    await school.add_course("motion", owner="otieno", is_published=is_course_published)
    owner = school.people["otieno"].id
    async with school.as_() as tx:
        await import_gift(tx, text="Q {T}", course_slug="motion", owner_id=owner, practice_title="P", publish=False)
    found: UUID = await school.value("select id from assessments_assessments")
    return found


async def open_moments(school: School) -> list[object]:
    statement = "select published_at from assessments_assessments union all select published_at from assessments_items"
    return [row["published_at"] for row in await school.rows(statement)]


async def refused(asking: Awaitable[None]) -> str:
    with pytest.raises(AppError) as refusal:
        await asking
    return refusal.value.code


async def test_its_educator_opens_a_test_and_its_items_carry_the_moment(school: School) -> None:
    test = await draft(school)

    await school.run("otieno", publish, assessment_id=test)
    opened = await open_moments(school)
    await school.run("otieno", publish, assessment_id=test)

    assert opened[0] is not None
    assert opened[0] == opened[1]
    assert await open_moments(school) == opened


async def test_strangers_do_not_learn_of_a_draft_and_do_not_open_it(school: School) -> None:
    test = await draft(school)
    await school.add("Nodir Teacher", "educator")

    for name in ("amina", "nodir"):
        assert await refused(school.run(name, publish, assessment_id=test)) == "record.not_found"
    assert await refused(school.run("otieno", publish, assessment_id=new_id())) == "record.not_found"


async def test_a_course_that_opens_brings_its_tests_along(school: School) -> None:
    await draft(school, is_course_published=False)
    course = await school.value("select id from catalog_courses where slug = 'motion'")

    async with school.as_() as tx:
        await tx.publish(CoursePublished(course_id=course))

    assert None not in await open_moments(school)
