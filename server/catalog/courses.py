"""Making, changing, publishing and deleting courses (CAT-09, CAT-10).

Every function asks the policy first and changes nothing when it refuses. Callers: routes, the importer, the operator.
"""

import re
import unicodedata
from uuid import UUID

from sqlalchemy import text

from server.base.errors import Conflict, Forbidden
from server.base.ids import derived_id, new_id
from server.base.tx import Tx
from server.catalog import policy, queries, subjects
from server.catalog.events import CoursePublished, CourseUnpublished
from server.catalog.models import Course, CourseStaff
from server.catalog.revisions import Summary, note_revision
from server.catalog.schemas import EditCourse, NewCourse
from server.identity.queries import is_verified_educator
from server.media.files import set_uses_published

SLUG_LENGTH_MAX = 80
SLUG_TRIES_MAX = 1_000


class EducatorNotVerified(Forbidden):
    """Publishing needs checked credentials; ask the school's staff to verify you."""

    code = "educator.not_verified"


class NothingToPublish(Conflict):
    """The course has no lesson yet; add one with something to read in it."""

    code = "course.empty"


class NothingToDo(Conflict):
    """The course has no exercise yet; put one into a lesson: a test, or something to do on paper."""

    code = "course.no_exercise"


async def create_course(tx: Tx, new: NewCourse, *, id_: UUID | None = None) -> Course:
    """A draft of the actor's own. Raises Forbidden, SubjectUnknown."""
    if not policy.may_create_course(tx.actor):
        raise Forbidden("Only educators and admins make courses.")
    subject_id = None if new.subject_id is None else await subjects.resolve(tx, new.subject_id)
    course = Course(
        id=id_ or new_id(),
        slug=await free_slug(tx, new.title),
        title=new.title.strip(),
        description=new.description.strip(),
        language=new.language,
        level=new.level,
        subject_id=subject_id,
        access="free",
        created_by_id=tx.actor.id,
    )
    await add_course(tx, course, owner_id=tx.actor.id)
    await tx.audit("catalog.course.create", kind="course", id_=course.id)
    return course


async def add_course(tx: Tx, course: Course, *, owner_id: UUID) -> None:
    """The row, and its owner as staff."""
    tx.db.add(course)
    await tx.db.flush()  # Staff, sections and uses refer to it.
    staff_id = derived_id("catalog.course_staff", course.id, owner_id)
    tx.db.add(CourseStaff(id=staff_id, course_id=course.id, user_id=owner_id, role="owner"))


async def edit_course(tx: Tx, course_id: UUID, change: EditCourse) -> Course:
    """Change what is given. Raises NotFound, Forbidden, SubjectUnknown."""
    course = await editable(tx, course_id)
    if change.subject_id is not None:
        course.subject_id = await subjects.resolve(tx, change.subject_id)
    if change.title is not None:
        course.title = change.title.strip()
    if change.description is not None:
        course.description = change.description.strip()
    if change.language is not None:
        course.language = change.language
    if change.level is not None:
        course.level = change.level or None
    await tx.audit("catalog.course.edit", kind="course", id_=course.id)
    return course


async def publish_course(tx: Tx, course_id: UUID, *, is_by_hand: bool = False) -> Course:
    """Open the course to learners; twice is once. One that somebody wrote `by hand` has to have something to do in it.

    Raises NotFound, Forbidden, EducatorNotVerified, NothingToPublish, NothingToDo.
    """
    course = await editable(tx, course_id)
    is_published = course.published_at is not None
    await require_publishable(tx, is_empty=course.lessons_count == 0 and not is_published)
    if not is_published:
        if is_by_hand and course.source_sha256 is None:
            await require_exercise(tx, course.id)
        course.status, course.published_at = "published", tx.now
        await was_published(tx, course.id)
    return course


async def require_publishable(tx: Tx, *, is_empty: bool) -> None:
    """Raises EducatorNotVerified, NothingToPublish. That the actor is of the course's staff was asked before."""
    is_verified = await is_verified_educator(tx, tx.actor.id)
    if not policy.may_publish_course(tx.actor, is_staff=True, is_verified=is_verified):
        raise EducatorNotVerified
    if is_empty:
        raise NothingToPublish


async def require_exercise(tx: Tx, course_id: UUID) -> None:
    """CAT-10. Imported courses are spared: whoever imports them is told instead. Raises NothingToDo."""
    await tx.db.flush()
    if not (await tx.db.execute(_HAS_EXERCISE, {"course": course_id})).scalar_one():
        raise NothingToDo


