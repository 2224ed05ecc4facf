"""The fields that a phone sends, read by the types of the row: nothing is written that the row could not show."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Union, get_type_hints

import msgspec

from sync.collection import Collection
from sync.merge import ByField, Elements, SetEdit, Text, TextEdit
from sync.refusals import (
    CollectionNotWritable,
    FieldInvalid,
    FieldNotWritable,
    Malformed,
)


@dataclass(frozen=True)
class _Shape:
    """Which fields of a row may be sent, and which of them as an edit instead of a value."""

    row: type[msgspec.Struct]
    names: frozenset[str]
    texts: frozenset[str] = frozenset()
    sets: frozenset[str] = frozenset()


def read_create(collection: Collection, raw: bytes) -> dict[str, Any]:
    """The fields of a create. Raises CollectionNotWritable, FieldNotWritable or FieldInvalid, naming each field."""
    if collection.may_create is None:
        raise CollectionNotWritable(f"Phones do not create rows of {collection.name}.")
    return _read(_Shape(collection.row, collection.may_create), raw)


def read_patch(collection: Collection, raw: bytes) -> dict[str, Any]:
    """The fields of a patch: of a TEXT field a `TextEdit`, of a SET field a `SetEdit`. Raises as `read_create` does."""
    if collection.may_patch is None:
        raise CollectionNotWritable(f"Phones do not change rows of {collection.name}.")
    policy = collection.merge
    if not isinstance(policy, ByField):
        return _read(_Shape(collection.row, collection.may_patch), raw)
    shape = _Shape(collection.row, collection.may_patch, frozenset(policy.of(Text)), frozenset(policy.of(Elements)))
    values = _read(shape, raw)
    for name in shape.texts & values.keys():
        values[name] = TextEdit(values[name].was, values[name].now)
    for name in shape.sets & values.keys():
        values[name] = SetEdit(values[name].add or [], values[name].remove or [])
    return values


def read_values(collection: Collection, values: dict[str, Any]) -> dict[str, Any]:
    """The fields of one row of a batch, which may create it. Raises as `read_create` does."""
    return read_create(collection, msgspec.json.encode(values))


def _read(shape: _Shape, raw: bytes) -> dict[str, Any]:
    try:
        decoded = _decoder(shape).decode(raw)
    except (msgspec.MsgspecError, RecursionError):
        raise _explain(shape, raw) from None
    values = {
        name: value for name in decoded.__struct_fields__ if (value := getattr(decoded, name)) is not msgspec.UNSET
    }
    for name, value in values.items():
        if isinstance(value, datetime):
            values[name] = _to_instant(name, value)
    return values


@cache
def _decoder(shape: _Shape) -> msgspec.json.Decoder[msgspec.Struct]:
    """Reads an object that has some of the fields of the shape and nothing else."""
    hints = _hints(shape)
    fields = [(name, Union[hints[name], msgspec.UnsetType], msgspec.UNSET) for name in sorted(shape.names)]  # noqa: UP007 - at run time
    return msgspec.json.Decoder(msgspec.defstruct(f"{shape.row.__name__}Fields", fields, forbid_unknown_fields=True))


@cache
def _hints(shape: _Shape) -> dict[str, Any]:
    """What each field is read as. An edit of a text says what was and is now; of a set, what comes and what goes."""
    hints = get_type_hints(shape.row, include_extras=True)
    for name in shape.texts | shape.sets:
        maybe: Any = Union[hints[name], None]  # noqa: UP007 - at run time
        fields: list[Any] = [("now", hints[name]), ("was", maybe, None)]
        if name in shape.sets:
            fields = [("add", maybe, None), ("remove", maybe, None)]
        hints[name] = msgspec.defstruct(f"{shape.row.__name__}_{name}", fields, forbid_unknown_fields=True)
    return hints


def _to_instant(name: str, value: datetime) -> datetime:
    if value.tzinfo is None:
        raise FieldInvalid(f"`{name}` has no time zone; instants end in Z.", fields={name: "no time zone"})
    try:
        utc = value.astimezone(UTC)
    except OverflowError:
        raise FieldInvalid(f"`{name}` lies outside the calendar.", fields={name: "outside the calendar"}) from None
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


def _explain(shape: _Shape, raw: bytes) -> FieldNotWritable | FieldInvalid | Malformed:
    """Find out, slowly, which fields are wrong and how."""
    try:
        sent = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, RecursionError) as error:
        return Malformed(f"The fields cannot be read: {error}")
    if not isinstance(sent, dict):
        return Malformed("`fields` is an object.")
    foreign = {name: "not writable" for name in sent if name not in shape.names}
    if foreign:
        shown = ", ".join(f"`{name[:60]}`" for name in list(foreign)[:10])
        return FieldNotWritable(f"A phone does not write {shown} here.", fields=dict(list(foreign.items())[:10]))
    hints = _hints(shape)
    wrong: dict[str, str] = {}
    for name, value in sent.items():
        try:
            msgspec.convert(value, hints[name])
        except msgspec.ValidationError as error:
            wrong[name] = str(error)
    shown = "; ".join(f"`{name}`: {reason}" for name, reason in wrong.items())
    return FieldInvalid(f"Wrong values: {shown}.", fields=wrong)
