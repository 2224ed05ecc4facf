"""Runs a decoder of hostile bytes in a child process that may do little (`confine.py`), and says how it ended.

The bytes come as the child's standard input, what it makes goes into a folder of its own. A decoder that hangs, eats
memory, writes without end or crashes ends itself, and never the worker.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Ended = Literal["well", "badly", "late", "out_of_memory", "too_much_output", "crashed"]

HELPER = Path(__file__).with_name("confine.py")
DECODERS = Path(__file__).with_name("renditions")
HEAD_BYTES = 64 * 1024  # Kept of what it says, …
TAIL_BYTES = 8 * 1024  # … and of its last words.
CHUNK_BYTES = 64 * 1024
LINE_BYTES_MAX = 1024
SYSTEM_PATHS = ("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/dev/null", "/dev/urandom")
OUT_OF_MEMORY_CODES = frozenset({244, 245})  # ffmpeg's ways to end when malloc or a thread is refused.
OUT_OF_MEMORY_WORDS = (b"Cannot allocate memory", b"MemoryError", b"std::bad_alloc", b"failed to map segment")
STOPPED_CODE = 255  # ffmpeg's when a signal asked it to end: here only the limit of processor time does.
CRASHES = frozenset({signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGSYS})


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a child may use up. `output_bytes` holds for each file that it writes."""

    cpu_s: int
    wall_s: int
    memory_bytes: int
    output_bytes: int


@dataclass(frozen=True)
class Ran:
    """How a child ended; `out` and `err` are the beginning of what it said, `err` with its last words too."""

    ended: Ended
    code: int
    out: bytes
    err: bytes

    @property
    def is_well(self) -> bool:
        return self.ended == "well"


async def run_confined(
    program: str,
    args: Sequence[str],
    *,
    stdin: Path,
    folder: Path,
    limits: Limits,
    on_line: Callable[[str], None] | None = None,
) -> Ran:
    """Run `program` on the file `stdin` in `folder`, the only place where it may write. Kills it when cancelled.

    `on_line` hears each line of standard output as it comes.
    """
    with stdin.open("rb") as source:
        process = await asyncio.create_subprocess_exec(
            *_command(program, args, folder=folder, limits=limits),
            stdin=source,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=folder,
            env={"LANG": "C.UTF-8"},
            start_new_session=True,  # A group of its own: killed whole.
        )
    is_late = False
    out, err = _Words(on_line), _Words(None)
    try:
        async with asyncio.timeout(limits.wall_s):
            await asyncio.gather(out.listen(process.stdout), err.listen(process.stderr))
            await process.wait()
    except TimeoutError:
        is_late = True
    finally:
        _kill(process)
        await process.wait()
    code = process.returncode or 0
    return Ran("late" if is_late else _how(code, err.kept), code, out.kept, err.kept)


def _command(program: str, args: Sequence[str], *, folder: Path, limits: Limits) -> list[str]:
    read = [*SYSTEM_PATHS, sys.prefix, sys.base_prefix, str(Path(program).parent), str(DECODERS)]
    return [
        *(sys.executable, "-I", "-S", "-B", str(HELPER)),
        *("--parent", str(os.getpid())),
        *("--cpu-s", str(limits.cpu_s)),
        *("--memory", str(limits.memory_bytes)),
        *("--output", str(limits.output_bytes)),
        *("--write", str(folder)),
        *(word for path in read for word in ("--read", path)),
        *("--", program, *args),
    ]


def _how(code: int, err: bytes) -> Ended:
    if code == 0:
        return "well"
    if code in {STOPPED_CODE, -signal.SIGXCPU}:
        return "late"
    if code == -signal.SIGXFSZ or b"File too large" in err:
        return "too_much_output"
    if code in OUT_OF_MEMORY_CODES or code == -signal.SIGKILL or any(words in err for words in OUT_OF_MEMORY_WORDS):
        return "out_of_memory"
    return "crashed" if -code in CRASHES else "badly"


def _kill(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:  # Its number may be another's once it is reaped.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


class _Words:
    """What a child says: the beginning and the end of it, however much it is."""

    def __init__(self, on_line: Callable[[str], None] | None) -> None:
        self._head = bytearray()
        self._tail = b""
        self._line = b""
        self._on_line = on_line

    @property
    def kept(self) -> bytes:
        return bytes(self._head) + self._tail

    async def listen(self, stream: asyncio.StreamReader | None) -> None:
        while stream is not None and (chunk := await stream.read(CHUNK_BYTES)):
            room = HEAD_BYTES - len(self._head)
            self._head += chunk[:room]
            self._tail = (self._tail + chunk[room:])[-TAIL_BYTES:]
            self._tell(chunk)

    def _tell(self, chunk: bytes) -> None:
        if self._on_line is None:
            return
        *lines, rest = (self._line + chunk).split(b"\n")
        self._line = rest[-LINE_BYTES_MAX:]
        for line in lines:
            self._on_line(line[:LINE_BYTES_MAX].decode("utf-8", "replace"))
