"""`POST /api/v1/sync` and `GET /api/v1/sync/live`."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any
from uuid import UUID

from litestar import MediaType, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream

from server.base import clock
from server.base.actor import Actor
from server.base.http.access import read_claims
from server.base.http.packing import PACKED
from server.exchange import body as bodies
from server.exchange.exchanges import Caller, Exchanges, Reply, retry_after_s
from server.exchange.packing import choose
from sync.errors import ExchangeError, Outage
from sync.protocol import CONTENT_TYPE
from sync.reconcile import BODY_BYTES_MAX as COMPARE_BYTES_MAX

WHOLE_BYTES_MAX = 65_536  # An answer up to here leaves as one piece; a longer one piece by piece, as it is packed.

SLICE_S = 0.0005  # So long an answer is written and packed before others have their turn.


def answer_exchange_error(_request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """A whole exchange turned away: the envelope that every answer of ours has, with the details a phone acts on."""
    if isinstance(error, Outage):
        error = ExchangeError(
            503,
            "service.unavailable",
            "The database does not answer; nothing was used, try again.",
            retry_after_s=retry_after_s(),
        )
    assert isinstance(error, ExchangeError)
    headers = {} if error.retry_after_s is None else {"retry-after": str(math.ceil(error.retry_after_s))}
    content = {"success": False, "error": {"code": error.code, "message": error.message, "details": error.details}}
    return Response(content, status_code=error.status, media_type=MediaType.JSON, headers=headers)


@post(
    "/api/v1/sync",
    operation_id="Sync",
    status_code=200,
    opt={"own_budget": True},
    exception_handlers={ExchangeError: answer_exchange_error, Outage: answer_exchange_error},
)
async def sync(request: Request[Any, Any, Any]) -> Response[Any]:
    """Ops up; receipts, scope and rows down. NDJSON, packed by Accept-Encoding; 204 when nothing is new.

    Only the token is read here: whether its session lives now is asked with the page, in one statement.
    """
    exchange: Exchanges = request.app.state.exchange
    caller: Caller = read_claims(request)
    bodies.check_headers(request.headers)
    body = bodies.unpack(await request.body(), request.headers)
    now_ms = int(clock.now().timestamp() * 1000)
    packing = choose(request.headers.get("accept-encoding", ""))
    reply = await exchange.answer(body, caller=caller, now_ms=now_ms, packing=packing)
    return await _respond(reply)


@post(
    "/api/v1/sync/compare",
    operation_id="SyncCompare",
    status_code=200,
    opt={"own_budget": True},
    exception_handlers={ExchangeError: answer_exchange_error, Outage: answer_exchange_error},
)
async def compare(request: Request[Any, Any, Any], actor: NamedDependency[Actor]) -> Response[Any]:
    """Where one bucket and tier of a phone differs from the log: NDJSON, in bytes proportional to the difference."""
    exchange: Exchanges = request.app.state.exchange
    bodies.check_headers(request.headers, bytes_max=COMPARE_BYTES_MAX)
    body = bodies.unpack(await request.body(), request.headers, bytes_max=COMPARE_BYTES_MAX)
    packing = choose(request.headers.get("accept-encoding", ""))
    return await _respond(await exchange.compare(body, user_id=actor.id, packing=packing))


async def _respond(reply: Reply) -> Response[Any]:
    if reply.blocks is None:
        return Response(None, status_code=204)
    headers = {"vary": "accept-encoding"}
    if reply.packing != "identity":
        headers["content-encoding"] = reply.packing
    blocks = in_slices(reply.blocks)
    head, is_whole = await _gather(blocks)
    if is_whole:
        return Response(head, media_type=CONTENT_TYPE, headers=headers)
    return Stream(_chunks(head, blocks), media_type=CONTENT_TYPE, headers=headers)


@get(
    "/api/v1/sync/live",
    operation_id="SyncLive",
    opt={"own_budget": True},
    exception_handlers={ExchangeError: answer_exchange_error, Outage: answer_exchange_error},
)
async def live(
    request: Request[Any, Any, Any],
    actor: NamedDependency[Actor],
    bucket: Annotated[list[str] | None, QueryParameter(max_items=200)] = None,
) -> Stream:
    """Server-sent hints: `{"moved":true}` when something of the caller's, or of a bucket named, is new."""
    exchange: Exchanges = request.app.state.exchange
    events = await exchange.hub.listen(actor.id, tuple(bucket or ()))
    return Stream(
        events, media_type="text/event-stream", headers={"cache-control": "no-store", "x-accel-buffering": "no"}
    )


@get(
    "/api/v1/sync/ops/{op_id:uuid}",
    operation_id="SyncOp",
    middleware=[PACKED],
    exception_handlers={Outage: answer_exchange_error},
)
async def whole_op(
    request: Request[Any, Any, Any], op_id: FromPath[UUID], actor: NamedDependency[Actor]
) -> Response[bytes]:
    """An op of which `sync.ops` holds a summary, byte for byte: for its author, and for staff while it is parked."""
    exchange: Exchanges = request.app.state.exchange
    raw = await exchange.whole_op(op_id, user_id=actor.id, is_staff=actor.is_staff)
    return Response(raw, media_type=MediaType.JSON, headers={"cache-control": "no-store"})


async def in_slices(blocks: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The same blocks; while a long answer is written and packed, others have their turn at the loop."""
    turn_ends_at = time.perf_counter() + SLICE_S
    for block in blocks:
        yield block
        if time.perf_counter() >= turn_ends_at:
            await asyncio.sleep(0)
            turn_ends_at = time.perf_counter() + SLICE_S


async def _gather(blocks: AsyncIterator[bytes]) -> tuple[bytes, bool]:
    """The beginning of an answer, and whether it is all of it."""
    head = bytearray()
    async for block in blocks:
        head += block
        if len(head) > WHOLE_BYTES_MAX:
            return bytes(head), False
    return bytes(head), True


async def _chunks(head: bytes, blocks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield head
    pending = bytearray()
    async for block in blocks:
        pending += block
        if len(pending) >= WHOLE_BYTES_MAX:
            yield bytes(pending)
            pending.clear()
    if pending:
        yield bytes(pending)
