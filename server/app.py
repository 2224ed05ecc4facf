"""The API process: composes the features, the exchange and the built page into one ASGI app."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar, Response, get
from litestar.datastructures import State
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import ScalarRenderPlugin
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from server.base.http.access import provide_actor, provide_tx
from server.base.http.middleware import request_frame
from server.base.http.page import Page, serve_page
from server.base.http.problem import answer_problem
from server.base.limits import Limiter
from server.base.logging import configure_logging
from server.base.reads import Reads
from server.base.work import Work
from server.catalog.course_media import media_first, open_course_media
from server.embedded.health import STANDSTILL_REMEDY
from server.exchange.course_packs.writing import PackFiles
from server.exchange.service import Exchange
from server.features import FEATURES, REGISTRY
from server.identity.sessions import GATE, Authenticator
from server.identity.tokens import Tokens
from server.means import open_work
from server.settings import Settings
from sync.errors import Outage

BODY_BYTES_MAX = 1024 * 1024


def create_app(settings: Settings | None = None) -> Litestar:
    """The app of one process; it opens its connections when it starts and closes them when it stops."""
    configure_logging()
    settings = settings or Settings.from_env()
    app = Litestar(
        route_handlers=[
            health_live,
            health_ready,
            *(route for feature in FEATURES for route in feature.routes),
            *Exchange.routes,
            serve_page,
        ],
        dependencies={"actor": Provide(provide_actor), "tx": Provide(provide_tx)},
        exception_handlers={Exception: answer_problem},
        middleware=[request_frame],
        lifespan=[open_means],
        state=State({"settings": settings}),
        request_max_body_size=BODY_BYTES_MAX,
        openapi_config=OpenAPIConfig(
            title="Spark Learning",
            version="1",
            path="/api-docs",
            render_plugins=[ScalarRenderPlugin()],
            use_handler_docstrings=True,
        ),
        logging_config=None,
    )
    app.asgi_handler = media_first(app.asgi_handler)
    return app


@asynccontextmanager
async def open_means(app: Litestar) -> AsyncIterator[None]:
    """Open what its settings name, for as long as it runs. An app that has stopped may start again, with others."""
    settings: Settings = app.state.settings
    work = open_work(settings)
    tokens = Tokens(settings.signing_key, access_token_s=settings.access_token_s)
    reads = Reads(settings.database_url)
    await reads.open()
    authenticate = Authenticator(reads, tokens)
    app.state.update(
        {
            "work": work,
            "database": work.database,
            "storage": work.storage,
            "redis": work.redis,
            "tokens": tokens,
            "authenticate": authenticate,
            "limiter": Limiter(work.redis),
            "page": Page(settings.page),
            "course_media": open_course_media(work),
            "pack_files": PackFiles(settings.data / "cache" / "packs", work.storage),
        }
    )
    async with Exchange.open(work, REGISTRY, authenticate, gate=GATE) as exchange:
        app.state.exchange = exchange
        yield
    await reads.close()
    await work.redis.aclose()
    await work.database.close()


@get("/health/live", opt={"public": True}, include_in_schema=False, sync_to_thread=False)
def health_live() -> dict[str, str]:
    """The process answers."""
    return {"status": "alive"}


@get(["/health/ready", "/health"], opt={"public": True}, include_in_schema=False)
async def health_ready(state: State) -> Response[dict[str, str]]:
    """Database, queue and storage: 200 when all answer, 503 naming the part that fails.

    A log that stands still is named, and the answer stays 200: everything else is served, and no process would serve
    more.
    """
    parts = {
        "database": await _works(_ask_database(state.work)),
        "queue": await _works(state.work.redis.ping()),
        "storage": await _works(state.work.storage.ensure()),
    }
    is_ready = all(value == "ok" for value in parts.values())
    parts["log"] = _log_of(state.exchange.halt.reason)
    return Response({"status": "ready" if is_ready else "failing", **parts}, status_code=200 if is_ready else 503)


def _log_of(reason: str | None) -> str:
    return "ok" if reason is None else f"stopped: {reason}; {STANDSTILL_REMEDY}"


async def _ask_database(work: Work) -> None:
    async with work.database.engine.connect() as connection:
        await connection.execute(text("select 1"))


async def _works(question: Any) -> str:  # Any: an awaitable of whatever
    try:
        await question
    except (SQLAlchemyError, RedisError, Outage, OSError) as error:
        return f"failing: {type(error).__name__}"
    return "ok"
