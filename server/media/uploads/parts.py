"""One part coming in: what comes is kept in pieces, so that a link that is cut costs what was on the wire.

    body ─► buffer ─► piece, an object under temp/ ─► row: kept up to here        every 3 s, at a cut, at the end
                                        └ when the part is whole, its hash is compared first

A piece's key is used once, so two who send the same part at once never write over each other: the row says which pieces
count, and the slower one goes on behind what the faster one brought.
"""

import asyncio
import hashlib
import secrets
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from server.base.errors import NotFound
from server.base.storage import Storage
from server.base.work import Work
from server.media.uploads.errors import Closed, PartDamaged, PartNumber, PartSize, PartTaken, WrongOffset
from server.media.uploads.places import UnderWay
from server.media.uploads.sessions import KEPT, Session

FLUSH_S = 3.0
FLUSH_BYTES_MIN = 4_096  # Less is not worth an object.
PIECES_MAX = 256  # of a part; a link that is cut more often sends it anew
TOUCH_S = 3600  # How exactly a session knows when bytes came last.
PIECE_TYPE = "application/octet-stream"

_READ = text(
    "select u.owner_id, u.bytes, u.part_bytes, u.state, coalesce(p.received_bytes, 0) as received,"
    " coalesce(p.pieces, '{}') as pieces, p.sha256, p.completed_at is not null as is_whole"
    " from media_uploads u left join media_upload_parts p on p.upload_id = u.id and p.number = :number"
    " where u.id = :id and u.deleted_at is null"
)
_ADD = text(
    "insert into media_upload_parts (upload_id, number, received_bytes, pieces, sha256, completed_at)"
    " select :id, :number, :end, array[cast(:piece as text)], cast(:sha256 as text), cast(:whole_at as timestamptz)"
    " from media_uploads where id = :id and state = 'receiving'"
    " on conflict (upload_id, number) do update set received_bytes = excluded.received_bytes,"
    " pieces = excluded.pieces, sha256 = excluded.sha256, completed_at = excluded.completed_at"
    " where media_upload_parts.received_bytes = 0 returning received_bytes"
)
_EXTEND = text(
    "update media_upload_parts p set received_bytes = :end, pieces = p.pieces || cast(:piece as text),"
    " sha256 = cast(:sha256 as text), completed_at = cast(:whole_at as timestamptz)"
    " from media_uploads u where u.id = p.upload_id and u.state = 'receiving' and p.upload_id = :id"
    " and p.number = :number and p.pieces = cast(:before as text[]) and p.completed_at is null"
    " returning p.received_bytes"
)
_DROP = text(
    "update media_upload_parts set received_bytes = 0, pieces = '{}' where upload_id = :id and number = :number"
    " and pieces = cast(:before as text[]) and completed_at is null"
)
_TOUCH = text(
    "update media_uploads set touched_at = :now, expires_at = :until where id = :id and state = 'receiving'"
    " and touched_at < :before"
)


class SenderGone(Exception):
    """The link was cut. What came before is kept."""


def piece_key(upload_id: UUID, number: int, piece: str) -> str:
    """Under which object a piece lies; `piece` is what the row keeps of it."""
    return f"temp/{upload_id}/{number:05d}.{piece}"


@dataclass
class Kept:
    """What is kept of one part."""

    session: Session
    number: int
    received: int
    pieces: list[str]
    sha256: str | None
    is_whole: bool

    @property
    def size(self) -> int:
        return self.session.size_of(self.number)


async def read_kept(work: Work, upload_id: UUID, number: int) -> Kept | None:
    """None when there is no such session. Raises PartNumber."""
    async with work.database.transaction() as tx:
        row = (await tx.db.execute(_READ, {"id": upload_id, "number": number})).one_or_none()
    if row is None:
        return None
    session = Session(upload_id, row.owner_id, row.bytes, row.part_bytes, row.state)
    if not 0 <= number < session.parts_count:
        raise PartNumber(f"The file has the parts 0 to {session.parts_count - 1}; {number} is none of them.")
    return Kept(session, number, row.received, list(row.pieces), row.sha256, row.is_whole)


