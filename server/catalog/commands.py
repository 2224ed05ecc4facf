"""What educators' phones ask for that is more than one row: a course, a lesson with its text, a copy of a course.

Sections, titles, places and texts are ops on collections (`drafting.py`). Rights are those of the routes. A command
that comes twice is one: its identity is the id of what it makes.
"""

from uuid import UUID

import msgspec

from server.base.errors import Conflict, Forbidden
from server.base.models import Model
from server.base.tx import Tx
from server.catalog import courses, lessons, policy, revisions, subjects, trees
from server.catalog.blocks import decode_blocks
from server.catalog.drafting import SectionElsewhere, SectionGone
from server.catalog.events import CourseCopied
from server.catalog.models import Course, Lesson, Section
from server.catalog.schemas import AddLesson, CreateCourse, DuplicateCourse, NewCourse, NewSection, ProposeSubject
from sync.merge.place import check_place
from sync.mutator import mutator


class IdInUse(Conflict):
    """Another record has this id."""

    code = "id.taken"


@mutator("catalog.course.create", CreateCourse, creates="id")
async def create_course(tx: Tx, args: CreateCourse) -> None:
    """A draft of the actor's own, with a first section if one is named. Raises Forbidden, SubjectUnknown, IdInUse."""
    if not policy.may_create_course(tx.actor):
        raise Forbidden("Only educators and admins make courses.")
    await _require_free(tx, Course, args.id)
    new = NewCourse(
        title=args.title,
        language=args.language,
        description=args.description,
        level=args.level,
        subject_id=args.subject_id,
    )
    await courses.create_course(tx, new, id_=args.id)
    if args.section_id is not None:
        await _require_free(tx, Section, args.section_id)
        await lessons.add_section(tx, args.id, NewSection(title=args.section_title), id_=args.section_id)
    await tx.db.flush()


@mutator("catalog.lesson.add", AddLesson, creates="id")
async def add_lesson(tx: Tx, args: AddLesson) -> None:
    """A lesson with its text.

    Raises: NotFound, Forbidden, SectionGone, SectionElsewhere, IdInUse, CourseFull, BadContent, FileUnknown,
    FieldInvalid (no place of this lesson).
    """
    course = await courses.editable(tx, args.course_id)
    section = await tx.db.get(Section, args.section_id, populate_existing=True)
    if section is None or section.deleted_at is not None:
        raise SectionGone
    if section.course_id != course.id:
        raise SectionElsewhere
    await _require_free(tx, Lesson, args.id)
    if args.rank is not None:
        check_place("rank", args.rank, args.id)
    blocks = decode_blocks(msgspec.json.encode(args.blocks))
    await lessons.put_lesson(tx, course, section, id_=args.id, title=args.title, rank=args.rank, blocks=blocks)
    await tx.db.flush()


@mutator("catalog.course.duplicate", DuplicateCourse, creates="id")
async def duplicate_course(tx: Tx, args: DuplicateCourse) -> None:
    """A draft of the actor's own with the lessons, files and tests of a course that they edit.

    Raises: NotFound, Forbidden, IdInUse.
    """
    if not policy.may_create_course(tx.actor):
        raise Forbidden("Only educators and admins make courses.")
    await courses.lock_slugs(tx)  # Before the course, as importers do: else two wait for each other.
    source = await courses.editable(tx, args.of)  # Locked: the copy is of one moment.
    await _require_free(tx, Course, args.id)
    tree = await trees.copy_of(tx, source, id_=args.id, title=args.title.strip())
    course = await trees.add_course_tree(tx, tree, owner_id=tx.actor.id)
    summary = revisions.Summary(title=source.title[: revisions.TITLE_LENGTH_MAX])
    await revisions.note_revision(tx, course.id, "duplicate", summary)
    await tx.publish(CourseCopied(course_id=course.id, of_id=source.id))
    await tx.audit("catalog.course.duplicate", kind="course", id_=course.id, of=str(source.id))


@mutator("catalog.subject.propose", ProposeSubject, creates="id")
async def propose_subject(tx: Tx, args: ProposeSubject) -> None:
    """A name that waits for an admin, or another word for a subject that is there.

    Raises Forbidden, SubjectNameless, TooManyNames.
    """
    if not policy.may_create_course(tx.actor):
        raise Forbidden("Only educators and admins name subjects.")
    await subjects.propose(tx, args.name, by=tx.actor.id, id_=args.id)


async def _require_free(tx: Tx, model: type[Model], id_: UUID) -> None:
    if await tx.db.get(model, id_) is not None:
        raise IdInUse


mutators = (create_course, add_lesson, duplicate_course, propose_subject)
