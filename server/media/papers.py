"""Finding by the words of papers: which courses and items show a PDF that says what is asked for."""

from typing import Literal
from uuid import UUID

from sqlalchemy import text

from server.base.search import SearchTerms, where_matches
from server.base.tx import Tx

FOUND_MAX = 1_000  # A word that stands in more papers than these finds some of them.

_SHOWING = {
    column: text(
        f"select distinct {column} from (select u.{column} from media_texts t"  # noqa: S608 - constants
        f" join media_uses u on u.file_id = t.file_id where {where_matches('t.words')} and u.{column} is not null"
        " and u.published_at is not null and u.deleted_at is null limit :most) found"
    )
    for column in ("course_id", "item_id")
}


async def showing_papers(tx: Tx, terms: SearchTerms, *, by: Literal["course_id", "item_id"]) -> list[UUID]:
    """Courses, or items of the library, that show everybody a paper with all these words."""
    return list((await tx.db.execute(_SHOWING[by], {"search": terms.query, "most": FOUND_MAX})).scalars())
