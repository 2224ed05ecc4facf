"""What a declared table really looks like: its columns as the database knows them, and how each becomes JSON text.

Types are a whitelist. What is not on it has no one text form in every language (floats, numeric, bare jsonb, instants
of varying length) and is refused when the engine is installed, not when the first row comes by.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from psycopg import Connection

INSTANT_DIGITS = 3  # timestamptz(3): whole milliseconds, 24 characters on the wire

_COLUMNS = """
select a.attname, format_type(a.atttypid, null), a.atttypmod
from pg_attribute a where a.attrelid = to_regclass(%s) and a.attnum > 0 and not a.attisdropped
"""

_PARTITIONS = """
select format('%%I.%%I', n.nspname, c.relname) from pg_partition_tree(to_regclass(%s)) p
join pg_class c on c.oid = p.relid join pg_namespace n on n.oid = c.relnamespace where p.level > 0
"""


class BadDeclaration(ValueError):
    """A declaration that the database cannot keep: names the declaration, the column and the remedy."""


@dataclass(frozen=True)
class Relation:
    """A table as the database has it. `types` maps each column to its type, without length."""

    name: str
    types: dict[str, str]
    instant_digits: dict[str, int]  # of timestamptz columns; -1: not limited
    partitions: tuple[str, ...] = field(default=())

    def has(self, column: str) -> bool:
        return column in self.types

    def require(self, column: str, *, declared_by: str) -> None:
        """Raises BadDeclaration when there is no such column."""
        if column not in self.types:
            raise BadDeclaration(f"{declared_by}: table {self.name} has no column {column}; add it in a migration")


def read_relation(connection: Connection[Any], table: str, *, declared_by: str) -> Relation:
    """Raises BadDeclaration when there is no such table."""
    rows = connection.execute(_COLUMNS, [table]).fetchall()
    if not rows:
        raise BadDeclaration(f"{declared_by}: there is no table {table}; its migration has not run")
    partitions = [name for (name,) in connection.execute(_PARTITIONS, [table]).fetchall()]
    return Relation(
        name=table,
        types={column: type_ for column, type_, _ in rows},
        instant_digits={column: digits for column, type_, digits in rows if type_ == "timestamp with time zone"},
        partitions=tuple(partitions),
    )


# --- a column as JSON text: null stays null, and concat_ws leaves it out ----------------------------------------


def _quoted(value: str) -> str:
    return f"'\"'||{value}||'\"'"


_AS_JSON: dict[str, Callable[[str], str]] = {
    "uuid": lambda value: _quoted(f"{value}::text"),
    "date": lambda value: _quoted(f"{value}::text"),
    "text": lambda value: f"to_json({value})::text",
    "character varying": lambda value: f"to_json({value})::text",
    "boolean": lambda value: f"{value}::text",
    "smallint": lambda value: f"{value}::text",
    "integer": lambda value: f"{value}::text",
    "bigint": lambda value: f"{value}::text",
    "timestamp with time zone": lambda value: _quoted(f'to_char({value},\'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"\')'),
    # `json` is kept as it was written. Raw line ends inside it are white space, never part of a string.
    "json": lambda value: f"translate({value}::text,E'\\n\\r','')",
    "text[]": lambda value: f"array_to_json({value})::text",
}


def json_text(relation: Relation, column: str, *, declared_by: str) -> str:
    """The SQL expression of `"column":value` for alias t, null where the column is. Raises BadDeclaration."""
    relation.require(column, declared_by=declared_by)
    type_ = relation.types[column]
    if type_ not in _AS_JSON:
        allowed = ", ".join(sorted(_AS_JSON))
        raise BadDeclaration(
            f"{declared_by}: column {column} is {type_}, which cannot cross the wire; use one of {allowed}"
        )
    if type_ == "timestamp with time zone" and relation.instant_digits[column] != INSTANT_DIGITS:
        raise BadDeclaration(
            f"{declared_by}: column {column} must be timestamptz({INSTANT_DIGITS}): whole milliseconds"
        )
    return f"'{json_key(column)}'||{_AS_JSON[type_](f't.{identifier(column)}')}"


def json_key(column: str) -> str:
    return f'"{column}":'


def identifier(name: str) -> str:
    """A declared name inside SQL. Raises BadDeclaration on anything but a plain lower-case name."""
    if not name.isascii() or not name.replace("_", "a").isalnum() or not name.islower() or name[0].isdigit():
        raise BadDeclaration(f"{name!r} is no plain lower-case SQL name")
    return f'"{name}"'
