"""`spark migrate`: bring the database to this release."""

import typer

from server.cli._servers import database_url, refuse
from server.embedded.installation import DataFolderError
from server.embedded.plan import CannotStart
from server.embedded.processes import NotReady
from server.embedded.supervisor import EXIT_NEWER_DATABASE, say
from server.features import REGISTRY
from server.migrate import NewerDatabase
from server.migrate import migrate as bring_to_this_release
from server.settings import BadSetting


def register(app: typer.Typer) -> None:
    app.command()(migrate)


def migrate() -> None:
    """Bring the database to this release; a database of a newer one is left as it is, with exit code 3."""
    try:
        with database_url() as url:
            bring_to_this_release(url, REGISTRY)
    except NewerDatabase as problem:
        say(f"{problem} Run the newer release, or restore a copy from before it.")
        raise typer.Exit(EXIT_NEWER_DATABASE) from None
    except (BadSetting, CannotStart, DataFolderError, NotReady) as problem:
        refuse(str(problem))
    say("the database is at this release")
