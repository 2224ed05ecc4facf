"""A course of our own making for the demo school: words in `lessons.py`, pictures in `drawings.py`."""

import asyncio
from itertools import groupby
from uuid import UUID

import msgspec

from server.base.ids import derived_id
from server.base.tx import Tx
from server.base.work import Work
from server.catalog import courses, queries
from server.catalog.blocks import Block, Image, encode_blocks, words_of
from server.catalog.demo.lessons import DESCRIPTION, LESSONS, TITLE
from server.catalog.demo.words import DemoLesson, Picture
from server.catalog.models import Course, Lesson, LessonText, Section
from server.media.files import StoredImage, add_file, store_image, use_file
from server.media.images import prepare_image
from sync.merge import place_at

LICENCE = "CC BY 4.0"
ATTRIBUTION = "Spark Learning, Creative Commons Attribution 4.0"
WORDS_A_MINUTE = 120  # With pictures to look at and sums to do.


async def lay_course(tx: Tx, work: Work, *, owner_id: UUID) -> str:
    """The demo course, published and free; its slug. Twice is once."""
    course_id = derived_id("catalog.courses", "demo", courses.slug_of(TITLE))
    found = await tx.db.get(Course, course_id)
    if found is not None:
        return found.slug
    course = Course(
        id=course_id,
        slug=await courses.free_slug(tx, TITLE),
        title=TITLE,
        description=DESCRIPTION,
        language="en",
        level="beginner",
        access="free",
        created_by_id=owner_id,
        licence=LICENCE,
        attribution=ATTRIBUTION,
        subject_id=await queries.find_subject(tx, "physics"),
    )
    await courses.add_course(tx, course, owner_id=owner_id)
    await work.storage.ensure()
    pictures = await _keep_pictures(tx, work, course)
    rank = 0
    for place, (title, lessons) in enumerate(groupby(LESSONS, key=lambda lesson: lesson.section)):
        section_id = derived_id("catalog.sections", course_id, place)
        section = Section(id=section_id, course_id=course_id, title=title, rank=place_at(place, section_id))
        tx.db.add(section)
        await tx.db.flush()  # Lessons refer to it.
        for lesson in lessons:
            course.text_bytes = (course.text_bytes or 0) + await _add_lesson(tx, section, lesson, pictures, rank=rank)
            rank += 1
    course.lessons_count = rank
    await tx.db.flush()
    await courses.publish_course(tx, course_id)
    return course.slug


async def _keep_pictures(tx: Tx, work: Work, course: Course) -> dict[str, tuple[UUID, StoredImage]]:
    """Draw, store and register every picture; by its drawing's name."""
    kept: dict[str, tuple[UUID, StoredImage]] = {}
    for lesson in LESSONS:
        for picture in (part for part in lesson.content if isinstance(part, Picture)):
            prepared = await asyncio.to_thread(prepare_image, picture.draw())
            image = await store_image(work.storage, prepared)
            file = await add_file(tx, image, owner_id=course.created_by_id, licence=LICENCE, attribution=ATTRIBUTION)
            use_file(tx, file.id, course_id=course.id)
            kept[picture.draw.__name__] = (file.id, image)
    course.media_bytes = sum(image.largest.bytes for _id, image in kept.values())
    return kept


async def _add_lesson(
    tx: Tx, section: Section, lesson: DemoLesson, pictures: dict[str, tuple[UUID, StoredImage]], *, rank: int
) -> int:
    blocks = [_placed(part, pictures) if isinstance(part, Picture) else part for part in lesson.content]
    size = len(encode_blocks(blocks))
    id_ = derived_id("catalog.lessons", section.course_id, rank)
    tx.db.add(
        Lesson(
            id=id_,
            course_id=section.course_id,
            section_id=section.id,
            title=lesson.title,
            rank=place_at(rank, id_),
            minutes=max(1, round(words_of(blocks) / WORDS_A_MINUTE)),
            text_bytes=size,
        )
    )
    await tx.db.flush()  # The text refers to its lesson.
    tx.db.add(
        LessonText(id=id_, course_id=section.course_id, rank=place_at(rank, id_), blocks=msgspec.to_builtins(blocks))
    )
    return size


def _placed(picture: Picture, pictures: dict[str, tuple[UUID, StoredImage]]) -> Block:
    file_id, image = pictures[picture.draw.__name__]
    largest = image.largest
    return Image(file_id=file_id, alt=picture.alt, width=largest.width, height=largest.height, caption=picture.caption)
