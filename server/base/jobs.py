"""Jobs: work that leaves the transaction.

    tx.later(payload) → base_outbox row, same transaction → relay → SAQ (Valkey) → runner → row deleted with the effects

The row in PostgreSQL is the truth and lives until the job is done; Valkey only carries it. Flush Valkey and the relay
sends again. A short job's effects and the deletion of its row are one transaction, so they happen once however often
the job is delivered. A long job opens transactions of its own and must bear a second run.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import msgspec

Lane = Literal["fast", "slow", "media", "film"]
LongLane = Literal["slow", "media", "film"]
PLACES: dict[Lane, int] = {"fast": 8, "slow": 2, "media": 1, "film": 1}  # How many run at once in a worker.
TIMEOUT_MAX_S = 3600


class Payload(msgspec.Struct, frozen=True, tag_field="kind"):
    """What a job is told: ids, not copies. Subclasses are frozen and give `tag="feature.verb_noun"`."""


P = TypeVar("P", bound=Payload)


def kind_of(payload: type[Payload]) -> str:
    tag = payload.__struct_config__.tag
    if not isinstance(tag, str):
        raise TypeError(f"{payload.__name__} has no tag")
    return tag


@dataclass(frozen=True)
class Job:
    payload: type[Payload]
    run: Callable[[Any, Any], Awaitable[None]]  # (tx, payload), or (work, payload) for a long one
    timeout_s: int
    attempts_max: int
    lane: Lane
    is_long: bool
    gave_up: Callable[[Any, Any], Awaitable[None]] | None = None  # (tx, payload)

    @property
    def kind(self) -> str:
        return kind_of(self.payload)


def job(payload: type[P], *, timeout_s: int, attempts_max: int) -> Callable[[Callable[[Any, P], Awaitable[None]]], Job]:
    """Declare `async def run(tx, payload)`: one transaction, seconds at the most."""

    def declare(run: Callable[[Any, P], Awaitable[None]]) -> Job:
        return _checked(Job(payload, run, timeout_s, attempts_max, lane="fast", is_long=False))

    return declare


def long_job(
    payload: type[P],
    *,
    timeout_s: int,
    attempts_max: int,
    lane: LongLane = "slow",
    gave_up: Callable[[Any, P], Awaitable[None]] | None = None,
) -> Callable[[Callable[[Any, P], Awaitable[None]]], Job]:
    """Declare `async def run(work: Work, payload)`: opens its own transactions, bears a second run.

    A lane waits for no other: `media` for what takes seconds of a core, `film` for minutes, `slow` for all else.
    `gave_up(tx, payload)` runs in the transaction that makes it a dead letter: tell whoever waits. Staff may retry it.
    """

    def declare(run: Callable[[Any, P], Awaitable[None]]) -> Job:
        return _checked(Job(payload, run, timeout_s, attempts_max, lane=lane, is_long=True, gave_up=gave_up))

    return declare


def _checked(declared: Job) -> Job:
    if not 1 <= declared.timeout_s <= TIMEOUT_MAX_S:
        raise ValueError(f"{declared.kind}: timeout_s is 1…{TIMEOUT_MAX_S}")
    if declared.attempts_max < 1:
        raise ValueError(f"{declared.kind}: attempts_max is at least 1")
    return declared
