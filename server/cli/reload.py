"""`spark reload`: replace API and worker processes by what now lies in the folder, without a moment of absence."""

import os
import signal
import time

import typer

from server.cli._servers import refuse
from server.embedded.installation import Installation

WAIT_S = 600.0  # A migration may run first.
POLL_S = 0.05


def register(app: typer.Typer) -> None:
    app.command()(reload)


def reload() -> None:
    """Migrate, then start a successor for each API and worker process and let the one before it drain."""
    installation = Installation.from_env(os.environ)
    if not installation.is_running():
        refuse(f"nothing runs on {installation.data}: start it by `python3 run.py`, or set SPARK_DATA to where it runs")
    turn, _ = installation.last_reload()
    os.kill(int(str(installation.holder()["pid"])), signal.SIGUSR1)
    deadline = time.monotonic() + WAIT_S
    while installation.last_reload()[0] == turn:
        if time.monotonic() > deadline or not installation.is_running():
            refuse(f"it did not come to an end; see what `spark up` says and {installation.logs}")
        time.sleep(POLL_S)
    _, problem = installation.last_reload()
    if problem:
        refuse(f"not reloaded, what ran goes on: {problem}")
    typer.echo("reloaded")
