"""Answer keys: what is right, per kind of item. Kept in a table of their own that no phone of a learner ever holds."""

from decimal import Decimal

import msgspec

FULL_PPM = 1_000_000

Weights = dict[str, int]  # Option id → parts of a million of the item's points.
Feedback = dict[str, str]  # Option id, or the place of the accepted answer in its list → words for who chose it.


class ChoiceKey(msgspec.Struct, frozen=True, tag="mcq", tag_field="kind"):
    """One option is chosen; several may be right, or half right."""

    weights: Weights
    feedback: Feedback = {}


class MultiKey(msgspec.Struct, frozen=True, tag="multi", tag_field="kind"):
    """Several options are ticked. Right ones have positive weights that sum to FULL_PPM, wrong ones zero or negative.

    A wrong option without a penalty of its own takes away as much as a right one brings: right − wrong.
    """

    weights: Weights
    feedback: Feedback = {}


class TrueFalseKey(msgspec.Struct, frozen=True, tag="true_false", tag_field="kind"):
    is_true: bool
    feedback: Feedback = {}  # Under "right" and "wrong".


class NumberRange(msgspec.Struct, frozen=True):
    low: Decimal  # Both ends belong to the range.
    high: Decimal
    weight_ppm: int = FULL_PPM


class NumericKey(msgspec.Struct, frozen=True, tag="numeric", tag_field="kind"):
    ranges: tuple[NumberRange, ...]
    feedback: Feedback = {}


class AcceptedText(msgspec.Struct, frozen=True):
    text: str  # `*` stands for any run of characters, `\*` for a star.
    weight_ppm: int = FULL_PPM


class ShortKey(msgspec.Struct, frozen=True, tag="short", tag_field="kind"):
    accepted: tuple[AcceptedText, ...]
    feedback: Feedback = {}


class MatchKey(msgspec.Struct, frozen=True, tag="match", tag_field="kind"):
    pairs: dict[str, str]  # Left option id → right option id.


class OrderKey(msgspec.Struct, frozen=True, tag="order", tag_field="kind"):
    order: tuple[str, ...]  # Option ids, first to last.


class GapKey(msgspec.Struct, frozen=True):
    accepted: tuple[AcceptedText, ...]  # Of a menu: ids of options instead of texts.
    is_menu: bool = False


class ClozeKey(msgspec.Struct, frozen=True, tag="cloze", tag_field="kind"):
    gaps: tuple[GapKey, ...]  # The first is gap 1.


Key = ChoiceKey | MultiKey | TrueFalseKey | NumericKey | ShortKey | MatchKey | OrderKey | ClozeKey


def encode_key(key: Key) -> str:
    return msgspec.json.encode(key).decode()


def decode_key(text: str | bytes) -> Key:
    key: Key = msgspec.json.decode(text, type=Key)
    return key
