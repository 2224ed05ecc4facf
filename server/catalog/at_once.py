"""Things that take long each, a few of them at once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

Wanted = TypeVar("Wanted")
Made = TypeVar("Made")


async def a_few_at_once(
    wanted: Sequence[Wanted],
    make: Callable[[Wanted], Awaitable[Made]],
    *,
    count: int,
    on_done: Callable[[int], Awaitable[None]],
) -> list[Made]:
    """What `make` made of each, in their order, `count` at a time; `on_done` hears how many are made.

    What one of them raises ends the others and is raised as it is: callers know refusals and outages, not groups.
    """
    made: dict[int, Made] = {}
    turn = asyncio.Semaphore(count)

    async def make_one(place: int, one: Wanted) -> None:
        async with turn:
            made[place] = await make(one)
        await on_done(len(made))

    try:
        async with asyncio.TaskGroup() as group:
            for place, one in enumerate(wanted):
                group.create_task(make_one(place, one))
    except ExceptionGroup as several:
        raise several.exceptions[0] from several
    return [made[place] for place in range(len(wanted))]
