"""Which jobs make the renditions of a file, in which lane, how heavy. Pure but for `tx.later`."""

from uuid import UUID

from server.base.tx import Tx
from server.media.renditions.film import SIZES
from server.media.renditions.payloads import MakeFilm, MakeRendition

LARGE_BYTES = 50 * 1024 * 1024
LONG_FILM_MS = 60 * 1000  # Ten seconds of two cores; a picture that comes meanwhile should not wait longer.
LONG_SOUND_MS = 20 * 60 * 1000
COST = {"v240": 2, "opus": 1, "mp3": 1, "v360": 4}  # By what a rendition of a file of equal size takes.


def is_long(name: str, *, size: int, duration_ms: int | None) -> bool:
    """Whether it belongs into the lane of films. One that does not say how long it is may be long."""
    if size > LARGE_BYTES or duration_ms is None:
        return True
    return duration_ms > (LONG_FILM_MS if name in SIZES else LONG_SOUND_MS)


def make_later(tx: Tx, file_id: UUID, names: list[str], *, size: int, duration_ms: int | None) -> None:
    """A job for each, the smallest first."""
    for name in names:
        kind = MakeFilm if is_long(name, size=size, duration_ms=duration_ms) else MakeRendition
        tx.later(kind(file_id=file_id, name=name), weight=size * COST.get(name, 1))
