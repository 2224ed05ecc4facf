"""Keep a part running: start it, know when it answers, start it again when it dies or hangs, stop it in order."""

import asyncio
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from server.embedded.installation import Installation
from server.embedded.log_files import LogFile, tail
from server.embedded.processes import POLL_S, READY_WAIT_S, Command, Part, record, shim

BACKOFF_FIRST_S = 0.2
BACKOFF_MAX_S = 10.0
STEADY_S = 30.0  # Whoever lived this long begins again with the shortest pause.
FIRST_TRIES_MAX = 3  # Before it has ever answered: then something is wrong that trying does not mend.
CHUNK_BYTES = 64 * 1024
LAST_WORDS_S = 1.0
LOOK_S = 1.0  # How often a part that answers is asked whether it still does.

Report = Callable[[str], None]


class PartFailed(RuntimeError):
    """A part does not come up; the message holds the end of its log."""


class Child:
    """One part and its process. A `successor` runs beside the one it replaces, until `take_over`."""

    def __init__(self, part: Part, installation: Installation, report: Report, *, is_successor: bool = False) -> None:
        self.part = part
        self.ready = asyncio.Event()
        self._log = installation.logs / f"{part.name}.log"
        self._own_record = installation.run / f"{part.name}.pid.json"
        self._record = installation.run / f"{part.name}.next.pid.json" if is_successor else self._own_record
        self._report = report
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()
        self._has_answered = False

    async def keep(self) -> None:
        """Run the part until `stop`.

        Raises: PartFailed when it never comes up.
        """
        deaths = 0
        while not self._stopping.is_set():
            begun = time.monotonic()
            code = await self._live_once()
            if self._stopping.is_set():
                return
            deaths = 1 if time.monotonic() - begun > STEADY_S else deaths + 1
            if not self._has_answered and deaths >= FIRST_TRIES_MAX:
                words = tail(self._log)
                raise PartFailed(f"{self.part.name} ended with {code} before it answered; {self._log} ends:\n{words}")
            pause_s = min(BACKOFF_FIRST_S * 2 ** (deaths - 1), BACKOFF_MAX_S)
            self._report(f"{self.part.name} ended with {code}; starting it again in {pause_s:.1f} s")
            await asyncio.sleep(pause_s)

    @property
    def is_stopping(self) -> bool:
        return self._stopping.is_set()

    def take_over(self) -> None:
        """The one before is gone: its name is ours."""
        record, self._record = self._record, self._own_record
        with suppress(FileNotFoundError):  # It died this moment, and is started again under the name.
            record.replace(self._record)

    async def stop(self, *, patience_s: float | None = None) -> None:
        """End the process, politely and then by force."""
        self._stopping.set()
        process = self._process
        if process is None:
            return
        command = self.part.command()
        send(process, command.stop_signal)
        try:
            await asyncio.wait_for(process.wait(), patience_s if patience_s is not None else command.stop_wait_s)
        except TimeoutError:
            self._report(f"{self.part.name} does not end; killing it")
            send(process, signal.SIGKILL)
            await process.wait()

    async def _live_once(self) -> int:
        await asyncio.to_thread(self.part.prepare)
        if self._stopping.is_set():
            return 0
        command = self.part.command()
        process = await start(command)
        self._process = process
        record(self._record, pid=process.pid, stop_signal=command.stop_signal)
        asking = asyncio.create_task(self._ask(process, command))
        try:
            return await pour_until_end(process, self._log)
        finally:
            asking.cancel()
            self.ready.clear()
            self._process = None
            self._record.unlink(missing_ok=True)

    async def _ask(self, process: asyncio.subprocess.Process, command: Command) -> None:
        await self._ask_until_ready()
        await self._ask_while_alive(process, command)

    async def _ask_while_alive(self, process: asyncio.subprocess.Process, command: Command) -> None:
        """Kill what hangs: `keep` starts it again.

        Looks are counted, not seconds: who slept with the whole machine is not taken for one who hangs.
        """
        missed = 0
        while missed * LOOK_S < command.silence_s:
            await asyncio.sleep(LOOK_S)
            missed = 0 if await asyncio.to_thread(self.part.is_alive) else missed + 1
        if not self._stopping.is_set():
            self._report(f"{self.part.name} has hung for {command.silence_s:.0f} s; killing it")
            send(process, signal.SIGKILL)

    async def _ask_until_ready(self) -> None:
        deadline = time.monotonic() + READY_WAIT_S
        while not await asyncio.to_thread(self.part.is_ready):
            if time.monotonic() > deadline:
                self._report(f"{self.part.name} has not answered for {READY_WAIT_S:.0f} s; see {self._log}")
                deadline = time.monotonic() + READY_WAIT_S
            await asyncio.sleep(POLL_S)
        self._has_answered = True
        self.ready.set()


async def start(command: Command, *, shows_answer: bool = False) -> asyncio.subprocess.Process:
    """Start a process of its own session, tied to our life; see processes.spawn.

    Its output is for the log; with `shows_answer` only its standard error is, and its standard output is ours.
    """
    return await asyncio.create_subprocess_exec(
        *shim(command),
        env=dict(command.env),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=None if shows_answer else asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE if shows_answer else asyncio.subprocess.STDOUT,
        start_new_session=True,
        pass_fds=command.pass_fds,
    )


async def pour_until_end(process: asyncio.subprocess.Process, log: Path) -> int:
    """Return the exit code; what the process writes until then is in its log."""
    pouring = asyncio.create_task(pour(process, log))
    try:
        code = await process.wait()
        # A grandchild may hold the pipe open after the end: its words are not worth a delay.
        await asyncio.wait([pouring], timeout=LAST_WORDS_S)
    finally:
        pouring.cancel()
    return code


async def pour(process: asyncio.subprocess.Process, log: Path) -> None:
    """Move what a process writes into its log until it closes its output."""
    words = process.stderr or process.stdout
    if words is None:
        return
    file = LogFile(log)
    try:
        while chunk := await words.read(CHUNK_BYTES):
            with suppress(OSError):  # A full disk loses log lines; it must not end the servers.
                file.write(chunk)
    finally:
        file.close()


async def run_once(command: Command, *, name: str, installation: Installation, shows_answer: bool = False) -> int:
    """Run a command of ours to its end, its output in `logs/{name}.log`; ended with us if we are cancelled."""
    note = installation.run / f"{name}.pid.json"
    process = await start(command, shows_answer=shows_answer)
    record(note, pid=process.pid, stop_signal=command.stop_signal)
    try:
        return await pour_until_end(process, installation.logs / f"{name}.log")
    except asyncio.CancelledError:
        send(process, command.stop_signal)
        raise
    finally:
        note.unlink(missing_ok=True)


def send(process: asyncio.subprocess.Process, number: int) -> None:
    with suppress(ProcessLookupError):  # It ended by itself meanwhile.
        process.send_signal(number)
