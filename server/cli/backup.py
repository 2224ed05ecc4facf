"""`spark backup FOLDER`: the database and the objects of a running system, in a new dated folder below FOLDER."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from server.backup.folder import BackupError
from server.backup.objects import BadKey, S3Objects, StoreAway
from server.backup.taking import Source, take_backup
from server.cli._servers import refuse
from server.embedded.installation import Installation, NotRunning
from server.embedded.postgres import SUPERUSER, NoPostgres
from server.embedded.supervisor import say
from server.settings import BadSetting, Settings


def register(app: typer.Typer) -> None:
    app.command()(backup)


def backup(
    folder: Annotated[Path, typer.Argument(help="Where backups lie; best on another disk or machine.")],
) -> None:
    """Copy everything, while it runs. Prints the folder of the backup; a broken one has no such name."""
    installation = Installation.from_env(os.environ)
    settings = _settings(installation)
    secrets = installation.secrets if installation.secrets.exists() else None
    source = Source(url=replicating_url(settings), objects=S3Objects(settings.s3_url), secrets=secrets)
    try:
        made = take_backup(source, folder.expanduser().absolute(), say, now=datetime.now(UTC))
    except (BackupError, StoreAway, BadKey, NoPostgres) as problem:
        refuse(f"no backup was made: {problem}")
    typer.echo(str(made.folder))


def _settings(installation: Installation) -> Settings:
    """The environment's, or of what runs on SPARK_DATA: read here, for the product itself need not be loaded."""
    given = {name: value for name, value in os.environ.items() if name.startswith("SPARK_") and value}
    try:
        env = given if "SPARK_SIGNING_KEY" in given else {**installation.running_env(), **given}
        return Settings.from_env({**env, "SPARK_DATA": str(installation.data)})
    except (NotRunning, BadSetting) as problem:
        refuse(str(problem))


def replicating_url(settings: Settings) -> str:
    """Of our own server the superuser's, for the product's role may not replicate; of another's the one that is set."""
    if os.environ.get("SPARK_DATABASE_URL"):
        return settings.database_url
    parts = urlsplit(settings.database_url)
    secret = settings.data / "secrets" / "postgres-superuser"
    if not secret.exists():
        return settings.database_url
    return f"postgresql://{SUPERUSER}:{secret.read_text().strip()}@{parts.hostname}:{parts.port}{parts.path}"
