"""TEXT: three-way by line, then by word; where both changed the same words, both stay, marked.

`testing/vectors.json` holds the cases that the page's `text.ts` passes too: the same text, letter for letter.
A change is found by its own words: tokens that stand once on each side anchor the rest, small gaps are compared
exactly, what is left counts as replaced. So a merge takes n log n steps whatever the texts are, and never loses what
either side typed: a token leaves only when one side removed it and the other left it as it was.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

MARK_OPEN, MARK_CLOSE = "⟦", "⟧"
EXACT_CELLS_MAX = 4_096  # A gap of at most so many pairs is compared exactly.

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_WORD = re.compile(r"<[^<>]*>|[ \t\r\n]+|[^ \t\r\n<]+|<")
_BLANK = " \t\r\n"

Tokens = Sequence[str]


@dataclass(frozen=True)
class Text3:
    """The text that both sides' changes make, and whether they overlapped."""

    text: str
    is_overlapping: bool


@dataclass(frozen=True)
class Part:
    """A stretch of a three-way merge: `tokens` to keep, or, `both` not None, what each side wants in one place."""

    tokens: Tokens
    both: tuple[Tokens, Tokens, Tokens] | None = None  # (was, one, other)


def merge_text(was: str, one: str, other: str) -> Text3:
    """What `was` becomes when it was changed into `one` here and into `other` there. The sides may be swapped."""
    return _merge(_LINE.findall(was), _LINE.findall(one), _LINE.findall(other), _by_word)


def _by_word(was: Tokens, one: Tokens, other: Tokens) -> Text3:
    words = [_WORD.findall("".join(side)) for side in (was, one, other)]
    return _merge(words[0], words[1], words[2], _marked)


def _merge(was: Tokens, one: Tokens, other: Tokens, resolve: Callable[[Tokens, Tokens, Tokens], Text3]) -> Text3:
    texts: list[str] = []
    is_overlapping = False
    for part in three_way(was, one, other):
        if part.both is None:
            texts.extend(part.tokens)
        else:
            resolved = resolve(*part.both)
            texts.append(resolved.text)
            is_overlapping = is_overlapping or resolved.is_overlapping
    return Text3("".join(texts), is_overlapping)


def _marked(was: Tokens, one: Tokens, other: Tokens) -> Text3:
    """Both, in an order that does not depend on who came first. What they made alike of the same words stands once."""
    head, tail = common_ends(one, other) if was else (0, 0)
    first, second = sorted(("".join(one[head : len(one) - tail]), "".join(other[head : len(other) - tail])))
    shared_tail = "".join(one[len(one) - tail :])
    middle = _mark(first) + _mark(second) if first.strip(_BLANK) else first + second
    return Text3("".join(one[:head]) + middle + shared_tail, is_overlapping=True)


def _mark(text: str) -> str:
    """By its ends alone: a pattern with a run of blanks at either end takes n² steps on one in the middle."""
    bare = text.strip(_BLANK)
    head = len(text) - len(text.lstrip(_BLANK)) if bare else len(text)
    return f"{text[:head]}{MARK_OPEN}{bare}{MARK_CLOSE}{text[head + len(bare) :]}"


# --- on tokens of any kind --------------------------------------------------------------------------------------


def three_way(was: Tokens, one: Tokens, other: Tokens) -> Iterator[Part]:
    """The parts of a three-way merge, in order."""
    in_one, in_other = dict(matches(was, one)), dict(matches(was, other))
    i = a = b = 0
    for k in [*(k for k in range(len(was)) if k in in_one and k in in_other), len(was)]:
        next_a, next_b = in_one.get(k, len(one)), in_other.get(k, len(other))
        if k == len(was):
            next_a, next_b = len(one), len(other)
        yield from _between(was[i:k], one[a:next_a], other[b:next_b])
        if k < len(was):
            yield Part(was[k : k + 1])
        i, a, b = k + 1, next_a + 1, next_b + 1


def _between(was: Tokens, one: Tokens, other: Tokens) -> Iterator[Part]:
    """What lies between two tokens that both sides kept."""
    if list(one) == list(other) or list(other) == list(was):
        yield Part(one)
    elif list(one) == list(was):
        yield Part(other)
    else:
        yield Part((), (was, one, other))


def common_ends(one: Tokens, other: Tokens) -> tuple[int, int]:
    """How many tokens two sequences share at their beginning, and of the rest at their end."""
    shorter = min(len(one), len(other))
    head = 0
    while head < shorter and one[head] == other[head]:
        head += 1
    tail = 0
    while tail < shorter - head and one[-1 - tail] == other[-1 - tail]:
        tail += 1
    return head, tail


def matches(one: Tokens, other: Tokens) -> list[tuple[int, int]]:
    """Pairs of places with equal tokens, rising on both sides."""
    found: list[tuple[int, int]] = []
    gaps = [(0, len(one), 0, len(other))]
    while gaps:
        a0, a1, b0, b1 = gaps.pop()
        head, tail = common_ends(one[a0:a1], other[b0:b1])
        found += [(a0 + step, b0 + step) for step in range(head)]
        found += [(a1 - 1 - step, b1 - 1 - step) for step in range(tail)]
        a0, a1, b0, b1 = a0 + head, a1 - tail, b0 + head, b1 - tail
        if (a1 - a0) * (b1 - b0) <= EXACT_CELLS_MAX:
            found += [(a0 + i, b0 + j) for i, j in _exactly(one[a0:a1], other[b0:b1])]
            continue
        anchors = [(a0 + i, b0 + j) for i, j in _anchors(one[a0:a1], other[b0:b1])]
        found += anchors
        corners = [(a0 - 1, b0 - 1), *anchors, (a1, b1)]
        if anchors:
            gaps += [(i + 1, k, j + 1, m) for (i, j), (k, m) in pairwise(corners)]
    return sorted(found)


def _exactly(one: Tokens, other: Tokens) -> Iterator[tuple[int, int]]:
    """A longest common subsequence."""
    longest = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i in range(len(one) - 1, -1, -1):
        for j in range(len(other) - 1, -1, -1):
            is_same = one[i] == other[j]
            longest[i][j] = longest[i + 1][j + 1] + 1 if is_same else max(longest[i + 1][j], longest[i][j + 1])
    i = j = 0
    while i < len(one) and j < len(other):
        if one[i] == other[j]:
            yield i, j
            i, j = i + 1, j + 1
        elif longest[i + 1][j] >= longest[i][j + 1]:
            i += 1
        else:
            j += 1


def _anchors(one: Tokens, other: Tokens) -> list[tuple[int, int]]:
    """Tokens that stand once on each side, as many of them as rise on both."""
    in_one, in_other = Counter(one), Counter(other)
    places = {token: place for place, token in enumerate(other) if in_other[token] == 1}
    pairs = [(place, places[token]) for place, token in enumerate(one) if in_one[token] == 1 and token in places]
    ends: list[int] = []  # The least last place of a rising run, by its length; `at` says whose it is.
    at: list[int] = []
    before: list[int] = []
    for index, (_, place) in enumerate(pairs):
        length = bisect_left(ends, place)
        before.append(at[length - 1] if length else -1)
        ends[length : length + 1] = [place]
        at[length : length + 1] = [index]
    rising: list[tuple[int, int]] = []
    index = at[-1] if at else -1
    while index >= 0:
        rising.append(pairs[index])
        index = before[index]
    return rising[::-1]
