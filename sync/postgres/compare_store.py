"""What the log holds below prefixes of ids, read within a transaction that is open already.

A set is read as a whole for each length of prefix that is asked for: there is no index over the ends of ids, which
every writer would pay for and hardly anybody read.
"""

from collections.abc import Sequence
from typing import Any

from psycopg import AsyncConnection

from sync.cursor import Pair
from sync.pull import LogRow
from sync.reconcile import BranchSum, Prefix, ending_of

_SUMS = """
select e.number, get_byte(i.id, 15 - %(length)s), count(*)::int, bit_xor(i.digest), sum(octet_length(i.line))::bigint
from (
    select uuid_send(id) as id, digest, line from sync_item
    where bucket = %(bucket)s and tier = %(tier)s and gone_at is null
) i join unnest(%(endings)s::bytea[]) with ordinality e(ending, number)
    on e.ending = substr(i.id, 17 - %(length)s, %(length)s)
group by 1, 2
"""

_BELOW = """
select e.number, i.position, i.collection, i.line from sync_item i
join unnest(%(endings)s::bytea[]) with ordinality e(ending, number)
    on e.ending = substr(uuid_send(i.id), 17 - %(length)s, %(length)s)
where i.bucket = %(bucket)s and i.tier = %(tier)s and i.gone_at is null
order by i.position
"""


async def read_sums(
    connection: AsyncConnection[Any],  # Any: whatever its rows are
    pair: Pair,
    prefixes: Sequence[Prefix],
) -> list[BranchSum]:
    """The sums of the children of these prefixes; see `reconcile.CompareSnapshot`."""
    found: list[BranchSum] = []
    cursor = connection.cursor(binary=True)
    for length, alike in _by_length(prefixes):
        await cursor.execute(_SUMS, _values(pair, length, alike), prepare=True)
        for number, child, rows, digest, size in await cursor.fetchall():
            found.append(BranchSum(f"{alike[number - 1]}{child:02x}", rows, digest, size))
    return found


async def read_below(
    connection: AsyncConnection[Any],  # Any: as above
    pair: Pair,
    prefixes: Sequence[Prefix],
) -> dict[Prefix, list[LogRow]]:
    """The live rows below each prefix in log order; see `reconcile.CompareSnapshot`."""
    found: dict[Prefix, list[LogRow]] = {}
    cursor = connection.cursor(binary=True)
    for length, alike in _by_length(prefixes):
        await cursor.execute(_BELOW, _values(pair, length, alike), prepare=True)
        for number, position, collection, line in await cursor.fetchall():
            found.setdefault(alike[number - 1], []).append(LogRow(position, *pair, collection, line))
    return found


def _by_length(prefixes: Sequence[Prefix]) -> list[tuple[int, list[Prefix]]]:
    """By their length in bytes."""
    found: dict[int, list[Prefix]] = {}
    for prefix in prefixes:
        found.setdefault(len(prefix) // 2, []).append(prefix)
    return sorted(found.items())


def _values(pair: Pair, length: int, prefixes: Sequence[Prefix]) -> dict[str, Any]:
    bucket, tier = pair
    endings = [ending_of(prefix) for prefix in prefixes]
    return {"bucket": bucket, "tier": tier, "length": length, "endings": endings}
