"""`spark conformance URL`: whether a server, and a client, keep the sync protocol."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from server.conformance import client_checks, server_checks
from server.conformance.setting import Setting, settle
from server.conformance.wire import Broken

COMMAND = "python3 examples/drive.py"


def register(app: typer.Typer) -> None:
    app.command("conformance")(conformance)


def conformance(
    url: Annotated[str, typer.Argument(help="Of a server with a published course, e.g. http://127.0.0.1:8000")],
    email: Annotated[str, typer.Option(help="A person who may download it; the checks rename them.")],
    password: Annotated[str, typer.Option(envvar="SPARK_PASSWORD", prompt=True, hide_input=True)],
    client: Annotated[str, typer.Option(help="The client to try; URL and store are added.")] = COMMAND,
) -> None:
    """Try a server by hand, and a client through a link that cuts, loses and repeats; exit code 1: a rule is broken."""
    try:
        setting = settle(url, email, password)
    except (Broken, OSError) as error:
        typer.echo(f"conformance.no_setting: {error}", err=True)
        raise typer.Exit(2) from error
    count = broken = 0
    for name, run in _checks(setting, client):
        count += 1
        try:
            run()
        except Broken as error:
            broken += 1
            typer.echo(f"BROKEN  {name}\n        {error}")
        except (OSError, LookupError, ValueError) as error:  # An answer that is not what the protocol says at all.
            broken += 1
            typer.echo(f"BROKEN  {name}\n        {error!r}")
        else:
            typer.echo(f"kept    {name}")
    typer.echo(f"{count - broken} of {count} kept")
    if broken:
        raise typer.Exit(1)


def _checks(setting: Setting, command: str) -> Iterator[tuple[str, Callable[[], None]]]:
    for check in server_checks.CHECKS:
        yield f"server: {_sentence(check)}", lambda check=check: check(setting)  # type: ignore[misc]
    for tried in client_checks.CHECKS:
        with tempfile.TemporaryDirectory() as folder:
            bench = client_checks.Bench(setting, command, Path(folder))
            yield f"client: {_sentence(tried)}", lambda tried=tried, bench=bench: tried(bench)  # type: ignore[misc]


def _sentence(check: Callable[..., None]) -> str:
    return check.__name__.replace("_", " ")
