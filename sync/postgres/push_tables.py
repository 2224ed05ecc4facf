"""The tables of devices, receipts, identities and held ops. Executed by `install.py`; used by `push_store.py`."""

from sync.collection import Collection
from sync.merge import SERVER
from sync.registry import Registry

TABLES = """
create table if not exists sync_device (
    id             uuid primary key,
    user_id        uuid not null,
    watermark      bigint not null default 0,      -- the highest number used
    watermark_hash text not null default '',       -- of the op with that number
    confirmed      bigint not null default 0,
    last_at_ms     bigint not null default 0,
    last_at_count  integer not null default 0,
    seen_at        timestamptz(3) not null default clock_timestamp(),
    retired_at     timestamptz(3),                 -- a tombstone, revived by its next exchange
    revoked_at     timestamptz(3),
    expiring       bigint not null default 0,      -- receipts up to here go 90 days after expiring_at
    expiring_at    timestamptz(3)
) with (fillfactor = 70);
create index if not exists sync_device_user on sync_device (user_id, seen_at);

create table if not exists sync_receipt (
    device_id uuid not null,
    n         bigint not null,
    hash      text not null,
    body      text not null,                       -- as it was answered
    primary key (device_id, n)
);

create table if not exists sync_identity (         -- of every op that was used: at most once, for 400 days
    user_id  uuid not null,
    identity uuid not null,
    used_at  timestamptz(3) not null,
    primary key (user_id, identity)
);
create index if not exists sync_identity_used on sync_identity using brin (used_at);

create table if not exists sync_op (               -- the collection sync.ops
    id          uuid primary key,
    version     bigint not null default 1,
    deleted_at  timestamptz(3),
    user_id     uuid not null,
    identity    uuid not null,
    device_id   uuid not null,
    n           bigint not null,
    kind        text not null,
    record_id   uuid,
    outcome     text not null,
    code        text,
    message     text,
    fields      json not null,
    waits_for   text[] not null,
    op          text not null,
    received_at timestamptz(3) not null,
    hash        text not null,                     -- from here on not on the wire
    raw         bytea not null,
    group_key   text,
    at_ms       bigint not null,
    at_count    integer not null,
    wake_at     timestamptz(3),                    -- when to look at it again
    adopted_by  uuid                               -- and moved_at: since when it neither waits nor is parked
);
alter table sync_op add column if not exists moved_at timestamptz(3);
alter table sync_op add column if not exists bytes integer;  -- of raw, where op is a summary of it
create index if not exists sync_op_user on sync_op (user_id, identity);
create index if not exists sync_op_record on sync_op (record_id) where record_id is not null;
create index if not exists sync_op_group on sync_op (group_key) where group_key is not null;
create index if not exists sync_op_moved on sync_op (moved_at) where moved_at is not null and deleted_at is null;
create index if not exists sync_op_wake on sync_op (wake_at) where wake_at is not null;
create index if not exists sync_op_open on sync_op (id) where outcome in ('waiting', 'parked') and waits_for <> '{}';
create index if not exists sync_op_waits on sync_op using gin (waits_for) where outcome in ('waiting', 'parked');

create table if not exists sync_restore (          -- each time this database was brought back from a copy
    at timestamptz(3) primary key
);
alter table sync_restore add column if not exists epoch_before bigint;  -- the log's, before it got another one
alter table sync_restore add column if not exists position bigint;      -- its newest one then
alter table sync_restore add column if not exists is_noticed boolean not null default false; -- nobody had said so
alter table sync_restore add column if not exists report json;          -- what is known to be lost

create table if not exists sync_erased (           -- whose phones wipe themselves; see the ledger, too
    user_id uuid primary key,
    at      timestamptz(3) not null
);
alter table sync_erased add column if not exists buckets integer[];  -- whose files may hold lines of theirs; null: none

-- Those that are no row of any collection, not even a deleted one. Asked when something is refused after a restore.
create or replace function sync_absent(ids uuid[]) returns uuid[] language plpgsql stable as $$
declare source record; there uuid[];
begin
    for source in select relation from sync_source where kind = 'collection' loop
        execute format('select array_agg(id) from %s where id = any($1)', source.relation::regclass)
        into there using ids;
        ids := array(select unnest(ids) except select unnest(there));
        exit when ids = '{}';
    end loop;
    return ids;
end $$;

create table if not exists sync_bug (
    key      text primary key,                     -- device, number and hash of an op that met one
    count    integer not null,
    first_at timestamptz(3) not null,
    last_at  timestamptz(3) not null
);
"""

