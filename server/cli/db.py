"""`spark db url`: for psql and its like."""

import typer

from server.cli._servers import known_database_url, refuse
from server.embedded.installation import NotRunning


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="The database.", no_args_is_help=True)
    group.command("url")(url)
    group.callback()(_only_a_group)
    app.add_typer(group, name="db")


def url() -> None:
    """Print the URL of the running database; it holds the password."""
    try:
        typer.echo(known_database_url())
    except NotRunning as problem:
        refuse(str(problem))


def _only_a_group() -> None:
    """Keep `db` a group while it has one command."""
