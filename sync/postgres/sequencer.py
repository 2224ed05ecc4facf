"""Marks become positions: `CALL sync_advance()` is one batch, taken under one lock, in one REPEATABLE READ transaction.

    any marks? → COMMIT → REPEATABLE READ → LOCK sync_leader NOWAIT → marks visible now and not at the last batch →
    sync_apply_<n> … → sync_batch

The lock is granted before the snapshot is taken: a snapshot from before the lock would miss what the last leader
published. A batch takes every mark of its snapshot, never a part: half a transaction on a phone would be a state
that never was.
"""

import re
from typing import Any

from psycopg import AsyncConnection, Error, OperationalError
from psycopg.errors import QueryCanceled, ReadOnlySqlTransaction, SerializationFailure, UniqueViolation

from sync.errors import Outage

TAGS_KEPT = 10_000
TAGS_KEPT_DAYS = 7
GONE_KEPT_DAYS = 180
PURGE_MAX = 1_000  # gone rows a sweep
SWEEP_LOCK = 0x7377_6565_70  # "sweep"
PACE_LOCK = 0x7061_6365  # "pace"
TOUCHED_MAX = 1_000  # buckets that a batch names for hints; more of them count as all

FUNCTIONS = f"""
-- Cheap, and without the lock: whether a batch would find something.
create or replace function sync_has_marks() returns boolean language plpgsql
set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
declare before record;
begin
    select pg_snapshot_xmax(b.snapshot) as xmax, array(select pg_snapshot_xip(b.snapshot)) as xip into before
    from sync_batch b order by b.position desc limit 1;
    if exists (select from sync_outbox where xid >= before.xmax) then return true; end if;
    if before.xip <> '{{}}' then  -- Each its own statement: only what is run is made ready.
        if exists (select from sync_outbox where xid = any(before.xip)) then return true; end if;
    end if;
    -- In another cluster the snapshot may lie ahead of all that is written here: a batch looks whether it is another.
    return before.xmax > pg_snapshot_xmax(pg_current_snapshot());
end $$;

drop function if exists sync_apply_0(uuid[], bigint);
create function sync_apply_0(marked uuid[], base bigint,
    out last_position bigint, out change_count integer, out change_digest bytea, out touched integer[])
language plpgsql as $$
begin
    with written as (
        insert into sync_settled as s (device, n, position)
        select d.id, d.watermark, base + 1 from sync_device d where d.id = any(marked)
        on conflict (device) do update set n = excluded.n, position = excluded.position
        where s.n is distinct from excluded.n
        returning device, n
    )
    select base + (count(*) > 0)::int, count(*),
           sha256(convert_to(coalesce(string_agg(device||' '||n, E'\\n' order by device), ''), 'UTF8'))
    into last_position, change_count, change_digest from written;
    touched := '{{}}';
end $$;

-- One batch. Answers how many log rows it wrote; null when there was nothing to do.
create or replace function sync_step() returns integer language plpgsql
set timezone = 'UTC' set datestyle = 'ISO' set enable_seqscan = off set plan_cache_mode = force_generic_plan
set work_mem = '128MB' set jit = off as $$
declare
    before record; part record; marks record; cluster_now bigint;
    place bigint; items integer := 0; scope_changes integer := 0; digest bytea := '';
    found_any boolean := false; anew boolean;
    buckets integer[] := '{{}}';
begin
    select b.position, b.tag, pg_snapshot_xmax(b.snapshot) as xmax,
           array(select pg_snapshot_xip(b.snapshot)) as xip into before
    from sync_batch b order by b.position desc limit 1;
    select system_identifier into cluster_now from pg_control_system();
    anew := cluster_now <> (select cluster from sync_state);
    if anew then  -- A dump read into another cluster: the old snapshots mean nothing here.
        perform sync_mark_all(number) from sync_source;
        update sync_state set cluster = cluster_now;
    end if;
    place := before.position;
    for marks in
        select m.source, coalesce(s.kind, 'device') as kind, array_agg(distinct m.id) as ids
        from (select o.source, o.id from sync_outbox o where o.xid >= before.xmax
              union all select o.source, o.id from sync_outbox o where o.xid = any(before.xip)
              union all select o.source, o.id from sync_outbox o where anew) m
        left join sync_source s on s.number = m.source
        group by m.source, s.kind, s.tier order by s.kind = 'collection', s.tier nulls first, m.source
    loop
        found_any := true;
        execute format('select * from sync_apply_%s($1, $2)', marks.source) into part using marks.ids, place;
        place := part.last_position;
        buckets := buckets || part.touched;
        if part.change_count > 0 then digest := sha256(digest || int2send(marks.source) || part.change_digest); end if;
        if marks.kind = 'collection' then items := items + part.change_count;
        elsif marks.kind <> 'device' then scope_changes := scope_changes + part.change_count; end if;
    end loop;
    if not found_any then return null; end if;
    insert into sync_batch (position, tag, items, scope_changes, buckets, snapshot)
    values (place + 1, sha256(before.tag || int8send(place + 1) || digest), items, scope_changes,
            case when cardinality(buckets) <= {TOUCHED_MAX} then buckets end, pg_current_snapshot());
    return items;
end $$;

-- done: log rows written · 0 nothing to do · -1 another leader is at it
create or replace procedure sync_advance(inout done integer default 0) language plpgsql as $$
begin
    if not sync_has_marks() then
        done := 0;
        return;
    end if;
    commit;
    set transaction isolation level repeatable read;
    begin
        lock table sync_leader in exclusive mode nowait;
    exception when lock_not_available then
        done := -1;
        return;
    end;
    done := coalesce(sync_step(), 0);
    commit;
end $$;

create or replace function sync_mark_all(source smallint) returns void language plpgsql as $$
begin
    execute format('insert into sync_outbox (source, id) select %s, id from %s', source,
                   (select s.relation::regclass from sync_source s where s.number = source));
end $$;

-- Housekeeping, beside the readers: marks and totals that were overtaken, tags past their time. One process at a time;
-- it looks at the buckets that batches touched since it last ran, not at all of them.
create or replace function sync_sweep() returns void language plpgsql
set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
declare newest record; since bigint; touched integer[];
begin
    if not pg_try_advisory_xact_lock({SWEEP_LOCK}) then return; end if;
    select position, snapshot into newest from sync_batch order by position desc limit 1;
    select swept into since from sync_state;
    delete from sync_outbox where xid < pg_snapshot_xmin(newest.snapshot);
    touched := array(
        select distinct unnest(buckets) from sync_batch where position > since and position <= newest.position);
    if exists (select from sync_batch where position > since and position <= newest.position and buckets is null) then
        touched := array(select number from sync_bucket);
    end if;
    delete from sync_digest d where d.bucket = any(touched) and exists (
        select from sync_digest n where n.bucket = d.bucket and n.tier = d.tier and n.position > d.position);
    delete from sync_batch where at < now() - interval '{TAGS_KEPT_DAYS} days' and position < (
        select min(position) from (select position from sync_batch order by position desc limit {TAGS_KEPT}) newest)
        and position not in (select position from sync_base);
    if newest.position > since then update sync_state set swept = newest.position; end if;
end $$;

-- Gone rows past their time. Raises the floor in the same transaction: who stands below it is checked by digests.
-- Answers how many went; 0 also when a leader is at work, whose rows must not be taken from under it.
create or replace function sync_purge() returns integer language plpgsql as $$
declare purged integer; highest bigint;
begin
    if not exists (select from sync_item where gone_at < now() - interval '{GONE_KEPT_DAYS} days') then
        return 0;
    end if;
    begin
        lock table sync_leader in exclusive mode nowait;
    exception when lock_not_available then
        return 0;
    end;
    with old as (
        select collection, id, bucket from sync_item
        where gone_at < now() - interval '{GONE_KEPT_DAYS} days' limit {PURGE_MAX}
    ), removed as (
        delete from sync_item i using old o
        where i.collection = o.collection and i.id = o.id and i.bucket = o.bucket returning i.position
    )
    select count(*), max(position) into purged, highest from removed;
    if purged > 0 then update sync_state set floor = greatest(floor, highest); end if;
    return purged;
end $$;
"""

