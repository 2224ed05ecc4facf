"""Brings a stopped installation back from a backup.

    objects, one by one ─► the database, copied beside the one that is there, started privately, made ready, stopped
                                                                                   │
    the one that is there moves aside ─► the new one takes its place ◄─────────────┘

Until the last step nothing that was there has changed; killed anywhere, the same command does it again.
"""

import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import msgspec
import psycopg
from psycopg import sql

from server.backup import ledger as ledgers
from server.backup.database import Brought, make_ready
from server.backup.folder import Backup, BackupError, backups_in, find_backup, name_of
from server.backup.objects import Objects, sha256_of
from server.backup.report import MISSING_SHOWN_MAX, Report, lost_report, new_report
from server.backup.taking import sync_folder, write_synced
from server.backup.verifying import verify_database
from server.backup.witness import KEYS, PREFIX, Witness, lost_after, read_witness
from server.embedded.installation import Installation, write_private
from server.embedded.ports import free_ports
from server.embedded.postgres import ROLE, SUPERUSER, Postgres, identity_for
from server.embedded.processes import running

Say = Callable[[str], None]
What = Literal["all", "database", "objects"]
SUPERUSER_SECRET, ROLE_SECRET = "postgres-superuser", "postgres"


@dataclass(frozen=True)
class Target:
    """What is restored: a folder that nobody uses now, and the store of its objects."""

    installation: Installation
    objects: Objects


def restore(target: Target, folder: Path, what: What, say: Say, *, now: datetime) -> Report:
    """Raises BackupError, StoreAway, NotReady, NoPostgres; then the same command may be given again.

    The caller holds the installation's lock.
    """
    backup = find_backup(folder)
    scratch = target.installation.data / "tmp"
    say(f"from {backup.folder}, of {backup.manifest.ended_at:%Y-%m-%d %H:%M:%SZ}")
    aside = target.installation.data / f"before-restore-{name_of(now)}"
    report = new_report(str(backup.folder), now=now)
    witness = find_witness(target.objects)  # Before anything: what is brought may lie over it.
    ledger = every_ledger(target.objects, backup)
    if what in ("all", "objects"):
        report = _bring_objects(target.objects, backup, report, aside=aside / "objects", say=say)
    if what in ("all", "database"):
        brought = _bring_database(target, backup, ledger, say, now=now)
        write_ledger(target.objects, ledger, scratch=scratch)
        report = _tell(report, brought, witness, target.objects)
        moved = _swap(target.installation.data, aside)
        # Only now: broken off before, the next try shall know what was lost.
        retire_witness(target.objects, witness, scratch=scratch, now=now)
        report = msgspec.structs.replace(report, moved_aside=[*report.moved_aside, *moved])
    _keep_report(target.installation.data, report)
    return report


def finish(url: str, target: Target, say: Say, *, now: datetime) -> Report:
    """The database at `url` was brought back by other means, and nobody uses it: make it ready to open."""
    scratch = target.installation.data / "tmp"
    witness, ledger = find_witness(target.objects), ledgers.read_ledger(target.objects)
    brought = make_ready(url, ledger, target.objects, say, now=now)
    report = _tell(new_report("elsewhere", now=now), brought, witness, target.objects)
    retire_witness(target.objects, witness, scratch=scratch, now=now)
    _keep_report(target.installation.data, report)
    return report


# --- witness and ledger -----------------------------------------------------------------------------------------


def find_witness(objects: Objects) -> Witness | None:
    return read_witness(b"".join(objects.read(entry.key)) for entry in objects.entries(PREFIX) if entry.key in KEYS)


def retire_witness(objects: Objects, witness: Witness | None, *, scratch: Path, now: datetime) -> None:
    """Keep what it said under another name: the log begins anew, and so does the witness."""
    if witness is None:
        return
    scratch.mkdir(exist_ok=True, mode=0o700)
    path = scratch / "witness.json"
    write_synced(path, msgspec.json.encode(witness))
    objects.write(f"{PREFIX}before-{name_of(now)}.json", path)
    path.unlink()
    for key in KEYS:
        objects.remove(key)


def every_ledger(objects: Objects, backup: Backup) -> ledgers.Ledger:
    """All that is known of erasures: of the store as it is, and of each backup beside this one, the newer ones too."""
    found = ledgers.read_ledger(objects)
    for other in backups_in(backup.folder.parent):
        kept = [entry for entry in other.objects() if entry.key.startswith(ledgers.PREFIX)]
        found |= ledgers.decode(other.object_path(entry).read_bytes() for entry in kept)
    return found


def write_ledger(objects: Objects, ledger: ledgers.Ledger, *, scratch: Path) -> None:
    scratch.mkdir(exist_ok=True, mode=0o700)
    path = scratch / "ledger.json"
    for user_id, at in ledger.items():
        write_synced(path, ledgers.encode(user_id, at))
        objects.write(ledgers.key_of(user_id), path)
    path.unlink(missing_ok=True)


# --- objects ----------------------------------------------------------------------------------------------------


