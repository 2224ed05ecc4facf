"""Finding by words: any alphabet, any apostrophe, and a slip of the finger.

    text ─search_fold()─► words without case, accents or apostrophes, in Latin letters ─► tsvector column `words`
    asked ─search_fold()─► each word as a beginning, or, where nothing begins so, its nearest known words

What is known is gathered from the columns themselves (`search_seen` → `search_words`), a little later. Tables with a
column `words` and the trigger `search_note` can be searched: migration 0870 says how.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import text

from server.base.tx import Tx

WORDS_MAX = 8  # of a question; the rest is left out
NEAR_MAX = 8
LOOKED_AT_MAX = 80
GATHERED_AT_ONCE = 20_000

_FOLD = text("select array_remove(string_to_array(search_fold(:asked), ' '), '')")
_KNOWN = text(
    "select asked from unnest(cast(:words as text[])) asked"
    " where exists (select from search_words w where w.word >= asked and w.word < asked || chr(1114111))"
)
_NEAR = text(
    """
    select word from search_trigrams
    where trigram = any(cast(:trigrams as text[])) and length(word) between :short and :long
    group by word order by count(*) desc, word limit :limit
    """
)
_GATHER = text(
    """
    with taken as (
        delete from search_seen where ctid = any(array(select ctid from search_seen limit :limit)) returning words
    ), known as (
        insert into search_words (word)
        select distinct word from taken, unnest(words) word where length(word) between 2 and 30
        on conflict do nothing returning word
    )
    insert into search_trigrams (trigram, word)
    select distinct trigram, word from known, unnest(search_trigrams_of(word)) trigram on conflict do nothing
    """
)


@dataclass(frozen=True)
class SearchTerms:
    """What a question became: a tsquery, to be compared with a column `words`."""

    query: str

    @property
    def is_empty(self) -> bool:
        """There was no word in it: everything matches."""
        return self.query == ""


async def matching(tx: Tx, asked: str) -> SearchTerms:
    """Read a question. A word that nothing begins with becomes its nearest known ones."""
    folded = (await tx.db.execute(_FOLD, {"asked": asked.replace("\0", " ")})).scalar_one()
    words = list(dict.fromkeys(folded))[:WORDS_MAX]
    if not words:
        return SearchTerms("")
    known = set((await tx.db.execute(_KNOWN, {"words": words})).scalars())
    parts = []
    for word in words:
        near = [] if word in known else await _near(tx, word)
        parts.append(" | ".join([f"'{word}':*", *(f"'{other}'" for other in near)]))
    return SearchTerms(" & ".join(f"({part})" for part in parts))


def where_matches(column: str, name: str = "search") -> str:
    """A condition of SQL; the parameter `name` takes `SearchTerms.query`."""
    return f"{column} @@ cast(:{name} as tsquery)"


async def _near(tx: Tx, word: str) -> list[str]:
    slips = slips_allowed(word)
    if slips == 0:
        return []
    values = {
        "trigrams": trigrams_of(word),
        "short": len(word) - slips,
        "long": len(word) + slips,
        "limit": LOOKED_AT_MAX,
    }
    found = (await tx.db.execute(_NEAR, values)).scalars()
    return nearest(word, found, slips=slips)


def slips_allowed(word: str) -> int:
    """How many letters may be wrong, missing, too many or swapped."""
    if len(word) < 4 or word.isdigit():
        return 0
    return 1 if len(word) < 7 else 2


def nearest(word: str, others: Iterable[str], *, slips: int) -> list[str]:
    """Those within so many slips, the nearest first."""
    measured = sorted((slips_between(word, other, most=slips), other) for other in others)
    return [other for count, other in measured if count <= slips][:NEAR_MAX]


def slips_between(one: str, other: str, *, most: int) -> int:
    """The least number of slips that make one word of the other (optimal string alignment); `most` + 1: more."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, start=1):
        now = [row]
        for column, against in enumerate(other, start=1):
            cost = min(last[column] + 1, now[column - 1] + 1, last[column - 1] + (letter != against))
            is_swap = row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == against
            now.append(min(cost, before[column - 2] + 1) if is_swap else cost)
        if min(now) > most <= min(last):  # A swap may still go on from the row before.
            return most + 1
        before, last = last, now
    return min(last[-1], most + 1)


def trigrams_of(word: str) -> list[str]:
    """As `search_trigrams_of` of the database: with two blanks before and one behind."""
    padded = f"  {word} "
    return sorted({padded[place : place + 3] for place in range(len(padded) - 2)})


async def gather_words(tx: Tx) -> None:
    """Make known what was written lately. Run by the clock, in one worker at a time."""
    await tx.db.execute(_GATHER, {"limit": GATHERED_AT_ONCE})
