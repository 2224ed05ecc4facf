"""Events: how a feature tells the ones above it that something happened.

An event is a frozen struct. Subscribers run inside the publisher's transaction, in the order of `features.py`;
what must leave the process goes on from there by `tx.later`.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec

Handler = Callable[[Any, Any], Awaitable[None]]  # (tx, event)


class Event(msgspec.Struct, frozen=True):
    """Base of all events."""


@dataclass(frozen=True)
class Subscription:
    event: type[Event]
    handler: Handler


class Bus:
    """Which handlers hear which event."""

    def __init__(self, subscriptions: tuple[Subscription, ...] = ()) -> None:
        self._handlers: dict[type[Event], list[Handler]] = defaultdict(list)
        for subscription in subscriptions:
            self._handlers[subscription.event].append(subscription.handler)

    async def publish(self, tx: Any, event: Event) -> None:  # Any: a Tx; naming it would close a circle
        for handler in self._handlers[type(event)]:
            await handler(tx, event)
