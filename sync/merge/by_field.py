"""A row whose fields have rules of their own: LWW, SET, TEXT, LIST, CAS."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec

from sync.clock import At
from sync.merge.elements import SetEdit, make_elements, merge_elements
from sync.merge.lww import merge_lww, stamp_of, stamps
from sync.merge.place import check_place
from sync.merge.policies import ByField, Cas, Elements, Joined, Lww, Place, Text
from sync.merge.three_way import merge_text
from sync.merge.values import Merged, State, same_value
from sync.refusals import Changed, FieldInvalid

DELETED = "deleted_at"  # The stamp of a `delete`: who, and of which version.


class TextEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a patch says of a TEXT field: what the person saw, and what they made of it."""

    was: Any
    now: Any


@dataclass(frozen=True)
class Offer:
    """Who writes, when, and what they saw."""

    base: int | None  # The version of the row.
    at: At
    device: str


def make_fields(policy: ByField, *, row_id: UUID, offered: Mapping[str, Any], offer: Offer) -> Merged:
    """The columns and the merge state of a row that is made. Raises FieldInvalid."""
    columns: dict[str, Any] = dict(offered)
    state: State = {}
    for name, value in offered.items():
        match policy.rules.get(name):
            case Elements() as rule:
                columns[name], state[name] = make_elements(name, rule, value or [], at=offer.at, device=offer.device)
                continue
            case Place():
                check_place(name, value, row_id)
            case Text() as rule:
                _require_short(name, rule, value)
            case None:
                continue
        state |= stamps({name: value}, at=offer.at, device=offer.device)
    return Merged(columns, state, is_as_offered=True)


def merge_fields(
    policy: ByField, *, stored: Mapping[str, Any], state: State, offered: Mapping[str, Any], offer: Offer
) -> Merged:
    """Merge each offered field by its rule. Raises Changed (make a conflict copy), FieldInvalid."""
    _require_newest(policy, stored, state, offered, offer)
    merged = Merged({}, None, is_as_offered=True)
    for name, value in offered.items():
        match policy.rules[name]:
            case Lww() | Cas():
                one = _merge_lww(name, value, stored, state, offer)
            case Place():
                check_place(name, value, stored["id"])
                one = _merge_lww(name, value, stored, state, offer)
            case Elements() as rule:
                one = _merge_set(name, rule, value, stored, state, offer)
            case Text() as rule:
                one = _merge_text(name, rule, value, stored, offer)
        merged = Merged(
            {**merged.columns, **one.columns},
            merged.state if one.state is None else {**(merged.state or {}), **one.state},
            merged.is_as_offered and one.is_as_offered,
        )
    new_state = {**state, **(merged.state or {})}
    return Merged(merged.columns, None if new_state == state else new_state, merged.is_as_offered)


def edited_by_others(state: State, offer: Offer) -> bool:
    """Whether another device, or the server, wrote a field after the version that the offer saw."""
    found = [stamp for name, stamp in _stamps_in(state) if name != DELETED]
    base = offer.base or 0
    return any(version > base and device != offer.device for version, device in found)


def _stamps_in(state: State) -> list[tuple[str, tuple[int, str]]]:
    """(field, (version, device)) of every stamp; of a SET, each element's."""
    found: list[tuple[str, tuple[int, str]]] = []
    for name, stamp in state.items():
        each = stamp.values() if isinstance(stamp, dict) else [stamp]
        found += [(name, (version, device)) for version, _at, device, *_ in each]
    return found


def _require_newest(
    policy: ByField, stored: Mapping[str, Any], state: State, offered: Mapping[str, Any], offer: Offer
) -> None:
    """CAS fields of a row are one thing: who did not see the newest of all of them writes none."""
    fields = policy.of(Cas)
    if not any(name in offered for name in fields):
        return
    if all(same_value(offered[name], stored.get(name)) for name in fields if name in offered):
        return  # It stands already.
    also = {other for rule in policy.rules.values() if isinstance(rule, Cas) for other in rule.also}
    for name in (*fields, *sorted(also)):
        version, _, device = stamp_of(state, name)
        is_seen = offer.base is not None and offer.base >= version
        if not is_seen and device != offer.device:
            raise Changed(fields={name: "changed meanwhile"})


def _merge_lww(name: str, value: Any, stored: Mapping[str, Any], state: State, offer: Offer) -> Merged:
    return merge_lww(
        stored=stored,
        state=_of(name, state),
        offered={name: value},
        base=offer.base,
        at=offer.at,
        device=offer.device,
        version=stored["version"],
    )


def _merge_set(name: str, rule: Elements, value: Any, stored: Mapping[str, Any], state: State, offer: Offer) -> Merged:
    edit = value if isinstance(value, SetEdit) else SetEdit(add=list(value or ()))
    before = stored.get(name)
    there, known = merge_elements(
        name,
        rule,
        edit,
        stored=before,
        stamps=state.get(name),
        base=offer.base,
        at=offer.at,
        device=offer.device,
        version=stored["version"],
    )
    is_as_offered = set(edit.add) <= set(there) and not set(edit.remove) & set(there)
    columns = {} if there == sorted(before or ()) else {name: there}
    return Merged(columns, None if known == state.get(name) else {name: known}, is_as_offered)


def _merge_text(name: str, rule: Text, value: Any, stored: Mapping[str, Any], offer: Offer) -> Merged:
    edit = value if isinstance(value, TextEdit) else TextEdit(was=None, now=value)
    before = stored.get(name)
    for side in (edit.was, edit.now):
        _require_short(name, rule, side)  # Before it is compared word by word.
    joined = _join_texts(rule, edit, before)
    if joined.is_overlapping and rule.marked_while_null and stored.get(rule.marked_while_null) is not None:
        raise Changed(fields={name: "the same words were changed meanwhile"})
    _require_short(name, rule, joined.value)
    if same_value(joined.value, before):
        return Merged({}, None, same_value(edit.now, before))
    new_stamps = stamps({name: None}, at=offer.at, device=offer.device, version=stored["version"] + 1)
    return Merged({name: joined.value}, new_stamps, same_value(joined.value, edit.now))


def _join_texts(rule: Text, edit: TextEdit, stored: Any) -> Joined:
    if same_value(stored, edit.was) or same_value(stored, edit.now):
        return Joined(edit.now, is_overlapping=False)
    if rule.join is not None:
        return rule.join(edit.was, edit.now, stored)
    merged = merge_text(edit.was or "", edit.now or "", stored or "")
    return Joined(merged.text, merged.is_overlapping)


def _require_short(name: str, rule: Text, value: Any) -> None:
    if isinstance(value, str) and len(value) > rule.length_max:
        message = f"`{name}` is longer than {rule.length_max} characters once both changes are in it; make two of it."
        raise FieldInvalid(message, fields={name: "too long"})


def _of(name: str, state: State) -> State:
    return {name: state[name]} if name in state else {}
