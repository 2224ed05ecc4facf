"""A folder of backups: what lies where in it, and when one of them is whole.

FOLDER/
  objects/ab/ab3f…            each object once, by the SHA-256 of its bytes, shared by all backups
  2026-11-21T14-05-33Z/       one backup; it has this name only once it is whole
    postgres/                 a data folder as pg_basebackup leaves it, with its own manifest
    objects.ndjson            key, bytes, sha256, stamp of each object
    secrets/                  the installation's: without them nobody opens the database or reads a token
    manifest.json             written last
"""

import fcntl
import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

FORMAT = 1
PARTIAL = ".partial-"
NAME_FORMAT = "%Y-%m-%dT%H-%M-%SZ"


class BackupError(RuntimeError):
    """The backup cannot be made or used; the message says why, and the remedy."""


class KeptObject(msgspec.Struct, frozen=True):
    """A line of objects.ndjson."""

    key: str
    bytes: int
    sha256: str
    stamp: str


class LogHead(msgspec.Struct, frozen=True):
    """How far the log had come when the copy began; the copy is a little newer."""

    epoch: int
    position: int
    tag: str
    at: datetime


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    format: int
    begun_at: datetime
    ended_at: datetime
    postgres: str  # the server's version
    database_bytes: int
    log: LogHead
    objects: int
    object_bytes: int
    objects_sha256: str  # of objects.ndjson


@dataclass(frozen=True)
class Backup:
    """One whole backup."""

    folder: Path
    manifest: Manifest

    @property
    def postgres(self) -> Path:
        return self.folder / "postgres"

    @property
    def secrets(self) -> Path:
        return self.folder / "secrets"

    def object_path(self, kept: KeptObject) -> Path:
        return object_path(self.folder.parent, kept.sha256)

    def objects(self) -> list[KeptObject]:
        """Raises BackupError when the list is not the one that was written."""
        raw = (self.folder / "objects.ndjson").read_bytes()
        if hashlib.sha256(raw).hexdigest() != self.manifest.objects_sha256:
            raise BackupError(f"{self.folder} is damaged: objects.ndjson was changed; use another backup")
        return [msgspec.json.decode(line, type=KeptObject) for line in raw.splitlines()]


def object_path(root: Path, sha256: str) -> Path:
    if len(sha256) != 64 or set(sha256) - set("0123456789abcdef"):
        raise BackupError(f"{sha256[:80]!r} is no SHA-256; the backup is damaged")
    return root / "objects" / sha256[:2] / sha256


def backups_in(root: Path) -> list[Backup]:
    """The whole ones, the oldest first."""
    found = [_read(path) for path in sorted(root.iterdir()) if (path / "manifest.json").exists()]
    return [backup for backup in found if not backup.folder.name.startswith(PARTIAL)]


def find_backup(folder: Path) -> Backup:
    """The backup in `folder`, or the newest of those below it. Raises BackupError."""
    if (folder / "manifest.json").exists() and not folder.name.startswith(PARTIAL):
        return _read(folder)
    found = backups_in(folder) if folder.is_dir() else []
    if not found:
        raise BackupError(f"there is no whole backup in {folder}: name the folder that was given to `spark backup`")
    return found[-1]


def _read(folder: Path) -> Backup:
    try:
        manifest = msgspec.json.decode((folder / "manifest.json").read_bytes(), type=Manifest)
    except msgspec.MsgspecError as error:
        raise BackupError(f"{folder} is damaged: its manifest cannot be read ({error}); use another backup") from error
    if manifest.format != FORMAT:
        raise BackupError(f"{folder} was made by another release (format {manifest.format}): restore it with that one")
    return Backup(folder, manifest)


@contextmanager
def held(root: Path) -> Iterator[None]:
    """Nobody else makes a backup there meanwhile; what a broken one left is cleared away. Raises BackupError."""
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = (root / ".lock").open("w")
    except OSError as problem:
        raise BackupError(f"{root} cannot be written ({problem.strerror}): name a folder of yours") from problem
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupError(f"another backup is being made in {root}: wait for its end") from None
        for path in root.glob(f"{PARTIAL}*"):
            shutil.rmtree(path)
        yield


def name_of(at: datetime) -> str:
    return at.astimezone(UTC).strftime(NAME_FORMAT)
