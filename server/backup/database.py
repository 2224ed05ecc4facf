"""Makes a database that came back from a copy ready to open: this release's schema, its log, who was erased since.

    migrate ─► sequence to its end ─► erase again ─► another epoch, a version floor ─► sequence once more

Also for a database that others brought back (`spark restore --finish`), and for one that was found behind its witness.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import psycopg

from server.backup.ledger import Ledger
from server.backup.objects import Objects
from server.erasing import erase_people, forget_files
from server.features import REGISTRY
from server.migrate import migrate
from sync.postgres.erasing import erased
from sync.postgres.restoring import Restored, begin_anew, read_head, sequence_to_end

_NAMED_KEYS = "select storage_key from media_variants"
# Their pieces are in no backup; phones ask what is there, and send the rest.
_FORGET_HALVES = (
    "delete from media_upload_parts p using media_uploads u where u.id = p.upload_id and u.state = 'receiving'"
)


@dataclass(frozen=True)
class Brought:
    restored: Restored
    erased: int  # people that the copy held, and the ledger does not want
    keys_named: set[str]  # objects that rows name


def make_ready(url: str, ledger: Ledger, objects: Objects, say: Callable[[str], None], *, now: datetime) -> Brought:
    """Nobody else uses the database. Raises NewerDatabase, StoreAway."""
    with psycopg.connect(url, autocommit=True) as connection:
        before = read_head(connection)  # Before anything is added to it.
        migrate(url, REGISTRY)
        sequence_to_end(connection)
        missing = {user_id: at for user_id, at in ledger.items() if user_id not in erased(connection)}
        if missing:
            say(f"erasing {len(missing)} again")
        for key in erase_people(connection, missing):
            objects.remove(key)
        forget_files(connection, find=lambda prefix: (e.key for e in objects.entries(prefix)), remove=objects.remove)
        connection.execute(_FORGET_HALVES)
        restored = begin_anew(connection, before=before, now=now)
        sequence_to_end(connection)
        named = {str(key) for (key,) in connection.execute(_NAMED_KEYS).fetchall()}
    return Brought(restored, len(missing), named)
