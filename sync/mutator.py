"""Commands: named wishes with typed arguments, run by the server in the op's own transaction.

@mutator("questions.answer.post", PostAnswer)
async def post_answer(tx: Tx, args: PostAnswer) -> None: …
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

Args = TypeVar("Args", bound=msgspec.Struct)


@dataclass(frozen=True)
class Mutator:
    """`run(tx, args)` raises a Refusal or changes rows; it never commits. `creates` names the new row's id field."""

    name: str  # "feature.noun.verb", on every phone: never renamed.
    args: type[msgspec.Struct]
    run: Callable[[Any, Any], Awaitable[None]]
    creates: str | None = None  # Its value is the op's identity: sending it again is a duplicate.
    is_engine: bool = False  # One of the engine's own: `run` is given the open PushUnit instead of a Tx.


def mutator(
    name: str, args: type[Args], *, creates: str | None = None
) -> Callable[[Callable[[Any, Args], Awaitable[None]]], Mutator]:
    def declare(run: Callable[[Any, Args], Awaitable[None]]) -> Mutator:
        return Mutator(name=name, args=args, run=run, creates=creates)

    return declare
