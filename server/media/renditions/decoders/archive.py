"""Archives and office files, which are archives: looked through by their directory, never unpacked."""

import stat
import zipfile
from typing import IO

from .refusing import Answer, Refused

ENTRIES_MAX = 2_000
UNPACKED_BYTES_MAX = 500_000_000
RATIO_MAX = 100
RATIO_FREE_BYTES = 1_000_000  # A small file may be all blanks.
NAME_LENGTH_MAX = 500
DIRECTORY_BYTES_MAX = 2_000_000  # Of the archive's end, before it is read: 2,000 entries of a kilobyte.
ACTIVE_NAMES = ("vbaproject.bin", "vbadata.xml")
OFFICE = {"docx": "word/", "pptx": "ppt/", "xlsx": "xl/"}


def decode(stream: IO[bytes], suffix: str) -> Answer:
    """Refuse what could hurt who opens it; say how much is in it."""
    try:
        with zipfile.ZipFile(stream) as opened:
            entries = opened.infolist()
    except (zipfile.BadZipFile, RuntimeError, ValueError, OSError, UnicodeDecodeError) as error:
        raise Refused("file.damaged", "The archive is damaged; make it anew.") from error
    if len(entries) > ENTRIES_MAX:
        raise Refused("archive.too_many_entries", f"The archive has {len(entries)} files; we take {ENTRIES_MAX}.")
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > UNPACKED_BYTES_MAX:
        raise Refused("archive.too_large", f"The archive unpacks to more than {UNPACKED_BYTES_MAX // 10**6} MB.")
    names = [entry.filename.lower() for entry in entries]
    for entry in entries:
        _check(entry)
    if suffix in OFFICE:
        _check_office(names, suffix)
    return {"entries": len(entries), "unpacked": unpacked}


def _check(entry: zipfile.ZipInfo) -> None:
    parts = entry.filename.replace("\\", "/").split("/")
    if entry.filename.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
        raise Refused("archive.bad_path", "A name in the archive leads out of it; make it anew.")
    if len(entry.filename) > NAME_LENGTH_MAX:
        raise Refused("archive.bad_path", "A name in the archive is too long; make it anew.")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise Refused("archive.link", "The archive has links in it; make it anew with the files themselves.")
    if entry.file_size > RATIO_FREE_BYTES and entry.file_size > RATIO_MAX * max(1, entry.compress_size):
        raise Refused("archive.bomb", "The archive unpacks to more than a hundred times its size.")
    if entry.flag_bits & 1:
        raise Refused("archive.encrypted", "The archive is locked with a password; make it anew without one.")


def _check_office(names: list[str], suffix: str) -> None:
    if any(name.endswith(ACTIVE_NAMES) for name in names):
        raise Refused("file.active", "The document has macros in it; save it without them and send that.")
    if not any(name.startswith(OFFICE[suffix]) for name in names):
        raise Refused("file.type_mismatch", f"The file is named .{suffix} and is none; save it as .{suffix} anew.")
