"""Asks a virus scanner of the operator's (clamd) about a file; without one, files are `unscanned`.

`SPARK_CLAMD` is `host:port` or the path of a socket. Protocol: clamd(8), INSTREAM.
"""

import asyncio
import struct
from asyncio import StreamReader, StreamWriter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from server.base.errors import Unavailable

CHUNK_BYTES = 64 * 1024
WAIT_S = 300
CONNECT_S = 5
ANSWER_BYTES_MAX = 1024


@dataclass(frozen=True)
class Infected:
    name: str  # The scanner's, of what it found.


Verdict = Literal["clean", "unscanned"] | Infected


async def scan(path: Path, *, clamd: str) -> Verdict:
    """What the scanner at `clamd` says; `unscanned` without one, and of a file that is larger than it takes.

    Raises Unavailable when it does not answer, or with no verdict: a file is not let through because its guard is away.
    """
    if not clamd:
        return "unscanned"
    try:
        async with asyncio.timeout(CONNECT_S):
            reader, writer = await _connect(clamd)
        try:
            async with asyncio.timeout(WAIT_S):
                return _verdict(await _ask(reader, writer, path))
        finally:
            writer.close()
    except (OSError, TimeoutError, ValueError) as error:
        raise Unavailable("The virus scanner does not answer; the file waits for it.") from error


async def _connect(clamd: str) -> tuple[StreamReader, StreamWriter]:
    if clamd.startswith("/"):
        return await asyncio.open_unix_connection(clamd)
    host, _, port = clamd.rpartition(":")
    return await asyncio.open_connection(host.strip("[]"), int(port))


async def _ask(reader: StreamReader, writer: StreamWriter, path: Path) -> str:
    try:
        writer.write(b"zINSTREAM\0")
        with path.open("rb") as file:
            while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
                writer.write(struct.pack("!L", len(chunk)) + chunk)
                await writer.drain()
        writer.write(struct.pack("!L", 0))
        await writer.drain()
    except ConnectionError:  # Over its limit it says so and hangs up: the answer is there to be read.
        if reader.at_eof():
            raise
    return (await reader.read(ANSWER_BYTES_MAX)).decode("utf-8", "replace").strip("\0\n ")


def _verdict(answer: str) -> Verdict:
    said = answer.removeprefix("stream: ")
    if said == "OK":
        return "clean"
    if said.endswith(" FOUND"):
        return Infected(said.removesuffix(" FOUND"))
    if "size limit exceeded" in said:
        return "unscanned"
    raise ValueError(f"clamd said {said[:100]!r}")
