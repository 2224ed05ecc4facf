"""One function a declaration, in the database: marked ids in, the log's new rows out.

    sync_apply_<n>(marked uuid[], base bigint) → (last_position, change_count, change_digest, touched)

Called by `sync_step` only, under the leader's lock. The same line comes out whichever process calls it, so that two
releases side by side agree. Each statement projects at most CHUNK records, compares them with the log and writes what
differs; what did not change costs no position.
"""

from sync.collection import BucketRule, Collection, Grant, Membership
from sync.postgres.catalog import BadDeclaration, Relation, identifier, json_text
from sync.postgres.conditions import condition_sql, literal, live_sql, name_sql

CHUNK = 5_000  # records a statement: keeps the planner on the indexes and the sort in memory

_HEADER = """
create or replace function sync_apply_{number}(
    marked uuid[], base bigint,
    out last_position bigint, out change_count integer, out change_digest bytea, out touched integer[])
language plpgsql as $apply$
declare ids uuid[]; start integer; part record;
begin
    last_position := base; change_count := 0; change_digest := ''; touched := '{{}}';
    {order_marks}
    start := 1;
    while start <= cardinality(marked) loop
        ids := marked[start : start + {chunk_last}];
        start := start + {chunk};
{statement}
        last_position := last_position + part.positions; change_count := change_count + part.changes;
        if part.changes > 0 then
            change_digest := sha256(change_digest || part.digest);
            touched := touched || part.buckets;
        end if;
    end loop;
end $apply$;
"""

_ORDER_MARKS = """if cardinality(marked) > {chunk} then  -- Else reading order would be broken between chunks.
        with t as materialized (select id, {columns} from {table} where id = any(marked))
        select array_agg(m.id order by {order}) into marked from unnest(marked) m(id) left join t on t.id = m.id;
    end if;"""

_COLLECTION = """
        with live as materialized (
            select t.id, t.version, {order_columns}, {names},
                   case when {live} then '['||t.version||',{{'||concat_ws(',',{fields})||'}}]' end as line
            from {table} t where t.id = any(ids)
        ), named as (
            {named}
        ), known as (
            select n.name, b.number from (select distinct name from named) n left join sync_bucket b on b.name = n.name
        ), fresh as (
            insert into sync_bucket (name, hash, automatic)
            select name, ('x'||left(md5(name),16))::bit(64)::bigint, split_part(name,':',1) = any({automatic})
            from known where number is null returning number, name
        ), numbered as (
            select name, number from known where number is not null union all select name, number from fresh
        ), wanted as materialized (  -- Else each digest is computed twice: to compare, and to write.
            select n.id, n.version, {order_names}, n.line, b.number as bucket,
                   ('x'||left(md5(n.line),16))::bit(64)::bigint as digest
            from named n join numbered b on b.name = n.name
        ), old as (
            select ctid as place, id, bucket, version, digest, octet_length(line) as bytes, gone_at is null as is_there
            from sync_item where collection = {number} and id = any(ids)
        ), changed as (
            select w.bucket, w.id, true as is_there, w.version, w.line, w.digest, {order_names},
                   o.place, coalesce(o.is_there, false) as was_there, o.digest as old_digest, o.bytes as old_bytes
            from wanted w left join old o on o.bucket = w.bucket and o.id = w.id
            where o.id is null or not o.is_there or o.digest <> w.digest
            union all
            select o.bucket, o.id, false, coalesce(l.version, o.version + 1),
                   '['||coalesce(l.version, o.version + 1)||',"'||o.id||'"]', 0, {order_names},
                   o.place, true, o.digest, o.bytes
            from old o left join live l on l.id = o.id
            where o.is_there and not exists (select from wanted w where w.bucket = o.bucket and w.id = o.id)
        ), placed as materialized (
            select bucket, id, is_there, version, line, digest, place, was_there, old_digest, old_bytes,
                   last_position + row_number() over (order by {in_order}, id, bucket) as position
            from changed
        ), added as (
            insert into sync_item (bucket, tier, collection, id, position, version, line, digest)
            select bucket, {tier}, {number}, id, position, version, line, digest from placed where place is null
        ), rewritten as (  -- By its place in the table: nobody else writes here, so that no index need be asked again.
            update sync_item i set position = p.position, version = p.version, line = p.line, digest = p.digest,
                   gone_at = case when not p.is_there then now() end
            from placed p where i.ctid = p.place
        ), moved as (
            select bucket, max(position) as position, sum(is_there::int - was_there::int)::integer as count,
                   bit_xor(digest # case when was_there then old_digest else 0 end) as digest,
                   sum(case when is_there then octet_length(line) else 0 end
                       - case when was_there then old_bytes else 0 end)::bigint as bytes
            from placed group by bucket
        ), totalled as (
            insert into sync_digest (bucket, tier, position, count, digest, bytes)
            select m.bucket, {tier}, m.position, m.count + coalesce(d.count, 0), m.digest # coalesce(d.digest, 0),
                   m.bytes + coalesce(d.bytes, 0)
            from moved m left join lateral (
                select d.count, d.digest, d.bytes from sync_digest d
                where d.bucket = m.bucket and d.tier = {tier} order by d.position desc limit 1) d on true
        )
        select count(*)::integer as changes, count(*) as positions, sha256(
            array_send(array_agg(position order by position)) || array_send(array_agg(bucket order by position))
            || array_send(array_agg(id order by position)) || array_send(array_agg(digest order by position))
            || array_send(array_agg(is_there order by position))) as digest,  -- null without changes
            (select array_agg(bucket) from moved) as buckets
        into part from placed;"""

