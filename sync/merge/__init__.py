"""Merge policies: what becomes of two devices' writes to one row. Pure values and pure functions, one file a policy.

`testing/vectors.json` holds cases that these files and the phone's overlay both pass.
"""

from sync.merge.by_field import DELETED, Offer, TextEdit, edited_by_others, make_fields, merge_fields
from sync.merge.elements import SetEdit, make_elements, merge_elements
from sync.merge.join import join_values, merge_join
from sync.merge.lww import merge_lww, stamp_of, stamps
from sync.merge.place import place_at, place_between
from sync.merge.policies import (
    Append,
    ByField,
    ByServer,
    Cas,
    Deletion,
    Elements,
    FieldRule,
    Fsm,
    Join,
    Joined,
    JoinRule,
    Lww,
    LwwField,
    Place,
    Policy,
    Text,
    TextJoin,
)
from sync.merge.three_way import Text3, merge_text, three_way
from sync.merge.values import SERVER, Merged, State, same_value

__all__ = [
    "DELETED",
    "SERVER",
    "Append",
    "ByField",
    "ByServer",
    "Cas",
    "Deletion",
    "Elements",
    "FieldRule",
    "Fsm",
    "Join",
    "JoinRule",
    "Joined",
    "Lww",
    "LwwField",
    "Merged",
    "Offer",
    "Place",
    "Policy",
    "SetEdit",
    "State",
    "Text",
    "Text3",
    "TextEdit",
    "TextJoin",
    "edited_by_others",
    "join_values",
    "make_elements",
    "make_fields",
    "merge_elements",
    "merge_fields",
    "merge_join",
    "merge_lww",
    "merge_text",
    "place_at",
    "place_between",
    "same_value",
    "stamp_of",
    "stamps",
    "three_way",
]
