"""A word for the path of a course's files: which course, which day, a seal. No database is asked to read it.

Equal for all who hold the course on that day, so any cache between may keep the answers. Made as those of base files
are (`sync/files.py`), with another key: the one opens nothing of the other.
"""

import base64
import binascii
import hashlib
import hmac
from datetime import datetime, timedelta
from uuid import UUID

from sync.files import CAPABILITY_DAYS, DAY_BYTES, SEAL_BYTES, day_of

ID_BYTES = 16
READ_MAX = 1_000


class CourseCapabilities:
    """Makes and reads them."""

    def __init__(self, signing_key: bytes) -> None:
        self._key = hmac.new(signing_key, b"media", hashlib.sha256).digest()
        self._read: dict[tuple[str, int], UUID] = {}  # Good words of a day: a film asks a hundred times with one.

    def make(self, course_id: UUID, *, now: datetime) -> str:
        claim = course_id.bytes + _day(now).to_bytes(DAY_BYTES, "big")
        return base64.urlsafe_b64encode(claim + self._seal(claim)).rstrip(b"=").decode()

    def read(self, text: str, *, now: datetime) -> UUID | None:
        """The course that it opens; None for one that is not ours, or is past its days."""
        day = _day(now)
        found = self._read.get((text, day)) or self._check(text, day)
        if found is not None:
            if len(self._read) >= READ_MAX:
                self._read.clear()
            self._read[text, day] = found
        return found

    def _check(self, text: str, day: int) -> UUID | None:
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        if len(raw) != ID_BYTES + DAY_BYTES + SEAL_BYTES:
            return None
        claim, seal = raw[:-SEAL_BYTES], raw[-SEAL_BYTES:]
        if not hmac.compare_digest(seal, self._seal(claim)):
            return None
        made = int.from_bytes(claim[ID_BYTES:], "big")
        is_good = made - 1 <= day <= made + CAPABILITY_DAYS  # A day ahead: another process's clock.
        return UUID(bytes=claim[:ID_BYTES]) if is_good else None

    def _seal(self, claim: bytes) -> bytes:
        return hmac.new(self._key, claim, hashlib.sha256).digest()[:SEAL_BYTES]


def ends_at(now: datetime) -> datetime:
    """When a capability of this moment is not good any more."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(days=CAPABILITY_DAYS + 1)


def _day(now: datetime) -> int:
    return day_of(int(now.timestamp() * 1000))
