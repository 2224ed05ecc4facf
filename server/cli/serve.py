"""`spark serve`: one API process. It needs SPARK_DATABASE_URL, SPARK_REDIS_URL, SPARK_S3_URL and SPARK_SIGNING_KEY."""

import typer
import uvicorn

from server.app import create_app
from server.cli._servers import process_settings, wait_for_start

GRACE_S = 4  # Long answers (live streams) end at a stop; phones come back by themselves.
BACKLOG = 2048


def register(app: typer.Typer) -> None:
    app.command()(serve)


def serve() -> None:
    """Answer HTTP at SPARK_HOST:SPARK_PORT."""
    settings = process_settings()
    wait_for_start()
    uvicorn.run(
        create_app,
        factory=True,
        host=settings.host,
        port=settings.port,
        backlog=BACKLOG,
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=True,
        timeout_graceful_shutdown=GRACE_S,
    )
