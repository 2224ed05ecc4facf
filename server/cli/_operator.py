"""What a command needs to act on the running installation as its operator."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import NoReturn, TypeVar

import typer

from server.base.errors import AppError, Unavailable
from server.base.work import Work
from server.embedded.installation import Installation, NotRunning
from server.means import open_work
from server.settings import BadSetting, Settings

T = TypeVar("T")


def operator_settings() -> Settings:
    """The environment's URLs, or those of what runs on SPARK_DATA; ends the command clearly without any."""
    installation = Installation.from_env(os.environ)
    try:
        env = dict(os.environ) if "SPARK_SIGNING_KEY" in os.environ else {**installation.running_env(), **_given()}
        return Settings.from_env({**env, "SPARK_DATA": str(installation.data)})
    except (NotRunning, BadSetting) as error:
        refuse(str(error))


def act(work: Callable[[Settings], Awaitable[T]]) -> T:
    """Run `work`; a refusal becomes its code and words on standard error, and exit code 1."""
    settings = operator_settings()

    async def run() -> T:
        return await work(settings)

    try:
        return asyncio.run(run())
    except Unavailable as error:
        refuse(f"{error.code}: {error.message}")
    except AppError as error:
        fields = "".join(f"\n  {name}: {text}" for name, text in error.fields.items())
        refuse(f"{error.code}: {error.message}{fields}")


def refuse(words: str) -> NoReturn:
    sys.stderr.write(words + "\n")
    raise typer.Exit(1)


def _given() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith("SPARK_") and value}


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Work]:
    """The means of a process, closed at the end."""
    work = open_work(settings)
    try:
        yield work
    finally:
        await work.redis.aclose()
        await work.database.close()
