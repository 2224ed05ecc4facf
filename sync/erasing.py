"""Erasure: what becomes of the rows that name a person, declared table by table, as data.

    Forget   the row is the person's own: it goes, and phones are told that it is gone
    Blank    others need the row: it stays, and what is the person's in it becomes a neutral value
    Leave    the row only names an id, which belongs to nobody any more

Other people's work stays. `sync/postgres/erasing.py` does it; a ledger outside the database keeps it done after a
restore.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sync.collection import Condition

NEUTRAL_NAME = "Former member"
NEUTRAL_TEXT = "…"


@dataclass(frozen=True)
class Now:
    """The moment of the erasure, as a value."""


NOW = Now()

Value = str | int | bool | Now | None


@dataclass(frozen=True)
class Through:
    """The row belongs to a row of `table`: `column` holds that one's id."""

    column: str
    table: str


@dataclass(frozen=True)
class Forget:
    """Rows of `table` that name the person in `person` are deleted, for good."""

    table: str
    person: str
    through: Through | None = None  # Then `person` is a column of that table.
    when: Condition | None = None


@dataclass(frozen=True)
class Blank:
    """Rows of `table` that name the person in `person` stay, with these values."""

    table: str
    person: str
    values: Mapping[str, Value] = field(default_factory=dict)
    when: Condition | None = None


@dataclass(frozen=True)
class Leave:
    """Rows of `table` that name the person in `person` stay as they are: nothing in them is the person's."""

    table: str
    person: str


Erasure = Forget | Blank | Leave
