"""Drafts on phones: sections, lessons and their texts that several educators write, each without a network perhaps.

`may_write` is the right, asked anew for each op; the guards know what fits; what follows a write is here too.
Rights are those of the routes (`policy.may_edit_course`). The merging is the engine's; `collections.py` says how.
"""

from uuid import UUID

import msgspec
from sqlalchemy import text

from server.base.errors import Conflict, Forbidden, Invalid, NotFound
from server.base.tx import Tx
from server.catalog import courses, lessons, policy, queries, subjects
from server.catalog.block_merge import merge_blocks
from server.catalog.blocks import BadContent, decode_blocks
from server.catalog.inline import clean_blocks
from server.catalog.latex import with_mathml
from server.catalog.models import Course, Lesson, LessonText, Section
from sync.collection import Change
from sync.merge import Joined, TextEdit


class SectionGone(Conflict):
    """The section was deleted meanwhile; put the lesson into another one."""

    code = "section.gone"


class SectionNotEmpty(Conflict):
    """The section has lessons; delete or move those first."""

    code = "section.not_empty"


class SectionElsewhere(Invalid):
    """A lesson moves between the sections of its own course."""

    code = "section.elsewhere"


class NotAlone(Invalid):
    """A lesson's text goes with its lesson; delete the lesson."""

    code = "lesson_text.not_alone"


class NotToBeSet(Invalid):
    """A phone publishes a course or takes it back; archiving is done with the server."""

    code = "course.status_not_settable"


# --- who ------------------------------------------------------------------------------------------------------------


async def may_write(tx: Tx, change: Change) -> None:
    """The right to write what is in a course, or its card. Raises NotFound, Forbidden."""
    if change.before is None:
        await _ask_course(tx, change.fields["course_id"])
    else:
        await _ask_course(tx, change.before.get("course_id", change.id))


async def may_write_lesson(tx: Tx, change: Change) -> None:
    """The same for a lesson, which is in the course of its section. Raises NotFound, Forbidden."""
    if change.before is not None:
        await may_write(tx, change)
        return
    section = await tx.db.get(Section, change.fields["section_id"])
    await _ask_course(tx, None if section is None else section.course_id)


async def _ask_course(tx: Tx, course_id: UUID | None) -> None:
    """A stranger learns nothing of a draft; who may read the course is told that reading is all."""
    course = None if course_id is None else await tx.db.get(Course, course_id)
    is_staff = course is not None and await queries.is_course_staff(tx, course.id)
    is_published = course is not None and course.published_at is not None
    is_known = policy.may_know_of_course(tx.actor, is_staff=is_staff, is_published=is_published)
    if course is None or course.deleted_at is not None or not is_known:
        raise NotFound("There is no such course, or not for you.")
    if not policy.may_edit_course(tx.actor, is_staff=is_staff):
        raise Forbidden("Only the course's educators and admins change it.")


# --- sections -------------------------------------------------------------------------------------------------------


async def guard_section(tx: Tx, change: Change) -> None:
    """A new one stands last unless it says where; one with lessons stays. Raises CourseFull, SectionNotEmpty."""
    _strip(change, "title")
    if change.kind == "create" and change.before is None:
        course = await tx.get(Course, change.fields["course_id"])
        last = await lessons.next_rank(tx, "catalog_sections", course.id, row_id=change.id)
        change.fields.setdefault("rank", last)
        change.fill(published_at=course.published_at)
    if change.kind == "delete" and await _has_lessons(tx, change.id):
        raise SectionNotEmpty


async def _has_lessons(tx: Tx, section_id: UUID) -> bool:
    statement = text("select exists(select from catalog_lessons where section_id = :id and deleted_at is null)")
    return bool((await tx.db.execute(statement, {"id": section_id})).scalar_one())


# --- lessons --------------------------------------------------------------------------------------------------------


async def guard_lesson(tx: Tx, change: Change) -> None:
    """It lies in a section of its course that is there. Raises SectionGone, SectionElsewhere, CourseFull."""
    _strip(change, "title")
    section_id = change.fields.get("section_id")
    section = None if section_id is None else await tx.db.get(Section, section_id, populate_existing=True)
    if section_id is not None and (section is None or section.deleted_at is not None):
        raise SectionGone
    if change.before is not None:
        if section is not None and section.course_id != change.before["course_id"]:
            raise SectionElsewhere
    elif section is not None:
        course = await tx.get(Course, section.course_id)
        last = await lessons.next_rank(tx, "catalog_lessons", course.id, row_id=change.id)
        change.fields.setdefault("rank", last)
        change.fill(course_id=course.id, published_at=course.published_at)


async def after_lesson(tx: Tx, change: Change) -> None:
    """Its text comes, goes and moves with it; the course's sums follow."""
    if change.kind == "create" and change.before is None:
        lesson = await tx.get(Lesson, change.id)
        await _add_text(tx, lesson)
        await lessons.sum_up(tx, lesson.course_id)
        await lessons.note_lesson(tx, lesson, "added")
    elif change.before is not None:
        if change.kind == "delete":
            await tx.db.execute(_TEXT_GOES, {"id": change.id, "now": tx.now})
        elif change.revives:
            await _bring_back(tx, change.id)
        if "rank" in change.fields:
            await tx.db.execute(_TEXT_MOVES, {"id": change.id})
        if change.kind == "delete" or change.revives:
            await lessons.sum_up(tx, change.before["course_id"])
        await _note(tx, change)


async def _note(tx: Tx, change: Change) -> None:
    lesson = await tx.db.get(Lesson, change.id, populate_existing=True)
    if lesson is None:
        return
    if change.kind == "delete":
        await lessons.note_lesson(tx, lesson, "removed")
    elif change.revives:
        await lessons.note_lesson(tx, lesson, "added")
    elif "title" in change.fields:
        await lessons.note_lesson(tx, lesson, "renamed")


