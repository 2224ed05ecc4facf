"""Which jobs make the renditions of a file, in which lane, how heavy. Pure but for `tx.later`."""

from uuid import UUID

from server.base.tx import Tx
from server.media.renditions.payloads import MakeFilm, MakeRendition

LARGE_BYTES = 50 * 1024 * 1024
LARGE_MS = 20 * 60 * 1000  # Some recordings are long and small.
COST = {"v240": 2, "opus": 1, "mp3": 1, "v360": 4}  # By what a rendition of a file of equal size takes.


def is_large(*, size: int, duration_ms: int | None) -> bool:
    return size > LARGE_BYTES or (duration_ms or 0) > LARGE_MS


def make_later(tx: Tx, file_id: UUID, names: list[str], *, size: int, duration_ms: int | None) -> None:
    """A job for each, the smallest first."""
    kind = MakeFilm if is_large(size=size, duration_ms=duration_ms) else MakeRendition
    for name in names:
        tx.later(kind(file_id=file_id, name=name), weight=size * COST.get(name, 1))
