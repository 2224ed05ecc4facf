"""Runs our decoders (`decoders/`) and ffmpeg in confined children, and reads what they answer."""

import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import msgspec
from msgspec import Struct

from server.base.work import Work
from server.media.confined import Ended, Limits, Ran, run_confined
from server.media.intake.refusals import Damaged, TooCostly, refusal_of

MB = 1024 * 1024
LEFT_S = 2 * 3600  # A folder of that age is nobody's: no job runs so long.
DECODE = Path(__file__).with_name("decode.py")
PICTURE = Limits(cpu_s=60, wall_s=120, memory_bytes=1536 * MB, output_bytes=20 * MB)
PAPER = Limits(cpu_s=240, wall_s=480, memory_bytes=2048 * MB, output_bytes=128 * MB)
PAGES = Limits(cpu_s=120, wall_s=240, memory_bytes=2048 * MB, output_bytes=8 * MB)
ARCHIVE = Limits(cpu_s=20, wall_s=60, memory_bytes=512 * MB, output_bytes=MB)

_COSTLY: frozenset[Ended] = frozenset({"late", "out_of_memory", "too_much_output"})


class _Said(Struct):
    code: str
    words: str


class _Answer(Struct):
    made: Any = None  # Of each decoder its own: its caller gives it a type.
    refused: _Said | None = None


@asynccontextmanager
async def folder_of(work: Work, name: str) -> AsyncIterator[Path]:
    """A folder for one run, closed to others, gone at its end; what a run that died left is swept by a later one."""
    parent = work.settings.tmp / "media"
    await asyncio.to_thread(_sweep, parent)
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix=f"{name}-", dir=parent))
    try:
        yield folder
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def _sweep(parent: Path) -> None:
    parent.mkdir(parents=True, exist_ok=True)
    for folder in parent.iterdir():
        with suppress(FileNotFoundError):  # Another worker sweeps too.
            if folder.stat().st_mtime < time.time() - LEFT_S:
                shutil.rmtree(folder, ignore_errors=True)


async def decode(name: str, *args: str, stdin: Path, folder: Path, limits: Limits) -> dict[str, Any]:
    """What the decoder made, in `folder`. Raises what it refused, TooCostly, Damaged where it crashed."""
    ran = await run_confined(
        sys.executable, ["-I", "-B", str(DECODE), name, *args], stdin=stdin, folder=folder, limits=limits
    )
    refuse_costly(ran)
    if not ran.is_well:
        raise Damaged
    try:
        answer = msgspec.json.decode(ran.out, type=_Answer)
    except msgspec.DecodeError as error:
        raise Damaged from error
    if answer.refused is not None:
        raise refusal_of(answer.refused.code, answer.refused.words)
    if not isinstance(answer.made, dict):
        raise Damaged
    return answer.made


@cache
def ffmpeg() -> str:
    """The path of the one that came with us."""
    return str(imageio_ffmpeg.get_ffmpeg_exe())


async def run_ffmpeg(
    args: Sequence[str], *, stdin: Path, folder: Path, limits: Limits, on_line: Callable[[str], None] | None = None
) -> Ran:
    """Raises TooCostly. Whether it did well is for the caller to see: of what it wrote, and of how it ended."""
    ran = await run_confined(
        ffmpeg(), ["-hide_banner", "-nostdin", *args], stdin=stdin, folder=folder, limits=limits, on_line=on_line
    )
    refuse_costly(ran)
    return ran


def refuse_costly(ran: Ran) -> None:
    """Raises TooCostly when the child was stopped by one of its limits."""
    if ran.ended in _COSTLY:
        raise TooCostly(_costly_words(ran.ended))


def _costly_words(ended: Ended) -> str:
    spent = {"late": "time", "out_of_memory": "memory", "too_much_output": "room"}[ended]
    return f"Reading the file takes more {spent} than we give to one; save it anew, smaller or simpler."
