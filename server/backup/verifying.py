"""Whether a copy of a data folder is the one that pg_basebackup made: every file against its manifest, and the WAL.

Ours, because the `pg_verifybackup` of the embedded binaries does not run everywhere. Source: PostgreSQL 18, "Backup
Manifest Format".
"""

import hashlib
from pathlib import Path

import msgspec

from server.backup.folder import BackupError
from server.backup.objects import BadKey, checked, sha256_of

ALGORITHM = "SHA256"
WAL_SEGMENT_BYTES = 16 * 1024 * 1024  # The least there is; larger ones have names that we find as well.


class _File(
    msgspec.Struct, rename={"path": "Path", "size": "Size", "algorithm": "Checksum-Algorithm", "sum": "Checksum"}
):
    path: str
    size: int
    algorithm: str = ""
    sum: str = ""


class _Range(msgspec.Struct, rename={"timeline": "Timeline", "start": "Start-LSN"}):
    timeline: int
    start: str


class _Manifest(msgspec.Struct, rename={"files": "Files", "ranges": "WAL-Ranges", "sum": "Manifest-Checksum"}):
    files: list[_File]
    ranges: list[_Range]
    sum: str


def verify_database(folder: Path) -> None:
    """Raises BackupError, naming the first file that is not as it was."""
    manifest = _read_manifest(folder)
    for file in manifest.files:
        path = folder / checked(file.path)
        if file.algorithm != ALGORITHM:
            raise BackupError(f"{folder}: {file.path} has no {ALGORITHM} sum; make the backup with `spark backup`")
        if not path.is_file() or path.stat().st_size != file.size or sha256_of(path) != file.sum:
            raise _damaged(folder, f"{file.path} is not what it was")
    for needed in manifest.ranges:
        _find_wal(folder, needed)


def _read_manifest(folder: Path) -> _Manifest:
    try:
        raw = (folder / "backup_manifest").read_bytes()
        manifest = msgspec.json.decode(raw, type=_Manifest)
    except (OSError, msgspec.MsgspecError, BadKey) as error:
        raise _damaged(folder, f"its manifest cannot be read ({error})") from error
    summed = raw[: raw.rindex(b'"Manifest-Checksum"')]
    if hashlib.sha256(summed).hexdigest() != manifest.sum:
        raise _damaged(folder, "its manifest was changed")
    return manifest


def _find_wal(folder: Path, needed: _Range) -> None:
    """The segment in which the replay begins must be there; what follows is checked as it is replayed."""
    high, _, low = needed.start.partition("/")
    segments = sorted(path for path in (folder / "pg_wal").glob(f"{needed.timeline:08X}*") if len(path.name) == 24)
    size = segments[0].stat().st_size if segments else WAL_SEGMENT_BYTES
    number = ((int(high, 16) << 32) | int(low, 16)) // max(size, 1)
    each = 2**32 // max(size, 1)
    name = f"{needed.timeline:08X}{number // each:08X}{number % each:08X}"
    if not any(path.name == name for path in segments):
        raise _damaged(folder, f"the WAL {name} is missing")


def _damaged(folder: Path, why: str) -> BackupError:
    return BackupError(f"{folder} is damaged: {why}; use another backup")
