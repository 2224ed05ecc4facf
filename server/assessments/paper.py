"""The order of an attempt's paper: the same on the phone and here, without a word over the wire (ASM-05).

    order_key(text) = fmix32(fnv1a32(UTF-8 of text)); things are sorted by (order_key, id)
    items     text = `{attempt}:{assessment}:{revision}:{item}`
    options   text = `{attempt}:{item}:{option}`

Ids are lower case with hyphens. Left options of a matching item are laid out by the same rule, then the right ones.
This is a shuffle, not a secret. `docs/reference/paper.md` holds vectors for other languages.
Source: FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/; fmix32 of MurmurHash3, public domain.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from server.assessments.values import Option

_MASK = 0xFFFF_FFFF


def paper_order(items: Iterable[UUID], *, attempt_id: UUID, assessment_id: UUID, revision: int) -> list[UUID]:
    return sorted(items, key=lambda item: (order_key(f"{attempt_id}:{assessment_id}:{revision}:{item}"), str(item)))


def options_order(options: Sequence[Option], *, attempt_id: UUID, item_id: UUID) -> list[Option]:
    return sorted(
        options, key=lambda option: (option.side or "", order_key(f"{attempt_id}:{item_id}:{option.id}"), option.id)
    )


def order_key(text: str) -> int:
    """32 bits in which any two texts differ throughout."""
    value = 0x811C_9DC5
    for byte in text.encode():
        value = (value ^ byte) * 0x0100_0193 & _MASK
    value ^= value >> 16
    value = value * 0x85EB_CA6B & _MASK
    value ^= value >> 13
    value = value * 0xC2B2_AE35 & _MASK
    return value ^ value >> 16
