"""One page down: what changed since the cursor, then what is still to be filled.

    look (one statement: head, scope, chain, rows, totals) ─► decide (pure) ─► Page ─► page.py writes it out

Everything of a page comes from one snapshot. The increments stand first and in log order; a page that reaches the
head is a consistent cut, because a row that changed meanwhile has moved on and is sent again. Fills follow by (tier,
bucket, position) and need no snapshot: what changes during a fill has moved beyond its bound and comes with the
increments.
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import md5
from typing import Any, Literal, NamedTuple, Protocol
from uuid import UUID

from sync.cursor import BUCKETS_MAX, TAG_BYTES, Cursor, Filling, Pair
from sync.files import Base, FileWish, Offer
from sync.filling import fill, fill_order, offer_files


@dataclass(frozen=True)
class Bucket:
    number: int
    name: str
    automatic: bool


class LogRow(NamedTuple):  # Ten thousand of them make a page: a tuple costs a third of a frozen dataclass.
    position: int
    bucket: int
    tier: int
    collection: int
    line: bytes


@dataclass(frozen=True)
class Total:
    """What a (bucket, tier) holds at the head; `position` is its newest change."""

    position: int
    count: int
    digest: int
    bytes: int


@dataclass(frozen=True)
class DeviceSeen:
    user_id: UUID
    watermark: int
    watermark_hash: str
    confirmed: int
    is_live: bool  # Neither a tombstone nor revoked.


@dataclass(frozen=True)
class Asked:
    """A request as the pull half reads it. `cursor` of None: the phone holds nothing, or nothing that we can read."""

    user_id: UUID
    device_id: UUID
    cursor: Cursor | None
    is_unreadable: bool = False  # It sent a cursor that is none of ours.
    names: tuple[str, ...] | None = None  # want.buckets; None: as in the cursor
    tier: int = 3
    bytes_wanted: int = 65_536
    check: tuple[tuple[str, int], ...] = ()
    must_answer: bool = False  # It brought ops: never 204.
    files: tuple[FileWish, ...] | None = None  # want.files: sets whose list it asks for; None: it reads no files
    gate: UUID | None = None  # What the store's own question is about; None: it is not asked.

    @property
    def is_quiet(self) -> bool:
        """Nothing but news is wanted: one statement may do."""
        cursor = self.cursor
        is_asking = bool(self.check or self.files)
        return cursor is not None and not is_asking and not cursor.is_filling and not cursor.is_outdated


@dataclass(frozen=True)
class Look:
    """One snapshot of the log, as far as one person and one cursor are concerned."""

    now_ms: int
    head: int
    tag: bytes
    epoch: int
    key: bytes  # seals this user's cursors
    floor: int
    oldest: int  # position of the oldest batch whose tag is kept
    cursor_tag: bytes | None  # of the batch at the cursor's head; None: no such batch, or no longer
    is_cursor_old: bool  # its batch is older than a day
    settled: int
    settled_at: int  # the position at which it was published; 0: never
    device: DeviceSeen | None
    granted: tuple[Bucket, ...]
    covered: tuple[Bucket, ...]  # names of what the cursor covers, granted or not
    totals: dict[Pair, Total]  # of granted pairs that changed since the last cut; of all of them when asked for
    rows: tuple[LogRow, ...]  # increments from the cursor's position
    is_at_head: bool  # `rows` are all there are
    gate: Any = None  # what the store's own question was answered, in the same snapshot


class Snapshot(Protocol):
    """A frozen view: every answer is of the same instant."""

    async def look(self, asked: Asked, *, with_all_totals: bool = False) -> Look: ...

    async def fill(self, parts: Sequence[tuple[Pair, Filling]], *, rows_each: int) -> list[LogRow]:
        """Live rows of each pair above its filling's position, up to its bound; `rows_each` at most, in any order.

        Of a tail, gone lines too.
        """

    async def bases(self, pairs: Sequence[Pair]) -> dict[Pair, Base]:
        """Those whose files are worth offering: on this chain, whole, not old, not below the floor, with a short tail.

        In the order of `pairs`.
        """


class PullStore(Protocol):
    """Raises Outage when the store cannot answer."""

    async def look(self, asked: Asked) -> Look:
        """One statement, hence one snapshot."""

    def snapshot(self) -> AbstractAsyncContextManager[Snapshot]: ...


@dataclass
class Page:
    """What one answer carries, in the order in which it is written."""

    look: Look
    start: Cursor  # where the increments begin; covers what the request's cursor covered and T still holds
    reconcile: list[Pair] = field(default_factory=list)
    is_off_chain: bool = False  # `reconcile` is said even when it is empty: the phone drops all that it holds.
    left: list[Pair] = field(default_factory=list)
    joined: dict[Pair, Filling] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    has_scope: bool = False
    increments: Sequence[LogRow] = ()
    at_head: bool = False
    digests: list[Pair] = field(default_factory=list)  # due at the cut
    fills: list[LogRow] = field(default_factory=list)
    filled: list[Pair] = field(default_factory=list)  # complete with this page
    names: dict[int, str] = field(default_factory=dict)
    files: dict[Pair, Offer] = field(default_factory=dict)
    more: bool = False


@dataclass(frozen=True)
class Again:
    """The answer that only asks for the list of wanted buckets: without it, off the chain, we cannot know them."""

    look: Look


@dataclass(frozen=True)
class Silent:
    """Nothing is new: 204."""

    look: Look


async def pull(store: PullStore, asked: Asked) -> Page | Again | Silent:
    """Read one page. Raises Outage."""
    if asked.is_quiet:
        look = await store.look(asked)
        if not _changes_scope(asked, look) and chain_of(asked, look) == "on":
            return _quiet_page(asked, look)
    async with store.snapshot() as snapshot:
        look = await snapshot.look(asked, with_all_totals=True)
        page = decide(asked, look)
        if isinstance(page, Page):
            await offer_files(snapshot, asked, page)
        if isinstance(page, Page) and page.at_head:
            await fill(snapshot, page, asked.bytes_wanted - sum(len(row.line) for row in page.increments))
    return Silent(look) if isinstance(page, Page) and _is_silent(asked, page) else page


def decide(asked: Asked, look: Look) -> Page | Again:
    """What the page holds, but for the rows of its fills."""
    chain = chain_of(asked, look)
    if chain == "off" and asked.names is None:
        return Again(look)
    is_off = chain == "off"
    cursor = None if is_off else asked.cursor
    wanted, refused = held_buckets(asked, look)
    held = {(bucket.number, tier) for bucket in wanted for tier in range(asked.tier + 1)}
    names = {bucket.number: bucket.name for bucket in (*look.covered, *look.granted)}
    # A number that names nothing can only come from a cursor that somebody made up.
    covered = {} if cursor is None else {pair: state for pair, state in cursor.coverage.items() if pair[0] in names}
    if is_off:  # The phone keeps what it has of these, and compares it: nothing is sent again that it holds.
        covered = dict.fromkeys(sorted(held))
    increments = [] if cursor is None else [row for row in look.rows if (row.bucket, row.tier) in held]
    position = look.head if cursor is None else cursor.position
    if look.rows and not increments and not look.is_at_head:
        position = max(position, look.rows[-1].position)  # All of them lie in buckets above the limit: go past them.
    ungranted = _ungranted(asked, look, wanted)
    start = Cursor(
        epoch=look.epoch,
        head=look.head,
        tag=look.tag[:TAG_BYTES],
        position=position,
        last_cut=look.head if cursor is None else cursor.last_cut,
        is_outdated=cursor is not None and (cursor.is_outdated or chain == "outdated"),
        coverage=dict(covered),
        ungranted=ungranted,
    )
    page = Page(
        look=look,
        start=start,
        reconcile=sorted(held) if is_off else [],
        is_off_chain=is_off,
        left=sorted(pair for pair in covered if pair not in held),
        joined={pair: Filling(bound=position) for pair in sorted(held, key=fill_order) if pair not in covered},
        refused=refused,
        increments=increments,
        at_head=cursor is None or look.is_at_head,
        names=names,
    )
    page.has_scope = cursor is None or bool(page.left or page.joined)
    if page.at_head:
        page.digests = _due(asked, page, start)
    page.more = not page.at_head
    return page


@lru_cache(maxsize=4_096)
def bucket_hash(name: str) -> int:
    """First 64 bits of the MD5 of a bucket's name, signed, as the database keeps it."""
    return int.from_bytes(md5(name.encode(), usedforsecurity=False).digest()[:8], "big", signed=True)


