"""What an installation keeps in its data folder: the lock, the secrets, and where its servers answer.

SPARK_DATA/
  lock               held while a supervisor runs; names it
  secrets/           0700: one file a secret, 0600
  run/               0700: servers.json (how to reach what runs), *.pid.json (what a crash would leave behind)
  logs/  tmp/  postgres/  valkey/  s3/
"""

import fcntl
import json
import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

ROOT = Path(__file__).resolve().parent.parent.parent
SECRET_BYTES = 32
LOCK_TRIES = 5
LOCK_PAUSE_S = 0.05


class DataFolderError(RuntimeError):
    """The data folder cannot be used; the message says why and the remedy."""


class AlreadyRunning(DataFolderError):
    """Another supervisor holds the data folder."""


class NotRunning(DataFolderError):
    """Nothing runs on this data folder."""


@dataclass(frozen=True)
class Installation:
    """The paths of one data folder."""

    data: Path

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Take SPARK_DATA, or `.data` beside the code: the same folder, wherever the person stands."""
        text = env.get("SPARK_DATA", "")
        return cls(Path(text).expanduser().absolute() if text else ROOT / ".data")

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    @property
    def run(self) -> Path:
        return self.data / "run"

    @property
    def secrets(self) -> Path:
        return self.data / "secrets"

    def make(self) -> None:
        """Make the folders. Raises DataFolderError."""
        try:
            self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
            for folder in (self.logs, self.run, self.secrets, self.data / "tmp"):
                folder.mkdir(mode=0o700, exist_ok=True)
            (self.run / "probe").write_bytes(b"")
            (self.run / "probe").unlink()
        except OSError as problem:
            raise DataFolderError(
                f"{problem.filename or self.data} cannot be used ({problem.strerror}): "
                "start as the user who owns the folder, or set SPARK_DATA to a folder of yours"
            ) from problem

    def secret(self, name: str) -> str:
        """Return a random text of this installation, made the first time it is asked for."""
        path = self.secrets / name
        if path.exists():
            return path.read_text().strip()
        partial = path.with_suffix(".partial")
        partial.unlink(missing_ok=True)
        write_private(partial, secrets.token_hex(SECRET_BYTES) + "\n")
        partial.replace(path)
        return path.read_text().strip()

    # --- who runs ---------------------------------------------------------------------------------------------------

    def lock(self) -> IO[str]:
        """Hold the folder until the file is closed or we die: the kernel lets go, however we end.

        Raises: AlreadyRunning.
        """
        file = (self.data / "lock").open("a+")
        if not _try_lock(file):
            holder = self.holder()
            file.close()
            raise AlreadyRunning(
                f"{self.data} is in use by process {holder.get('pid', '?')}, started {holder.get('started', '?')}: "
                "stop that one, or set SPARK_DATA to another folder"
            )
        file.truncate(0)
        file.write(json.dumps({"pid": os.getpid(), "started": time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime())}))
        file.flush()
        return file

    def holder(self) -> dict[str, object]:
        try:
            found = json.loads((self.data / "lock").read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def is_running(self) -> bool:
        """Tell whether a supervisor holds the folder now."""
        try:
            with (self.data / "lock").open() as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    # --- where it answers -------------------------------------------------------------------------------------------

    @property
    def _servers(self) -> Path:
        return self.run / "servers.json"

    def publish_servers(self, env: Mapping[str, str]) -> None:
        """Write the SPARK_ variables by which the running servers are reached; only the owner may read them."""
        partial = self._servers.with_suffix(".partial")
        partial.unlink(missing_ok=True)
        write_private(partial, json.dumps(dict(env), indent=1))
        partial.replace(self._servers)

    def withdraw_servers(self) -> None:
        self._servers.unlink(missing_ok=True)

    def running_env(self) -> dict[str, str]:
        """Return the SPARK_ variables of the running servers.

        Raises: NotRunning.
        """
        if not self.is_running() or not self._servers.exists():
            raise NotRunning(
                f"nothing runs on {self.data}: start it by `python3 run.py`, or set SPARK_DATA to where it runs"
            )
        found = json.loads(self._servers.read_text())
        return {str(key): str(value) for key, value in found.items()}

    # --- how often ours were replaced -------------------------------------------------------------------------------

    def note_reload(self, turn: int, problem: str) -> None:
        partial = (self.run / "reload.json").with_suffix(".partial")
        partial.write_text(json.dumps({"turn": turn, "problem": problem}))
        partial.replace(self.run / "reload.json")

    def last_reload(self) -> tuple[int, str]:
        """Which turn ended last, since the start, and what stood in its way."""
        try:
            found = json.loads((self.run / "reload.json").read_text())
        except FileNotFoundError:
            return 0, ""
        return int(found["turn"]), str(found["problem"])


def _try_lock(file: IO[str]) -> bool:
    for _ in range(LOCK_TRIES):  # Somebody who asks `is_running` holds it for a moment, too.
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(LOCK_PAUSE_S)
        else:
            return True
    return False


def write_private(path: Path, text: str) -> None:
    """Write a new file that only its owner may ever read: no moment with other rights."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)  # A secret that is lost while what it opens is kept would lock everybody out.