def check_part(kept: Kept, *, offset: int, sha256: str | None, length: int | None) -> int | None:
    """How many bytes of the body are here already and are passed over; None for a part that is here, whole.

    A browser whose connection was cut may repeat a request by itself, as it was: it begins before what is kept.
    `length` is None where it is not known before. Raises Closed, PartTaken, WrongOffset, PartSize.
    """
    if kept.is_whole:
        if sha256 is not None and sha256 != kept.sha256:
            raise PartTaken
        return None
    if kept.session.state != "receiving":
        raise Closed(f"This upload is {kept.session.state}; it takes nothing more.")
    if not 0 <= offset <= kept.received:
        raise WrongOffset(kept.received)
    if length is not None and length != kept.size - offset:
        raise PartSize(
            f"Part {kept.number} has {kept.size} bytes, {kept.size - offset} from there; these are {length}."
        )
    return kept.received - offset


async def receive_part(
    work: Work, session: Session, number: int, offset: int, sha256: str | None, stream: AsyncIterator[bytes]
) -> None:
    """Take a part from `offset` on; without `sha256` it is not compared. A stream that breaks off keeps what came.

    A body that ends early is kept likewise. Raises what `check_part` does, PartDamaged, and what the stream raises.
    """
    kept = await read_kept(work, session.id, number)
    if kept is None:
        raise Closed
    passed_over = check_part(kept, offset=offset, sha256=sha256, length=None)
    if passed_over is not None:
        await Receiving(work, kept, sha256, passes_over=passed_over).run(stream)


