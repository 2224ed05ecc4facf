"""`spark import …`: cartridges become courses, packages lessons, files of questions practice tests.

The slug goes to standard output.
"""

import sys
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

import typer

from server.base.actor import SYSTEM
from server.base.errors import Conflict, Invalid, NotFound
from server.base.import_report import ImportReport
from server.base.tx import Tx
from server.base.work import Work
from server.cli._operator import act, opened
from server.identity.accounts import find_by_email, normal_email
from server.imports.operator import import_course_file, import_package_file, import_questions_file
from server.imports.schemas import QuestionsKind
from server.settings import Settings

FileArgument = Annotated[Path, typer.Argument(help="The file.", dir_okay=False)]
Owner = Annotated[str, typer.Option("--owner", help="E-mail of the educator or admin whose it will be.")]
Publish = Annotated[bool, typer.Option("--publish", help="Open it to learners at once.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would come of it, and write nothing.")]
Access = Literal["free", "subscription", "purchase", "class"]


class OwnerUnknown(NotFound):
    """There is no account with this e-mail; `spark user add` makes one."""

    code = "owner.not_found"


class OwnerCannot(Conflict):
    """Courses and tests belong to educators and admins; name one as the owner."""

    code = "owner.role"


class FileUnreadable(Invalid):
    """The file is not there or cannot be read."""

    code = "import.no_file"


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Courses and questions from files.", no_args_is_help=True)
    group.command("course")(course)
    group.command("package")(package)
    group.command("questions")(questions)
    app.add_typer(group, name="import")


def course(
    file: FileArgument,
    owner: Owner,
    access: Annotated[str, typer.Option(help="free, subscription, purchase or class.")] = "free",
    publish: Publish = False,  # noqa: FBT002 - typer makes a flag of it
    dry_run: DryRun = False,  # noqa: FBT002 - typer makes a flag of it
) -> None:
    """Import an IMS Common Cartridge (1.0 to 1.3) or a course's own file. The same file twice is one course.

    Prints its slug.
    """
    checked = _access(access)

    async def run(settings: Settings) -> str:
        _check_file(file)
        async with opened(settings) as work:
            await work.storage.ensure()
            imported = await import_course_file(
                work, file, owner_id=await _owner(work, owner), access=checked, publish=publish, dry_run=dry_run
            )
        _tell(imported.report)
        return imported.slug

    typer.echo(act(run))


def package(
    file: FileArgument,
    owner: Owner,
    course: Annotated[
        str | None, typer.Option(help="Slug of the course that gets it; without: one of its own.")
    ] = None,
    access: Annotated[str, typer.Option(help="free, subscription, purchase or class.")] = "free",
    publish: Publish = False,  # noqa: FBT002 - typer makes a flag of it
    dry_run: DryRun = False,  # noqa: FBT002 - typer makes a flag of it
) -> None:
    """Import a SCORM 1.2 or 2004 package as a lesson. The same file twice is one. Prints the course's slug."""
    checked = _access(access)

    async def run(settings: Settings) -> str:
        _check_file(file)
        async with opened(settings) as work:
            await work.storage.ensure()
            owner_id = await _owner(work, owner)
            imported = await import_package_file(
                work,
                file,
                owner_id=owner_id,
                access=checked,
                publish=publish,
                course_slug=course,
                dry_run=dry_run,
            )
        _tell(imported.report)
        return imported.slug

    typer.echo(act(run))


def questions(
    file: FileArgument,
    course: Annotated[str, typer.Option(help="Slug of the course.")],
    owner: Owner,
    practice: Annotated[str, typer.Option(help="Title of the practice test.")],
    kind: Annotated[str, typer.Option(help="gift, aiken, csv, moodle_xml or qti.")] = "gift",
    publish: Publish = False,  # noqa: FBT002 - typer makes a flag of it
    dry_run: DryRun = False,  # noqa: FBT002 - typer makes a flag of it
) -> None:
    """Import questions (gift, aiken, csv, moodle_xml, qti) as a practice test of a course. Prints the course's slug."""
    checked = _kind(kind)

    async def run(settings: Settings) -> str:
        _check_file(file)
        async with opened(settings) as work:
            report = await import_questions_file(
                work,
                file,
                kind=checked,
                course_slug=course,
                owner_id=await _owner(work, owner),
                title=practice,
                publish=publish,
                dry_run=dry_run,
            )
        _tell(report)
        return course

    typer.echo(act(run))


def _access(text: str) -> Access:
    match text:
        case "free" | "subscription" | "purchase" | "class":
            return text
        case _:
            raise typer.BadParameter("it is free, subscription, purchase or class", param_hint="--access")


def _kind(text: str) -> QuestionsKind:
    match text:
        case "gift" | "aiken" | "csv" | "moodle_xml" | "qti":
            return text
        case _:
            raise typer.BadParameter("it is gift, aiken, csv, moodle_xml or qti", param_hint="--kind")


def _check_file(path: Path) -> None:
    if not path.is_file():
        raise FileUnreadable(f"There is no file {path}.")


async def _owner(work: Work, email: str) -> UUID:
    async with work.database.transaction(SYSTEM) as tx:
        return await _owner_id(tx, email)


async def _owner_id(tx: Tx, email: str) -> UUID:
    user = await find_by_email(tx, normal_email(email))
    if user is None:
        raise OwnerUnknown(f"There is no account {email}; `spark user add` makes one.")
    if not set(user.roles) & {"educator", "admin", "super_admin"}:
        raise OwnerCannot(f"{email} is a {user.role}; courses and tests belong to educators and admins.")
    return user.id


def _tell(report: ImportReport) -> None:
    """What did not come along whole, on standard error."""
    for item in report.items:
        for reason in item.reasons if item.state != "ok" else []:
            sys.stderr.write(
                f"{item.state}: {item.kind} {item.item} {item.title!r}: {reason.message} [{reason.code}]\n"
            )
    counts = ", ".join(f"{count} {state}" for state, count in report.counts.items() if count)
    sys.stderr.write(f"items: {counts or 'none'}\n")
