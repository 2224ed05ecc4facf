"""The whole product as a person starts it: one supervisor in a process of its own, on a data folder of its own."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from server.embedded.ports import free_ports

ROOT = Path(__file__).resolve().parents[2]
READY_S = 300
STOP_S = 120


@dataclass
class Installation:
    """`start` returns when it is ready; `stop` is what Ctrl-C does; `spark` is the command line on it."""

    data: Path
    port: int = field(default_factory=lambda: free_ports(1)[0])
    process: subprocess.Popen[str] | None = None
    settings: dict[str, str] = field(default_factory=dict)  # more SPARK_ variables

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def env(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SPARK_")}
        own = {"SPARK_DATA": str(self.data), "SPARK_PORT": str(self.port), "PYTHONUNBUFFERED": "1"}
        return {**kept, **own, **self.settings}

    def start(self) -> None:
        log = (self.data.parent / "up.log").open("a")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "server.cli", "up"],
            cwd=ROOT,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        log.close()
        assert self.process.stdout is not None
        deadline = time.monotonic() + READY_S
        for line in self.process.stdout:
            if line.startswith("ready "):
                return
            assert time.monotonic() < deadline, "not ready in time"
        raise AssertionError(f"ended before it was ready: {(self.data.parent / 'up.log').read_text()[-3000:]}")

    def stop(self) -> int:
        """End it as Ctrl-C does; its exit code."""
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(STOP_S)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.process = None
        return code

    def pid(self, name: str) -> int:
        """Of one of its children, as SPARK_DATA/run names them: postgres, valkey, s3, replica, api, api-2, worker."""
        return int(json.loads((self.data / "run" / f"{name}.pid.json").read_text())["pid"])

    def kill(self, name: str, number: int = signal.SIGKILL) -> int:
        """Send a signal, −9 unless another is named, to one of its children; its process id."""
        pid = self.pid(name)
        os.kill(pid, number)
        return pid

    def wait_for_another(self, name: str, than: int, *, within_s: float = 180) -> None:
        """Until the child of this name is another process."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            with suppress(FileNotFoundError, ValueError):
                if self.pid(name) != than:
                    return
            time.sleep(0.05)
        raise AssertionError(f"{name} was not started again within {within_s} s")

    def kill_supervisor(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(STOP_S)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.process = None

    def spark(self, *words: str, stdin: str = "") -> str:
        """Run the command line on this installation; its answer."""
        done = subprocess.run(
            [sys.executable, "-m", "server.cli", *words],
            cwd=ROOT,
            env=self.env,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @property
    def servers(self) -> dict[str, str]:
        """The SPARK_ variables by which what runs is reached."""
        return dict(json.loads((self.data / "run" / "servers.json").read_text()))

    def psql(self, statement: str) -> list[tuple[object, ...]]:
        """One statement by hand, as in psql; its rows."""
        with psycopg.connect(self.servers["SPARK_DATABASE_URL"], autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return list(cursor.fetchall()) if cursor.description else []


def laid(shared: Path) -> Path:
    """The data folder of an installation that started once, with its demo school, and was stopped.

    Made by whoever asks first; `shared` is one folder for all processes of a run.
    """
    data = shared / "laid" / "data"
    data.parent.mkdir(exist_ok=True)
    with (shared / "laid.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not data.exists():
            first = Installation(data.with_name("unfinished"))
            first.start()
            assert first.stop() == 0
            first.data.rename(data)
    return data


@contextmanager
def installed(folder: Path, *, laid: Path | None = None, **settings: str) -> Iterator[Installation]:
    """An installation that is up for the length of the block; `settings` are more SPARK_ variables.

    With `laid` it begins as a copy of that data folder: a third of the work of a first start.
    """
    installation = Installation(folder / "data", settings=settings)
    if laid is not None:
        shutil.copytree(laid, installation.data)
    installation.start()
    try:
        yield installation
    finally:
        installation.stop()