BUSY = -1
CHAIN_KEY = "sync_batch_pkey"
_APPLYING = re.compile(r"function sync_apply_(\d+)\(")


class Standstill(Outage):
    """What is declared of one source fails, and the log goes no further until that is mended. Nothing is lost."""

    def __init__(self, source: str, reason: str) -> None:
        """`source`: the collection, membership or grant."""
        self.source = source
        super().__init__(f"{source}: {reason}")


async def advance(connection: AsyncConnection[Any]) -> int:
    """Publish what is committed. Answers the rows written, 0 for nothing to do, BUSY when another leader is at it.

    The connection is in autocommit mode. Raises Outage when the database is away; the batch is then whole or absent.
    Standstill when it would fail again and again.
    """
    try:
        row = await (await connection.execute("call sync_advance()")).fetchone()
    except SerializationFailure:
        return BUSY
    except (OperationalError, QueryCanceled, ReadOnlySqlTransaction) as error:
        raise Outage(f"the sequencer lost the database: {error}") from error
    except Error as error:
        if error.sqlstate is None:
            raise
        if isinstance(error, UniqueViolation) and error.diag.constraint_name == CHAIN_KEY:
            return BUSY  # The second line of defence. Somebody else published.
        raise Standstill(await _source_of(connection, error), error.diag.message_primary or "") from error
    assert row is not None
    return int(row[0])


async def _source_of(connection: AsyncConnection[Any], error: Error) -> str:
    """The name of what was being applied."""
    found = _APPLYING.search(f"{error.diag.message_primary} {error.diag.context}")
    if found is None:
        return "the log"
    named = "select convert_to(name, 'UTF8') from sync_source where number = %s"
    row = await (await connection.execute(named, [int(found[1])])).fetchone()
    return bytes(row[0]).decode() if row else f"source {found[1]}"


async def take_pace(connection: AsyncConnection[Any]) -> bool:
    """Whether this connection becomes the one that asks often. It then stays so until it ends.

    A hint that saves the others their asking: whoever asks may publish, at any pace.
    """
    row = await (await connection.execute("select pg_try_advisory_lock(%s)", [PACE_LOCK])).fetchone()
    return row == (True,)


async def sweep(connection: AsyncConnection[Any]) -> None:
    """Clear away what the log has overtaken, and gone rows past their time. Every few seconds, from any process."""
    await connection.execute("select sync_sweep()")
    await connection.execute("select sync_purge()")
