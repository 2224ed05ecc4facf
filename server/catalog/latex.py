r"""Formulas as their authors type them, made into MathML that every phone draws without a script.

What cannot be read stays as it was typed: the block then has no MathML, and readers see its plain words. Macros are not
taken: twenty `\def` that double each other are 2,000 characters and a million symbols.
"""

import asyncio
import re
from functools import lru_cache
from typing import Literal

import msgspec
from latex2mathml import exceptions
from latex2mathml.converter import convert

from server.catalog.blocks import HTML_LENGTH_MAX, Block, ListBlock, Math, Note, Quote, walk
from server.catalog.inline import clean_math

LATEX_LENGTH_MAX = 2_000
DEPTH_MAX = 60
FORMULAS_KEPT = 4_096

_MACRO = re.compile(r"\\(?:re|provide)?(?:new(?:command|environment)|def|edef|gdef|let|DeclareMathOperator)")
_NOT_LATEX: tuple[type[Exception], ...] = (
    *(found for found in vars(exceptions).values() if isinstance(found, type) and issubclass(found, Exception)),
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    AssertionError,
    StopIteration,
    RecursionError,
)


@lru_cache(maxsize=FORMULAS_KEPT)
def mathml_of(latex: str, display: Literal["block", "inline"]) -> str:
    """One <math> element through the sieve; empty where nothing can be made of it."""
    if len(latex) > LATEX_LENGTH_MAX or not latex.strip() or _MACRO.search(latex) or depth_of(latex) > DEPTH_MAX:
        return ""
    try:
        mathml = clean_math(convert(latex, display=display))
    except _NOT_LATEX:
        return ""
    return mathml if len(mathml) <= HTML_LENGTH_MAX else ""


def depth_of(latex: str) -> int:
    depth = deepest = 0
    for sign in latex:
        depth += (sign == "{") - (sign == "}")
        deepest = max(deepest, depth)
    return deepest


async def with_mathml(blocks: list[Block]) -> list[Block]:
    """The same blocks; where a formula was typed, its MathML is ours and never the phone's."""
    if not any(isinstance(block, Math) and block.latex for block, _depth in walk(blocks)):
        return blocks
    return await asyncio.to_thread(_filled, blocks)


def _filled(blocks: list[Block]) -> list[Block]:
    return [_fill(block) for block in blocks]


def _fill(block: Block) -> Block:
    match block:
        case Math() if block.latex:
            return msgspec.structs.replace(block, mathml=mathml_of(block.latex, block.display))
        case Note() | Quote():
            return msgspec.structs.replace(block, blocks=_filled(block.blocks))
        case ListBlock():
            items = [msgspec.structs.replace(item, blocks=_filled(item.blocks)) for item in block.items]
            return msgspec.structs.replace(block, items=items)
        case _:
            return block
