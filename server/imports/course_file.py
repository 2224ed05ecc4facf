"""A course's own file, out: the catalogue's part of it and the tests', under one lock."""

import asyncio
from pathlib import Path
from uuid import UUID

import msgspec

from server.assessments.exporting import documents_of
from server.assessments.interchange import QuestionDocument, WriteKind, Written, document_of, write_questions
from server.assessments.interchange.document import Body, ChoiceBody, ClozeBody, Gap, MatchBody
from server.assessments.interchange.pictures import named_in
from server.assessments.keeping import pictures_lying, texts_of, with_pictures
from server.assessments.models import Assessment
from server.base.actor import Actor
from server.base.work import Work
from server.catalog import courses
from server.catalog.portable.gathering import Gathered, TestToWrite, gather
from server.catalog.portable.writing import write_course_file


async def export_course(work: Work, actor: Actor, course_id: UUID, into: Path) -> int:
    """Write the course's file; its bytes. Raises NotFound, Forbidden, Unavailable."""
    async with work.database.transaction(actor) as tx:
        await courses.editable(tx, course_id)
        tests = [_to_write(test, document) for test, document in await documents_of(tx, course_id)]
        gathered: Gathered = await gather(tx, course_id, tests)
        await tx.audit("catalog.course.export", kind="course", id_=course_id, files=len(gathered.files))
    return await write_course_file(work.storage, gathered, into, signing_key=work.settings.signing_key)


def _to_write(test: Assessment, document: QuestionDocument) -> TestToWrite:
    return TestToWrite(
        id=test.id,
        title=test.title,
        kind=test.kind,  # type: ignore[arg-type]  # the table's check is TestKind
        pass_ppm=test.pass_ppm,
        lesson_id=test.lesson_id,
        attempts_max=test.attempts_max,
        duration_s=test.duration_s,
        content=write_questions("spark", _settled(document)).content,
        file_ids=named_in(texts_of(document)),
    )


def _settled(document: QuestionDocument) -> QuestionDocument:
    """Options in an order of their own: the bank keeps them mixed by ids, which are other ids in each course."""
    questions = [msgspec.structs.replace(one, body=_settled_body(one.body)) for one in document.questions]
    return document_of(*questions, title=document.title)


def _settled_body(body: Body) -> Body:
    replace = msgspec.structs.replace
    match body:
        case ChoiceBody(choices=choices):
            return replace(body, choices=tuple(sorted(choices, key=repr)))
        case MatchBody(pairs=pairs, distractors=free):
            return replace(body, pairs=tuple(sorted(pairs)), distractors=tuple(sorted(free)))
        case ClozeBody(gaps=gaps):
            return replace(body, gaps=tuple(_settled_gap(gap) for gap in gaps))
        case _:
            return body


def _settled_gap(gap: Gap) -> Gap:
    return msgspec.structs.replace(gap, answers=tuple(sorted(gap.answers, key=repr))) if gap.is_menu else gap


async def export_questions(work: Work, actor: Actor, course_id: UUID, kind: WriteKind) -> Written:
    """All questions of the course's tests in another format, and what it could not say. Raises NotFound, Forbidden."""
    async with work.database.transaction(actor) as tx:
        course = await courses.editable(tx, course_id)
        documents = await documents_of(tx, course_id)
        await tx.audit("assessments.questions.export", kind="course", id_=course_id, format=kind)
        title = course.title
        questions = [question for _test, document in documents for question in document.questions]
        document = document_of(*questions, title=title)
        lying = await pictures_lying(tx, document)
    return await asyncio.to_thread(write_questions, kind, await with_pictures(work.storage, document, lying))