# --- the chain --------------------------------------------------------------------------------------------------


def chain_of(asked: Asked, look: Look) -> Literal["on", "outdated", "off"]:
    """`on`, `outdated` (go on, and check everything at the cut), `off` (this log never was where the phone stands)."""
    cursor = asked.cursor
    if cursor is None:
        return "off" if asked.is_unreadable else "on"
    if not cursor.is_sealed_with(look.key):
        return "off"
    if look.cursor_tag is not None:
        if look.cursor_tag[:TAG_BYTES] != cursor.tag:
            return "off"
    elif cursor.head >= look.oldest or cursor.epoch != look.epoch:
        return "off"
    else:
        return "outdated"
    tails = [state.position for state in cursor.coverage.values() if state is not None and state.is_tail]
    return "outdated" if min([cursor.last_cut, *tails]) < look.floor else "on"


# --- scope ------------------------------------------------------------------------------------------------------


def held_buckets(asked: Asked, look: Look) -> tuple[list[Bucket], list[str]]:
    """T's buckets, and the wanted names that are not granted (as if they did not exist) or are too many.

    Where more are granted than a phone holds, `public` and the caller's own come before all.
    """
    first = ("public", f"user:{asked.user_id}")
    granted = sorted(look.granted, key=lambda b: (b.name not in first, not b.automatic, b.number))
    wanted = granted[:BUCKETS_MAX]
    names = {bucket.name for bucket in wanted}
    return wanted, [name for name in asked.names or () if name not in names]