class Receiving:
    """One body, from the byte that is kept to the end of the part."""

    def __init__(
        self,
        work: Work,
        kept: Kept,
        sha256: str | None,
        under_way: UnderWay | None = None,
        *,
        passes_over: int = 0,  # bytes at the beginning of the body
    ) -> None:
        self._work = work
        self._passes_over = passes_over
        self._under_way = under_way or UnderWay()
        self._kept = kept
        self._sha256 = sha256
        self._buffer = bytearray()
        self._flush_at = time.monotonic() + FLUSH_S

    @property
    def _end(self) -> int:
        return self._kept.received + len(self._buffer)

    async def run(self, stream: AsyncIterator[bytes]) -> None:
        """Raises PartSize, PartDamaged, Closed, WrongOffset, and what the stream raises."""
        try:
            async for chunk in _with_pauses(stream, lambda: self._flush_at, self._under_way.asked):
                self._take(chunk or b"")
                if chunk:
                    self._under_way.moved_at = time.monotonic()
                if self._end == self._kept.size:
                    await self._finish()
                    return
                if time.monotonic() >= self._flush_at or self._under_way.asked.is_set():
                    await self._answer()
                    if self._kept.is_whole:
                        return
        except BaseException as error:
            if not isinstance(error, PartSize | PartDamaged | PartTaken | Closed | WrongOffset):
                await asyncio.shield(self._flush())
            raise
        if self._end == self._kept.size:  # All of it was kept when the store failed us at the very end.
            await self._finish()
            return
        await self._flush()
        raise PartSize(f"Part {self._kept.number} has {self._kept.size} bytes; {self._end} came, and are kept.")

    async def _answer(self) -> None:
        """Keep what came, by the clock or because somebody asked. Raises WrongOffset when another request took over."""
        await self._flush()
        self._under_way.asked.clear()
        self._under_way.kept.set()
        if self._under_way.is_over and not self._kept.is_whole:
            raise WrongOffset(self._kept.received)

    def _take(self, chunk: bytes) -> None:
        if self._passes_over:
            passed_over = min(self._passes_over, len(chunk))
            self._passes_over -= passed_over
            chunk = chunk[passed_over:]
        if self._end + len(chunk) > self._kept.size:
            raise PartSize(f"Part {self._kept.number} has {self._kept.size} bytes; these are more.")
        self._buffer += chunk

    async def _flush(self) -> None:
        """Keep what came so far, if it is worth it."""
        self._flush_at = time.monotonic() + FLUSH_S
        if len(self._buffer) >= FLUSH_BYTES_MIN and len(self._kept.pieces) < PIECES_MAX:
            await self._keep(None)

    async def _finish(self) -> None:
        """The part is whole: compare its hash, then keep it. Raises PartDamaged."""
        while not self._kept.is_whole:
            sha256 = await self._hash()
            if self._sha256 is not None and sha256 != self._sha256:
                await self._drop()
                raise PartDamaged
            await self._keep(sha256)

    async def _hash(self) -> str:
        whole = hashlib.sha256()
        for piece in self._kept.pieces:
            key = piece_key(self._kept.session.id, self._kept.number, piece)
            try:
                async for chunk in self._work.storage.read(key):
                    whole.update(chunk)
            except NotFound:  # Gone from the store: it has to be sent again.
                await self._drop()
                raise PartDamaged from None
        await asyncio.to_thread(whole.update, self._buffer)
        return whole.hexdigest()

    async def _keep(self, sha256: str | None) -> None:
        """Write the buffer as a piece, and say so in the row; with `sha256` the part is whole.

        When somebody else brought bytes meanwhile, the buffer holds after it what is still new.
        Raises Closed, WrongOffset, PartTaken.
        """
        kept = self._kept
        start, end = kept.received, self._end
        piece = f"{start:08d}-{end:08d}-{secrets.token_hex(8)}"
        key = piece_key(kept.session.id, kept.number, piece)
        await self._work.storage.put(key, bytes(self._buffer), media_type=PIECE_TYPE)
        if await self._note(piece, end=end, sha256=sha256):
            kept.received, kept.pieces, kept.is_whole = end, [*kept.pieces, piece], sha256 is not None
            self._buffer.clear()
        else:
            await self._work.storage.remove(key)
            await self._catch_up()

    async def _note(self, piece: str, *, end: int, sha256: str | None) -> bool:
        """Whether the row is still as it was read, and says now that the piece is kept."""
        kept = self._kept
        async with self._work.database.transaction() as tx:
            values = {
                "id": kept.session.id,
                "number": kept.number,
                "end": end,
                "piece": piece,
                "sha256": sha256,
                "whole_at": None if sha256 is None else tx.now,
                "before": kept.pieces,
            }
            done = (await tx.db.execute(_EXTEND if kept.pieces else _ADD, values)).one_or_none()
            touch = {"before": tx.now - timedelta(seconds=TOUCH_S), "now": tx.now, "until": tx.now + KEPT}
            await tx.db.execute(_TOUCH, {"id": kept.session.id, **touch})
        return done is not None

    async def _catch_up(self) -> None:
        """Go on behind what another request of the same part brought meanwhile."""
        kept = self._kept
        now = await read_kept(self._work, kept.session.id, kept.number)
        if now is None or now.session.state != "receiving":
            raise Closed
        if now.is_whole and self._sha256 not in (None, now.sha256):
            raise PartTaken
        if not kept.received <= now.received <= (kept.size if now.is_whole else self._end):
            raise WrongOffset(now.received)
        del self._buffer[: now.received - kept.received]
        self._kept = now

    async def _drop(self) -> None:
        """Begin this part anew: which of its bytes are wrong nobody knows."""
        kept = self._kept
        async with self._work.database.transaction() as tx:
            values = {"id": kept.session.id, "number": kept.number, "before": kept.pieces}
            await tx.db.execute(_DROP, values)
        await remove_pieces(self._work.storage, kept)


async def remove_pieces(storage: Storage, kept: Kept) -> None:
    for piece in kept.pieces:
        await storage.remove(piece_key(kept.session.id, kept.number, piece))


async def _with_pauses(
    stream: AsyncIterator[bytes], pause_at: Callable[[], float], asked: asyncio.Event
) -> AsyncIterator[bytes | None]:
    """The same chunks, and None when `pause_at` has come, or somebody asked, and no chunk: who stalls loses nothing."""
    chunks = aiter(stream)
    calling = asyncio.ensure_future(asked.wait())
    try:
        while True:
            coming = asyncio.ensure_future(_next(chunks))
            try:
                while not coming.done():
                    pause_s = max(0.0, pause_at() - time.monotonic())
                    await asyncio.wait({coming, calling}, timeout=pause_s, return_when=asyncio.FIRST_COMPLETED)
                    if not coming.done():
                        yield None
                    if calling.done():
                        calling = asyncio.ensure_future(asked.wait())
                chunk = coming.result()
            finally:
                coming.cancel()
            if chunk is None:
                return
            yield chunk
    finally:
        calling.cancel()


async def _next(chunks: AsyncIterator[bytes]) -> bytes | None:
    return await anext(chunks, None)
