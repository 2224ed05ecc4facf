"""`spark pack COURSE FILE`: a course as one signed file, for a card, or a laptop in a school without a network."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from server.base.actor import SYSTEM
from server.base.errors import Conflict, NotFound
from server.base.tx import Tx
from server.catalog.pack_routes import read_quality
from server.catalog.queries import find_course_by_slug
from server.cli._operator import act, opened
from server.exchange.course_packs.gathering import gather
from server.exchange.course_packs.writing import write_what_is_there
from server.media.files import storage_key
from server.media.quality import Phone
from server.settings import Settings

PHONE = Phone(width=480, ratio=2.0, has_opus=True)  # As a phone that says nothing of itself.


class FileThere(Conflict):
    """There is a file of this name; choose another."""

    code = "pack.file_there"


def register(app: typer.Typer) -> None:
    app.command("pack")(pack)


def pack(
    course: Annotated[str, typer.Argument(help="Slug of the course, or its id.")],
    file: Annotated[Path, typer.Argument(help="Where to write it; must not be there.", dir_okay=False)],
    quality: Annotated[str, typer.Option(help="text, audio, low or normal.")] = "low",
) -> None:
    """Write a published course's rows and media, signed. A phone takes it in on the screen `On this phone`."""

    async def run(settings: Settings) -> int:
        wanted = read_quality(quality)
        if file.exists():
            raise FileThere(f"{file} is there already.")
        part = file.with_name(f"{file.name}.part")
        async with opened(settings) as work:
            async with work.database.transaction(SYSTEM) as tx:
                course_id = await _course_id(tx, course)
            found = await gather(work, SYSTEM, course_id, wanted, PHONE)
            try:
                written = await write_what_is_there(work.storage, found, part)
                part.replace(file)
            finally:
                part.unlink(missing_ok=True)
            for lost in written.manifest.missing:
                typer.echo(
                    f"media.missing: {storage_key(lost.sha256)} is not in the store as it was; left out", err=True
                )
            return file.stat().st_size

    typer.echo(f"{act(run)} bytes")


async def _course_id(tx: Tx, course: str) -> UUID:
    try:
        return UUID(course)
    except ValueError:
        found = await find_course_by_slug(tx, course)
    if found is None:
        raise NotFound(f"There is no course {course!r}.")
    return found.id
