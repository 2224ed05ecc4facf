"""Ops made under an older schema, brought to the one of now: nothing that a person made is lost to an update.

    op of schema 5 ──► upcast of 5 ──► upcast of 6 ──► … ──► as if it had been made today

An upcast belongs to one collection or command, and to the last schema under which phones wrote it the old way. What
travels, is hashed and is kept stays as it was sent; the new shape is made whenever the op is read, on its first arrival
as on a retry years later. Upcasts are kept for every schema ever released.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from sync.refusals import NotUpcast

Values = dict[str, Any]  # As they stand in JSON.
Change = Callable[[str, Values], Values]  # (kind, values): answers the new values; it may raise a Refusal

# What a change meets when an op holds something that nobody thought of. All else is a bug of the engine.
_STUMBLES = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)


@dataclass(frozen=True)
class Upcast:
    """How ops of one collection or command, made under `schema` or before, are written under `schema + 1`.

    `change` is given the kind of the op and the fields of a create or patch, one row of a batch, or the arguments of a
    command. `becomes` names the command that took this one's place; a collection is never renamed.
    """

    name: str  # of the collection or command, as it was called under `schema`
    schema: int
    change: Change | None = None
    becomes: str | None = None


@dataclass(frozen=True)
class Path:
    """What lies between an op's schema and now: the name of today, and the changes on the way."""

    name: str
    steps: tuple[Upcast, ...] = ()

    def values(self, kind: str, values: Values) -> Values:
        """Raises NotUpcast where a change cannot make sense of what was sent, and whatever Refusal it raises."""
        for step in self.steps:
            if step.change is None:
                continue
            try:
                values = step.change(kind, dict(values))
            except _STUMBLES as error:
                raise NotUpcast(
                    f"This was made under schema {step.schema} or before, and cannot be read as of now: {error!r}."
                ) from error
        return values

    def raw(self, kind: str, raw: bytes) -> bytes:
        """`values` on JSON text. What is no object is handed on: whoever reads it says so."""
        if not any(step.change for step in self.steps):
            return raw
        values = msgspec.json.decode(raw)
        return msgspec.json.encode(self.values(kind, values)) if isinstance(values, dict) else raw


@dataclass(frozen=True)
class Upcasts:
    by_name: dict[str, tuple[Upcast, ...]] = field(default_factory=dict)  # in order of their schemas

    def path(self, name: str, schema: int) -> Path:
        """From an op of this schema to now. Schema 0: the op does not say, and is read as of now."""
        if not self.by_name or schema == 0:
            return Path(name)
        steps: list[Upcast] = []
        while step := next((step for step in self.by_name.get(name, ()) if step.schema >= schema), None):
            steps.append(step)
            schema = step.schema + 1
            name = step.becomes or name
        return Path(name, tuple(steps))


def build_upcasts(
    upcasts: Iterable[Upcast], *, schema: int, collections: Iterable[str], commands: Iterable[str]
) -> Upcasts:
    """Raises ValueError for an upcast of a schema that is not past, declared twice, or that leads nowhere."""
    of_rows, of_commands = frozenset(collections), frozenset(commands)
    by_name: dict[str, dict[int, Upcast]] = {}
    for upcast in upcasts:
        where = f"upcast of {upcast.name} from schema {upcast.schema}"
        if not 1 <= upcast.schema < schema:
            raise ValueError(f"{where}: the schema of now is {schema}; an upcast is from an older one")
        if by_name.setdefault(upcast.name, {}).setdefault(upcast.schema, upcast) is not upcast:
            raise ValueError(f"{where} is declared twice")
        if upcast.change is None and upcast.becomes is None:
            raise ValueError(f"{where} changes nothing")
        if upcast.becomes is not None and upcast.name in of_rows:
            raise ValueError(f"{where}: a collection is on every phone and is never renamed")
    found = Upcasts({name: tuple(steps[at] for at in sorted(steps)) for name, steps in by_name.items()})
    for name in found.by_name:
        if found.path(name, 1).name not in of_rows | of_commands:
            raise ValueError(f"upcast of {name}: {found.path(name, 1).name} is neither a collection nor a command")
    return found
