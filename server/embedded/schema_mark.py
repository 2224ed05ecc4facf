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


def is_done(url: str, code: str) -> bool:
    """Tell whether `code` has been here, and nobody has moved the schema's version since."""
    with _connect(url) as connection:
        row = connection.execute(
            "select shobj_description(oid, 'pg_database') from pg_database where datname = current_database()"
        ).fetchone()
        return row is not None and row[0] == _mark(connection, code)


def write(url: str, code: str) -> None:
    """Only after migration and demo are whole."""
    with _connect(url) as connection:
        name = sql.Identifier(connection.info.dbname)
        text = sql.Literal(_mark(connection, code))
        connection.execute(sql.SQL("comment on database {} is {}").format(name, text))


def _mark(connection: psycopg.Connection, code: str) -> str:
    revisions: list[str] = []
    if connection.execute("select to_regclass('base_schema_version')").fetchone() != (None,):
        rows = connection.execute("select version_num from base_schema_version order by 1").fetchall()
        revisions = [row[0] for row in rows]
    return " ".join([code, "at", *revisions])


def _connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url, connect_timeout=CONNECT_WAIT_S, autocommit=True)
