"""`spark work`: one worker process. It needs the same settings as `spark serve`."""

import os
from pathlib import Path

import typer

from server import worker
from server.cli._servers import process_settings, wait_for_start


def register(app: typer.Typer) -> None:
    app.command()(work)


def work() -> None:
    """Do the jobs: grading, images, imports, notifications."""
    process_settings()
    wait_for_start()
    ready_file = os.environ.get("SPARK_READY_FILE")
    if ready_file:  # The supervisor waits for it: everything is imported and the settings are good.
        Path(ready_file).touch()
    worker.main()
