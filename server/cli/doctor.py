"""`spark doctor`: what is missing on this machine, and how to mend it."""

import os

import typer

from server.embedded.doctor import examine

MARKS = {"ok": "ok     ", "note": "note   ", "missing": "MISSING"}


def register(app: typer.Typer) -> None:
    app.command()(doctor)


def doctor() -> None:
    """Say what is missing and how to mend it; exit code 1 when a start would fail."""
    is_missing = False
    for finding in examine(os.environ):
        typer.echo(f"{MARKS[finding.verdict]} {finding.what}")
        if finding.remedy:
            typer.echo(f"        → {finding.remedy}")
        is_missing = is_missing or finding.verdict == "missing"
    typer.echo("Something is missing; see the arrows." if is_missing else "Everything that a start needs is here.")
    raise typer.Exit(1 if is_missing else 0)
