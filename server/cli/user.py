"""`spark user …`: accounts, made and mended by the operator."""

import sys
from typing import Annotated
from uuid import UUID

import psycopg
import typer
from sqlalchemy import text

from server.backup.leaving import PersonUnknown, erase_person
from server.backup.objects import StoreAway
from server.base.actor import ROLES
from server.base.errors import NotFound
from server.base.tx import Tx
from server.cli._operator import act, opened, operator_settings, refuse
from server.identity.accounts import NewAccount, answer_for, create_account, find_by_email, normal_email, set_password
from server.identity.models import User
from server.identity.sessions import end_all_sessions
from server.settings import Settings

PASSWORD_LENGTH_MAX = 1024

Email = Annotated[str, typer.Option("--email", help="The e-mail the person signs in with.")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input (the first line).")
]


class SubjectUnknown(NotFound):
    """There is no subject of this name."""

    code = "subject.not_found"


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Accounts: add one, set a password, erase a person.", no_args_is_help=True)
    group.command("add")(add)
    group.command("password")(password)
    group.command("erase")(erase)
    app.add_typer(group, name="user")


def add(
    email: Email,
    name: Annotated[str, typer.Option(help="The full name.")],
    role: Annotated[str, typer.Option(help=f"One of {', '.join(ROLES)}.")],
    *,
    password_stdin: FromStdin = False,
    subject: Annotated[
        list[str] | None,
        typer.Option(help="A mentor's subject by slug; all when left out. May be given more than once."),
    ] = None,
    locale: Annotated[str, typer.Option(help="en, uz, ru or id.")] = "en",
) -> None:
    """Add a person: active, e-mail verified; mentors and educators verified. Prints the id."""
    if role not in ROLES:
        refuse(f"user.role: {role!r} is not one of {', '.join(ROLES)}")
    account = NewAccount(
        email=email,
        full_name=name,
        role=role,
        password=_password(from_stdin=password_stdin),
        locale=locale,
        is_verified=True,
    )

    async def run(settings: Settings) -> User:
        async with opened(settings) as work, work.database.transaction() as tx:
            user = await create_account(tx, account)
            if role == "mentor":
                await answer_for(tx, user_id=user.id, subject_ids=await _subjects(tx, subject or []))
            return user

    typer.echo(act(run).id)


def password(email: Email, *, password_stdin: FromStdin = False) -> None:
    """Set a new password; every session of the person ends."""
    new = _password(from_stdin=password_stdin)

    async def run(settings: Settings) -> User:
        async with opened(settings) as work, work.database.transaction() as tx:
            user = await find_by_email(tx, normal_email(email))
            if user is None:
                raise NotFound(f"There is no account with the e-mail {email}.")
            await set_password(tx, user, new)
            await end_all_sessions(tx, user.id, because="password set by the operator")
            return user

    typer.echo(act(run).id)


def erase(who: Annotated[str, typer.Argument(help="The e-mail the person signs in with, or the id.")]) -> None:
    """Take a person out, for good: everywhere, in backups that are restored later too. Prints the id. Asks nothing."""
    settings = operator_settings()
    try:
        typer.echo(erase_person(settings, who))
    except (PersonUnknown, StoreAway, psycopg.OperationalError) as problem:
        refuse(f"user.erase: {problem}")


def _password(*, from_stdin: bool) -> str:
    if not from_stdin:
        return str(typer.prompt("Password", hide_input=True, err=True))
    return sys.stdin.readline(PASSWORD_LENGTH_MAX).rstrip("\r\n")


async def _subjects(tx: Tx, slugs: list[str]) -> list[UUID]:
    """Ids of these subjects, of all when none is named. Raises SubjectUnknown naming what there is."""
    rows = (
        await tx.db.execute(text("select slug, id from catalog_subjects where deleted_at is null order by slug"))
    ).all()
    known = {row.slug: row.id for row in rows}
    unknown = [slug for slug in slugs if slug not in known]
    if unknown:
        raise SubjectUnknown(f"There is no subject {', '.join(unknown)}; there are {', '.join(known)}.")
    return [known[slug] for slug in slugs] if slugs else list(known.values())
