"""Our own processes as the supervisor sees them: API and worker. Each says by touching a file that it lives.

Several API processes share one open socket, so that there is one address and nothing between it and them; who is not
accepting (dead, hung, on its way out) simply takes no connection, and none is lost with it.
"""

import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from server.embedded.installation import ROOT
from server.embedded.processes import Command

TOUCHED_S = 3.0  # A file touched every second that is older than this was not touched.
API_SILENCE_S = 10.0
WORKER_SILENCE_S = 60.0  # One step of a job may be long; nobody waits for it.
STOP_WAIT_S = 8.0


@dataclass(frozen=True, kw_only=True)
class Ours:
    """One process of the program `spark`."""

    name: str
    word: str  # of the command line
    env: Mapping[str, str]
    alive_file: Path
    silence_s: float
    pass_fds: tuple[int, ...] = ()

    def prepare(self) -> None:
        self.alive_file.unlink(missing_ok=True)

    def command(self) -> Command:
        return Command(
            argv=spark(self.word),
            env={**self.env, "SPARK_ALIVE_FILE": str(self.alive_file)},
            stop_wait_s=STOP_WAIT_S,
            silence_s=self.silence_s,
            pass_fds=self.pass_fds,
        )

    def is_ready(self) -> bool:
        return self.alive_file.exists()

    def is_alive(self) -> bool:
        try:
            touched_at = self.alive_file.stat().st_mtime
        except FileNotFoundError:
            return False
        return abs(time.time() - touched_at) < TOUCHED_S


def api(number: int, turn: int, *, env: Mapping[str, str], run: Path, listener: int) -> Ours:
    """`number` counts from 1; `turn` is another one each time it is replaced by a successor."""
    name = _name("api", number)
    return Ours(
        name=name,
        word="serve",
        env={**env, "SPARK_LISTEN_FD": str(listener)},
        alive_file=run / f"{name}.{turn}.alive",
        silence_s=API_SILENCE_S,
        pass_fds=(listener,),
    )


def worker(number: int, turn: int, *, env: Mapping[str, str], run: Path) -> Ours:
    name = _name("worker", number)
    return Ours(name=name, word="work", env=env, alive_file=run / f"{name}.{turn}.alive", silence_s=WORKER_SILENCE_S)


def _name(kind: str, number: int) -> str:
    return kind if number == 1 else f"{kind}-{number}"


def spark(*arguments: str) -> tuple[str, ...]:
    """Return the command line of our own program, by the Python that runs this."""
    return (sys.executable, "-m", "server.cli", *arguments)


def child_env(env: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a process of ours: the person's, with `env` over it."""
    return {**os.environ, **env, "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT)}
