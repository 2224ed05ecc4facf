"""The engine's own tables: marks, batches, the compacted log, who holds what.

    writer's transaction ──trigger──► sync_outbox ──sync_advance()──► sync_item · sync_digest (totals)
                                                                      sync_member · sync_grant · sync_settled
                                                                      sync_batch (the chain)

Made and brought up to date by `install.py`; the tables of ops and devices are in `push_tables.py`.
"""

TABLES = """
create table if not exists sync_source (        -- what is declared: numbers stand in the log for ever
    number   smallint primary key check (number > 0),
    kind     text not null,
    name     text not null unique,               -- a collection's name; `membership:table:…` and `grant:table:…` else
    tier     smallint not null,
    relation text not null,
    hash     bytea,                              -- of what its functions do; null until every row is marked under it
    marked   uuid                                -- how far a marking anew has come, if it was interrupted
);

create table if not exists sync_state (          -- one row
    is_only boolean primary key default true check (is_only),
    epoch   bigint not null,                     -- random; another one after every restore
    cluster bigint not null,                     -- system identifier: snapshots mean nothing in another cluster
    secret  bytea not null                       -- seals cursors
            default sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())),
    floor   bigint not null default 0,           -- no gone row at or below this position is kept
    swept   bigint not null default 0            -- totals were cleared of overtaken ones up to here
);

create table if not exists sync_outbox (         -- insert-only; swept behind the newest batch
    xid    xid8 not null default pg_current_xact_id(),
    source smallint not null,                    -- 0: a device's watermark
    id     uuid not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
        autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 20000,
        autovacuum_vacuum_cost_delay = 0, vacuum_truncate = off);
create index if not exists sync_outbox_xid on sync_outbox (xid);

create table if not exists sync_leader (is_held boolean);  -- never a row: its lock is what one sequencer holds

create table if not exists sync_batch (          -- the chain
    position      bigint primary key,            -- the batch's own, after its items'
    tag           bytea not null,                -- sha256 of the tag before and of what the batch did
    at            timestamptz(3) not null default clock_timestamp(),
    items         integer not null,
    scope_changes integer not null,              -- members and grants
    buckets       integer[],                     -- touched ones; null: too many to name
    snapshot      pg_snapshot not null           -- what it saw: the next batch is the difference
);
create index if not exists sync_batch_at on sync_batch (at);

create table if not exists sync_bucket (
    number    integer generated always as identity primary key,
    name      text not null unique,
    hash      bigint not null,                   -- first 64 bits of MD5 of the name: how a cursor names it ungranted
    automatic boolean not null
);
create index if not exists sync_bucket_hash on sync_bucket (hash);

create table if not exists sync_item (           -- the log, compacted: one row a (bucket, record)
    bucket     integer not null,
    tier       smallint not null,
    collection smallint not null,
    id         uuid not null,
    position   bigint not null,
    version    bigint not null,
    line       text not null,                    -- sent as it stands
    digest     bigint not null,                  -- first 64 bits of MD5 of the line
    gone_at    timestamptz(0),                   -- null: it is there
    primary key (collection, id, bucket),
    unique (bucket, tier, position)
) with (autovacuum_vacuum_scale_factor = 0.02);
create index if not exists sync_item_gone on sync_item (gone_at) where gone_at is not null;

create table if not exists sync_digest (         -- totals of a (bucket, tier) as of a position; the newest one counts
    bucket   integer not null,
    tier     smallint not null,
    position bigint not null,
    count    integer not null,
    digest   bigint not null,                    -- xor over the lines that are there
    bytes    bigint not null,
    primary key (bucket, tier, position)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
        autovacuum_vacuum_cost_delay = 0, vacuum_truncate = off);

create table if not exists sync_member (
    source    smallint not null,
    source_id uuid not null,
    user_id   uuid not null,
    audience  text not null,
    primary key (source, source_id)
);
create index if not exists sync_member_user on sync_member (user_id, audience);

create table if not exists sync_grant (
    source    smallint not null,
    source_id uuid not null,
    audience  text not null,
    bucket    integer not null,
    automatic boolean not null,                  -- the bucket's: it comes without being asked for
    primary key (source, source_id)
);
create index if not exists sync_grant_automatic on sync_grant (audience, bucket) where automatic;
create index if not exists sync_grant_bucket on sync_grant (bucket, audience);

create table if not exists sync_settled (        -- the highest op of a device whose effects are in the log
    device   uuid primary key,
    n        bigint not null,
    position bigint not null
) with (fillfactor = 70);

create table if not exists sync_base (           -- a set's rows as files, as of a position; one a (bucket, tier)
    bucket      integer not null,
    tier        smallint not null,
    position    bigint not null,
    tag         bytea not null,                  -- of the batch at the position: off its chain it is not offered
    made_at     timestamptz(3) not null default clock_timestamp(),
    rows        integer not null,
    chunks      bytea[] not null,                -- the list, in order: SHA-256 of each chunk's raw bytes, …
    chunk_bytes integer[] not null,              -- … how many they are, …
    chunk_rows  integer[] not null,              -- … and how many rows
    windows     json not null,                   -- how borders were chosen: collection → rows
    lost_at     timestamptz(3),                  -- a file was not to be had: not offered, and to be cut again
    primary key (bucket, tier)
);

create table if not exists sync_chunk (          -- files in the object store
    bucket    integer not null,
    sha256    bytea not null,
    is_stored boolean not null,                  -- false: one of its files may be missing
    named_at  timestamptz(3) not null default clock_timestamp(),  -- when a base was last known to name it
    primary key (sha256, bucket)
);

-- Someone was erased, or something must not be read any more: the lists go at once, the files with the next sweep.
create or replace function sync_forget_files(buckets integer[]) returns void language sql as $$
    delete from sync_base where bucket = any(buckets);
    update sync_chunk set named_at = '-infinity' where bucket = any(buckets);
$$;

insert into sync_state (epoch, cluster)
select ('x' || left(md5(gen_random_uuid()::text), 13))::bit(52)::bigint, system_identifier from pg_control_system()
on conflict do nothing;

insert into sync_batch (position, tag, items, scope_changes, snapshot)
select 0, sha256(convert_to(gen_random_uuid()::text, 'UTF8')), 0, 0, '1:1:'::pg_snapshot
where not exists (select from sync_batch);
"""
