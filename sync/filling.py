"""The rows of what is new to a phone, part by part: lowest tier first, as many as the page has room for."""

from collections.abc import Sequence
from operator import attrgetter
from typing import TYPE_CHECKING

from sync.cursor import TAILS_MAX, Filling, Pair
from sync.files import Offer

if TYPE_CHECKING:  # A page is filled; naming its type would close a circle.
    from sync.pull import Asked, LogRow, Page, Snapshot, Total

FILL_ROWS_MIN = 16
FILL_ROWS_MAX = 50_000

_position = attrgetter("position")


def fill_order(pair: Pair) -> tuple[int, int]:
    return pair[1], pair[0]


async def offer_files(snapshot: "Snapshot", asked: "Asked", page: "Page") -> None:
    """What joins and has a base comes as files: only the tail above the base is filled from the log.

    A phone that asks again for the list of a set, which it holds or of which it has the tail, gets it, if there is one.
    """
    if asked.files is None or page.is_off_chain:
        return
    wishes = {(wish.bucket, wish.tier): wish for wish in asked.files}
    tails = [pair for pair, state in page.start.coverage.items() if state is not None and state.is_tail]
    pairs = list(page.joined) + [
        pair
        for pair, state in page.start.coverage.items()
        if (state is None or state.is_tail) and pair not in page.left and (page.names[pair[0]], pair[1]) in wishes
    ]
    room = TAILS_MAX - len(tails)
    for pair, base in (await snapshot.bases(pairs) if pairs else {}).items():
        wish = wishes.get((page.names[pair[0]], pair[1]))
        has_list = wish is not None and wish.base == base.position
        first = min(wish.first, len(base.chunks)) if wish is not None and has_list else 0
        if pair in page.joined:
            if room <= 0:
                continue
            room -= 1
            page.joined[pair] = Filling(page.joined[pair].bound, base.position, is_tail=True)
        page.files[pair] = Offer(base, first)


async def fill(snapshot: "Snapshot", page: "Page", bytes_left: int) -> None:
    """Rows of what is filling, lowest tier first, up to about `bytes_left`; names what became complete."""
    filling = {
        pair: state for pair, state in page.start.coverage.items() if state is not None and pair not in page.left
    }
    filling |= page.joined
    order = sorted(filling, key=fill_order)
    totals = page.look.totals
    page.filled = [
        pair for pair in order if pair not in totals or (totals[pair].count == 0 and not filling[pair].is_tail)
    ]
    waiting = [pair for pair in order if pair not in page.filled]
    while waiting and bytes_left > 0:
        rows_each = _rows_for(bytes_left, totals[waiting[0]])
        part = _first_part(waiting, totals, rows_each)
        rows = await snapshot.fill([(pair, filling[pair]) for pair in part], rows_each=rows_each)
        for pair, found in _by_pair(rows, part):
            if bytes_left <= 0:
                break
            taken, bytes_left = _take(found, bytes_left)
            page.fills += taken
            if len(found) < rows_each and len(taken) == len(found):
                page.filled.append(pair)
                waiting.remove(pair)
            else:
                bytes_left = 0
    page.more = bool(waiting)


def _rows_for(bytes_left: int, total: "Total") -> int:
    """About how many rows of this pair make so many bytes."""
    average = max(1, total.bytes // max(1, total.count))
    return max(FILL_ROWS_MIN, min(FILL_ROWS_MAX, bytes_left * 5 // (4 * average) + 1))


def _first_part(waiting: list[Pair], totals: dict[Pair, "Total"], rows: int) -> list[Pair]:
    """As many pairs as hold about `rows` rows together, one at least: small pairs share a statement."""
    part: list[Pair] = []
    for pair in waiting:
        part.append(pair)
        rows -= totals[pair].count
        if rows <= 0:
            break
    return part


def _by_pair(rows: list["LogRow"], part: Sequence[Pair]) -> list[tuple[Pair, list["LogRow"]]]:
    """Each pair's rows by position, in the order of `part`."""
    rows.sort(key=_position)
    if len(part) == 1:
        return [(part[0], rows)]
    found: dict[Pair, list[LogRow]] = {pair: [] for pair in part}
    for row in rows:
        found[row.bucket, row.tier].append(row)
    return list(found.items())


def _take(rows: list["LogRow"], bytes_left: int) -> tuple[list["LogRow"], int]:
    """Rows until the bytes are used, and how many are left; one row at least, so that an oversize one travels alone."""
    for count, row in enumerate(rows, start=1):
        bytes_left -= len(row.line)
        if bytes_left <= 0:
            return rows[:count], bytes_left
    return rows, bytes_left
