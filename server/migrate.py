"""Brings a database to this release: alembic's migrations, then the sync engine's tables, triggers and functions.

One migration at a time runs on a database, however many processes ask (an advisory lock). A database that a newer
release has written is refused: nothing is changed in it.
"""

from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, create_engine, inspect, text

from sync.postgres.install import install
from sync.registry import Registry

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
LOCK_KEY = 0x53504152  # "SPAR"


class NewerDatabase(Exception):
    """The database was written by a newer release: run that one, or restore a copy from before it."""


def migrate(url: str, registry: Registry) -> None:
    """Upgrade to the newest schema. Does nothing where it is already there. Raises NewerDatabase."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1), poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text("select pg_advisory_lock(:key)"), {"key": LOCK_KEY})  # Goes with the connection.
        connection.commit()
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        refuse_newer(config, connection)
        command.upgrade(config, "head")
        connection.commit()
        with psycopg.connect(url) as plain:
            install(plain, registry)


def refuse_newer(config: Config, connection: Connection) -> None:
    """Raises NewerDatabase when the database stands at a revision that this release does not know."""
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if not inspect(connection).has_table("base_schema_version"):
        return
    at = connection.execute(text("select version_num from base_schema_version")).scalars().all()
    for revision in at:
        if revision not in known:
            raise NewerDatabase(f"The database stands at {revision}, which this release does not know.")
