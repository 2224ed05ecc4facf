"""The whole product under its supervisor, with its own servers: it starts, survives kills, and ends without a trace."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from server.embedded.installation import ROOT, Installation
from server.embedded.ports import free_ports
from server.embedded.processes import started_at
from server.embedded.supervisor import EXIT_NEWER_DATABASE, EXIT_REFUSED
from tests.support.processes import are_gone

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

READY_WAIT_S = 180  # The page may have to be built, on a machine that does other things.
GONE_S = 5  # They end before their supervisor does; the kernel may take a moment to say so.
PARTS = ("postgres", "valkey", "s3", "api", "worker")


@dataclass
class Product:
    """`spark up` on a data folder of its own."""

    installation: Installation
    port: int
    process: subprocess.Popen[str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait_for_line(self) -> str:
        """Return the line that says that everything answers."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("ready "):
                return line.strip()
        return pytest.fail(f"it ended with {self.process.wait()} before it was ready")

    def wait_until_healthy(self) -> None:
        for _ in range(600):
            if self.health() == 200:
                return
            time.sleep(0.1)
        pytest.fail(f"not ready again within a minute: {self.health()}")

    def health(self) -> int:
        try:
            with urllib.request.urlopen(f"{self.url}/health/ready", timeout=30) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refusal:
            refusal.close()
            return refusal.code
        except OSError:
            return 0

    def pid_of(self, part: str) -> int | None:
        try:
            return int(json.loads((self.installation.run / f"{part}.pid.json").read_text())["pid"])
        except (FileNotFoundError, ValueError):
            return None

    def births(self) -> dict[int, str | None]:
        return {pid: started_at(pid) for part in PARTS if (pid := self.pid_of(part))}

    def signal(self, number: int) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=180)


def start(
    data: Path, *, port: int | None = None, command: tuple[str, ...] = ("-m", "server.cli", "up"), demo: str = "1"
) -> Product:
    port = port or free_ports(1)[0]
    kept = {key: value for key, value in os.environ.items() if not key.startswith("SPARK_")}
    env = {**kept, "SPARK_DATA": str(data), "SPARK_PORT": str(port), "SPARK_DEMO": demo}
    pipe = subprocess.PIPE
    process = subprocess.Popen([sys.executable, *command], cwd=ROOT, env=env, stdout=pipe, stderr=pipe, text=True)
    return Product(Installation(data), port, process)


@pytest.fixture
def product(tmp_path: Path, laid_installation: Path) -> Iterator[Product]:
    """One that was up before: to lay a database out anew is for the tests of run.py below."""
    shutil.copytree(laid_installation, tmp_path / "data")
    product = start(tmp_path / "data")
    yield product
    if product.process.poll() is None:
        product.signal(signal.SIGTERM)
    close(product)


def close(product: Product) -> None:
    for stream in (product.process.stdout, product.process.stderr):
        if stream is not None:
            stream.close()


def test_every_child_may_be_killed_and_nothing_is_lost(product: Product):
    """Goal: kill −9 of any child is survived. Method: a row written before each kill, all counted at the end."""
    assert product.wait_for_line() == f"ready {product.url}"
    url = product.installation.running_env()["SPARK_DATABASE_URL"]
    with psycopg.connect(url) as connection:
        connection.execute("create table kept (part text)")

    for part in PARTS:
        with psycopg.connect(url) as connection:
            connection.execute("insert into kept values (%s)", [part])
        victim = product.pid_of(part)
        assert victim
        os.kill(victim, signal.SIGKILL)
        wait_for_another(product, part, victim)
        product.wait_until_healthy()

    with psycopg.connect(url) as connection:
        assert connection.execute("select count(*) from kept").fetchone() == (len(PARTS),)
    births = product.births()
    assert len(births) == len(PARTS)
    assert product.signal(signal.SIGTERM) == 0
    assert are_gone(births, within_s=GONE_S)
    assert not (product.installation.run / "servers.json").exists()


def wait_for_another(product: Product, part: str, victim: int | None) -> None:
    for _ in range(600):
        if product.pid_of(part) not in {None, victim}:
            return
        time.sleep(0.1)
    pytest.fail(f"{part} was not started again")


def test_a_killed_supervisor_leaves_no_orphan_and_a_start_that_works(product: Product):
    product.wait_for_line()
    births = product.births()

    os.kill(product.process.pid, signal.SIGKILL)
    product.process.wait()

    assert are_gone(births, within_s=60)
    close(product)
    again = start(product.installation.data)
    assert again.wait_for_line() == f"ready {again.url}"
    assert again.health() == 200
    assert again.signal(signal.SIGINT) == 0
    close(again)


def test_a_second_start_and_a_newer_database_are_refused_in_clear_words(product: Product, tmp_path: Path):
    product.wait_for_line()

    second = start(product.installation.data)
    _, words = second.process.communicate(timeout=180)
    assert second.process.returncode == EXIT_REFUSED
    assert re.search(rf"in use by process {product.process.pid},", words)

    elsewhere = start(tmp_path / "other", port=product.port)
    _, words = elsewhere.process.communicate(timeout=180)
    assert elsewhere.process.returncode == EXIT_REFUSED
    assert "SPARK_PORT" in words

    with psycopg.connect(product.installation.running_env()["SPARK_DATABASE_URL"]) as connection:
        connection.execute("update base_schema_version set version_num = '29990101_0000_future'")
    assert product.signal(signal.SIGTERM) == 0
    older = start(product.installation.data)
    _, words = older.process.communicate(timeout=180)
    assert older.process.returncode == EXIT_NEWER_DATABASE
    assert "29990101_0000_future" in words


def test_a_signal_to_run_py_ends_everything(tmp_path: Path):
    product = start(tmp_path / "data", command=("run.py",), demo="0")
    product.wait_for_line()
    births = product.births()

    assert product.signal(signal.SIGINT) == 0
    assert are_gone(births, within_s=GONE_S)
    close(product)


def test_a_signal_in_the_middle_of_the_start_ends_it_in_order(tmp_path: Path):
    product = start(tmp_path / "data", command=("run.py",), demo="0")
    wait_for_another(product, "s3", victim=None)
    births = product.births()

    assert product.signal(signal.SIGTERM) == 0
    assert are_gone(births, within_s=GONE_S)
    close(product)
