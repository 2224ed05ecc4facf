"""The statements of `push_store.py`. One parameter carries a whole list: their number does not grow with the ops."""

from functools import cache

from sqlalchemy import TextClause, text

from sync.postgres.catalog import identifier

LOCK_DEVICE = text("select * from sync_device where id = :id for no key update")
ADD_DEVICE = text(
    "insert into sync_device (id, user_id, seen_at) values (:id, :user_id, :seen_at) on conflict do nothing"
)
SAVE_DEVICE = text(
    "update sync_device set watermark = :watermark, watermark_hash = :watermark_hash, confirmed = :confirmed,"
    " last_at_ms = :last_at_ms, last_at_count = :last_at_count, seen_at = :seen_at, retired_at = :retired_at"
    " where id = :id"
)
RETIRE_DEVICES = text(
    "update sync_device set retired_at = :now where id in ("
    " select id from sync_device where user_id = :user_id and retired_at is null and revoked_at is null and id <> :keep"
    " order by seen_at desc, id desc offset :others_max)"
)

RECEIPTS = text(
    "select n, hash, body from sync_receipt"
    " where device_id = :device_id and n = any(cast(:numbers as bigint[])) order by n"
)
ADD_RECEIPTS = text(
    "insert into sync_receipt (device_id, n, hash, body) select :device_id, n, hash, body"
    " from json_to_recordset(cast(:rows as json)) as given(n bigint, hash text, body text)"
)
KNOWN = text(
    "select identity from sync_identity where user_id = :user_id and identity = any(cast(:identities as uuid[]))"
)
REMEMBER = text(
    "insert into sync_identity (user_id, identity, used_at)"
    " select :user_id, identity, :now from unnest(cast(:identities as uuid[])) as identity on conflict do nothing"
)

HELD = text(
    "select * from sync_op where user_id = :user_id"
    " and (identity = any(cast(:identities as uuid[])) or record_id = any(cast(:records as uuid[])))"
    " order by received_at, n"
)
LOCK_HELD = text(
    "select * from sync_op where id = :id"
    " or group_key = (select group_key from sync_op where id = :id) order by n for no key update"
)
HELD_OP = text("select * from sync_op where id = :id and deleted_at is null")
PARKED = text("select * from sync_op where outcome = 'parked' order by received_at, device_id, n limit :limit")
_HELD_COLUMNS = (
    "id, user_id, identity, device_id, n, hash, raw, op, bytes, kind, record_id, group_key, outcome, code, message,"
    " fields, waits_for, at_ms, at_count, received_at, wake_at, adopted_by"
)
PUT_HELD = text(
    f"insert into sync_op ({_HELD_COLUMNS}, moved_at)"
    f" select {_HELD_COLUMNS}, case when outcome not in ('waiting', 'parked') then cast(:now as timestamptz) end"
    " from json_populate_recordset(null\\:\\:sync_op, cast(:rows as json))"
    " on conflict (id) do update set moved_at = excluded.moved_at, "
    + ", ".join(
        f"{name} = excluded.{name}" for name in _HELD_COLUMNS.split(", ") if name.strip() not in ("id", "user_id")
    )
)
WAITING_FOR = text(
    "select id from sync_op where outcome in ('waiting', 'parked') and waits_for && cast(:keys as text[])"
    " and exists (select from sync_op where outcome in ('waiting', 'parked') and waits_for <> '{}')"
    " order by id for no key update"
)
WAKE = text("update sync_op set wake_at = :now where id = any(cast(:ids as uuid[]))")
DUE = text(
    "select user_id, id from ("
    " select distinct on (coalesce(group_key, cast(id as text))) user_id, id, wake_at, device_id, n from sync_op"
    " where wake_at <= :now order by coalesce(group_key, cast(id as text)), n"
    ") as due order by wake_at, device_id, n limit :limit"
)

ABSENT = text("select unnest(sync_absent(cast(:ids as uuid[])))")
RESTORED = text("select max(at) from sync_restore")
COUNT_BUG = text(
    "insert into sync_bug as bug (key, count, first_at, last_at) values (:key, 1, :now, :now)"
    " on conflict (key) do update set count = bug.count + 1, last_at = excluded.last_at returning count, first_at"
)

# Receipts go at least 90 days after the phone said that it holds them: `expiring` notes what it had said then.
EXPIRE = (
    text(
        "delete from sync_receipt r using sync_device d"
        " where d.expiring_at <= cast(:now as timestamptz) - interval '90 days'"
        " and r.device_id = d.id and r.n <= d.expiring"
    ),
    text(
        "update sync_device set expiring = confirmed, expiring_at = :now where confirmed > expiring"
        " and (expiring_at is null or expiring_at <= cast(:now as timestamptz) - interval '90 days')"
    ),
    text("delete from sync_identity where used_at <= cast(:now as timestamptz) - interval '400 days'"),
    text(
        "update sync_op set deleted_at = :now"
        " where deleted_at is null and moved_at <= cast(:now as timestamptz) - interval '90 days'"
    ),
    text("delete from sync_bug where last_at <= cast(:now as timestamptz) - interval '30 days'"),
)


@cache
def lock_rows(table: str) -> TextClause:
    return text(f"select * from {identifier(table)} where id = any(cast(:ids as uuid[])) order by id for no key update")


@cache
def lock_above(table: str, above: str, column: str) -> TextClause:
    """The rows that those with these ids lie in."""
    named = f"select {identifier(column)} from {identifier(table)} where id = any(cast(:ids as uuid[]))"
    return text(f"select from {identifier(above)} where id in ({named}) order by id for no key update")


@cache
def insert_rows(table: str, columns: tuple[str, ...]) -> TextClause:
    """Rows whose id is there are left alone and not answered."""
    names = ", ".join(identifier(column) for column in columns)
    return text(
        f"insert into {identifier(table)} ({names}) select {names}"
        f" from json_populate_recordset(null\\:\\:{identifier(table)}, cast(:rows as json))"
        " on conflict (id) do nothing returning id, version"
    )


@cache
def update_rows(table: str, columns: tuple[str, ...]) -> TextClause:
    changes = ", ".join(f"{identifier(name)} = given.{identifier(name)}" for name in columns if name != "id")
    return text(
        f"update {identifier(table)} as stored set {changes}"
        f" from json_populate_recordset(null\\:\\:{identifier(table)}, cast(:rows as json)) as given"
        " where stored.id = given.id returning stored.id, stored.version"
    )