def _changes_scope(asked: Asked, look: Look) -> bool:
    assert asked.cursor is not None
    wanted, _ = held_buckets(asked, look)
    held = {(bucket.number, tier) for bucket in wanted for tier in range(asked.tier + 1)}
    if held != asked.cursor.coverage.keys():
        return True
    return asked.names is not None and _ungranted(asked, look, wanted) != asked.cursor.ungranted


def _ungranted(asked: Asked, look: Look, wanted: Iterable[Bucket]) -> tuple[int, ...]:
    """The rest of the list, as hashes: the cursor carries all of it, for what may be granted later."""
    granted = {bucket_hash(bucket.name) for bucket in wanted}
    if asked.names is not None:
        hashes = {bucket_hash(name) for name in asked.names}
    else:
        hashes = set(asked.cursor.ungranted if asked.cursor else ())
        hashes |= {bucket_hash(bucket.name) for bucket in look.covered if not bucket.automatic}
    return tuple(sorted(hashes - granted))


# --- digests, silence -------------------------------------------------------------------------------------------


def _quiet_page(asked: Asked, look: Look) -> Page | Silent:
    page = decide(asked, look)
    assert isinstance(page, Page)
    return Silent(look) if _is_silent(asked, page) else page


def _is_silent(asked: Asked, page: Page) -> bool:
    """204: no op, no check, no row, the same coverage, and the phone has seen the end of the page before."""
    cursor = asked.cursor
    return (
        cursor is not None
        and cursor.is_final
        and not (asked.must_answer or asked.check or asked.files or page.is_off_chain or page.left or page.joined)
        and not (page.increments or page.fills or page.filled or page.more)
        and page.look.settled_at <= cursor.last_cut
        and not (page.look.is_cursor_old and page.look.head > cursor.head)  # A newer one would be as old.
        and not page.start.is_outdated
        and page.start.ungranted == cursor.ungranted
    )


def _due(asked: Asked, page: Page, start: Cursor) -> list[Pair]:
    """Full pairs whose digests go with the cut: touched since the last one, on the check list, or all."""
    if page.is_off_chain:
        return page.reconcile
    checked = {(name, tier) for name, tier in asked.check}
    totals = page.look.totals  # A pair without a row has none, if its gone rows were swept: its digest is of nothing.
    return [
        pair
        for pair, state in sorted(start.coverage.items())
        if state is None
        and pair not in page.left
        and (
            start.is_outdated
            or (pair in totals and totals[pair].position > start.last_cut)
            or (page.names[pair[0]], pair[1]) in checked
        )
    ]
