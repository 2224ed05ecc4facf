"""One person leaves for good: ledger, mails, rows, objects, files, in this order. Broken off, it is done again."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from server.backup import ledger as ledgers
from server.backup.objects import Objects, S3Objects
from server.erasing import erase_people, forget_files, forget_mails
from server.identity.accounts import normal_email
from server.settings import Settings
from sync.postgres.erasing import erased


class PersonUnknown(LookupError):
    """Nobody has this e-mail or id."""


def erase_person(settings: Settings, who: str) -> UUID:
    """By e-mail or id; the id. Twice is once. Raises PersonUnknown, StoreAway, psycopg.OperationalError."""
    objects = S3Objects(settings.s3_url)
    with psycopg.connect(settings.database_url, autocommit=True, connect_timeout=5) as connection:
        user_id, emails = _find(connection, who)
        at = erased(connection).get(user_id) or datetime.now(UTC)
        _note(objects, user_id, at)
        forget_mails(settings.data, emails=emails)  # While it is known which.
        for key in erase_people(connection, {user_id: at}):
            objects.remove(key)
        forget_files(connection, find=lambda prefix: (e.key for e in objects.entries(prefix)), remove=objects.remove)
    return user_id


def _find(connection: psycopg.Connection[Any], who: str) -> tuple[UUID, list[str]]:
    try:
        wanted = UUID(who)
    except ValueError:
        wanted = None
    row = connection.execute(
        "select id, email, email_normal from identity_users where id = %s or email_normal = %s",
        [wanted, normal_email(who)],
    ).fetchone()
    if row is None:
        raise PersonUnknown(f"there is no account with the e-mail or id {who}")
    return row[0], [email for email in row[1:] if email]


def _note(objects: Objects, user_id: UUID, at: datetime) -> None:
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        file.write(ledgers.encode(user_id, at))
        file.flush()
        objects.write(ledgers.key_of(user_id), Path(file.name))
