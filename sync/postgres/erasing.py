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

from sync.erasing import Blank, Erasure, Forget, Now, Value
from sync.postgres.catalog import identifier
from sync.postgres.conditions import condition_sql

_ENGINE = (
    "delete from sync_receipt where device_id in (select id from sync_device where user_id = %(user)s)",
    "delete from sync_op where user_id = %(user)s",
    "delete from sync_identity where user_id = %(user)s",
    "update sync_device set revoked_at = coalesce(revoked_at, %(now)s) where user_id = %(user)s",
    "insert into sync_erased (user_id, at) values (%(user)s, %(now)s) on conflict do nothing",
)


def begin_erasing(connection: Connection[Any]) -> None:
    """From here to the end of the transaction, what phones hold may be deleted."""
    connection.execute("set local sync.erasing = 'on'")


def erase(connection: Connection[Any], user_id: UUID, declared: Iterable[Erasure], *, now: datetime) -> None:
    """Within the caller's transaction, after `begin_erasing`; in the order given: children before their parents."""
    for erasure in declared:
        match erasure:
            case Forget():
                connection.execute(_forget_sql(erasure).encode(), {"user": user_id})
            case Blank():
                names = {f"v{place}": _value(value, now) for place, value in enumerate(erasure.values.values())}
                connection.execute(_blank_sql(erasure).encode(), {"user": user_id, **names})
    for statement in _ENGINE:
        connection.execute(statement, {"user": user_id, "now": now})


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
