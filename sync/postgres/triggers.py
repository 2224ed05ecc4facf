"""Marking: whatever writes a watched table also writes (source, record) into `sync_outbox`, in its own transaction.

Statement-level AFTER triggers with transition tables see bulk statements, raw SQL and migrations alike. A BEFORE row
trigger raises `version` when something that crosses the wire changes. A changed id, TRUNCATE, and DELETE of a synced
row would leave ghosts on phones: they are refused, but for the eraser (`set local sync.erasing = 'on'`), whose DELETE
is marked.

A restore raises the version floor: what was used once on a log that is lost is never used again, by an old row or a new
one. The floor is a constant inside a function, so that nobody looks it up.

Never NOTIFY from here: it takes a global lock through the commit's flush and group commit is lost.
"""

from dataclasses import dataclass, field

from sync.postgres.catalog import Relation, identifier

ENGINE_FUNCTIONS = """
do $$ begin  -- Never replaced here: a restore raises it.
    if to_regprocedure('sync_version_floor()') is null then
        create function sync_version_floor() returns bigint language sql immutable parallel safe as 'select 1::bigint';
    end if;
end $$;

create or replace function sync_refuse_removal() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and current_setting('sync.erasing', true) = 'on' then
        return null;
    end if;
    raise exception '% is refused on %: phones hold its rows', tg_op, tg_table_name
    using errcode = 'restrict_violation', hint = 'set deleted_at instead; only the eraser may delete';
end $$;

create or replace function sync_mark_device() returns trigger language plpgsql as $$
begin
    insert into sync_outbox (source, id)
    select 0, n.id from new_rows n left join old_rows o on o.id = n.id where n.watermark is distinct from o.watermark;
    return null;
end $$;
"""

DEVICE_TRIGGER = """
create or replace trigger sync_mark_update after update on sync_device
referencing old table as old_rows new table as new_rows for each statement execute function sync_mark_device();
"""


@dataclass
class Watch:
    """All that is declared about one table: which sources a change of its rows marks, and by which columns."""

    relation: Relation
    by_id: list[int] = field(default_factory=list)  # sources whose record is the row itself
    by_link: list[tuple[int, str]] = field(default_factory=list)  # (source, the column that holds the record's id)
    wire_columns: set[str] = field(default_factory=set)  # a change of these raises the version
    scope_columns: set[str] = field(
        default_factory=set
    )  # a change of these moves the row, or grants, without a new version
    is_collection: bool = False


def triggers_sql(watch: Watch) -> str:
    """Every trigger and function of one watched table and of its partitions."""
    relation = watch.relation
    name = relation.name.replace(".", "_")
    parts = [_mark_function(watch, name, kind) for kind in ("insert", "update", "delete")]
    for table in (identifier(relation.name), *relation.partitions):
        parts += [_mark_trigger(name, kind, table) for kind in ("insert", "update", "delete")]
        parts.append(_refusal("truncate", table))
        if watch.is_collection:
            parts.append(_refusal("delete", table))
    if watch.is_collection:
        parts.append(_version_trigger(watch, name))
    return "\n".join(parts)


_REFERENCING = {
    "insert": "new table as new_rows",
    "update": "old table as old_rows new table as new_rows",
    "delete": "old table as old_rows",
}


def _mark_trigger(name: str, kind: str, table: str) -> str:
    return (
        f"create or replace trigger sync_mark_{kind} after {kind} on {table} referencing {_REFERENCING[kind]}"
        f" for each statement execute function sync_mark_{name}_{kind}();"
    )


def _refusal(kind: str, table: str) -> str:
    return (
        f"create or replace trigger sync_refuse_{kind} before {kind} on {table}"
        " for each statement execute function sync_refuse_removal();"
    )


def _mark_function(watch: Watch, name: str, kind: str) -> str:
    rows = {"insert": ["new_rows"], "update": ["old_rows", "new_rows"], "delete": ["old_rows"]}[kind]
    marks = [_mark_rows(watch, source, kind) for source in watch.by_id]
    marks += [
        f"select {source}, r.{identifier(column)} from {transition} r where r.{identifier(column)} is not null"
        for source, column in watch.by_link
        for transition in rows  # An update may move the link from one record to another: both are marked.
    ]
    statements = "\n    ".join(f"insert into sync_outbox (source, id) {mark};" for mark in marks)
    return (
        f"create or replace function sync_mark_{name}_{kind}() returns trigger language plpgsql as $mark$\n"
        f"begin\n    {statements}\n    return null;\nend $mark$;"
    )


def _mark_rows(watch: Watch, source: int, kind: str) -> str:
    if kind != "update":
        return f"select {source}, r.id from {'new_rows' if kind == 'insert' else 'old_rows'} r"
    differs = _differs(sorted(watch.scope_columns), watch.relation)
    if watch.is_collection:
        differs = f"(n.version <> o.version or {differs})"
    return f"select {source}, n.id from new_rows n join old_rows o on o.id = n.id where {differs}"


def _version_trigger(watch: Watch, name: str) -> str:
    # In the function's body, not in the trigger's WHEN: a migration may then alter or drop a column that it names.
    differs = _differs(sorted(watch.wire_columns), watch.relation, old="old", new="new")
    return f"""create or replace function sync_version_{name}() returns trigger language plpgsql as $version$
begin
    if new.id <> old.id then
        raise exception 'the id of a synced row never changes (%.%)', tg_table_name, old.id
        using errcode = 'restrict_violation', hint = 'delete the row softly and insert another';
    end if;
    -- Only what crosses the wire raises it; a writer's own number would break the order.
    new.version := case when {differs} then greatest(old.version + 1, sync_version_floor()) else old.version end;
    return new;
end $version$;
create or replace trigger sync_version before update on {identifier(watch.relation.name)}
for each row execute function sync_version_{name}();
alter table {identifier(watch.relation.name)} alter column version set default sync_version_floor();"""


def _differs(columns: list[str], relation: Relation, *, old: str = "o", new: str = "n") -> str:
    """Whether a row changed in one of these columns."""
    if not columns:
        return "false"
    left = ", ".join(_comparable(old, column, relation) for column in columns)
    right = ", ".join(_comparable(new, column, relation) for column in columns)
    return f"({left}) is distinct from ({right})" if len(columns) > 1 else f"{left} is distinct from {right}"


def _comparable(row: str, column: str, relation: Relation) -> str:
    # `json` has no equality of its own; its text is what crosses the wire.
    cast = "::text" if relation.types[column] in ("json", "xml", "point") else ""
    return f"{row}.{identifier(column)}{cast}"
