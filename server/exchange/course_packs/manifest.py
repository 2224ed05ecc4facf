"""`pack.json`: what a pack holds, each part by its SHA-256, signed as a whole. Format: `docs/reference/packs.md`."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec
from msgspec import Struct

from server.base.signing import Signature, Signer
from server.media.quality import Quality
from sync.files import BASE_DAYS_MAX

FORMAT = 2
PURPOSE = b"spark-pack"
ABOUT, SIGNATURE = "pack.json", "pack.sig"  # names in the zip


class PackedChunk(NamedTuple):
    sha256: str
    bytes: int
    rows: int


class PackedSet(Struct, frozen=True):
    """One set's base files: all of its rows at a position of the log."""

    bucket: str
    tier: int
    base: int
    chunks: list[PackedChunk]


class PackedFile(Struct, frozen=True):
    sha256: str
    bytes: int
    mime: str


class PackedCourse(Struct, frozen=True):
    id: UUID
    title: str
    revision: int


class Manifest(Struct, frozen=True):
    format: int
    course: PackedCourse
    quality: Quality
    made_at: datetime
    expires_at: datetime  # Until then a phone shows these rows before it has asked the server.
    sets: list[PackedSet]
    files: list[PackedFile]
    missing: list[PackedFile] = []  # Rows name them, and the store has lost them: phones fetch them once they are back.


class SignedManifest(NamedTuple):
    body: bytes  # as it was signed: never written anew
    signature: Signature


def expires_at(made_at: datetime) -> datetime:
    """As long as a base is offered: what the pack holds of it is not fetched again."""
    return made_at + timedelta(days=BASE_DAYS_MAX)


def signed(manifest: Manifest, signer: Signer) -> SignedManifest:
    body = msgspec.json.encode(manifest)
    return SignedManifest(body, signer.sign(PURPOSE, body))
