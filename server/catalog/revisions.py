"""Who changed what learners see, when, and how much (CAT-14). Drafts are not counted: nobody learns from them yet."""

import hashlib
import html
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text

from server.base.errors import NotFound
from server.base.ids import new_id
from server.base.tx import Tx
from server.catalog.models import Revision
from server.catalog.schemas import RevisionKind, RevisionText
from server.identity.queries import name_of

PAIRS_MAX = 3
EXCERPT_LENGTH_MAX = 100
TITLE_LENGTH_MAX = 120
TEXTS_KEPT = 50  # Of a lesson: what stood before its newest changes.
OPERATOR = "Spark"  # Who changes a course from the command line has no name of a person.

_RAISE = text("update catalog_courses set revision = revision + 1 where id = :id returning revision")
_KEEP_TEXT = text(
    "insert into catalog_revision_texts (revision_id, lesson_id, number, blocks)"
    " values (:id, :lesson, :number, cast(:blocks as json))"
)
_FORGET_TEXTS = text(
    "delete from catalog_revision_texts where lesson_id = :lesson and number <= (select number from"
    " catalog_revision_texts where lesson_id = :lesson order by number desc offset :kept limit 1)"
)
_TEXT_BEFORE = text(
    "select t.lesson_id, t.number, t.blocks from catalog_revision_texts t"
    " join catalog_revisions r on r.id = t.revision_id where t.revision_id = :id and r.course_id = :course"
)
_TAG = re.compile(r"<[^<>]*>")

Blocks = Sequence[Mapping[str, Any]]


class TextNotKept(NotFound):
    """What stood there before is not kept: it is too long ago, or the change was not of a lesson's text."""

    code = "revision.not_kept"


class Pair(msgspec.Struct, frozen=True):
    """The beginning of a changed block, before and after; null where there was or is none."""

    was: str | None
    now: str | None


class Summary(msgspec.Struct, frozen=True, omit_defaults=True):
    """How much changed: blocks of one lesson, or what became of a lesson. At most 4 KB."""

    added: int = 0
    removed: int = 0
    changed: int = 0
    moved: bool = False  # The same blocks in another order.
    pairs: list[Pair] = []
    lesson: str = ""  # "added", "removed", "renamed"
    title: str = ""  # Of the lesson or the course.


async def note_revision(
    tx: Tx,
    course_id: UUID,
    kind: RevisionKind,
    summary: Summary,
    *,
    lesson_id: UUID | None = None,
    before: Blocks | None = None,
) -> None:
    """Count one change of what learners see. The course is locked from here to the end of the transaction."""
    await tx.db.flush()
    number = (await tx.db.execute(_RAISE, {"id": course_id})).scalar_one()
    id_ = new_id()
    tx.db.add(
        Revision(
            id=id_,
            course_id=course_id,
            lesson_id=lesson_id,
            number=number,
            by_id=None if tx.actor.is_system else tx.actor.id,
            by_name=OPERATOR if tx.actor.is_system else await name_of(tx, tx.actor.id),
            kind=kind,
            summary=msgspec.to_builtins(summary),
            before_sha256=None if before is None else hashlib.sha256(msgspec.json.encode(before)).hexdigest(),
        )
    )
    await tx.db.flush()
    if lesson_id is not None and before is not None:
        stood = msgspec.json.encode(before).decode()
        await tx.db.execute(_KEEP_TEXT, {"id": id_, "lesson": lesson_id, "number": number, "blocks": stood})
        await tx.db.execute(_FORGET_TEXTS, {"lesson": lesson_id, "kept": TEXTS_KEPT})


async def text_before(tx: Tx, course_id: UUID, revision_id: UUID) -> RevisionText:
    """The lesson as it stood before that change. Whoever calls has asked for the right. Raises TextNotKept."""
    row = (await tx.db.execute(_TEXT_BEFORE, {"id": revision_id, "course": course_id})).one_or_none()
    if row is None:
        raise TextNotKept
    return RevisionText(id=revision_id, lesson_id=row.lesson_id, number=row.number, blocks=row.blocks)


def summary_of(before: Blocks, after: Blocks, *, title: str = "") -> Summary:
    """What became of a lesson's blocks. A block that went and one that came near the same place are one change."""
    was, now = ([msgspec.json.encode(block, order="sorted") for block in side] for side in (before, after))
    gone, come = Counter(was) - Counter(now), Counter(now) - Counter(was)
    lost = [block for block, token in zip(before, was, strict=True) if _take(gone, token)]
    new = [block for block, token in zip(after, now, strict=True) if _take(come, token)]
    changed = min(len(lost), len(new))
    pairs = [
        Pair(
            was=excerpt(lost[index]) if index < len(lost) else None,
            now=excerpt(new[index]) if index < len(new) else None,
        )
        for index in range(min(PAIRS_MAX, max(len(lost), len(new))))
    ]
    return Summary(
        added=len(new) - changed,
        removed=len(lost) - changed,
        changed=changed,
        moved=not lost and not new and was != now,
        pairs=pairs,
        title=title[:TITLE_LENGTH_MAX],
    )


def _take(left: Counter[bytes], token: bytes) -> bool:
    if left[token] < 1:
        return False
    left[token] -= 1
    return True


def excerpt(block: Mapping[str, Any]) -> str:
    """The beginning of what a reader reads in it, without markup."""
    words = " ".join(_words(block))
    plain = " ".join(html.unescape(_TAG.sub(_gap, words)).split())
    return plain[:EXCERPT_LENGTH_MAX] or f"({block.get('type', '?')})"


def _gap(tag: re.Match[str]) -> str:
    """A strong word stands as close to its comma as before; a new line is a space."""
    return " " if tag[0].startswith("<br") else ""


def _words(value: Any, depth: int = 0) -> list[str]:  # Any: JSON
    if depth > EXCERPT_LENGTH_MAX:
        return []
    if isinstance(value, Mapping):
        texts = [value[name] for name in ("term", "text", "html", "prompt", "title", "latex", "alt") if value.get(name)]
        inner = [value[name] for name in ("blocks", "items", "head", "rows") if value.get(name)]
        return [*(str(text) for text in texts), *(word for part in inner for word in _words(part, depth + 1))]
    if isinstance(value, list):
        return [word for part in value[:PAIRS_MAX] for word in _words(part, depth + 1)]
    return []