# An exercise or a package at any depth of a lesson, or a test of the course: its table is a later feature's, and only
# counted.
_HAS_EXERCISE = text(
    "select exists(select from catalog_lesson_texts where course_id = :course and deleted_at is null"
    """ and jsonb_path_exists(cast(blocks as jsonb), '$.** ? (@.type == "exercise" || @.type == "package")'))"""
    " or exists(select from assessments_assessments where course_id = :course and deleted_at is null)"
)


async def was_published(tx: Tx, course_id: UUID) -> None:
    """Show what is in the course, and tell."""
    await _show_content(tx, course_id, is_published=True)
    await note_revision(tx, course_id, "publish", Summary())
    await tx.publish(CoursePublished(course_id))
    await tx.audit("catalog.course.publish", kind="course", id_=course_id)


async def was_unpublished(tx: Tx, course_id: UUID) -> None:
    """Hide what is in the course, and tell."""
    await _show_content(tx, course_id, is_published=False)
    await note_revision(tx, course_id, "unpublish", Summary())
    await tx.publish(CourseUnpublished(course_id))
    await tx.audit("catalog.course.unpublish", kind="course", id_=course_id)


async def unpublish_course(tx: Tx, course_id: UUID) -> Course:
    """Take it from the catalogue and from phones; drafts and progress stay. Twice is once.

    Raises NotFound, Forbidden.
    """
    course = await editable(tx, course_id)
    if course.published_at is None:
        return course
    course.status, course.published_at = "draft", None
    await was_unpublished(tx, course.id)
    return course


async def delete_course(tx: Tx, course_id: UUID) -> None:
    """Archive it when somebody has progress in it, else delete it softly. Raises NotFound, Forbidden."""
    course = await unpublish_course(tx, course_id)
    has_progress = await queries.has_progress(tx, course.id)
    if has_progress:
        course.status = "archived"
    else:
        course.deleted_at = tx.now
        await _delete_content(tx, course.id)
    await tx.audit("catalog.course.delete", kind="course", id_=course.id, archived=has_progress)


async def editable(tx: Tx, course_id: UUID) -> Course:
    """The course, locked. Raises as `require_editor`."""
    await require_editor(tx, course_id)
    return await tx.get_locked(Course, course_id)


async def require_editor(tx: Tx, course_id: UUID) -> None:
    """A stranger learns nothing of a draft; who may read it is told that reading is all. Raises NotFound, Forbidden."""
    await tx.get_visible(Course, course_id)
    if not policy.may_edit_course(tx.actor, is_staff=await queries.is_course_staff(tx, course_id)):
        raise Forbidden("Only the course's educators and admins change it.")


async def _show_content(tx: Tx, course_id: UUID, *, is_published: bool) -> None:
    """Copy the course's instant onto what is in it: four statements, whatever its size."""
    await tx.db.flush()
    at = tx.now if is_published else None
    for statement in (
        "update catalog_sections set published_at = :at where course_id = :course and deleted_at is null",
        (
            "update catalog_lessons set published_at = :at"
            " where course_id = :course and deleted_at is null and status = 'published'"
        ),
        (
            "update catalog_lesson_texts t set published_at = :at from catalog_lessons l"
            " where l.id = t.id and t.course_id = :course and t.deleted_at is null and l.status = 'published'"
        ),
    ):
        await tx.db.execute(text(statement), {"at": at, "course": course_id})
    await set_uses_published(tx, course_id, is_published=is_published)


async def _delete_content(tx: Tx, course_id: UUID) -> None:
    for table in ("catalog_sections", "catalog_lessons", "catalog_lesson_texts", "catalog_course_staff", "media_uses"):
        statement = f"update {table} set deleted_at = :now where course_id = :course and deleted_at is null"  # noqa: S608 - names above
        await tx.db.execute(text(statement), {"now": tx.now, "course": course_id})


async def lock_slugs(tx: Tx) -> None:
    """One at a time makes courses, until the end of the transaction: two with one title get two names."""
    await tx.db.execute(text("select pg_advisory_xact_lock(hashtext('catalog.slug'))"))


async def free_slug(tx: Tx, title: str) -> str:
    """A short name for addresses that no course has: the title's, with a number where it is taken."""
    await lock_slugs(tx)
    base = slug_of(title)
    taken = set(
        (
            await tx.db.execute(
                text("select slug from catalog_courses where slug = :base or slug like :more"),
                {"base": base, "more": f"{base}-%"},
            )
        ).scalars()
    )
    if base not in taken:
        return base
    return next(
        (slug for number in range(2, SLUG_TRIES_MAX) if (slug := f"{base}-{number}") not in taken),
        f"{base}-{new_id().hex}",
    )


def slug_of(title: str) -> str:
    """Lower-case ASCII words with hyphens; "course" where nothing is left."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", errors="ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:SLUG_LENGTH_MAX].strip("-") or "course"
