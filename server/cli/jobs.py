"""`spark jobs …`: what the workers gave up; looked through, and tried again, by the operator."""

from typing import Annotated

import typer

from server.base.clock import to_wire
from server.base.dead_letters import LIST_MAX, DeadLetter, failed_jobs, retry_jobs
from server.cli._operator import act, opened, refuse
from server.settings import Settings


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Jobs that failed as often as they may.", no_args_is_help=True)
    group.command("list")(list_)
    group.command("retry")(retry)
    app.add_typer(group, name="jobs")


def list_(limit: Annotated[int, typer.Option(min=1, max=LIST_MAX, help="How many at most.")] = 50) -> None:
    """Print one line each, the newest first: id, when given up, kind, attempts, payload, error, divided by tabs."""

    async def run(settings: Settings) -> list[DeadLetter]:
        async with opened(settings) as work, work.database.transaction() as tx:
            return await failed_jobs(tx, limit=limit)

    for letter in act(run):
        error = " ".join(letter.error.split())
        fields = [str(letter.id), to_wire(letter.failed_at), letter.kind, str(letter.attempts), letter.payload, error]
        typer.echo("\t".join(fields))


def retry(
    ids: Annotated[list[int] | None, typer.Argument(help="Ids as `spark jobs list` prints them.")] = None,
    kind: Annotated[str | None, typer.Option(help="All of this kind, e.g. media.make_film.")] = None,
) -> None:
    """Have jobs run once more, with all their attempts. Prints the ids of those that will."""
    if not ids and kind is None:
        refuse("jobs.retry: name ids, or a kind with --kind")

    async def run(settings: Settings) -> list[int]:
        async with opened(settings) as work, work.database.transaction() as tx:
            return await retry_jobs(tx, ids=ids or None, kind=kind)

    for id_ in act(run):
        typer.echo(str(id_))
