"""A zip file that may be hostile: judged by its directory before it is unpacked, read with limits, never extracted."""

import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from server.catalog.cartridge.errors import (
    CompressionBomb,
    DuplicateName,
    Encrypted,
    EntryBroken,
    LinkInside,
    NotAZip,
    OddCompression,
    TooLargeUnpacked,
    TooManyEntries,
    UnsafeName,
)

ENTRIES_MAX = 10_000
DIRECTORY_BYTES_MAX = ENTRIES_MAX * 400
UNPACKED_BYTES_MAX = 1_000_000_000
ENTRY_BYTES_MAX = 100_000_000
RATIO_MAX = 100
RATIO_FREE_BYTES = 1_000_000  # Small files may be as dense as they like: a page of spaces is no bomb.
NAME_LENGTH_MAX = 400
SHOWN_LENGTH_MAX = 80

_END = b"PK\x05\x06"
_END_BYTES = 22
_COMMENT_BYTES_MAX = 65_535
_ZIP64_LOCATOR = b"PK\x06\x07"
_ZIP64_LOCATOR_BYTES = 20


@dataclass(frozen=True)
class Archive:
    """The zip's files by name. Reading is bounded by what the directory said and by `limit`."""

    zip: zipfile.ZipFile
    entries: dict[str, zipfile.ZipInfo]

    def __contains__(self, name: str) -> bool:
        return name in self.entries

    def size_of(self, name: str) -> int:
        return self.entries[name].file_size

    def read(self, name: str, *, bytes_max: int) -> bytes:
        """The whole file. Raises EntryBroken when it is too large, cut, or fails its checksum."""
        entry = self.entries[name]
        if entry.file_size > bytes_max:
            raise EntryBroken("file.too_large", f"{_shown(name)} has {entry.file_size} bytes; we take {bytes_max}.")
        try:
            with self.zip.open(entry) as stream:
                content = stream.read(bytes_max + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError) as error:
            raise EntryBroken("file.broken", f"{_shown(name)} cannot be unpacked: {error}.") from error
        if len(content) != entry.file_size:
            raise EntryBroken("file.broken", f"{_shown(name)} is not as long as the zip says.")
        return content


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open and check the directory. Raises a CartridgeRefused that names the first thing that is wrong."""
    _check_directory_size(path)
    try:
        opened = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, struct.error, RuntimeError, UnicodeDecodeError) as error:
        raise NotAZip from error
    with opened:
        yield Archive(zip=opened, entries=_check_entries(opened.infolist()))


def _check_directory_size(path: Path) -> None:
    """Look at the end record alone: the directory of a million names is refused before it is read into memory."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        tail_bytes = min(size, _END_BYTES + _COMMENT_BYTES_MAX + _ZIP64_LOCATOR_BYTES)
        file.seek(size - tail_bytes)
        tail = file.read(tail_bytes)
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_BYTES:
        raise NotAZip
    if tail[max(0, at - _ZIP64_LOCATOR_BYTES) : at].startswith(_ZIP64_LOCATOR):
        raise TooManyEntries("The zip is in the zip64 format, for more or larger files than we take.")
    entries, directory_bytes = struct.unpack_from("<HI", tail, at + 10)
    if entries > ENTRIES_MAX or directory_bytes > DIRECTORY_BYTES_MAX:
        raise TooManyEntries(f"The zip holds {entries} files or more; we take {ENTRIES_MAX}.")


def _check_entries(infos: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    if len(infos) > ENTRIES_MAX:
        raise TooManyEntries(f"The zip holds {len(infos)} files; we take {ENTRIES_MAX}.")
    if sum(info.file_size for info in infos) > UNPACKED_BYTES_MAX:
        raise TooLargeUnpacked(f"The zip is larger than {UNPACKED_BYTES_MAX} bytes when unpacked.")
    entries: dict[str, zipfile.ZipInfo] = {}
    seen: set[str] = set()
    for info in infos:
        _check_entry(info)
        key = unicodedata.normalize("NFC", info.filename)
        if key in seen:
            raise DuplicateName(f"Two files in the zip are called {_shown(info.filename)}.")
        seen.add(key)
        if not info.is_dir():
            entries[info.filename] = info
    return entries


def _check_entry(info: zipfile.ZipInfo) -> None:
    name = info.filename
    # zipfile cuts a name at a zero byte and turns backslashes on Windows: judge what the zip really says.
    if is_unsafe(info.orig_filename) or is_unsafe(name):
        raise UnsafeName(f"A file in the zip is called {_shown(info.orig_filename)}, which leads out of it.")
    if info.flag_bits & 0x1:
        raise Encrypted
    mode = info.external_attr >> 16
    if stat.S_IFMT(mode) not in {0, stat.S_IFREG, stat.S_IFDIR}:
        raise LinkInside(f"{_shown(name)} in the zip is a link or a device, not a file.")
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise OddCompression
    if info.file_size > ENTRY_BYTES_MAX:
        raise TooLargeUnpacked(f"{_shown(name)} has {info.file_size} bytes; we take {ENTRY_BYTES_MAX}.")
    if info.file_size > RATIO_FREE_BYTES and info.file_size > RATIO_MAX * max(1, info.compress_size):
        raise CompressionBomb(f"{_shown(name)} grows more than {RATIO_MAX} times when unpacked.")


def is_unsafe(name: str) -> bool:
    """Whether a name could mean a place outside the zip, on any system."""
    return (
        not name
        or len(name) > NAME_LENGTH_MAX
        or name.startswith(("/", "~"))
        or "\\" in name
        or ":" in name.partition("/")[0]
        or ".." in name.split("/")
        or any(unicodedata.category(char) in {"Cc", "Cs"} for char in name)
    )


def _shown(name: str) -> str:
    printable = "".join(char if char.isprintable() else "?" for char in name)
    return repr(printable[:SHOWN_LENGTH_MAX])
