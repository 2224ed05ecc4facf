"""Takes a person out of the installation: rows, ops, receipts, files, what waits in queues and in the mail.

    ledger (an object) ─► rows, one transaction ─► objects and files

The ledger first: a database that comes back from a copy meanwhile is not opened with the person in it.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg import Connection

from server.features import FEATURES
from sync.erasing import Blank, Erasure, Leave
from sync.files import folder_of
from sync.postgres.erasing import begin_erasing, erase, files_are_gone, withdraw_files
from sync.postgres.restoring import sequence_to_end

FILES_PREFIX = "bases/"
Find = Callable[[str], Iterable[str]]
KERNEL = (
    Blank("base_audit", "actor_id", {"details": "{}"}),
    Blank("base_audit", "object_id", {"details": "{}"}),
    Leave("base_audit", "actor_id"),
)


def declared() -> list[Erasure]:
    """Children before their parents: features above first, the people themselves last."""
    return [*(erasure for feature in reversed(FEATURES) for erasure in feature.erasures), *KERNEL]


def erase_people(connection: Connection[Any], people: Mapping[UUID, datetime]) -> list[str]:
    """Each in a transaction of its own. Twice is once. Answers keys of objects that only they had.

    `forget_files` follows.
    """
    keys: list[str] = []
    for user_id, at in people.items():
        with connection.transaction():
            begin_erasing(connection)
            for feature in reversed(FEATURES):
                if feature.erase is not None:
                    keys += feature.erase(connection, user_id)
            connection.execute("delete from base_outbox where strpos(payload, %s) > 0", [str(user_id)])
            erase(connection, user_id, declared(), now=at)
    return keys


def forget_files(connection: Connection[Any], *, find: Find, remove: Callable[[str], None]) -> None:
    """Take files away in which lines of the erased may stand; the log is sequenced first. The connection autocommits.

    `find` lists the keys of objects by their beginning.
    """
    sequence_to_end(connection)
    for bucket in withdraw_files(connection):
        for key in list(find(f"{FILES_PREFIX}{folder_of(bucket)}/")):
            remove(key)
    files_are_gone(connection)


def forget_mails(data: Path, *, emails: Iterable[str]) -> None:
    """Mails that were written to files because there is no mail server."""
    for path in (data / "mail").glob("*.eml"):
        words = path.read_bytes().lower()
        if any(email.lower().encode() in words for email in emails):
            path.unlink(missing_ok=True)
