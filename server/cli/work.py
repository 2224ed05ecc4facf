"""`spark work`: one worker process. It needs the same settings as `spark serve`."""

import typer

from server import worker
from server.cli._servers import alive_file, process_settings, wait_for_start


def register(app: typer.Typer) -> None:
    app.command()(work)


def work() -> None:
    """Do the jobs: grading, images, imports, notifications."""
    process_settings()
    wait_for_start()
    worker.main(alive=alive_file())
