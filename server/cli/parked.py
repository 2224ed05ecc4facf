"""`spark parked …`: what the engine refused and kept; looked through, and tried again, by the operator."""

import time
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import typer

from server.base.clock import to_wire
from server.cli._operator import act, opened, refuse
from server.exchange.pushing import open_push_store
from server.features import REGISTRY
from server.settings import Settings
from sync.moves import AlreadyMoved, MoveOp
from sync.moves import retry as retry_op
from sync.postgres.push_store import PostgresPushStore
from sync.receipts import HeldOp
from sync.refusals import RecordAbsent
from sync.waking import wake_due

LIMIT_MAX = 10_000


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Ops that were refused and are kept.", no_args_is_help=True)
    group.command("list")(list_)
    group.command("retry")(retry)
    app.add_typer(group, name="parked")


def list_(limit: Annotated[int, typer.Option(min=1, max=LIMIT_MAX, help="How many at most.")] = 100) -> None:
    """Print one line each, the oldest first: id, when it came, code, kind, user, message, divided by tabs."""

    async def run(settings: Settings) -> list[HeldOp]:
        async with opened(settings) as work:
            return await open_push_store(work).parked(limit=limit)

    for held in act(run):
        came_at = to_wire(datetime.fromtimestamp(held.received_ms / 1000, UTC))
        message = " ".join((held.message or "").split())
        typer.echo("\t".join([str(held.id), came_at, held.code or "", held.kind, str(held.user_id), message]))


def retry(
    ids: Annotated[list[UUID] | None, typer.Argument(help="Ids as `spark parked list` prints them.")] = None,
    code: Annotated[str | None, typer.Option(help="All that were refused with this code, e.g. internal.")] = None,
) -> None:
    """Try parked ops again as their authors; rights that ended do not count. Prints id and outcome of each."""
    if not ids and code is None:
        refuse("parked.retry: name ids, or a code with --code")

    async def run(settings: Settings) -> list[tuple[UUID, str]]:
        async with opened(settings) as work:
            store = open_push_store(work)
            wanted = list(ids or []) + [held.id for held in await store.parked(limit=LIMIT_MAX) if held.code == code]
            return await _retry(store, wanted)

    for held_id, outcome in act(run):
        typer.echo(f"{held_id}\t{outcome}")


async def _retry(store: PostgresPushStore, wanted: list[UUID]) -> list[tuple[UUID, str]]:
    """What each stands as when all were tried."""
    now_ms = time.time_ns() // 1_000_000
    for held_id in wanted:
        try:
            async with store.operator(now_ms=now_ms) as unit:
                await retry_op(unit, MoveOp(held_id))
        except AlreadyMoved:
            continue  # With its group, or by somebody else: its line says what it is now.
        except RecordAbsent:
            refuse(f"parked.absent: there is no op {held_id}")
    await wake_due(store, REGISTRY, now_ms=now_ms, limit=LIMIT_MAX)
    async with store.operator(now_ms=now_ms) as unit:
        found = [(await unit.lock_held(held_id))[0] for held_id in wanted]
    return [(held.id, f"{held.outcome} {held.code or ''}".strip()) for held in found]