# A writer that stamps nothing (a route, a job, a person in psql) is stamped 'server' and now: phones merge against it.
# After a restore versions leap to the floor, and so does what a merge has just stamped with a lower one: of a field, or
# of an element of a set (the sums of devices carry no version).
STAMP_FUNCTION = f"""
drop function if exists sync_stamps_leapt(json, json, bigint);
create or replace function sync_stamp_leapt(stamp jsonb, above bigint, next_version bigint) returns jsonb
language sql immutable as $$
    select case when jsonb_typeof(stamp) = 'array' and jsonb_typeof(stamp -> 0) = 'number'
        and (stamp ->> 0)::numeric > above and (stamp ->> 0)::numeric < next_version
        then jsonb_set(stamp, '{{0}}', to_jsonb(next_version)) else stamp end
$$;

create or replace function sync_stamps_leapt(written json, above bigint, next_version bigint) returns json
language sql immutable as $$
    select json_object_agg(key, case when jsonb_typeof(value) <> 'object'
        then sync_stamp_leapt(value, above, next_version)
        else (select coalesce(jsonb_object_agg(e.key, sync_stamp_leapt(e.value, above, next_version)), '{{}}')
              from jsonb_each(value) e) end)
    from jsonb_each(written::jsonb)
$$;

create or replace function sync_stamp_made() returns trigger language plpgsql as $$
begin
    new.merge_state := coalesce(sync_stamps_leapt(new.merge_state, 0, new.version), new.merge_state);
    return new;
end $$;

create or replace function sync_stamp() returns trigger language plpgsql as $$
declare
    next_version bigint := greatest(old.version + 1, sync_version_floor());
    name text;
    stamps jsonb := coalesce(new.merge_state::jsonb, '{{}}');
    old_row jsonb := to_jsonb(old);
    new_row jsonb := to_jsonb(new);
begin
    if new.merge_state::text is distinct from old.merge_state::text then
        if next_version > old.version + 1 then
            new.merge_state := coalesce(
                sync_stamps_leapt(new.merge_state, old.version, next_version), new.merge_state);
        end if;
        return new;
    end if;
    foreach name in array tg_argv loop
        if old_row -> name is distinct from new_row -> name then
            stamps := stamps || jsonb_build_object(name, jsonb_build_array(
                next_version,
                jsonb_build_array((extract(epoch from clock_timestamp()) * 1000)::bigint, 0),
                '{SERVER}'
            ));
        end if;
    end loop;
    new.merge_state := stamps::json;
    return new;
end $$;
"""


def stamp_triggers(registry: Registry) -> list[str]:
    """The statements that keep `merge_state` true for writers that stamp nothing, one a LWW_FIELD collection."""
    collections = [collection for collection in registry.collections.values() if collection.stamped_columns]
    return [STAMP_FUNCTION, *(_stamp_trigger(collection) for collection in collections)] if collections else []


def _stamp_trigger(collection: Collection) -> str:
    arguments = ", ".join(f"'{name}'" for name in collection.stamped_columns)
    return (
        f"create or replace trigger sync_stamp before update on {collection.table}\n"
        f"for each row execute function sync_stamp({arguments});\n"
        f"create or replace trigger sync_stamp_made before insert on {collection.table}\n"
        "for each row when (new.version > 1 and new.merge_state is not null) execute function sync_stamp_made()"
    )
