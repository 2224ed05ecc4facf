"""LIST: where a row stands in its list, as a text that sorts. A new place between any two is always possible.

    a3            whole part: one letter says its length ("a" one digit, "b" two … "Z" one below zero, "Y" two …)
      V           fraction, only where it is needed
       hbkcoapd   the last eight hex digits of the row's id, written a…p

Rows differ in their ids, so no two rows have one place, whoever put them there and from whatever device, also when two
phones put two rows between the same neighbours. Putting rows at an end makes the whole part rise, so a list that only
grows has short places; putting one between takes the shortest fraction. Places compare as ASCII texts ("C" collation).
"""

from uuid import UUID

from sync.refusals import FieldInvalid

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
TAG_LENGTH = 8
PLACE_LENGTH_MAX = 200  # Over a thousand rows put into one and the same gap, each next to the last.

_TAGS = str.maketrans("0123456789abcdef", "abcdefghijklmnop")
_HEADS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def place_between(before: str | None, behind: str | None, row_id: UUID) -> str:
    """A place for the row behind `before` and before `behind`; None: at that end of the list.

    Raises FieldInvalid when the two are no places in that order, or where the gap is used up (PLACE_LENGTH_MAX).
    """
    for place in (before, behind):
        if place is not None:
            _require_place(place)
    if before is not None and behind is not None and before >= behind:
        raise FieldInvalid(f"There is no place between {before[:60]} and {behind[:60]}.")
    place = _head_between(before, behind) + tag_of(row_id)
    if len(place) > PLACE_LENGTH_MAX:
        raise FieldInvalid("Too many rows were put into this one gap; move one of its neighbours a little.")
    return place


def place_at(index: int, row_id: UUID) -> str:
    """The place of the row with this index, from 0, in a list that is made whole."""
    length, first = 1, 0
    while index - first >= len(DIGITS) ** length:
        first += len(DIGITS) ** length
        length += 1
    rest, digits = index - first, ""
    for _ in range(length):
        rest, digit = divmod(rest, len(DIGITS))
        digits = DIGITS[digit] + digits
    return f"{_HEADS[25 + length]}{digits}{tag_of(row_id)}"


def check_place(name: str, place: object, row_id: UUID) -> None:
    """Raises FieldInvalid, naming the field, for what is no place of this very row."""
    if not isinstance(place, str) or not place.endswith(tag_of(row_id)) or not _is_place(place):
        message = f"`{name}` is no place in a list for the row {row_id}; see LIST in the description of the protocol."
        raise FieldInvalid(message, fields={name: "no place of this row"})


def tag_of(row_id: UUID) -> str:
    """The end of every place of this row; never ends with the digit zero, so there is room before and behind it."""
    return row_id.hex[-TAG_LENGTH:].translate(_TAGS)


def _require_place(place: str) -> None:
    if not _is_place(place):
        raise FieldInvalid(f"{place[:60]!r} is no place in a list.")


def _is_place(place: str) -> bool:
    if len(place) > PLACE_LENGTH_MAX or not place[:1] or place[0] not in _HEADS:
        return False
    is_long_enough = len(place) >= _whole_length(place) + TAG_LENGTH
    return is_long_enough and place[-1] != "0" and all(char in DIGITS for char in place[1:])


def _head_between(before: str | None, behind: str | None) -> str:
    if before is None:
        return "a0" if behind is None else _lower(behind)
    whole, fraction = _split(before)
    if behind is None:
        return _next(whole) or whole + _fraction_between(fraction, None)
    whole_behind, fraction_behind = _split(behind)
    if whole == whole_behind:
        return whole + _fraction_between(fraction, fraction_behind)
    higher = _next(whole)
    return higher if higher is not None and higher < whole_behind else whole + _fraction_between(fraction, None)


def _lower(place: str) -> str:
    whole, fraction = _split(place)
    return _previous(whole) or whole + _fraction_between("", fraction)


def _fraction_between(low: str, high: str | None) -> str:
    """Digits above `low` and below `high` (None: below everything that begins so), whatever is written behind them."""
    found = ""
    while True:
        first = DIGITS.index(low[0]) if low else 0
        last = len(DIGITS) if high is None else DIGITS.index(high[0]) if high else 0
        if last - first > 1:
            return found + DIGITS[(first + last) // 2]
        found += DIGITS[first]
        if first != last:  # Neighbours: below `high` from here on, whatever follows.
            high = None
        elif high is not None:
            high = high[1:]
        low = low[1:]


def _split(place: str) -> tuple[str, str]:
    length = _whole_length(place)
    return place[:length], place[length:]


def _whole_length(place: str) -> int:
    head = _HEADS.index(place[0])
    return head - 24 if head >= 26 else 27 - head


def _next(whole: str) -> str | None:
    """The whole part one higher; None above the highest."""
    head, digits = whole[0], whole[1:]
    bare = digits.rstrip(DIGITS[-1])
    if bare:
        return head + bare[:-1] + DIGITS[DIGITS.index(bare[-1]) + 1] + DIGITS[0] * (len(digits) - len(bare))
    place = _HEADS.index(head)
    if place + 1 == len(_HEADS):
        return None
    higher = _HEADS[place + 1]
    return higher + DIGITS[0] * (_whole_length(higher) - 1)


def _previous(whole: str) -> str | None:
    """The whole part one lower; None below the lowest."""
    head, digits = whole[0], whole[1:]
    bare = digits.rstrip(DIGITS[0])
    if bare:
        return head + bare[:-1] + DIGITS[DIGITS.index(bare[-1]) - 1] + DIGITS[-1] * (len(digits) - len(bare))
    place = _HEADS.index(head)
    if place == 0:
        return None
    lower = _HEADS[place - 1]
    return lower + DIGITS[-1] * (_whole_length(lower) - 1)
