"""A feature's door: everything it brings, as one value. `server/features.py` is the only list of them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from psycopg import Connection

from server.base.events import Subscription
from server.base.jobs import Job
from server.base.models import Model
from server.base.tx import Tx, Visible
from sync.collection import BucketKind, Collection, Grant, Membership
from sync.erasing import Erasure
from sync.mutator import Mutator
from sync.upcast import Upcast

EraseStep = Callable[[Connection[Any], UUID], list[str]]
"""What cannot be declared: run before the declared part, with the person's id; answers keys of objects to remove."""


@dataclass(frozen=True)
class Cron:
    """Something that runs by the clock, in one worker at a time: `run(tx)` every `every_s` seconds."""

    name: str
    every_s: int
    run: Callable[[Tx], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Feature:
    name: str
    collections: tuple[Collection, ...] = ()
    memberships: tuple[Membership, ...] = ()
    grants: tuple[Grant, ...] = ()
    bucket_kinds: tuple[BucketKind, ...] = ()
    mutators: tuple[Mutator, ...] = ()
    upcasts: tuple[Upcast, ...] = ()  # Of its collections and commands, for every schema ever released.
    routes: Sequence[Any] = ()  # Litestar handlers, controllers or routers
    jobs: tuple[Job, ...] = ()
    crons: tuple[Cron, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    visible: Mapping[type[Model], Visible] = field(default_factory=dict)
    erasures: tuple[Erasure, ...] = ()  # Every table that names a person, children before their parents.
    erase: EraseStep | None = None
