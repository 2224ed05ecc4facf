"""The unit of work: one request, op or job is one Tx, opened and committed at the edge (`db.py`)."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from server.base.actor import Actor
from server.base.errors import NotFound
from server.base.events import Bus, Event
from server.base.ids import new_id
from server.base.jobs import Payload, kind_of
from server.base.models import Model

M = TypeVar("M", bound=Model)
Visible = Callable[["Tx", Any], Awaitable[bool]]

DETAILS_BYTES_MAX = 8_192


class Tx:
    """`db` to read and write, `actor` who acts, `now` the instant of the whole unit (UTC, whole milliseconds)."""

    def __init__(
        self, db: AsyncSession, *, actor: Actor, now: datetime, bus: Bus, visible: Mapping[type[Model], Visible]
    ) -> None:
        self.db = db
        self.actor = actor
        self.now = now
        self._bus = bus
        self._visible = visible
        self._later: list[tuple[Payload, int, int]] = []

    async def get(self, model: type[M], id_: UUID) -> M:
        """The live row. Raises NotFound, also for a deleted one."""
        row = await self.db.get(model, id_)
        if row is None or row.deleted_at is not None:
            raise NotFound(f"There is no {model.__name__.lower()} {id_}, or not for you.")
        return row

    async def get_locked(self, model: type[M], id_: UUID) -> M:
        """The live row, locked until the end (FOR NO KEY UPDATE). Lock several in id order. Raises NotFound."""
        statement = (
            select(model)
            .where(model.id == id_)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
        row = (await self.db.execute(statement)).scalar_one_or_none()
        if row is None or row.deleted_at is not None:
            raise NotFound(f"There is no {model.__name__.lower()} {id_}, or not for you.")
        return row

    async def get_visible(self, model: type[M], id_: UUID) -> M:
        """The row, if the actor may know of it. Raises NotFound to a stranger: permission before existence."""
        row = await self.get(model, id_)
        if not await self._visible[model](self, row):
            raise NotFound(f"There is no {model.__name__.lower()} {id_}, or not for you.")
        return row

    def later(self, payload: Payload, *, after_s: int = 0, weight: int = 0) -> None:
        """Have a job run after the commit, at the earliest `after_s` seconds later. Not if this unit rolls back.

        Of what is due, the lighter is handed over first; `weight` is at least 0, bytes for instance.
        """
        self._later.append((payload, after_s, weight))

    async def publish(self, event: Event) -> None:
        """Tell the features above, inside this transaction."""
        await self._bus.publish(self, event)

    async def audit(self, action: str, *, kind: str, id_: UUID | None = None, **details: Any) -> None:
        """Note who did what to which thing. Append-only; never passwords, tokens or codes."""
        encoded = msgspec.json.encode(details).decode()
        if len(encoded) > DETAILS_BYTES_MAX:
            encoded = '{"truncated":true}'
        await self.db.execute(
            text(
                "insert into base_audit (id, at, actor_id, action, object_kind, object_id, details)"
                " values (:id, :at, :actor, :action, :kind, :object, :details)"
            ),
            {
                "id": new_id(),
                "at": self.now,
                "actor": self.actor.id,
                "action": action,
                "kind": kind,
                "object": id_,
                "details": encoded,
            },
        )

    async def flush_outbox(self) -> None:
        """Write what `later` gathered. Called by the edge just before the commit, and by a savepoint that holds."""
        if not self._later:
            return
        rows = [
            {
                "kind": kind_of(type(payload)),
                "payload": msgspec.json.encode(payload).decode(),
                "after_s": after_s,
                "weight": weight,
            }
            for payload, after_s, weight in self._later
        ]
        self._later.clear()
        await self.db.execute(
            text(
                "insert into base_outbox (kind, payload, weight, next_at)"
                " values (:kind, :payload, :weight, clock_timestamp() + make_interval(secs => :after_s))"
            ),
            rows,
        )

    def mark_later(self) -> int:
        """How much `later` has gathered so far; hand it to `forget_later` when a savepoint rolls back."""
        return len(self._later)

    def forget_later(self, mark: int) -> None:
        """Drop what `later` gathered since `mark`: the savepoint it belonged to was rolled back."""
        del self._later[mark:]
