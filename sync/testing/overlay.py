"""What a phone shows of one record: the server's row, then the writes that are not settled yet, by the same policies.

The page does the same in TypeScript; `vectors.json` holds the cases that both pass. A phone has no merge state: its own
later write simply stands until the server has had its say; what goes back nowhere, goes back nowhere here either.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sync.merge import Append, ByField, Elements, FieldRule, Join, Policy, Text, join_values, merge_text

Row = dict[str, Any]


def shown(policy: Policy, row: Mapping[str, Any] | None, writes: Sequence[tuple[str, Mapping[str, Any]]]) -> Row | None:
    """`writes` are (create, patch or delete, fields) in the order of the outbox."""
    result = None if row is None else dict(row)
    for kind, fields in writes:
        if kind == "delete":
            result = None
        elif result is not None:
            result = _written(policy, result, fields, is_patch=kind == "patch")
        elif kind == "create":
            result = dict(fields)
    return result


def _written(policy: Policy, row: Row, fields: Mapping[str, Any], *, is_patch: bool) -> Row:
    match policy:
        case Join(rules=rules):
            joined = {
                name: join_values(rules[name], row.get(name), value) for name, value in fields.items() if name in rules
            }
            return {**row, **joined}
        case Append():
            return row
        case ByField(rules=rules) if is_patch:
            return {**row, **{name: _edited(rules[name], row.get(name), value) for name, value in fields.items()}}
        case _:
            return {**row, **fields}


def _edited(rule: FieldRule, stored: Any, edit: Any) -> Any:
    match rule:
        case Text() if stored in (edit["was"], edit["now"]):
            return edit["now"]
        case Text():
            return merge_text(edit["was"] or "", edit["now"] or "", stored or "").text
        case Elements():
            return sorted({*(stored or ()), *edit.get("add", ())} - set(edit.get("remove", ())))
        case _:
            return edit