async def _add_text(tx: Tx, lesson: Lesson) -> None:
    tx.db.add(
        LessonText(
            id=lesson.id, course_id=lesson.course_id, rank=lesson.rank, blocks=[], published_at=lesson.published_at
        )
    )


# The text's deletion is the lesson's, stamped as whoever deleted that: an edit of the text that did not know of it
# brings both back.
_TEXT_GOES = text(
    """
    update catalog_lesson_texts t set deleted_at = :now,
        merge_state = (coalesce(t.merge_state::jsonb, '{}') || jsonb_build_object('deleted_at', jsonb_build_array(
            t.version + 1, l.merge_state::jsonb #> '{deleted_at,1}', l.merge_state::jsonb #> '{deleted_at,2}')))::json
    from catalog_lessons l where l.id = t.id and t.id = :id and t.deleted_at is null
    """.replace("::", "\\:\\:")
)
_TEXT_MOVES = text(
    "update catalog_lesson_texts t set rank = l.rank from catalog_lessons l where l.id = t.id and t.id = :id"
)
_BRING_BACK = (
    text("update catalog_lessons set deleted_at = null where id = :id and deleted_at is not null"),
    text("update catalog_lesson_texts set deleted_at = null where id = :id and deleted_at is not null"),
    text(
        "update catalog_sections s set deleted_at = null from catalog_lessons l"
        " where l.id = :id and s.id = l.section_id and s.deleted_at is not null"
    ),
)


async def _bring_back(tx: Tx, lesson_id: UUID) -> None:
    """The lesson with its text, and the section that it lies in: an edit won over their deletion."""
    for statement in _BRING_BACK:
        await tx.db.execute(statement, {"id": lesson_id})


# --- texts ----------------------------------------------------------------------------------------------------------


async def guard_text(tx: Tx, change: Change) -> None:
    """Blocks within the format, sieved, with files that the course has. Raises BadContent, FileUnknown, NotAlone."""
    if change.kind == "delete":
        raise NotAlone
    edit = change.fields.get("blocks")
    if change.before is not None and isinstance(edit, TextEdit):
        blocks = decode_blocks(msgspec.json.encode(edit.now))
        cleaned = await lessons.cleaned_for(tx, change.before["course_id"], blocks)
        change.fields["blocks"] = TextEdit(await _as_stored(edit.was), msgspec.to_builtins(cleaned))


async def _as_stored(was: object) -> object:
    """What a phone wrote a moment ago, as it was stored then: else its next edit seems to change all the sieve did."""
    try:
        return msgspec.to_builtins(await with_mathml(clean_blocks(decode_blocks(msgspec.json.encode(was)))))
    except BadContent:
        return was


def join_blocks(was: object, now: object, stored: object) -> Joined:
    """Both sides' blocks, within the format. Raises BadContent where both together are too large."""
    sides = [_decoded(side) for side in (was, now, stored)]
    joined = merge_blocks(sides[0], sides[1], sides[2])
    return Joined(msgspec.to_builtins(decode_blocks(msgspec.json.encode(joined.value))), joined.is_overlapping)


def _decoded(side: object) -> list[dict[str, object]]:
    """What a phone says was there is not checked like a lesson: it only has to be blocks. Raises BadContent."""
    try:
        return msgspec.convert(side or [], list[dict[str, object]])
    except msgspec.ValidationError as error:
        raise BadContent(f"The content is not a list of blocks: {error}.") from error


async def after_text(tx: Tx, change: Change) -> None:
    """The lesson says how long it is now; a lesson that was deleted comes back with its text."""
    if change.revives:
        await _bring_back(tx, change.id)
    written = await tx.db.get(LessonText, change.id, populate_existing=True)
    lesson = await tx.db.get(Lesson, change.id, populate_existing=True)
    if written is None or lesson is None:
        return
    await lessons.measure(tx, lesson, decode_blocks(msgspec.json.encode(written.blocks)))
    if change.before is not None:
        await lessons.note_text(tx, lesson, change.before["blocks"], written.blocks)


# --- the course's card ----------------------------------------------------------------------------------------------


async def guard_course(tx: Tx, change: Change) -> None:
    """What publishing asks for.

    Raises EducatorNotVerified, NothingToPublish, NothingToDo, NotToBeSet, SubjectUnknown.
    """
    _strip(change, "title", "description")
    before, status = change.before, change.fields.get("status")
    if before is None:
        return
    if change.fields.get("subject_id") is not None:
        change.fields["subject_id"] = await subjects.resolve(tx, change.fields["subject_id"])
    if status is None or status == before["status"]:
        return
    if "archived" in (status, before["status"]):
        raise NotToBeSet
    if status == "published":
        await courses.require_publishable(tx, is_empty=before["lessons_count"] == 0)
        if before["source_sha256"] is None:
            await courses.require_exercise(tx, change.id)
    change.fill(published_at=tx.now if status == "published" else None)


async def after_course(tx: Tx, change: Change) -> None:
    """What is in the course is shown, or taken off phones, with it."""
    status = change.fields.get("status")
    if change.before is None or status is None or status == change.before["status"]:
        return
    await (courses.was_published if status == "published" else courses.was_unpublished)(tx, change.id)


def _strip(change: Change, *names: str) -> None:
    for name in names:
        value = change.fields.get(name)
        if isinstance(value, TextEdit) and isinstance(value.now, str):
            change.fields[name] = TextEdit(value.was, value.now.strip())
        elif isinstance(value, str):
            change.fields[name] = value.strip()
