"""`spark serve`: one API process. It needs SPARK_DATABASE_URL, SPARK_REDIS_URL, SPARK_S3_URL and SPARK_SIGNING_KEY.

SPARK_LISTEN_FD names an open socket that it shares with others (the supervisor opened it); else it opens one.
"""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import typer
import uvicorn

from server.app import create_app
from server.base.http.patience import KEEP_ALIVE_S, PatientHttp
from server.cli._servers import alive_file, process_settings, wait_for_start
from server.embedded.plan import BACKLOG, listen

GRACE_S = (
    5  # What is still being answered at a stop may end in this time; the rest is cut, and phones go on from there.
)
TICKS_A_BEAT = 10  # uvicorn ticks every 0.1 s.


def register(app: typer.Typer) -> None:
    app.command()(serve)


def serve() -> None:
    """Answer HTTP at SPARK_HOST:SPARK_PORT."""
    settings = process_settings()
    wait_for_start()
    shared = os.environ.get("SPARK_LISTEN_FD")
    listener = socket.socket(fileno=int(shared)) if shared else listen(settings)
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        http=PatientHttp,
        backlog=BACKLOG,
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=True,
        timeout_graceful_shutdown=GRACE_S,
        timeout_keep_alive=KEEP_ALIVE_S,
    )

    def send_listeners_away() -> None:
        app.state.exchange.hub.end()

    Server(config, alive=alive_file(), on_stop=send_listeners_away).run(sockets=[listener])


class Server(uvicorn.Server):
    """Says every second that its loop turns; sends listeners away as soon as it is asked to stop."""

    def __init__(self, config: uvicorn.Config, *, alive: Path | None, on_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._alive = alive
        self._on_stop = on_stop

    async def on_tick(self, counter: int) -> bool:
        if self._alive and counter % TICKS_A_BEAT == 0:
            self._alive.touch()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._on_stop()
        await super().shutdown(sockets)
