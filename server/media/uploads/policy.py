"""Who may send which files, how large, and how many. Pure: no session, no clock.

Types are the sender's claim here; what a file really is, is seen when it has come.
"""

from dataclasses import dataclass
from typing import Literal

from server.base.actor import Actor
from server.base.errors import Forbidden, TooLarge, TooMany, Unsupported
from server.media.uploads.schemas import Purpose

Kind = Literal["image", "document", "audio", "video", "captions", "questions", "archive"]

MB = 1024 * 1024
GB = 1024 * MB
BYTES_MAX: dict[Kind, int] = {
    "image": 10 * MB,
    "document": 64 * MB,
    "audio": 50 * MB,
    "video": 2 * GB,
    "captions": 2 * MB,
    "questions": 10 * MB,
    "archive": 200 * MB,
}
_OFFICE = "application/vnd.openxmlformats-officedocument."
KINDS: dict[str, Kind] = {
    "image/jpeg": "image",
    "image/png": "image",
    "image/webp": "image",
    "image/gif": "image",
    "image/avif": "image",
    "video/mp4": "video",
    "video/webm": "video",
    "video/quicktime": "video",
    "video/x-matroska": "video",
    "video/3gpp": "video",
    "audio/mpeg": "audio",
    "audio/mp4": "audio",
    "audio/aac": "audio",
    "audio/ogg": "audio",
    "audio/opus": "audio",
    "audio/wav": "audio",
    "audio/webm": "audio",
    "audio/flac": "audio",
    "application/pdf": "document",
    f"{_OFFICE}wordprocessingml.document": "document",
    f"{_OFFICE}presentationml.presentation": "document",
    f"{_OFFICE}spreadsheetml.sheet": "document",
    "application/vnd.oasis.opendocument.text": "document",
    "application/vnd.oasis.opendocument.presentation": "document",
    "application/vnd.oasis.opendocument.spreadsheet": "document",
    "text/vtt": "captions",
    "application/x-subrip": "captions",
    "text/plain": "questions",
    "text/csv": "questions",
    "text/xml": "questions",
    "application/xml": "questions",
    "application/zip": "archive",
}
SAME_TYPES = {  # Other names of the same, as browsers and systems give them.
    "image/jpg": "image/jpeg",
    "audio/mp3": "audio/mpeg",
    "audio/x-m4a": "audio/mp4",
    "audio/m4a": "audio/mp4",
    "audio/x-wav": "audio/wav",
    "audio/vnd.wave": "audio/wav",
    "audio/x-flac": "audio/flac",
    "video/x-m4v": "video/mp4",
    "application/x-zip-compressed": "application/zip",
    "application/x-pdf": "application/pdf",
    "text/srt": "application/x-subrip",
    "text/markdown": "text/plain",
}
BY_ENDING = {  # Where the sender's system knows no type.
    "gift": "text/plain",
    "txt": "text/plain",
    "md": "text/plain",
    "csv": "text/csv",
    "xml": "text/xml",
    "imscc": "application/zip",
    "zip": "application/zip",
    "vtt": "text/vtt",
    "srt": "application/x-subrip",
    "m4a": "audio/mp4",
    "mkv": "video/x-matroska",
    "opus": "audio/opus",
    "avif": "image/avif",
}
_SHOWN: frozenset[Kind] = frozenset({"image", "document", "audio", "video", "captions", "archive"})
KINDS_OF: dict[Purpose, frozenset[Kind]] = {
    "course": _SHOWN,
    "library": _SHOWN,
    "question": frozenset({"image", "audio", "document"}),
    "import": frozenset({"archive", "questions"}),
}

PARTS_AT_ONCE = 3  # of one person
PARTS_A_PROCESS = 16  # 4 MiB each at the most


class NotYourPurpose(Forbidden):
    """You may not send files for this."""

    code = "upload.forbidden"


class TypeNotTaken(Unsupported):
    """Files of this type are not taken here."""

    code = "upload.type"


class FileTooLarge(TooLarge):
    """The file is larger than we take of this type."""

    code = "upload.too_large"


class QuotaUsed(TooMany):
    """You have sent as much as one may in a day; go on tomorrow."""

    code = "upload.quota"


class TooManyOpen(TooMany):
    """Too many of your files are under way; let some end, or cancel them."""

    code = "upload.too_many"


@dataclass(frozen=True)
class Allowance:
    """How much one person may send."""

    day_bytes: int
    open_max: int


STUDENT = Allowance(day_bytes=500 * MB, open_max=5)
EDUCATOR = Allowance(day_bytes=20 * GB, open_max=20)


def allowance_of(actor: Actor) -> Allowance:
    return EDUCATOR if actor.is_admin or actor.has("educator") else STUDENT


def may_send(actor: Actor, purpose: Purpose, *, is_verified: bool) -> bool:
    """Anybody asks questions; educators write courses and share; who imports was checked by staff (ACL-02)."""
    if purpose == "question":
        return True
    if actor.is_admin:
        return True
    return actor.has("educator") and (is_verified or purpose != "import")


def type_of(name: str, mime: str) -> str:
    """The claimed type in one spelling; by the ending where the sender's system knew none."""
    plain = mime.partition(";")[0].strip().lower()
    if plain in ("", "application/octet-stream"):
        return BY_ENDING.get(name.rpartition(".")[2].lower(), plain)
    return SAME_TYPES.get(plain, plain)


def check_type(purpose: Purpose, name: str, mime: str, size: int) -> str:
    """The type, if a file of it and of this size is taken for this purpose. Raises TypeNotTaken, FileTooLarge."""
    type_ = type_of(name, mime)
    kind = KINDS.get(type_)
    if purpose == "import" and name.rpartition(".")[2].lower() in {"imscc", "zip"}:
        kind = "archive"
    if purpose != "import" and type_ == "text/plain":
        kind = "captions"  # Notes weigh as little, and systems call captions so too.
    if kind is None or kind not in KINDS_OF[purpose]:
        raise TypeNotTaken(f"{type_[:100] or 'A file of unknown type'} is not taken here; send a common format of it.")
    if size > BYTES_MAX[kind]:
        raise FileTooLarge(f"The file has {_mb(size)} MB; of this type we take {_mb(BYTES_MAX[kind])} MB at the most.")
    return type_


def _mb(size: int) -> str:
    return f"{-(-size // MB)}"


def check_allowance(allowance: Allowance, *, size: int, sent_today: int, open_count: int) -> None:
    """Raises TooManyOpen, QuotaUsed."""
    if open_count >= allowance.open_max:
        raise TooManyOpen(
            f"{open_count} of your files are under way, which is the most; let some end, or cancel them.",
            retry_after_s=60,
        )
    if sent_today + size > allowance.day_bytes:
        raise QuotaUsed(
            f"A day takes {_mb(allowance.day_bytes)} MB of you, {_mb(sent_today)} MB are used; send this one tomorrow.",
            retry_after_s=3600,
        )


def part_bytes_of(size: int) -> int:
    """Small parts for what phones send, larger ones where there would be thousands."""
    if size <= 256 * MB:
        return MB
    return 2 * MB if size <= GB else 4 * MB
