"""Takes a person out of the database, in one transaction.

Rows go as declared, ops, receipts and identities with them; devices stay as tombstones, whose phones wipe themselves.
The log follows by itself: a deleted row is gone at a new position, its line emptied; a blanked one has another line.
Twice is once; a person whom this database never knew is noted as erased, so that a phone which comes back is told.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from sync.erasing import Blank, Erasure, Forget, Leave, Now, Value
from sync.postgres.catalog import identifier
from sync.postgres.conditions import condition_sql

_ENGINE = (
    "delete from sync_receipt where device_id in (select id from sync_device where user_id = %(user)s)",
    "delete from sync_op where user_id = %(user)s",
    "delete from sync_identity where user_id = %(user)s",
    "update sync_device set revoked_at = coalesce(revoked_at, %(now)s) where user_id = %(user)s",
)
# A second time adds what a restore may have brought back.
_NOTE = """
insert into sync_erased as known (user_id, at, buckets) values (%(user)s, %(now)s, array(
    select distinct bucket from sync_item where id = any(%(ids)s)))
on conflict (user_id) do update set buckets = nullif(coalesce(known.buckets, '{}') || excluded.buckets, '{}')
"""
_COLLECTIONS = "select relation from sync_source where kind = 'collection'"
_TO_WITHDRAW = """
select distinct k.number, k.name from sync_erased e join sync_bucket k on k.number = any(e.buckets)
where k.name not like 'user:%' order by k.number
"""
_FILES_LOCK = 0x626173_65  # Whoever cuts or sweeps the files of a bucket holds it; see base_store.py.


def begin_erasing(connection: Connection[Any]) -> None:
    """From here to the end of the transaction, what phones hold may be deleted."""
    connection.execute("set local sync.erasing = 'on'")


def erase(connection: Connection[Any], user_id: UUID, declared: Iterable[Erasure], *, now: datetime) -> None:
    """Within the caller's transaction, after `begin_erasing`; in the order given: children before their parents."""
    collections = {table for (table,) in connection.execute(_COLLECTIONS).fetchall()}
    ids: list[UUID] = []
    for erasure in declared:
        if isinstance(erasure, Leave):
            continue
        values: dict[str, object] = {"user": user_id}
        if isinstance(erasure, Blank):
            values |= {f"v{place}": _value(value, now) for place, value in enumerate(erasure.values.values())}
        sql = _forget_sql(erasure) if isinstance(erasure, Forget) else _blank_sql(erasure)
        if erasure.table in collections:
            ids += [id_ for (id_,) in connection.execute(f"{sql} returning t.id".encode(), values).fetchall()]
        else:
            connection.execute(sql.encode(), values)
    for statement in _ENGINE:
        connection.execute(statement, {"user": user_id, "now": now})
    connection.execute(_NOTE, {"user": user_id, "now": now, "ids": ids})


def withdraw_files(connection: Connection[Any]) -> list[str]:
    """Buckets whose files may hold lines of the erased: the files are offered no more, and are to be removed.

    After the erasure was sequenced, for a file that is cut before it would hold the lines again. Waits for a cut that
    is under way. `files_are_gone` ends it; until then each call answers the same.
    """
    names: list[str] = []
    for bucket, name in connection.execute(_TO_WITHDRAW).fetchall():
        with connection.transaction():
            connection.execute("select pg_advisory_xact_lock(%s, %s)", [_FILES_LOCK, bucket])
            connection.execute("select sync_forget_files(array[%s])", [bucket])
            connection.execute("update sync_chunk set is_stored = false where bucket = %s", [bucket])
        names.append(name)
    return names


def files_are_gone(connection: Connection[Any]) -> None:
    connection.execute("update sync_erased set buckets = null where buckets is not null")


def erased(connection: Connection[Any]) -> dict[UUID, datetime]:
    """Who was erased here, and when."""
    return dict(connection.execute("select user_id, at from sync_erased").fetchall())


def _forget_sql(forget: Forget) -> str:
    table, person = identifier(forget.table), identifier(forget.person)
    when = condition_sql(forget.when, "t")
    if forget.through is None:
        return f"delete from {table} t where t.{person} = %(user)s and {when}"
    through = forget.through
    return (
        f"delete from {table} t using {identifier(through.table)} o"
        f" where o.id = t.{identifier(through.column)} and o.{person} = %(user)s and {when}"
    )


def _blank_sql(blank: Blank) -> str:
    columns = ", ".join(f"{identifier(name)} = %(v{place})s" for place, name in enumerate(blank.values))
    when = condition_sql(blank.when, "t")
    return f"update {identifier(blank.table)} t set {columns} where t.{identifier(blank.person)} = %(user)s and {when}"


def _value(value: Value, now: datetime) -> str | int | bool | datetime | None:
    return now if isinstance(value, Now) else value
