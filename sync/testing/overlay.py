"""What a phone shows of one record: the server's row, then the writes that are not settled yet, by the same policies.

The page does the same in TypeScript; `vectors.json` holds the cases that both pass. A phone has no merge state: its own
later write simply stands until the server has had its say; what goes back nowhere, goes back nowhere here either.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sync.merge import Append, Join, Policy, join_values

Row = dict[str, Any]


def shown(policy: Policy, row: Mapping[str, Any] | None, writes: Sequence[tuple[str, Mapping[str, Any]]]) -> Row | None:
    """`writes` are (create or patch, fields) in the order of the outbox."""
    result = None if row is None else dict(row)
    for kind, fields in writes:
        if result is not None:
            result = _written(policy, result, fields)
        elif kind == "create":
            result = dict(fields)
    return result


def _written(policy: Policy, row: Row, fields: Mapping[str, Any]) -> Row:
    match policy:
        case Join(rules=rules):
            joined = {
                name: join_values(rules[name], row.get(name), value) for name, value in fields.items() if name in rules
            }
            return {**row, **joined}
        case Append():
            return row
        case _:
            return {**row, **fields}
