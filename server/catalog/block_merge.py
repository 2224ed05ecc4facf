"""Two people's changes to one lesson's blocks: three-way by block, then by word within a block. Pure.

Blocks that only one side changed stand as that side made them. One that both changed is merged word by word where its
kind allows it; else both versions stand one after the other, between paragraphs that hold the marks ⟦ ⟧⟦ ⟧.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from sync.merge import Joined, merge_text, three_way

Blocks = Sequence[Mapping[str, Any]]

MARKS = ("⟦", "⟧⟦", "⟧")
TEXTS = frozenset({"html", "text", "caption", "prompt", "title", "source", "term", "alt"})


def merge_blocks(was: Blocks | None, now: Blocks | None, stored: Blocks | None) -> Joined:
    """What `was` becomes when one side made it `now` and the other `stored`. The sides may be swapped."""
    merged: list[Any] = []
    is_overlapping = False
    for part in three_way(_tokens(was), _tokens(now), _tokens(stored)):
        if part.both is None:
            merged += _blocks(part.tokens)
            continue
        joined = _join(*(_blocks(side) for side in part.both))
        merged += joined.value
        is_overlapping = is_overlapping or joined.is_overlapping
    return Joined(merged, is_overlapping)


def _join(was: Blocks, one: Blocks, other: Blocks) -> Joined:
    if len(was) == len(one) == len(other):
        pairs = [_join_block(*three) for three in zip(was, one, other, strict=True)]
        done = [pair for pair in pairs if pair is not None]
        if len(done) == len(pairs):
            return Joined([pair.value for pair in done], any(pair.is_overlapping for pair in done))
    if not one or not other:
        return Joined([*one, *other], is_overlapping=True)
    first, second = sorted((one, other), key=_tokens)
    opened, between, closed = ({"type": "paragraph", "html": mark} for mark in MARKS)
    return Joined([opened, *first, between, *second, closed], is_overlapping=True)


def _join_block(was: Mapping[str, Any], one: Mapping[str, Any], other: Mapping[str, Any]) -> Joined | None:
    """One block that both changed; None where both must stand."""
    if {was.get("type"), one.get("type"), other.get("type")} != {was.get("type")}:
        return None
    merged: dict[str, Any] = {}
    is_overlapping = False
    for name in sorted({*was, *one, *other}):
        before, mine, theirs = was.get(name), one.get(name), other.get(name)
        if theirs in (mine, before):
            value = mine
        elif mine == before:
            value = theirs
        elif name in TEXTS:
            text = merge_text(before or "", mine or "", theirs or "")
            if text.is_overlapping and any("<" in side for side in (mine or "", theirs or "")):
                return None  # A mark must not stand between a tag and its end.
            value, is_overlapping = text.text, is_overlapping or text.is_overlapping
        elif name == "blocks":
            inner = merge_blocks(before, mine, theirs)
            value, is_overlapping = inner.value, is_overlapping or inner.is_overlapping
        else:
            return None
        if value is not None:
            merged[name] = value
    return Joined(merged, is_overlapping)


def _tokens(blocks: Blocks | None) -> list[str]:
    return [msgspec.json.encode(block, order="sorted").decode() for block in blocks or ()]


def _blocks(tokens: Iterable[str]) -> list[Any]:
    return [msgspec.json.decode(token) for token in tokens]
