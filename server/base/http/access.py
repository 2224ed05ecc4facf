"""Who asks: Litestar dependencies `actor` and `tx`.

A route marked `opt={"public": True}` is run as a guest when no token is sent. Every other route needs a bearer token
whose session lives now; roles are read from the database each time, never from the token.
"""

from collections.abc import AsyncIterator
from typing import Any, Protocol
from uuid import UUID

from litestar import Request
from litestar.di import NamedDependency

from server.base.actor import Actor
from server.base.db import Database
from server.base.errors import Unauthenticated
from server.base.limits import USER, Limiter
from server.base.tx import Tx


class Authenticate(Protocol):
    """Access tokens → who that is. Both raise Unauthenticated."""

    def read(self, token: str) -> Any:
        """What a good token says; nothing is asked."""

    async def __call__(self, token: str) -> Actor: ...


GUEST = Actor(id=UUID(int=1))
BEARER = "Bearer "


async def provide_actor(request: Request[Any, Any, Any]) -> Actor:
    """Raises Unauthenticated without a good token, TooMany past 100 requests a minute."""
    header = request.headers.get("authorization", "")
    options = request.route_handler.opt
    if not header.startswith(BEARER):
        if options.get("public"):
            return GUEST
        raise Unauthenticated
    authenticate: Authenticate = request.app.state.authenticate
    actor = await authenticate(header.removeprefix(BEARER))
    if not options.get("own_budget"):
        limiter: Limiter = request.app.state.limiter
        await limiter.take(USER, str(actor.id))
    return actor


def read_claims(request: Request[Any, Any, Any]) -> Any:
    """What a good token says, for a route that asks by itself whether its session lives. Raises Unauthenticated."""
    header = request.headers.get("authorization", "")
    if not header.startswith(BEARER):
        raise Unauthenticated
    authenticate: Authenticate = request.app.state.authenticate
    return authenticate.read(header.removeprefix(BEARER))


async def provide_tx(request: Request[Any, Any, Any], actor: NamedDependency[Actor]) -> AsyncIterator[Tx]:
    """The request's transaction: committed before the answer leaves, rolled back when the handler raises."""
    database: Database = request.app.state.database
    async with database.transaction(actor) as tx:
        yield tx
