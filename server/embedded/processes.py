"""Start processes that die with us, wait for them, and recognise them again after a crash.

A process id alone is not an identity: ids are used again. With the moment it started, it is.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

READY_WAIT_S = 60.0  # A long crash recovery is not a failure.
POLL_S = 0.02
SHIM = Path(__file__).with_name("child.py")
PLAIN_ENV = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


class NotReady(RuntimeError):
    """A part did not come up; the message names it and where its log lies."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """How a part's process is started and stopped."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=lambda: PLAIN_ENV)
    identity: str = "self"  # see child.py
    stop_signal: int = signal.SIGTERM
    stop_wait_s: float = 10.0  # then SIGKILL
    silence_s: float = 30.0  # Not alive for so long, once it has answered: it hangs, and is replaced.
    pass_fds: tuple[int, ...] = ()  # open files it inherits, under the same numbers


class Part(Protocol):
    """One server: what it needs before, how to run it, and whether it answers."""

    @property
    def name(self) -> str: ...

    def prepare(self) -> None:
        """Make folders and files; harmless when they exist. May take seconds."""

    def command(self) -> Command: ...

    def is_ready(self) -> bool:
        """Ask it; at most a second."""

    def is_alive(self) -> bool:
        """Whether it does anything at all, asked every moment once it was ready; at most a second."""


def shim(command: Command) -> list[str]:
    """Return the arguments that start `command` through child.py, tied to this process."""
    options = ["--parent", str(os.getpid()), "--death-signal", str(int(command.stop_signal))]
    options += ["--identity", command.identity]
    return [sys.executable, "-I", "-S", str(SHIM), *options, "--", *command.argv]


def spawn(command: Command, *, output: int | IO[bytes]) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own: a Ctrl-C at the terminal reaches us alone, and we stop it in order.

    Call it in a thread that lives as long as the process should: Linux counts a thread's end as the parent's death.
    """
    return subprocess.Popen(
        shim(command),
        env=dict(command.env),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        pass_fds=command.pass_fds,
    )


@contextmanager
def running(part: Part, *, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run one part for the length of a block, its output in `log`.

    Raises: NotReady.
    """
    part.prepare()
    with log.open("ab") as output:
        process = spawn(part.command(), output=output)
    try:
        wait_until_ready(part, process, log=log)
        yield process
    finally:
        stop(process, part.command())


def wait_until_ready(part: Part, process: subprocess.Popen[bytes], *, log: Path) -> None:
    deadline = time.monotonic() + READY_WAIT_S
    while not part.is_ready():
        code = process.poll()
        if code is not None:
            raise NotReady(f"{part.name} ended with {code} before it was ready; see {log}")
        if time.monotonic() > deadline:
            raise NotReady(f"{part.name} did not answer within {READY_WAIT_S:.0f} s; see {log}")
        time.sleep(POLL_S)


def stop(process: subprocess.Popen[bytes], command: Command) -> None:
    """Ask it to end, and make it end."""
    if process.poll() is None:
        process.send_signal(command.stop_signal)
    try:
        process.wait(timeout=command.stop_wait_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


# --- recognising a process again ------------------------------------------------------------------------------------


def started_at(pid: int) -> str | None:
    """Return a text that no other process with this id will ever have, or None when there is no such process."""
    if Path("/proc/self/stat").exists():
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return None
        fields = stat.rpartition(")")[2].split()  # The name before it may hold spaces and brackets.
        if fields[0] in {"Z", "X"}:
            return None
        return f"{_boot_id()}/{fields[19]}"
    listing = subprocess.run(["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return listing.stdout.strip() or None


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def record(path: Path, *, pid: int, stop_signal: int) -> None:
    """Write down a child, so that a later start can end it should we be killed."""
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps({"pid": pid, "started_at": started_at(pid), "stop_signal": int(stop_signal)}))
    partial.replace(path)


def end_recorded(folder: Path, *, wait_s: float = 15.0) -> list[str]:
    """End every recorded process that is still the one recorded, and forget all records.

    Returns the names of those that had to be ended.
    """
    ended = []
    for path in sorted(folder.glob("*.pid.json")):
        try:
            entry = json.loads(path.read_text())
            pid, birth, number = int(entry["pid"]), entry["started_at"], int(entry["stop_signal"])
        except (ValueError, KeyError, TypeError):
            path.unlink()  # Half written when we were killed: it never named a running process.
            continue
        if birth is not None and started_at(pid) == birth:
            end(pid, birth, stop_signal=number, wait_s=wait_s)
            ended.append(path.name.removesuffix(".pid.json"))
        path.unlink(missing_ok=True)
    return ended


def end(pid: int, birth: str, *, stop_signal: int, wait_s: float) -> None:
    """Stop a process that is not our child: politely, then by force."""
    for number, patience_s in ((stop_signal, wait_s), (signal.SIGKILL, 5.0)):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            if started_at(pid) != birth:
                return
            time.sleep(POLL_S)
