"""Brings a database's engine to what this release declares: tables, triggers, functions. Twice changes nothing.

What a function does has a hash. Another hash means that lines, or who holds them, may differ: every row of the
source is marked again, in chunks, and the sequencer finds what really changed.
"""

import hashlib
from typing import Any

from psycopg import Connection

from sync.collection import Collection, Grant, Membership, Name
from sync.postgres import sequencer, tables, triggers
from sync.postgres.catalog import BadDeclaration, Relation, read_relation
from sync.postgres.conditions import condition_columns
from sync.postgres.projection import apply_collection_sql, apply_grant_sql, apply_membership_sql
from sync.postgres.push_tables import TABLES as PUSH_TABLES
from sync.postgres.push_tables import stamp_triggers
from sync.postgres.triggers import Watch
from sync.registry import Registry
from sync.summary import WHOLE_BYTES_MAX, summary_of

LOCK_KEY = 0x73796E63  # "sync"
LOCK_TIMEOUT = "15s"
MARK_CHUNK = 5_000

ENGINE = tables.TABLES + PUSH_TABLES + triggers.ENGINE_FUNCTIONS + sequencer.FUNCTIONS + triggers.DEVICE_TRIGGER

Declared = Collection | Membership | Grant


def install(connection: Connection[Any], registry: Registry) -> None:
    """Raises BadDeclaration, with nothing changed, when a table cannot keep what is declared about it.

    Commits: the installation as one transaction, then the marking of changed sources chunk by chunk. Killed in
    between, the next run goes on marking where this one stopped.
    """
    connection.execute("select pg_advisory_xact_lock(%s)", [LOCK_KEY])
    connection.execute("select set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
    is_other = _run_once(connection, "table sync_state", ENGINE)
    _install_sources(connection, registry)
    if is_other:
        _summarise_held(connection)
    if statements := stamp_triggers(registry):
        tables_stamped = [c.table for c in registry.collections.values() if c.stamped_columns]
        is_complete = all(_has_trigger(connection, table, "sync_stamp") for table in tables_stamped)
        _run_once(connection, "function sync_stamp()", ";\n".join(statements), anyway=not is_complete)
    connection.commit()
    _mark_changed(connection)


def _run_once(connection: Connection[Any], witness: str, sql: str, *, anyway: bool = False) -> bool:
    """Run it unless the very same was run: its hash is the comment on what it makes. Answers whether it ran.

    A start with nothing to install takes no lock that a writer or a long reader would hold up.
    """
    digest = hashlib.sha256(sql.encode()).hexdigest()
    kind, _, name = witness.partition(" ")
    find = "to_regclass(%s), 'pg_class'" if kind == "table" else "to_regprocedure(%s), 'pg_proc'"
    row = connection.execute(f"select obj_description({find})", [name]).fetchone()
    if row is not None and row[0] == digest and not anyway:
        return False
    connection.execute(sql)
    connection.execute(f"comment on {kind} {name} is '{digest}'")
    return True


def _summarise_held(connection: Connection[Any]) -> None:
    """Refused ops that an older release put whole into rows that phones hold."""
    where = f"outcome <> 'waiting' and bytes is null and octet_length(raw) > {WHOLE_BYTES_MAX}"
    while found := connection.execute(f"select id, raw from sync_op where {where} limit 100").fetchall():
        for id_, raw in found:
            values = [summary_of(raw), len(raw), id_]
            connection.execute("update sync_op set op = %s, bytes = %s where id = %s", values)


def source_name(declared: Declared) -> str:
    """What the source is called for ever: its number in the log hangs on it."""
    match declared:
        case Collection(name=name):
            return name
        case Membership():
            return f"membership:{declared.table}:{declared.user}:{_label(declared.audience)}"
        case Grant():
            return f"grant:{declared.table}:{_label(declared.audience)}:{_label(declared.bucket)}"


def _label(name: Name) -> str:
    return f"{name.kind}.{name.column or ''}.{name.value or ''}"


def _install_sources(connection: Connection[Any], registry: Registry) -> None:
    declared: list[Declared] = [*registry.collections.values(), *registry.memberships, *registry.grants]
    automatic = tuple(sorted(kind.kind for kind in registry.bucket_kinds.values() if kind.automatic))
    relations: dict[str, Relation] = {}
    watches: dict[str, Watch] = {}
    for source in declared:
        for table in (source.table, *_link_tables(source)):
            if table not in relations:
                relations[table] = read_relation(connection, table, declared_by=source_name(source))
                watches[table] = Watch(relations[table])
    for source in declared:
        number = _number(connection, source)
        _watch(source, number, watches)
        sql = _apply_sql(source, number, relations, automatic)
        _install_function(connection, number, sql)
    for watch in watches.values():
        _install_triggers(connection, watch)
    _reclassify_buckets(connection, automatic)


def _link_tables(source: Declared) -> list[str]:
    if not isinstance(source, Collection):
        return []
    return [rule.link.table for rule in source.buckets if rule.link]


def _apply_sql(source: Declared, number: int, relations: dict[str, Relation], automatic: tuple[str, ...]) -> str:
    relation = relations[source.table]
    match source:
        case Collection():
            return apply_collection_sql(source, number, relation, relations, automatic)
        case Membership():
            return apply_membership_sql(source, number, relation)
        case Grant():
            return apply_grant_sql(source, number, relation, automatic)


def _number(connection: Connection[Any], source: Declared) -> int:
    """The source's number, given once. Raises BadDeclaration when a collection would move to another tier."""
    name = source_name(source)
    kind = type(source).__name__.lower()
    tier = source.tier if isinstance(source, Collection) else 0
    row = connection.execute("select number, tier from sync_source where name = %s", [name]).fetchone()
    if row is None:
        row = connection.execute(
            "insert into sync_source (number, kind, name, tier, relation)"
            " select coalesce(max(number), 0) + 1, %s, %s, %s, %s from sync_source returning number, tier",
            [kind, name, tier, source.table],
        ).fetchone()
    assert row is not None
    if row[1] != tier:
        raise BadDeclaration(
            f"{name}: its tier is {row[1]} on every phone; declare a new collection to change it to {tier}"
        )
    connection.execute(
        "update sync_source set relation = %s where number = %s and relation <> %s",
        [source.table, row[0], source.table],
    )
    return int(row[0])


def _watch(source: Declared, number: int, watches: dict[str, Watch]) -> None:
    watch = watches[source.table]
    watch.by_id.append(number)
    watch.scope_columns |= {"deleted_at"} if watch.relation.has("deleted_at") else set()
    match source:
        case Collection():
            watch.is_collection = True
            watch.wire_columns |= {*source.row.__struct_fields__, "deleted_at"} - {"id"}
            for rule in source.buckets:
                if rule.link is None:
                    watch.scope_columns |= _columns(rule.name) | condition_columns(rule.when)
                else:
                    linked = watches[rule.link.table]
                    linked.relation.require(rule.link.to, declared_by=source.name)
                    _require(linked.relation, _columns(rule.name) | condition_columns(rule.when), source)
                    linked.by_link.append((number, rule.link.to))
        case Membership():
            watch.scope_columns |= {source.user} | _columns(source.audience) | condition_columns(source.when)
        case Grant():
            watch.scope_columns |= _columns(source.audience) | _columns(source.bucket) | condition_columns(source.when)
    _require(watch.relation, watch.scope_columns | watch.wire_columns, source)


def _columns(name: Name) -> set[str]:
    return set() if name.column is None else {name.column}


def _require(relation: Relation, columns: set[str], source: Declared) -> None:
    for column in sorted(columns):
        relation.require(column, declared_by=source_name(source))


def _install_function(connection: Connection[Any], number: int, sql: str) -> None:
    """Replace the function when its text differs, and forget how far its rows were marked."""
    name = f"sync_apply_{number}(uuid[],bigint)"
    # Dropped first: `create or replace` refuses other output columns. One transaction, so nobody finds none.
    if _run_once(connection, f"function {name}", f"drop function if exists {name};\n{sql}"):
        connection.execute("update sync_source set hash = null, marked = null where number = %s", [number])


def _install_triggers(connection: Connection[Any], watch: Watch) -> None:
    """Only when they differ, or went with a table that was made anew: making one waits for the table's writers."""
    table = watch.relation.name
    is_new = not _has_trigger(connection, table, "sync_mark_insert")
    _run_once(connection, f"function sync_mark_{table}_insert()", triggers.triggers_sql(watch), anyway=is_new)


def _has_trigger(connection: Connection[Any], table: str, name: str) -> bool:
    sql = "select from pg_trigger where tgrelid = to_regclass(%s) and tgname = %s"
    return connection.execute(sql, [table, name]).fetchone() is not None


def _reclassify_buckets(connection: Connection[Any], automatic: tuple[str, ...]) -> None:
    """A kind that became automatic, or on demand: its buckets follow, and the grants with them."""
    changed = connection.execute(
        "update sync_bucket set automatic = not automatic"
        " where automatic <> (split_part(name, ':', 1) = any(%s)) returning number",
        [list(automatic)],
    ).fetchall()
    connection.execute(
        "update sync_grant g set automatic = b.automatic from sync_bucket b"
        " where b.number = g.bucket and b.number = any(%s)",
        [[number for (number,) in changed]],
    )


def _mark_changed(connection: Connection[Any]) -> None:
    """Mark every row of each source whose function is new, chunk by chunk, each chunk its own short transaction."""
    sources = connection.execute(
        "select number, relation from sync_source where hash is null order by number"
    ).fetchall()
    for number, relation in sources:
        while _mark_chunk(connection, number, relation):
            connection.commit()
        connection.execute("update sync_source set hash = ''::bytea, marked = null where number = %s", [number])
        connection.commit()


def _mark_chunk(connection: Connection[Any], number: int, relation: str) -> bool:
    """Mark the next rows in the order of their ids. Answers whether there were any."""
    row = connection.execute(
        f"with so_far as (select marked from sync_source where number = %s),"
        f" next as (select id from {relation}, so_far where marked is null or id > marked order by id limit %s),"
        " noted as (insert into sync_outbox (source, id) select %s, id from next)"
        " update sync_source set marked = (select id from next order by id desc limit 1)"
        " where number = %s and exists (select from next) returning marked",
        [number, MARK_CHUNK, number, number],
    ).fetchone()
    return row is not None
