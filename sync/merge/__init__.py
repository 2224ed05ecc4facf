"""Merge policies: what becomes of two devices' writes to one row. Pure values and pure functions, one file a policy.

`testing/vectors.json` holds cases that these files and the phone's overlay both pass.
"""

from sync.merge.join import join_values, merge_join
from sync.merge.lww import merge_lww, stamp_of, stamps
from sync.merge.policies import Append, ByServer, Fsm, Join, JoinRule, LwwField, Policy
from sync.merge.values import SERVER, Merged, State, same_value

__all__ = [
    "SERVER",
    "Append",
    "ByServer",
    "Fsm",
    "Join",
    "JoinRule",
    "LwwField",
    "Merged",
    "Policy",
    "State",
    "join_values",
    "merge_join",
    "merge_lww",
    "same_value",
    "stamp_of",
    "stamps",
]
