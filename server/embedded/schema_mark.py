"""Skip the migration when this very code has already done it: a second start should take a moment.

The mark is a comment on the database, so it goes wherever the database goes; a restored copy has none and is migrated.
"""

import hashlib

import psycopg
from psycopg import sql

from server.embedded.installation import ROOT

SOURCES = ("server", "sync", "migrations")
CONNECT_WAIT_S = 10


def mark_of_code(*, demo: bool) -> str:
    """Return a text that changes with every change of our Python code; takes some milliseconds."""
    digest = hashlib.sha256()
    for name in SOURCES:
        for path in sorted((ROOT / name).rglob("*.py")):
            digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return f"spark {digest.hexdigest()}{' demo' if demo else ''}"


def read_mark(url: str) -> str | None:
    with psycopg.connect(url, connect_timeout=CONNECT_WAIT_S, autocommit=True) as connection:
        row = connection.execute(
            "select shobj_description(oid, 'pg_database') from pg_database where datname = current_database()"
        ).fetchone()
    return row[0] if row else None


def write_mark(url: str, mark: str) -> None:
    """Only after migration and demo are whole."""
    with psycopg.connect(url, connect_timeout=CONNECT_WAIT_S, autocommit=True) as connection:
        name = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("comment on database {} is {}").format(name, sql.Literal(mark)))
