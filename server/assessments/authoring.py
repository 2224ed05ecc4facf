"""Making a test out of drafts: the bank takes them in, an assessment pins them in a new revision."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import insert, select, update

from server.assessments.drafting import Draft
from server.assessments.drawing import Drawn, drawn_each
from server.assessments.keeping import show_pictures
from server.assessments.keys import encode_key
from server.assessments.models import Assessment, BankItem, Item, ItemKey
from server.assessments.payloads import RetireItems
from server.base.errors import Conflict
from server.base.ids import derived_id, new_id
from server.base.tx import Tx

PASS_PPM = {"practice_test": 600_000, "quiz": 600_000}
PASS_PPM_DEFAULT = 700_000


class TitleTaken(Conflict):
    """The course has another test of this title."""

    code = "test.title_taken"


@dataclass(frozen=True)
class BankDraft:
    """A draft with its place in the bank."""

    id: UUID  # Derived from where it comes from: the same question again is the same item.
    title: str
    draft: Draft
    tags: tuple[str, ...] = ()
    category: str | None = None
    difficulty: str = "medium"

    @property
    def options(self) -> list[dict[str, Any]]:
        return [dict(msgspec.to_builtins(option)) for option in self.draft.options]

    @property
    def texts(self) -> list[str]:
        """What a learner sees before answering."""
        return [self.draft.prompt, *(option.text for option in self.draft.options)]


@dataclass(frozen=True)
class Placing:
    """Where a test goes and whose it is."""

    course_id: UUID
    owner_id: UUID
    title: str
    language: str
    kind: str = "practice_test"
    id: UUID | None = None  # Of a test that was drafted on a phone; others are known by their title.
    lesson_id: UUID | None = None
    pass_ppm: int | None = None  # None: as the kind has it.
    attempts_max: int | None = None
    duration_s: int | None = None


@dataclass(frozen=True)
class Made:
    """What came of it."""

    assessment_id: UUID
    revision: int
    is_new_revision: bool


async def put_assessment(tx: Tx, placing: Placing, drafts: list[BankDraft], *, publish: bool) -> Made:
    """Make the course's test of this title, or its next revision; the same drafts again change nothing.

    Attempts that are under way keep the revision they pin. The course's row must be locked by the caller.
    """
    revisions = await _take_into_bank(tx, placing, drafts)
    content = hashlib.sha256(repr([(draft.id, revisions[draft.id]) for draft in drafts]).encode()).hexdigest()
    assessment = await _find(tx, placing)
    is_new_revision = assessment is None or assessment.content_sha256 != content
    if assessment is None:
        assessment = _new_assessment(placing, drafts, content)
        tx.db.add(assessment)
    elif placing.id is not None:
        _rename(assessment, placing)
    if is_new_revision and assessment.content_sha256 != content:
        assessment.revision += 1
        assessment.content_sha256 = content
        assessment.items_count, assessment.points = len(drafts), _points(drafts)
        tx.later(RetireItems(assessment_id=assessment.id))
    await tx.db.flush()  # Items refer to it.
    formulas = await drawn_each({bank.id: bank.texts for bank in drafts})
    if is_new_revision:
        await _pin_items(tx, assessment, drafts, revisions, formulas)
    else:
        await _draw_again(tx, assessment, formulas)
    texts = [text for bank in drafts for text in bank.texts]
    await show_pictures(tx, course_id=placing.course_id, owner_id=placing.owner_id, texts=texts)
    if publish:
        await publish_assessment(tx, assessment)
    return Made(assessment.id, assessment.revision, is_new_revision)


async def publish_assessment(tx: Tx, assessment: Assessment) -> None:
    """Let learners see it; its items carry the moment, for who may see a row follows from the row."""
    assessment.published_at = assessment.published_at or tx.now
    waiting = update(Item).where(Item.assessment_id == assessment.id, Item.published_at.is_(None))
    await tx.db.execute(waiting.values(published_at=assessment.published_at))


def _points(drafts: list[BankDraft]) -> int:
    return sum(bank.draft.points for bank in drafts)


async def _find(tx: Tx, placing: Placing) -> Assessment | None:
    """The drafted test itself, or the one of this title. Raises TitleTaken: no two tests of a course share one."""
    statement = select(Assessment).where(
        Assessment.course_id == placing.course_id, Assessment.title == placing.title, Assessment.deleted_at.is_(None)
    )
    if placing.id is not None:
        if (await tx.db.execute(statement.where(Assessment.id != placing.id))).first() is not None:
            raise TitleTaken(f"The course has another test called “{placing.title}”; give this one a title of its own.")
        statement = select(Assessment).where(Assessment.id == placing.id)
    return (await tx.db.execute(statement.with_for_update(key_share=True))).scalar_one_or_none()


def _rename(assessment: Assessment, placing: Placing) -> None:
    """What may change without a new revision. What it asks for is in the revision."""
    assessment.title, assessment.kind, assessment.lesson_id = placing.title, placing.kind, placing.lesson_id
    assessment.pass_ppm = _pass_ppm(placing)
    assessment.attempts_max, assessment.duration_s = placing.attempts_max, placing.duration_s


def _pass_ppm(placing: Placing) -> int:
    return PASS_PPM.get(placing.kind, PASS_PPM_DEFAULT) if placing.pass_ppm is None else placing.pass_ppm


def _new_assessment(placing: Placing, drafts: list[BankDraft], content: str) -> Assessment:
    return Assessment(
        id=placing.id or new_id(),
        course_id=placing.course_id,
        lesson_id=placing.lesson_id,
        created_by_id=placing.owner_id,
        kind=placing.kind,
        title=placing.title,
        revision=1,
        items_count=len(drafts),
        points=_points(drafts),
        pass_ppm=_pass_ppm(placing),
        attempts_max=placing.attempts_max,
        duration_s=placing.duration_s,
        content_sha256=content,
        grace_s=60,
        answer_release="after_submit",
    )


async def _take_into_bank(tx: Tx, placing: Placing, drafts: list[BankDraft]) -> dict[UUID, int]:
    """Insert new items; give changed ones a new revision with its own key. Answers the revision of each."""
    known = await _known(tx, [draft.id for draft in drafts])
    items, keys, revisions = [], [], {}
    for bank in drafts:
        item, key = known.get(bank.id, (None, None))
        is_same = item is not None and key is not None and _is_same(bank, item, key)
        revision = 1 if item is None else item.revision if is_same else item.revision + 1
        revisions[bank.id] = revision
        if is_same:
            continue
        keys.append(_key_row(bank, revision))
        if item is None:
            items.append(_item_row(bank, placing))
        else:
            item.kind, item.prompt, item.options = bank.draft.kind, bank.draft.prompt, bank.options
            item.points, item.revision = bank.draft.points, revision
    if items:
        await tx.db.execute(insert(BankItem), items)
    if keys:
        await tx.db.flush()  # Raised revisions first: a key belongs to one.
        await tx.db.execute(insert(ItemKey), keys)
    return revisions


async def _known(tx: Tx, ids: list[UUID]) -> dict[UUID, tuple[BankItem, ItemKey]]:
    statement = (
        select(BankItem, ItemKey)
        .join(ItemKey, (ItemKey.bank_item_id == BankItem.id) & (ItemKey.revision == BankItem.revision))
        .where(BankItem.id.in_(ids))
        .order_by(BankItem.id)
        .with_for_update(of=BankItem, key_share=True)
    )
    return {item.id: (item, key) for item, key in (await tx.db.execute(statement))}


def _is_same(bank: BankDraft, item: BankItem, key: ItemKey) -> bool:
    draft = bank.draft
    stored = (item.kind, item.prompt, item.options, item.points, key.key, key.explanation)
    return stored == (draft.kind, draft.prompt, bank.options, draft.points, encode_key(draft.key), draft.explanation)


def _item_row(bank: BankDraft, placing: Placing) -> dict[str, Any]:
    return {
        "id": bank.id,
        "owner_id": placing.owner_id,
        "course_id": placing.course_id,
        "title": bank.title,
        "kind": bank.draft.kind,
        "prompt": bank.draft.prompt,
        "options": bank.options,
        "points": bank.draft.points,
        "difficulty": bank.difficulty,
        "topic_tags": list(bank.tags),
        "category": bank.category,
        "language": placing.language,
        "revision": 1,
    }


def _key_row(bank: BankDraft, revision: int) -> dict[str, Any]:
    return {
        "id": derived_id("assessments.item_keys", bank.id, revision),
        "bank_item_id": bank.id,
        "revision": revision,
        "key": encode_key(bank.draft.key),
        "explanation": bank.draft.explanation,
    }


async def _draw_again(tx: Tx, assessment: Assessment, formulas: Mapping[UUID, Drawn | None]) -> None:
    """In a revision that stays: what can be drawn by now, and could not when it was pinned."""
    pinned = select(Item).where(Item.assessment_id == assessment.id, Item.revision == assessment.revision)
    for item in (await tx.db.execute(pinned.order_by(Item.id))).scalars():
        if item.formulas != formulas[item.bank_item_id]:
            item.formulas = formulas[item.bank_item_id]


async def _pin_items(
    tx: Tx,
    assessment: Assessment,
    drafts: list[BankDraft],
    revisions: dict[UUID, int],
    formulas: Mapping[UUID, Drawn | None],
) -> None:
    rows = [
        {
            "id": derived_id("assessments.items", assessment.id, assessment.revision, rank),
            "assessment_id": assessment.id,
            "course_id": assessment.course_id,
            "revision": assessment.revision,
            "bank_item_id": bank.id,
            "bank_revision": revisions[bank.id],
            "kind": bank.draft.kind,
            "prompt": bank.draft.prompt,
            "options": bank.options,
            "formulas": formulas[bank.id],
            "points": bank.draft.points,
            "rank": rank,
            "published_at": assessment.published_at,
        }
        for rank, bank in enumerate(drafts)
    ]
    await tx.db.execute(insert(Item), rows)
