"""`spark up`: everything on this machine."""

import os

import typer

from server.embedded.supervisor import up as run_everything


def register(app: typer.Typer) -> None:
    app.command()(up)


def up() -> None:
    """Start PostgreSQL, Valkey, S3, the API and the worker; a signal ends them all."""
    raise typer.Exit(run_everything(os.environ))
