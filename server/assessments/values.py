"""What a learner's answer looks like, per kind of item. Checked when it arrives; marked in `grading.py`.

| kind         | value                                      |
|--------------|--------------------------------------------|
| `mcq`        | the chosen option's id                     |
| `multi`      | list of ticked options' ids, in any order  |
| `true_false` | true or false                              |
| `numeric`    | number, or the text that was typed         |
| `short`      | the text that was typed                    |
| `match`      | object: left option's id → right option's  |
| `order`      | list of all option ids, first to last      |
| `cloze`      | object: gap's number → what was typed, or the id of what was chosen |

`null` takes an answer back.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from server.assessments.interchange.document import GAPS_MAX
from server.base.errors import Invalid

Kind = Literal["mcq", "multi", "true_false", "numeric", "short", "match", "order", "cloze"]
Value = str | bool | int | float | list[str] | dict[str, str] | None

TEXT_LENGTH_MAX = 1_000
NUMBER_LENGTH_MAX = 64
INTEGER_MAX = 2**53


class Option(msgspec.Struct, frozen=True, omit_defaults=True):
    """One of the things to choose from. Its id is a hash: neither id nor place tells whether it is right."""

    id: str
    text: str
    side: Literal["left", "right"] | None = None  # Of a matching item: what is asked, and what it may belong to.
    gap: int | None = None  # Of a cloze: the gap whose menu offers it, from 1; gaps without options are typed into.


class BadValue(Invalid):
    """The answer does not fit the question."""

    code = "answer.invalid"


def spelled_out(kind: str, options: Sequence[Option], value: object) -> object:
    """A value that names options by their places in the list, from 0, with their ids instead; any other as it is."""
    if kind == "mcq":
        return _id_at(options, value)
    if kind in ("multi", "order") and isinstance(value, list):
        return [_id_at(options, place) for place in value]
    return value


def _id_at(options: Sequence[Option], place: object) -> object:
    if isinstance(place, int) and not isinstance(place, bool) and 0 <= place < len(options):
        return options[place].id
    return place


def check_value(kind: str, options: Sequence[Option], value: Value) -> None:
    """Raises BadValue unless the value could be an answer to such an item."""
    if value is None:
        return
    ids = {option.id for option in options}
    match kind:
        case "mcq":
            _demand("the id of one of the options", fits=isinstance(value, str) and value in ids)
        case "multi":
            _demand("a list of options' ids, each once", fits=_are_distinct(value) <= ids)
        case "true_false":
            _demand("true or false", fits=isinstance(value, bool))
        case "numeric":
            _demand(f"a number, or text of at most {NUMBER_LENGTH_MAX} characters", fits=_is_number(value))
        case "short":
            fits = isinstance(value, str) and len(value) <= TEXT_LENGTH_MAX
            _demand(f"text of at most {TEXT_LENGTH_MAX} characters", fits=fits)
        case "match":
            _demand("an object from left options' ids to right ones'", fits=_is_matching(value, options))
        case "order":
            _demand("a list of all the options' ids, each once", fits=_are_distinct(value) == ids)
        case "cloze":
            _demand("an object from gaps' numbers to texts", fits=_is_filled(value))
        case _:
            raise BadValue(f"Questions of kind {kind} take no answer here.")


def _demand(wanted: str, *, fits: bool) -> None:
    if not fits:
        raise BadValue(f"The answer does not fit the question: it wants {wanted}.", fields={"value": wanted})


def _are_distinct(value: Value) -> frozenset[str]:
    """The texts of a list without twins; for anything else something that is no set of option ids."""
    if not isinstance(value, list) or len(set(value)) != len(value):
        return frozenset({""})
    return frozenset(value)


def _is_number(value: Value) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, int | float):
        return abs(value) <= INTEGER_MAX
    return isinstance(value, str) and len(value) <= NUMBER_LENGTH_MAX


def _is_filled(value: Value) -> bool:
    if not isinstance(value, dict) or len(value) > GAPS_MAX:
        return False
    return all(gap.isdecimal() and len(gap) <= 2 and isinstance(text, str) for gap, text in value.items())


def _is_matching(value: Value, options: Sequence[Option]) -> bool:
    lefts = {option.id for option in options if option.side == "left"}
    rights = {option.id for option in options if option.side == "right"}
    return isinstance(value, dict) and set(value) <= lefts and set(value.values()) <= rights
