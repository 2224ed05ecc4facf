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

from server.base.ids import new_id
from server.base.tx import Tx
from server.catalog.models import Revision
from server.catalog.schemas import RevisionKind
from server.identity.queries import name_of

PAIRS_MAX = 3
EXCERPT_LENGTH_MAX = 100
TITLE_LENGTH_MAX = 120
OPERATOR = "Spark"  # Who changes a course from the command line has no name of a person.

_RAISE = text("update catalog_courses set revision = revision + 1 where id = :id returning revision")
_TAG = re.compile(r"<[^<>]*>")

Blocks = Sequence[Mapping[str, Any]]


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
    tx.db.add(
        Revision(
            id=new_id(),
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
    plain = " ".join(html.unescape(_TAG.sub(" ", words)).split())
    return plain[:EXCERPT_LENGTH_MAX] or f"({block.get('type', '?')})"


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
