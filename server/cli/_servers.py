"""Find the servers that a command acts on: those of the environment, else those that run on SPARK_DATA."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from server.embedded import plan as planning
from server.embedded.installation import Installation
from server.embedded.processes import end_recorded, running
from server.embedded.supervisor import say
from server.settings import BadSetting, Settings

EXIT_REFUSED = 2
START_PAUSE_S = 0.01


def process_settings() -> Settings:
    """Return the settings of a server process, from the environment alone; exits with a sentence when one is wrong."""
    try:
        return Settings.from_env(os.environ)
    except BadSetting as problem:
        refuse(str(problem))


def wait_for_start() -> None:
    """Wait for the supervisor's word that the stores answer and the schema is this release's.

    It starts us early, because to import the product takes longer than to start a database. Without one: at once.
    """
    start_file = os.environ.get("SPARK_START_FILE")
    while start_file and not Path(start_file).exists():
        time.sleep(START_PAUSE_S)


def alive_file() -> Path | None:
    """The file that the supervisor wants touched every second, so that it can tell who hangs."""
    name = os.environ.get("SPARK_ALIVE_FILE")
    return Path(name) if name else None


def known_database_url() -> str:
    """Return the database of the environment, else of what runs on SPARK_DATA.

    Raises: NotRunning.
    """
    given = os.environ.get("SPARK_DATABASE_URL")
    return given or Installation.from_env(os.environ).running_env()["SPARK_DATABASE_URL"]


@contextmanager
def database_url() -> Iterator[str]:
    """Lend the URL of the database; where nothing runs, its PostgreSQL is started for the length of the block.

    Raises: BadSetting, DataFolderError, CannotStart.
    """
    installation = Installation.from_env(os.environ)
    if os.environ.get("SPARK_DATABASE_URL") or installation.is_running():
        yield known_database_url()
        return
    installation.make()
    with installation.lock():
        end_recorded(installation.run)
        plan = planning.make_plan(os.environ, planning.check_settings(os.environ))
        assert plan.postgres is not None  # SPARK_DATABASE_URL is not set, as seen above
        with running(plan.postgres, log=installation.logs / "postgres.log"):
            yield plan.database_url


def refuse(message: str) -> NoReturn:
    """End the command: something is missing or wrong, and `message` says the remedy."""
    say(message)
    raise SystemExit(EXIT_REFUSED)
