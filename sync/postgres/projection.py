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
        select array_agg(m.id order by {order}) into marked
        from unnest(marked) m(id) left join {table} t on t.id = m.id;
    end if;"""

_COLLECTION = """
        with live as materialized (
            select t.id, t.version, row_number() over (order by {order}) as place, {names},
                   case when {live} then '['||t.version||',{{'||concat_ws(',',{fields})||'}}]' end as line
            from unnest(ids) m(id) join {table} t on t.id = m.id
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
            select l.id, l.version, l.place, l.line, b.number as bucket,
                   ('x'||left(md5(l.line),16))::bit(64)::bigint as digest
            from named n join live l on l.id = n.id join numbered b on b.name = n.name
        ), old as (
            select id, bucket, version, digest, octet_length(line) as bytes, gone_at is null as is_there
            from sync_item where collection = {number} and id = any(ids)
        ), changed as (
            select coalesce(w.bucket, o.bucket) as bucket, coalesce(w.id, o.id) as id, w.id is not null as is_there,
                   coalesce(w.version, l.version, o.version + 1) as version, w.line, w.digest,
                   coalesce(w.place, l.place, 0) as place, coalesce(o.is_there, false) as was_there,
                   o.digest as old_digest, o.bytes as old_bytes
            from wanted w full join old o on o.bucket = w.bucket and o.id = w.id left join live l on l.id = o.id
            where (w.id is not null and (o.id is null or not o.is_there or o.digest <> w.digest))
               or (w.id is null and o.is_there)
        ), placed as (
            select c.bucket, c.id, c.is_there, c.version, c.was_there, c.old_digest, c.old_bytes,
                   last_position + row_number() over (order by c.place, c.id, c.bucket) as position,
                   coalesce(c.line, '['||c.version||',"'||c.id||'"]') as line, coalesce(c.digest, 0) as digest
            from changed c
        ), written as (
            insert into sync_item (bucket, tier, collection, id, position, version, line, digest, gone_at)
            select bucket, {tier}, {number}, id, position, version, line, digest, case when not is_there then now() end
            from placed
            on conflict (collection, id, bucket) do update set position = excluded.position, version = excluded.version,
                line = excluded.line, digest = excluded.digest, gone_at = excluded.gone_at
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
        select count(*)::integer as changes, count(*) as positions, sha256(convert_to(coalesce(string_agg(
            position||' '||bucket||' '||id||' '||digest||' '||is_there, E'\\n' order by position), ''), 'UTF8')) as
            digest, (select array_agg(bucket) from moved) as buckets
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
    for column in ("id", "version", "deleted_at", *collection.order_by):
        relation.require(column, declared_by=declared_by)
    order = ", ".join([*(f"t.{identifier(column)}" for column in collection.order_by), "t.id"])
    table = identifier(collection.table)
    statement = _COLLECTION.format(
        number=number,
        tier=collection.tier,
        table=table,
        order=order,
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
        order_marks=_ORDER_MARKS.format(chunk=CHUNK, order=order, table=table),
        chunk=CHUNK,
        chunk_last=CHUNK - 1,
        statement=statement,
    )


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
    """(id, name) of every bucket a live record is in. `union` also removes a bucket that two rules name."""
    if not collection.buckets:
        raise BadDeclaration(f"{collection.name}: declare at least one bucket; nobody would ever see a row")
    return "\n            union ".join(
        _linked(rule, links) if rule.link else f"select id, b{place} as name from live where b{place} is not null"
        for place, rule in enumerate(collection.buckets)
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
