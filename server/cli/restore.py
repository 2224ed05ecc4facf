"""`spark restore FOLDER`: bring a stopped installation back from a backup."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import psycopg
import typer

from server.backup.bringing import Target, What, finish
from server.backup.bringing import restore as bring_back
from server.backup.folder import BackupError
from server.backup.objects import BadKey, FolderObjects, Objects, S3Objects, StoreAway
from server.backup.report import Report, words_of
from server.cli._servers import database_url, refuse
from server.embedded import plan as planning
from server.embedded.installation import DataFolderError, Installation
from server.embedded.plan import CannotStart
from server.embedded.postgres import NoPostgres
from server.embedded.processes import NotReady, end_recorded
from server.embedded.s3 import BUCKET
from server.embedded.supervisor import say
from server.migrate import NewerDatabase
from server.settings import BadSetting

Only = Annotated[str, typer.Option(help="`database` or `objects`: bring back one of them, and leave the other.")]
Finish = Annotated[
    bool, typer.Option("--finish", help="The database was brought back by other means: only make it ready to open.")
]
PROBLEMS = (
    BackupError,
    StoreAway,
    BadKey,
    BadSetting,
    CannotStart,
    DataFolderError,
    NoPostgres,
    NotReady,
    NewerDatabase,
    psycopg.Error,
    msgspec.MsgspecError,
    OSError,
)


def register(app: typer.Typer) -> None:
    app.command()(restore)


def restore(
    folder: Annotated[
        Path | None, typer.Argument(help="A backup, or the folder of backups: then the newest of them.")
    ] = None,
    *,
    only: Only = "all",
    is_finish: Finish = False,
) -> None:
    """Bring everything back; what was there is moved aside. Asks nothing. Broken off, it can be given again."""
    if only not in ("all", "database", "objects") or (folder is None) != is_finish:
        refuse("restore.usage: name a folder of backups, and perhaps --only database or --only objects; or --finish")
    try:
        report = _finish() if folder is None else _restore(folder.expanduser().absolute(), only)
    except PROBLEMS as problem:
        refuse(f"not restored: {problem}")
    typer.echo(words_of(report))
    say("the next `spark up` serves it")


def _restore(folder: Path, only: str) -> Report:
    if os.environ.get("SPARK_DATABASE_URL") and only != "objects":
        raise BackupError(
            "SPARK_DATABASE_URL names a PostgreSQL that others run: put the backup's folder `postgres` in the place of"
            " its data folder, start it for nobody else, and run `spark restore --finish`"
        )
    installation = Installation.from_env(os.environ)
    with stopped(installation):
        what: What = "database" if only == "database" else "objects" if only == "objects" else "all"
        return bring_back(Target(installation, _objects(installation)), folder, what, say, now=datetime.now(UTC))


def _finish() -> Report:
    installation = Installation.from_env(os.environ)
    if installation.is_running():
        raise BackupError(f"{installation.data} is in use: stop it first, so that no phone reads what is not ready")
    with database_url() as url:
        return finish(url, Target(installation, _objects(installation)), say, now=datetime.now(UTC))


@contextmanager
def stopped(installation: Installation) -> Iterator[None]:
    """Nobody uses the folder, and nobody can begin to. Raises DataFolderError, which names who does."""
    installation.make()
    with installation.lock():
        for name in end_recorded(installation.run):
            say(f"ended {name}, which an earlier start had left behind")
        yield


def _objects(installation: Installation) -> Objects:
    url = os.environ.get("SPARK_S3_URL")
    if url:
        return S3Objects(url)
    planning.check_settings(os.environ)
    folder = installation.data / "s3" / BUCKET
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return FolderObjects(folder)