def _bring_objects(objects: Objects, backup: Backup, report: Report, *, aside: Path, say: Say) -> Report:
    """Put back what is not there or is other; what came later stays, and harms nothing."""
    there = {entry.key: entry.bytes for entry in objects.entries()}
    kept = backup.objects()
    brought, moved = 0, False
    for entry in kept:
        if there.get(entry.key) == entry.bytes and _hash(objects, entry.key) == entry.sha256:
            continue
        source = backup.object_path(entry)
        if not source.exists() or sha256_of(source) != entry.sha256:
            raise BackupError(f"{backup.folder} is damaged: the bytes of {entry.key} are not what they were")
        if entry.key in there:
            _set_aside(objects, entry.key, aside)
            moved = True
        objects.write(entry.key, source)
        brought += 1
    say(f"objects {len(kept)}, {brought} of them brought back")
    return msgspec.structs.replace(
        report, objects=len(kept), objects_brought=brought, moved_aside=[str(aside)] if moved else []
    )


def _hash(objects: Objects, key: str) -> str:
    digest = hashlib.sha256()
    for chunk in objects.read(key):
        digest.update(chunk)
    return digest.hexdigest()


def _set_aside(objects: Objects, key: str, aside: Path) -> None:
    path = aside / key
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_synced(path, b"".join(objects.read(key)))


# --- the database -----------------------------------------------------------------------------------------------


def _bring_database(target: Target, backup: Backup, ledger: ledgers.Ledger, say: Say, *, now: datetime) -> Brought:
    """Make it ready in `postgres.restoring`. Raises BackupError, NotReady."""
    data = target.installation.data
    verify_database(backup.postgres)
    old_passwords = _secrets_of(backup)
    for name, value in old_passwords.items():
        if not (target.installation.secrets / name).exists():
            write_private(target.installation.secrets / name, value + "\n")
    side = restoring_folder(data)
    if side.exists():
        shutil.rmtree(side)
    say("copying the database")
    shutil.copytree(backup.postgres, side)
    _hand_over(side, owner_of=data / "postgres")
    postgres = Postgres(
        folder=side,
        port=free_ports(1)[0],
        superuser_password=old_passwords[SUPERUSER_SECRET],
        password=old_passwords[ROLE_SECRET],
    )
    say("making it ready")
    with running(postgres, log=target.installation.logs / "restore.log"):
        passwords = {SUPERUSER: SUPERUSER_SECRET, ROLE: ROLE_SECRET}
        postgres = _set_passwords(
            postgres, {role: target.installation.secret(name) for role, name in passwords.items()}
        )
        return make_ready(postgres.url(), ledger, target.objects, say, now=now)


def restoring_folder(data: Path) -> Path:
    return data / "postgres.restoring"


def _secrets_of(backup: Backup) -> dict[str, str]:
    found = {path.name: path.read_text().strip() for path in backup.secrets.glob("*") if not path.suffix}
    if SUPERUSER_SECRET not in found or ROLE_SECRET not in found:
        raise BackupError(
            f"{backup.folder} is of a PostgreSQL that others run: bring its folder `postgres` to life where it came"
            " from, then run `spark restore --finish` with SPARK_DATABASE_URL"
        )
    return found


def _hand_over(folder: Path, *, owner_of: Path) -> None:
    """To whoever PostgreSQL runs as here; where there is no data folder yet, that is found out by the folder itself."""
    if os.geteuid() != 0:
        return
    if owner_of.exists():
        owner, group = owner_of.stat().st_uid, owner_of.stat().st_gid
    else:
        identity = identity_for(folder)
        owner, group = (int(part) for part in identity.split(":")) if ":" in identity else (0, 0)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, owner, group, follow_symlinks=False)


def _set_passwords(postgres: Postgres, passwords: dict[str, str]) -> Postgres:
    """The copy's become this installation's."""
    with psycopg.connect(postgres.superuser_url(), autocommit=True) as connection:
        for role, password in passwords.items():
            _set_password(connection, role, password)
    return replace(postgres, superuser_password=passwords[SUPERUSER], password=passwords[ROLE])


def _set_password(connection: psycopg.Connection[Any], role: str, password: str) -> None:
    connection.execute(sql.SQL("alter role {} password {}").format(sql.Identifier(role), sql.Literal(password)))


def _swap(data: Path, aside: Path) -> list[str]:
    """The one step that changes what is there. Between its two renames a start is refused (see Postgres.prepare)."""
    moved = []
    live = data / "postgres"
    if live.exists():
        aside.mkdir(exist_ok=True, mode=0o700)
        live.rename(aside / "postgres")
        moved.append(str(aside / "postgres"))
    restoring_folder(data).rename(live)
    sync_folder(data)
    return moved


# --- the report -------------------------------------------------------------------------------------------------


def _tell(report: Report, brought: Brought, witness: Witness | None, objects: Objects) -> Report:
    there = {entry.key for entry in objects.entries()}
    missing = sorted(brought.keys_named - there)
    return msgspec.structs.replace(
        report,
        copy_of=brought.restored.before.at,
        epoch=brought.restored.epoch,
        position=brought.restored.before.position,
        lost=lost_report(lost_after(witness, brought.restored.before)) if witness else None,
        had_witness=witness is not None,
        erased_again=brought.erased,
        missing=missing[:MISSING_SHOWN_MAX],
        missing_count=len(missing),
    )


def _keep_report(data: Path, report: Report) -> None:
    folder = data / "restores"
    folder.mkdir(exist_ok=True, mode=0o700)
    write_synced(folder / f"{name_of(report.restored_at)}.json", msgspec.json.format(msgspec.json.encode(report)))