_SCOPE = """
        with live as materialized (
            select t.id, {columns} from unnest(ids) m(id) join {table} t on t.id = m.id where {live} and {when}
        ), {prepare} written as (
            insert into {target} as held (source, source_id, {names})
            select {number}, id, {values} from {from_} where {complete}
            on conflict (source, source_id) do update set {set_} where ({held}) is distinct from ({excluded})
            returning source_id, {names}
        ), dropped as (
            delete from {target} where source = {number} and source_id = any(ids)
            and source_id not in (select id from {from_} where {complete}) returning source_id
        ), changes as (
            select source_id||' '||concat_ws(' ', {names}) as what from written
            union all select source_id||' gone' from dropped
        )
        select count(*)::integer as changes, 0 as positions,
               sha256(convert_to(coalesce(string_agg(what, E'\\n' order by what), ''), 'UTF8')) as digest,
               '{{}}'::integer[] as buckets
        into part from changes;"""

_NUMBER_BUCKETS = """known as (
            select n.bucket as name, b.number, b.automatic
            from (select distinct bucket from live where bucket is not null) n
            left join sync_bucket b on b.name = n.bucket
        ), fresh as (
            insert into sync_bucket (name, hash, automatic)
            select name, ('x'||left(md5(name),16))::bit(64)::bigint, split_part(name,':',1) = any({automatic})
            from known where number is null returning number, name, automatic
        ), numbered as (
            select live.id, live.audience, b.number as bucket, b.automatic from live join (
                select number, name, automatic from known where number is not null
                union all select number, name, automatic from fresh) b on b.name = live.bucket
        ),"""


def apply_collection_sql(
    collection: Collection,
    number: int,
    relation: Relation,
    links: dict[str, Relation],
    automatic_kinds: tuple[str, ...],
) -> str:
    """The function of one collection. Raises BadDeclaration when the table cannot keep what is declared."""
    declared_by = collection.name
    for column in ("id", "version", "deleted_at", *collection.order_by, *(collection.above or ())[1:]):
        relation.require(column, declared_by=declared_by)
    columns = [identifier(column) for column in collection.order_by]
    table = identifier(collection.table)
    places = [f"o{place}" for place in range(len(collection.order_by))] or ["no_order"]
    statement = _COLLECTION.format(
        number=number,
        tier=collection.tier,
        table=table,
        order_columns=", ".join(
            f"t.{identifier(column)} as o{place}" for place, column in enumerate(collection.order_by)
        )
        or "null as no_order",
        order_names=", ".join(places),
        in_order=", ".join(f"{place} nulls first" for place in places),  # Rows that no longer exist have none.
        live=live_sql(relation, "t"),
        names=", ".join(_own_names(collection, relation)) or "null as no_name",
        named=_named(collection, links),
        fields=",".join(
            json_text(relation, column, declared_by=declared_by) for column in collection.row.__struct_fields__
        ),
        automatic=_array(automatic_kinds),
    )
    return _HEADER.format(
        number=number,
        order_marks=_order_marks(table, columns),
        chunk=CHUNK,
        chunk_last=CHUNK - 1,
        statement=statement,
    )


