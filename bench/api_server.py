"""The product's API with bare routes beside it: the floor of each figure of the read side, in the same process.

Run by `api.py` as a process of its own, so that the client's work is not measured with it.
"""

from typing import Any
from uuid import UUID

import uvicorn
import zstandard
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from psycopg.types.string import ByteaBinaryLoader
from psycopg_pool import AsyncConnectionPool

from server.app import create_app
from server.base.actor import Actor
from server.settings import Settings

_ONE = "select 1"
_ROWS = """
select i.line from sync_bucket b join sync_item i on i.bucket = b.number
where b.name = %s and i.tier = 1 and i.position > %s order by i.position limit %s
"""


@post("/bare/empty", opt={"own_budget": True}, status_code=204)
async def bare_empty(request: Request[Any, Any, Any], actor: NamedDependency[Actor]) -> None:
    """Who is it, one select, nothing to say."""
    await request.body()
    async with request.app.state.bare.connection() as connection:
        await connection.execute(_ONE, prepare=True)
    assert actor.id != UUID(int=0)


@post("/bare/rows", opt={"own_budget": True}, status_code=200)
async def bare_rows(request: Request[Any, Any, Any], actor: NamedDependency[Actor]) -> Response[bytes]:
    """Who is it, one select, its lines joined and packed."""
    asked = await request.json()
    async with request.app.state.bare.connection() as connection:
        cursor = connection.cursor(binary=True)
        await cursor.execute(_ROWS, [asked["bucket"], asked["above"], asked["limit"]], prepare=True)
        lines = [line for (line,) in await cursor.fetchall()]
    assert actor.id != UUID(int=0)
    packed = zstandard.ZstdCompressor(level=3).compress(b"\n".join(lines))
    return Response(packed, media_type="application/x-ndjson", headers={"content-encoding": "zstd"})


@get("/bare/static/{name:str}", opt={"public": True}, sync_to_thread=False)
def bare_static(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
    """A file that was packed ahead, for anybody; read once."""
    files: dict[str, bytes] = request.app.state.static
    if name not in files:
        files[name] = (request.app.state.settings.data / name).read_bytes()
    return Response(files[name], media_type="application/x-ndjson", headers={"content-encoding": "zstd"})


async def _configure(connection: Any) -> None:
    connection.adapters.register_loader("text", ByteaBinaryLoader)


def main() -> None:
    settings = Settings.from_env()
    app = create_app(settings)
    app.register(bare_empty)
    app.register(bare_rows)
    app.register(bare_static)
    app.state.static = {}
    pool = AsyncConnectionPool(
        settings.database_url, min_size=1, max_size=8, open=False, configure=_configure, kwargs={"autocommit": True}
    )

    async def open_pool() -> None:
        await pool.open()
        app.state.bare = pool

    async def close_pool() -> None:
        await pool.close()

    app.on_startup.append(open_pool)
    app.on_shutdown.append(close_pool)
    uvicorn.run(app, host="127.0.0.1", port=settings.port, log_config=None, access_log=False)


if __name__ == "__main__":
    main()
