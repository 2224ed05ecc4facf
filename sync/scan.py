"""Cut JSON apart without decoding it, so that one bad value cannot hide its neighbours.

A decoder refuses a whole body for one lone surrogate in one op; this scanner only looks at strings and brackets. It is
linear in the bytes and never recurses. What it cuts out may still be no JSON: each piece is decoded, and judged, alone.
"""

import re
from collections.abc import Iterator

_SPACE = re.compile(rb"[ \t\r\n]*")
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_SCALAR = re.compile(rb"[^\s,\[\]{}\":]+")
_NESTING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}"]', re.DOTALL)
_OPENING = frozenset(b"[{")
_CLOSING = frozenset(b"]}")


class Undelimited(ValueError):
    """From `position` on, nothing can be told apart."""

    def __init__(self, position: int) -> None:
        self.position = position
        super().__init__(f"no JSON value can be delimited at byte {position}")


def members(body: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Each (key as between its quotes, start, end of its value) of the object that `body` is. Raises Undelimited."""
    position = _skip_space(body, 0)
    if body[position : position + 1] != b"{":
        raise Undelimited(position)
    position = _skip_space(body, position + 1)
    if body[position : position + 1] == b"}":
        return
    while True:
        key = _STRING.match(body, position)
        if key is None:
            raise Undelimited(position)
        position = _skip_space(body, key.end())
        if body[position : position + 1] != b":":
            raise Undelimited(position)
        start = _skip_space(body, position + 1)
        end = value_end(body, start)
        yield key.group()[1:-1], start, end
        position = _skip_space(body, end)
        if body[position : position + 1] == b"}":
            return
        position = _after_comma(body, position)


def elements(body: bytes, start: int) -> Iterator[tuple[int, int]]:
    """Each (start, end) of the elements of the array that opens at `start`. Raises Undelimited."""
    if body[start : start + 1] != b"[":
        raise Undelimited(start)
    position = _skip_space(body, start + 1)
    if body[position : position + 1] == b"]":
        return
    while True:
        end = value_end(body, position)
        yield position, end
        position = _skip_space(body, end)
        if body[position : position + 1] == b"]":
            return
        position = _after_comma(body, position)


def objects(body: bytes, start: int) -> Iterator[tuple[int, int]]:
    """`elements` of an array that holds objects only. Raises Undelimited at the first that is none."""
    for first, end in elements(body, start):
        if body[first : first + 1] != b"{":
            raise Undelimited(first)
        yield first, end


def value_end(body: bytes, start: int) -> int:
    """The position behind the value that begins at `start`. Raises Undelimited."""
    first = body[start : start + 1]
    if first == b'"':
        found = _STRING.match(body, start)
    elif first in (b"{", b"["):
        return _nested_end(body, start)
    else:
        found = _SCALAR.match(body, start)
    if found is None:
        raise Undelimited(start)
    return found.end()


def depth(raw: bytes) -> int:
    """How deep the brackets of a delimited value nest; strings are not looked into."""
    level = deepest = 0
    for token in _NESTING.finditer(raw):
        first = raw[token.start()]
        if first in _OPENING:
            level += 1
            deepest = max(deepest, level)
        elif first in _CLOSING:
            level -= 1
    return deepest


def _nested_end(body: bytes, start: int) -> int:
    level = 0
    for token in _NESTING.finditer(body, start):
        first = body[token.start()]
        if first in _OPENING:
            level += 1
        elif first in _CLOSING:
            level -= 1
            if level == 0:
                return token.end()
        elif token.end() - token.start() == 1:
            break  # A quote that nothing closes.
    raise Undelimited(start)


def _after_comma(body: bytes, position: int) -> int:
    if body[position : position + 1] != b",":
        raise Undelimited(position)
    return _skip_space(body, position + 1)


def _skip_space(body: bytes, position: int) -> int:
    found = _SPACE.match(body, position)
    return found.end() if found else position
