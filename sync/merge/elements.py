"""SET: each element is there or not, by the later word of it. A lattice, whatever the order in which words arrive."""

from collections.abc import Iterable
from typing import Any

import msgspec

from sync.clock import ZERO, At, after
from sync.merge.policies import Elements
from sync.merge.values import SERVER
from sync.refusals import FieldInvalid

Stamp = list[Any]  # [version, [wall, counter], device, 1 there or 0 removed]


class SetEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a patch says of a SET field."""

    add: list[str] = []
    remove: list[str] = []


def merge_elements(  # noqa: PLR0913 - what was stored, what is offered, and who offers it
    name: str,
    rule: Elements,
    edit: SetEdit,
    *,
    stored: Iterable[str] | None,
    stamps: dict[str, Stamp] | None,
    base: int | None,
    at: At,
    device: str,
    version: int,
) -> tuple[list[str], dict[str, Stamp]]:
    """The elements that are there now, sorted, and their stamps. Raises FieldInvalid past the limits of the rule.

    A word on an element wins over one that it saw (`base`), else the later `at` does, and of two alike the removal.
    """
    known = _with_the_servers_own(set(stored or ()), stamps or {})
    _require_small(name, rule, edit)
    for element, is_there in [*((each, 1) for each in edit.add), *((each, 0) for each in edit.remove)]:
        seen_version, (wall_ms, counter), _, was_there = known.get(element, [0, ZERO, "", 0])
        before = (wall_ms, counter)
        saw_it = base is not None and base >= seen_version > 0
        new_at = max(at, after(before)) if saw_it else at
        if (new_at, not is_there) > (before, not was_there):
            known[element] = [seen_version if is_there == was_there else version + 1, list(new_at), device, is_there]
    there = sorted(element for element, stamp in known.items() if stamp[3])
    if len(there) > rule.count_max:
        raise FieldInvalid(f"`{name}` holds at most {rule.count_max}; take something out.", fields={name: "full"})
    return there, _forget_oldest_removals(known, keep=rule.count_max)


def make_elements(
    name: str, rule: Elements, elements: Iterable[str], *, at: At, device: str
) -> tuple[list[str], dict[str, Stamp]]:
    """The SET of a row that is made with these elements."""
    edit = SetEdit(add=list(elements))
    return merge_elements(name, rule, edit, stored=None, stamps=None, base=None, at=at, device=device, version=0)


def _with_the_servers_own(stored: set[str], stamps: dict[str, Stamp]) -> dict[str, Stamp]:
    """A writer past the engine leaves no stamps: what it added is as old as the row, what it removed went just now."""
    known = dict(stamps)
    for element in stored:
        if element not in known or not known[element][3]:
            version, at, _, _ = known.get(element, [1, list(ZERO), "", 0])
            known[element] = [version, _next(at), SERVER, 1]
    for element, (version, at, _, is_there) in stamps.items():
        if is_there and element not in stored:
            known[element] = [version, _next(at), SERVER, 0]
    return known


def _next(at: list[int]) -> list[int]:
    return list(after((at[0], at[1])))


def _require_small(name: str, rule: Elements, edit: SetEdit) -> None:
    if len(edit.add) + len(edit.remove) > 2 * rule.count_max:
        raise FieldInvalid(f"`{name}` holds at most {rule.count_max}.", fields={name: "too many"})
    for element in (*edit.add, *edit.remove):
        if not 0 < len(element) <= rule.length_max:
            message = f"An element of `{name}` has 1 to {rule.length_max} characters."
            raise FieldInvalid(message, fields={name: "length of an element"})


def _forget_oldest_removals(known: dict[str, Stamp], *, keep: int) -> dict[str, Stamp]:
    removed = sorted((element for element, stamp in known.items() if not stamp[3]), key=lambda each: known[each][1])
    for element in removed[: max(0, len(removed) - keep)]:
        del known[element]
    return dict(sorted(known.items()))
