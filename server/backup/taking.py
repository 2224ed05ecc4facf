"""Makes a backup of a running system: the database as a physical copy, then the objects.

The database first: whatever a row of the copy names was in the object store before. Objects that are known by key, size
and stamp from an earlier backup are not fetched again, nor are those that a broken backup had fetched.
"""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from server.backup.folder import (
    FORMAT,
    PARTIAL,
    Backup,
    BackupError,
    KeptObject,
    LogHead,
    Manifest,
    backups_in,
    find_backup,
    held,
    name_of,
    object_path,
)
from server.backup.objects import Entry, Objects, checked
from server.backup.verifying import ALGORITHM, verify_database
from server.backup.witness import PREFIX as WITNESS_PREFIX
from server.embedded.postgres import program
from server.embedded.processes import PLAIN_ENV, Command, shim
from sync.postgres.restoring import read_head

Say = Callable[[str], None]
_PERCENT = re.compile(r"\((\d{1,3})%\)")
PERCENT_STEP = 10  # of the database, between two words about it
OBJECTS_STEP = 500
TEMP_PREFIX = "temp/"  # Parts of uploads: server/media/uploads/parts.py.
_UNCHECKED = (
    "select id from media_uploads where state in ('received', 'checking', 'failed') and file_id is null"
    " and deleted_at is null"
)


@dataclass(frozen=True)
class Source:
    """What is backed up. `url` is of a role that may replicate: the superuser of our own server."""

    url: str
    objects: Objects
    secrets: Path | None  # The installation's folder; None where others keep them.


def take_backup(source: Source, root: Path, say: Say, *, now: datetime) -> Backup:
    """A new backup below `root`. Raises BackupError and StoreAway; then there is none."""
    with held(root):
        final = root / name_of(now)
        if final.exists():
            raise BackupError(f"{final} is there already: wait a second")
        partial = root / f"{PARTIAL}{final.name}"
        partial.mkdir(mode=0o700)
        log, version = _look(source.url)
        say("copying the database")
        _copy_database(source.url, partial / "postgres", say)
        verify_database(partial / "postgres")
        if source.secrets is not None:
            shutil.copytree(source.secrets, partial / "secrets")
        kept = _copy_objects(source.objects, root, say, unchecked=_unchecked(source.url))
        listed = b"".join(msgspec.json.encode(entry) + b"\n" for entry in kept)
        write_synced(partial / "objects.ndjson", listed)
        manifest = Manifest(
            format=FORMAT,
            begun_at=now,
            ended_at=datetime.now(UTC),
            postgres=version,
            database_bytes=bytes_in(partial / "postgres"),
            log=log,
            objects=len(kept),
            object_bytes=sum(entry.bytes for entry in kept),
            objects_sha256=hashlib.sha256(listed).hexdigest(),
        )
        write_synced(partial / "manifest.json", msgspec.json.format(msgspec.json.encode(manifest)))
        partial.rename(final)
        sync_folder(root)
        return find_backup(final)


# --- the database -----------------------------------------------------------------------------------------------


def _look(url: str) -> tuple[LogHead, str]:
    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
            if connection.execute("select to_regclass('sync_state')").fetchone() == (None,):
                raise BackupError("the database holds no installation: start it once with `spark up`")
            head = read_head(connection)
            version = str(connection.info.parameter_status("server_version"))
    except psycopg.OperationalError as error:
        raise BackupError(f"the database does not answer: {error}") from error
    return LogHead(head.epoch, head.position, head.tag, head.at), version


def _copy_database(url: str, folder: Path, say: Say) -> None:
    """Raises BackupError: the usual cause is a role without the right to replicate."""
    words = conninfo_to_dict(url)
    password = str(words.pop("password", "") or "")
    words.pop("dbname", None)
    argv = (program("pg_basebackup"), "-D", str(folder), "-X", "stream", "-c", "fast", "--progress", "--no-password")
    sums = ("--manifest-checksums", ALGORITHM)
    command = Command(argv=(*argv, *sums, "-d", make_conninfo("", **words)), env=_with_password(password))
    process = subprocess.Popen(
        shim(command), env=dict(command.env), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    last_words = _follow(process.stderr, say)
    if process.wait() != 0:
        raise BackupError(
            f"the database could not be copied: {last_words}\n"
            "It is read with pg_basebackup: the role of SPARK_DATABASE_URL needs the right REPLICATION, and pg_hba.conf"
            " a line for `replication` from this machine. Or back it up by your provider's means, and bring it back by"
            " those; then run `spark restore --finish`."
        )


def _with_password(password: str) -> Mapping[str, str]:
    return PLAIN_ENV | ({"PGPASSWORD": password} if password else {})


def _follow(lines: Iterator[str], say: Say) -> str:
    """Tell every tenth; what the program said last that was no progress."""
    told, words = 0, ""
    for line in lines:
        found = _PERCENT.search(line)
        if found is None:
            words = line.strip() or words
        elif int(found[1]) >= told + PERCENT_STEP:
            told = int(found[1]) - int(found[1]) % PERCENT_STEP
            say(f"database {told} %")
    return words[-600:]


# --- the objects ------------------------------------------------------------------------------------------------


def _unchecked(url: str) -> set[str]:
    """Folders of files that came whole and were not looked at yet: their senders may have forgotten the bytes."""
    with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
        return {f"{TEMP_PREFIX}{upload_id}/" for (upload_id,) in connection.execute(_UNCHECKED).fetchall()}


def _copy_objects(objects: Objects, root: Path, say: Say, *, unchecked: set[str]) -> list[KeptObject]:
    before = _known(root)
    kept: list[KeptObject] = []
    fetched = 0
    for entry in objects.entries():
        if entry.key.startswith(WITNESS_PREFIX):
            continue  # It says how far the log is, not how far it was.
        if entry.key.startswith(TEMP_PREFIX) and entry.key.rpartition("/")[0] + "/" not in unchecked:
            continue  # Half of a file, which its sender still has, or what nobody needs any more.
        checked(entry.key)
        sha256 = before.get(entry)
        if sha256 is None or not object_path(root, sha256).exists():
            try:
                sha256, size = _fetch(objects, entry.key, root)
            except KeyError:
                continue  # Removed meanwhile: no row of the copy's future names it.
            fetched += size
        else:
            size = entry.bytes
        kept.append(KeptObject(entry.key, size, sha256, entry.stamp))
        if len(kept) % OBJECTS_STEP == 0:
            say(f"objects {len(kept)}, {fetched // 1024} KiB of them new")
    say(f"objects {len(kept)}, {fetched // 1024} KiB of them new")
    return kept


def _known(root: Path) -> dict[Entry, str]:
    """The hash of every object that an earlier backup saw with this key, size and stamp."""
    return {
        Entry(kept.key, kept.bytes, kept.stamp): kept.sha256 for backup in backups_in(root) for kept in backup.objects()
    }


def _fetch(objects: Objects, key: str, root: Path) -> tuple[str, int]:
    """Store the bytes under their hash; the hash and their number. Raises KeyError."""
    digest, size = hashlib.sha256(), 0
    folder = root / "objects"
    folder.mkdir(exist_ok=True, mode=0o700)
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=PARTIAL)
    partial = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            for chunk in objects.read(key):
                file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
            file.flush()
            os.fsync(file.fileno())
        path = object_path(root, digest.hexdigest())
        path.parent.mkdir(exist_ok=True, mode=0o700)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return digest.hexdigest(), size


# --- files ------------------------------------------------------------------------------------------------------


def bytes_in(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def write_synced(path: Path, body: bytes) -> None:
    with path.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """A name that was given shall outlive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
