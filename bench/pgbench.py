"""PostgreSQL's own load maker: scripts run at a rate, or as fast as the machine can, and what each transaction took."""

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from server.embedded.postgres import program

CLIENTS = 8


@dataclass(frozen=True)
class Spent:
    per_s: float
    spent_ms: list[float]  # of each transaction, from when it was begun


def run(url: str, scripts: Sequence[str], *, seconds: float, rate: int | None = None) -> Spent:
    """Run the scripts in equal parts for so long; `rate` in transactions a second, None: as fast as they go."""
    with tempfile.TemporaryDirectory() as folder:
        options = ["--log", f"--log-prefix={folder}/log", "-T", str(round(seconds))]
        done = subprocess.run(
            _command(url, scripts, Path(folder), rate, options), capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"pgbench ended with {done.returncode}: {done.stderr[-600:]}")
        lines = [line.split() for path in Path(folder).glob("log*") for line in path.read_text().splitlines()]
    # With a rate the sixth number is how late the transaction began, which is counted in the third.
    spent_ms = [(int(line[2]) - (int(line[6]) if rate else 0)) / 1000 for line in lines if line[2].isdigit()]
    return Spent(len(spent_ms) / round(seconds), spent_ms)


@contextmanager
def running(url: str, scripts: Sequence[str], *, seconds: float, rate: int) -> Iterator[None]:
    """In the background, for the length of the block or `seconds`, whichever is shorter."""
    with tempfile.TemporaryDirectory() as folder:
        command = _command(url, scripts, Path(folder), rate, ["-T", str(round(seconds))])
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield
        finally:
            process.terminate()
            process.wait(timeout=10)


def _command(url: str, scripts: Sequence[str], folder: Path, rate: int | None, options: Sequence[str]) -> list[str]:
    command = [program("pgbench"), "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "1", *options]
    command += ["-R", str(rate)] if rate else []
    for number, script in enumerate(scripts):
        path = folder / f"{number}.sql"
        path.write_text(script)
        command += ["-f", str(path)]
    return [*command, url]
