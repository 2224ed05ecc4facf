"""Conditions and names as SQL on a row alias, with the same meaning as `holds` and `Name.of`."""

from sync.collection import AllOf, AnyOf, Condition, Equals, IsNull, IsSet, Name
from sync.postgres.catalog import Relation, identifier


def condition_sql(condition: Condition | None, alias: str) -> str:
    """Never null: an unknown comparison is false, as in `holds`."""
    match condition:
        case None:
            return "true"
        case IsSet(column):
            return f"{alias}.{identifier(column)} is not null"
        case IsNull(column):
            return f"{alias}.{identifier(column)} is null"
        case Equals(column, value):
            return f"({alias}.{identifier(column)} is not null and {alias}.{identifier(column)} = {literal(value)})"
        case AllOf(parts):
            return "(" + " and ".join([condition_sql(part, alias) for part in parts] or ["true"]) + ")"
        case AnyOf(parts):
            return "(" + " or ".join([condition_sql(part, alias) for part in parts] or ["false"]) + ")"


def condition_columns(condition: Condition | None) -> set[str]:
    match condition:
        case None:
            return set()
        case IsSet(column) | IsNull(column) | Equals(column, _):
            return {column}
        case AllOf(parts) | AnyOf(parts):
            return set().union(*(condition_columns(part) for part in parts))


def name_sql(name: Name, alias: str) -> str:
    """The bucket's or audience's name; null where the column is."""
    if name.column is not None:
        return f"{literal(name.kind + ':')}||{alias}.{identifier(name.column)}::text"
    return literal(name.kind if name.value is None else f"{name.kind}:{name.value}")


def literal(value: str | int | bool) -> str:  # noqa: FBT001 - a column's value, not a switch
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return "'" + value.replace("'", "''") + "'"


def live_sql(relation: Relation, alias: str) -> str:
    """Rows are deleted softly where the table can."""
    return f"{alias}.deleted_at is null" if relation.has("deleted_at") else "true"
