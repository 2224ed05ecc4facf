"""What goes into a course's pack: its sets' base files, and the files that its lessons show in one quality.

Only sets of the course's own bucket: what everybody who learns in it holds. Nobody's own rows, drafts and keys of tests
are in other buckets, and never become files (F12).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Self
from uuid import UUID

import msgspec

from server.base import clock
from server.base.actor import Actor
from server.base.errors import NotFound, TooLarge, Unavailable
from server.base.signing import Signer
from server.base.tx import Tx
from server.base.work import Work
from server.catalog import policy, queries
from server.catalog.models import Course
from server.catalog.pack_routes import PackClosed, files_of_course
from server.exchange.bases import pack
from server.exchange.blobs import StorageBlobs
from server.exchange.course_packs.manifest import (
    FORMAT,
    Manifest,
    PackedChunk,
    PackedCourse,
    PackedFile,
    PackedSet,
    SignedManifest,
    expires_at,
    signed,
)
from server.media.quality import Phone, Quality
from sync.cursor import Pair
from sync.cutting import cut_base
from sync.errors import Outage
from sync.files import Base
from sync.postgres.base_store import Connection, connected, open_cut, read_bases, read_pairs


class PackBusy(Unavailable):
    """The course's rows are being packed by somebody else; try again in a moment."""

    code = "pack.busy"


class PackTooLarge(TooLarge):
    """The pack would be larger than a zip of this kind can be; choose a lower quality."""

    code = "pack.too_large"


@dataclass(frozen=True)
class CoursePack:
    """What a pack will hold, signed."""

    manifest: Manifest
    signed: SignedManifest
    signer: Signer

    @classmethod
    def of(cls, manifest: Manifest, signer: Signer) -> Self:
        return cls(manifest, signed(manifest, signer), signer)

    def without(self, hashes: Collection[str]) -> Self:
        """The same, these files named as missing."""
        here = [file for file in self.manifest.files if file.sha256 not in hashes]
        lost = [file for file in self.manifest.files if file.sha256 in hashes]
        missing = [*self.manifest.missing, *lost]
        return self.of(msgspec.structs.replace(self.manifest, files=here, missing=missing), self.signer)


async def gather(work: Work, actor: Actor, course_id: UUID, quality: Quality, phone: Phone) -> CoursePack:
    """Raises NotFound, PackClosed, PackBusy, Unavailable. Holds no transaction while rows are cut."""
    async with work.database.transaction(actor) as tx:
        course = await open_course(tx, course_id)
        head = PackedCourse(course_id, course.title, course.revision)
        found = await files_of_course(tx, course_id, quality, phone)
    sets = await _sets(work, f"course:{course_id}")
    made_at = clock.now()
    manifest = Manifest(
        format=FORMAT,
        course=head,
        quality=quality,
        made_at=made_at,
        expires_at=expires_at(made_at),
        sets=sets,
        files=[PackedFile(file.sha256, file.bytes, file.mime) for file in found],
    )
    settings = work.settings
    return CoursePack.of(manifest, Signer(settings.signing_key, settings.signing_key_before))


async def open_course(tx: Tx, course_id: UUID) -> Course:
    """Raises NotFound, PackClosed."""
    course = await tx.get_visible(Course, course_id)
    reason = policy.why_closed(tx.actor, await queries.door_of(tx, course), now=tx.now)
    if reason is not None:
        raise PackClosed(fields={"reason": reason})
    if course.published_at is None:
        raise NotFound("The course is not published: there is nothing to carry to others yet.")
    return course


async def _sets(work: Work, bucket: str) -> list[PackedSet]:
    try:
        async with connected(work.settings.database_url) as connection:
            pairs = await read_pairs(connection, bucket)
            bases = await read_bases(connection, [standing.pair for standing in pairs])
            for standing in pairs:
                if standing.pair not in bases or standing.has_moved:
                    bases |= await _cut(work, connection, standing.pair, bases.get(standing.pair))
    except Outage as error:
        raise Unavailable("The course's rows cannot be read just now; try again.") from error
    return [_packed(bucket, pair, base) for pair, base in sorted(bases.items())]


async def _cut(work: Work, connection: Connection, pair: Pair, before: Base | None) -> dict[Pair, Base]:
    """Cut now what nobody has cut, or what has moved since. While somebody is at it: the base before, if any."""
    async with open_cut(connection, pair) as cut:
        if cut is not None:
            return {pair: await cut_base(cut, StorageBlobs(work.storage), pack)}
    if before is None:
        raise PackBusy
    return {pair: before}


def _packed(bucket: str, pair: Pair, base: Base) -> PackedSet:
    chunks = [PackedChunk(chunk.sha256, chunk.bytes, chunk.rows) for chunk in base.chunks]
    return PackedSet(bucket=bucket, tier=pair[1], base=base.position, chunks=chunks)


def chunks_of(sets: Sequence[PackedSet]) -> dict[str, tuple[str, int]]:
    """sha256 → its set's bucket and its bytes, each once, in the order of the sets."""
    return {chunk.sha256: (one.bucket, chunk.bytes) for one in sets for chunk in one.chunks}
