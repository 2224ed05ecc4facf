"""`spark demo …`: the demo school."""

import typer

from server.cli._operator import act, opened, operator_settings, refuse
from server.demo import DemoAccount, lay_demo, read_accounts
from server.settings import Settings


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="The demo school: lay it, show its accounts.", no_args_is_help=True)
    group.command("accounts")(accounts)
    group.command("lay")(lay)
    app.add_typer(group, name="demo")


def accounts() -> None:
    """Show the demo accounts and their passwords again."""
    found = read_accounts(operator_settings())
    if not found:
        refuse("demo.absent: this installation has no demo school; SPARK_DEMO=1 lays one at the next start")
    typer.echo(as_table(found))


def lay() -> None:
    """Lay the demo school where it is missing; prints the accounts the first time, nothing afterwards."""

    async def run(settings: Settings) -> list[DemoAccount]:
        async with opened(settings) as work:
            return await lay_demo(work)

    if laid := act(run):
        typer.echo(as_table(laid))


def as_table(found: list[DemoAccount]) -> str:
    """One line an account: role, e-mail, password, name."""
    width = max(len(account.email) for account in found)
    return "\n".join(
        f"{account.role:<9}  {account.email:<{width}}  {account.password}  {account.name}" for account in found
    )