def _order_marks(table: str, columns: list[str]) -> str:
    """Marks come in the order of their ids: where that is the reading order nothing is to do."""
    if not columns:
        return ""
    order = ", ".join([*(f"t.{column}" for column in columns), "t.id"])
    return _ORDER_MARKS.format(chunk=CHUNK, table=table, columns=", ".join(columns), order=order)


def apply_membership_sql(membership: Membership, number: int, relation: Relation) -> str:
    relation.require(membership.user, declared_by=f"membership of {membership.table}")
    statement = _SCOPE.format(
        columns=f"t.{identifier(membership.user)}::uuid as user_id, {name_sql(membership.audience, 't')} as audience",
        table=identifier(membership.table),
        live=live_sql(relation, "t"),
        when=condition_sql(membership.when, "t"),
        prepare="",
        target="sync_member",
        names="user_id, audience",
        values="user_id, audience",
        number=number,
        from_="live",
        complete="user_id is not null and audience is not null",
        set_="user_id = excluded.user_id, audience = excluded.audience",
        held="held.user_id, held.audience",
        excluded="excluded.user_id, excluded.audience",
    )
    return _HEADER.format(number=number, order_marks="", chunk=CHUNK, chunk_last=CHUNK - 1, statement=statement)


def apply_grant_sql(grant: Grant, number: int, relation: Relation, automatic_kinds: tuple[str, ...]) -> str:
    statement = _SCOPE.format(
        columns=f"{name_sql(grant.audience, 't')} as audience, {name_sql(grant.bucket, 't')} as bucket",
        table=identifier(grant.table),
        live=live_sql(relation, "t"),
        when=condition_sql(grant.when, "t"),
        prepare=_NUMBER_BUCKETS.format(automatic=_array(automatic_kinds)),
        target="sync_grant",
        names="audience, bucket, automatic",
        values="audience, bucket, automatic",
        number=number,
        from_="numbered",
        complete="audience is not null",
        set_="audience = excluded.audience, bucket = excluded.bucket, automatic = excluded.automatic",
        held="held.audience, held.bucket, held.automatic",
        excluded="excluded.audience, excluded.bucket, excluded.automatic",
    )
    return _HEADER.format(number=number, order_marks="", chunk=CHUNK, chunk_last=CHUNK - 1, statement=statement)


def _own_names(collection: Collection, relation: Relation) -> list[str]:
    """A column b<i> for each rule without a link: the bucket's name, null when the record is not in it."""
    return [
        f"case when {live_sql(relation, 't')} and {condition_sql(rule.when, 't')}"
        f" then {name_sql(rule.name, 't')} end as b{place}"
        for place, rule in enumerate(collection.buckets)
        if rule.link is None
    ]


def _named(collection: Collection, links: dict[str, Relation]) -> str:
    """Every live record with the name of a bucket it is in, once for each bucket even where several rules name it."""
    if not collection.buckets:
        raise BadDeclaration(f"{collection.name}: declare at least one bucket; nobody would ever see a row")
    if any(rule.link for rule in collection.buckets):
        pairs = "\n            union ".join(
            _linked(rule, links) if rule.link else f"select id, b{place} as name from live where b{place} is not null"
            for place, rule in enumerate(collection.buckets)
        )
        return f"select live.*, n.name from ({pairs}) n join live on live.id = n.id"
    return "\n            union all ".join(
        f"select *, b{place} as name from live where b{place} is not null"
        + "".join(f" and b{place} is distinct from b{earlier}" for earlier in range(place))
        for place in range(len(collection.buckets))
    )


def _linked(rule: BucketRule, links: dict[str, Relation]) -> str:
    assert rule.link is not None
    relation = links[rule.link.table]
    name = name_sql(rule.name, "k")
    return (
        f"select live.id, {name} as name from live"
        f" join {identifier(rule.link.table)} k on k.{identifier(rule.link.to)} = live.id"
        f" where live.line is not null and {name} is not null"
        f" and {live_sql(relation, 'k')} and {condition_sql(rule.when, 'k')}"
    )


def _array(kinds: tuple[str, ...]) -> str:
    return "array[" + ",".join(literal(kind) for kind in kinds) + "]::text[]"
