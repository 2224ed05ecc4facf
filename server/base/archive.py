"""A zip file that may be hostile: judged by its directory before it is unpacked, read with limits, never extracted.

ArchiveRefused
  NotAZip · TooManyEntries · TooLargeUnpacked · CompressionBomb · OddCompression
  UnsafeName · DuplicateName · LinkInside · Encrypted
EntryBroken: one file of it cannot be read; the rest can.
"""

import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from server.base.errors import Invalid

DIRECTORY_BYTES_AN_ENTRY = 400
RATIO_FREE_BYTES = 1_000_000  # Small files may be as dense as they like: a page of spaces is no bomb.
NAME_LENGTH_MAX = 400
SHOWN_LENGTH_MAX = 80
CHUNK_BYTES = 256 * 1024

_END = b"PK\x05\x06"
_END_BYTES = 22
_COMMENT_BYTES_MAX = 65_535
_ZIP64_LOCATOR = b"PK\x06\x07"
_ZIP64_LOCATOR_BYTES = 20


class ArchiveRefused(Invalid):
    """The file cannot be taken."""

    code = "archive.refused"


class NotAZip(ArchiveRefused):
    """The file is not a zip file, or it is cut off; export it again and send the whole file."""

    code = "archive.not_a_zip"


class TooManyEntries(ArchiveRefused):
    """The zip file holds more files than we take."""

    code = "archive.too_many_entries"


class TooLargeUnpacked(ArchiveRefused):
    """The zip file is larger unpacked than we take."""

    code = "archive.too_large"


class CompressionBomb(ArchiveRefused):
    """A file in the zip grows too much when unpacked; that is how an attack looks."""

    code = "archive.bomb"


class OddCompression(ArchiveRefused):
    """The zip uses a compression other than deflate; pack it again as an ordinary zip."""

    code = "archive.compression"


class UnsafeName(ArchiveRefused):
    """A file in the zip has a name that leads out of it."""

    code = "archive.unsafe_name"


class DuplicateName(ArchiveRefused):
    """Two files in the zip have the same name."""

    code = "archive.duplicate_name"


class LinkInside(ArchiveRefused):
    """The zip holds a link or a device instead of a file."""

    code = "archive.link"


class Encrypted(ArchiveRefused):
    """The zip is locked with a password; export it without one."""

    code = "archive.encrypted"


class EntryBroken(Exception):
    """One file of the zip cannot be read; the rest can. `code` and the message go into the report."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


@dataclass(frozen=True)
class Limits:
    """What an archive may hold. The defaults are a cartridge's."""

    entries: int = 10_000
    unpacked_bytes: int = 1_000_000_000
    entry_bytes: int = 100_000_000
    ratio: int = 100


CARTRIDGE = Limits()
OTHER = Limits(entries=2_000, unpacked_bytes=500_000_000)


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
            raise EntryBroken("file.too_large", f"{shown(name)} has {entry.file_size} bytes; we take {bytes_max}.")
        try:
            with self.zip.open(entry) as stream:
                content = stream.read(bytes_max + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError) as error:
            raise EntryBroken("file.broken", f"{shown(name)} cannot be unpacked: {error}.") from error
        if len(content) != entry.file_size:
            raise EntryBroken("file.broken", f"{shown(name)} is not as long as the zip says.")
        return content

    def copy(self, name: str, into: Path) -> None:
        """The same onto a disk, for what is too large for memory; never more than the directory said."""
        with into.open("wb") as file:
            self._unpack(name, file.write)

    def check(self, name: str) -> None:
        """The same to nowhere. Raises EntryBroken."""
        self._unpack(name, len)

    def _unpack(self, name: str, take: Callable[[bytes], object]) -> None:
        entry = self.entries[name]
        size = 0
        try:
            with self.zip.open(entry) as stream:
                while chunk := stream.read(CHUNK_BYTES):
                    size += len(chunk)
                    if size > entry.file_size:
                        break
                    take(chunk)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError) as error:
            raise EntryBroken("file.broken", f"{shown(name)} cannot be unpacked: {error}.") from error
        if size != entry.file_size:
            raise EntryBroken("file.broken", f"{shown(name)} is not as long as the zip says.")


@contextmanager
def open_archive(path: Path, limits: Limits = CARTRIDGE) -> Iterator[Archive]:
    """Open and check the directory. Raises an ArchiveRefused that names the first thing that is wrong."""
    _check_directory_size(path, limits)
    try:
        opened = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, struct.error, RuntimeError, UnicodeDecodeError) as error:
        raise NotAZip from error
    with opened:
        yield Archive(zip=opened, entries=_check_entries(opened.infolist(), limits))


def _check_directory_size(path: Path, limits: Limits) -> None:
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
    if entries > limits.entries or directory_bytes > limits.entries * DIRECTORY_BYTES_AN_ENTRY:
        raise TooManyEntries(f"The zip holds {entries} files or more; we take {limits.entries}.")


def _check_entries(infos: list[zipfile.ZipInfo], limits: Limits) -> dict[str, zipfile.ZipInfo]:
    if len(infos) > limits.entries:
        raise TooManyEntries(f"The zip holds {len(infos)} files; we take {limits.entries}.")
    if sum(info.file_size for info in infos) > limits.unpacked_bytes:
        raise TooLargeUnpacked(f"The zip is larger than {limits.unpacked_bytes} bytes when unpacked.")
    entries: dict[str, zipfile.ZipInfo] = {}
    seen: set[str] = set()
    for info in infos:
        _check_entry(info, limits)
        key = unicodedata.normalize("NFC", info.filename)
        if key in seen:
            raise DuplicateName(f"Two files in the zip are called {shown(info.filename)}.")
        seen.add(key)
        if not info.is_dir():
            entries[info.filename] = info
    return entries


def _check_entry(info: zipfile.ZipInfo, limits: Limits) -> None:
    name = info.filename
    # zipfile cuts a name at a zero byte and turns backslashes on Windows: judge what the zip really says.
    if is_unsafe(info.orig_filename) or is_unsafe(name):
        raise UnsafeName(f"A file in the zip is called {shown(info.orig_filename)}, which leads out of it.")
    if info.flag_bits & 0x1:
        raise Encrypted
    mode = info.external_attr >> 16
    if stat.S_IFMT(mode) not in {0, stat.S_IFREG, stat.S_IFDIR}:
        raise LinkInside(f"{shown(name)} in the zip is a link or a device, not a file.")
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise OddCompression
    if info.file_size > limits.entry_bytes:
        raise TooLargeUnpacked(f"{shown(name)} has {info.file_size} bytes; we take {limits.entry_bytes}.")
    if info.file_size > RATIO_FREE_BYTES and info.file_size > limits.ratio * max(1, info.compress_size):
        raise CompressionBomb(f"{shown(name)} grows more than {limits.ratio} times when unpacked.")


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


def shown(name: str) -> str:
    printable = "".join(char if char.isprintable() else "?" for char in name)
    return repr(printable[:SHOWN_LENGTH_MAX])
