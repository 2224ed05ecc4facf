"""The three servers that an installation of its own runs."""

import os
import signal
import socket
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
import redis

from server.base.storage import Storage as Bucket
from server.embedded.ports import free_ports
from server.embedded.postgres import Postgres
from server.embedded.processes import PLAIN_ENV, NotReady, running, started_at
from server.embedded.s3 import Storage
from server.embedded.valkey import Valkey
from tests.support.postgres import PostgresServer


@pytest.fixture
def postgres(tmp_path: Path) -> Postgres:
    """A cluster that is quick to make and does not care for its rows."""
    port = free_ports(1)[0]
    return Postgres(folder=tmp_path / "postgres", port=port, superuser_password="s", password="p", is_disposable=True)


@pytest.mark.slow
def test_committed_rows_outlive_a_kill_of_postgresql(postgres: Postgres, tmp_path: Path) -> None:
    postgres = replace(postgres, is_disposable=False)  # With every commit on disk, as people have it.
    with running(postgres, log=tmp_path / "log") as process:
        with psycopg.connect(postgres.url()) as connection:
            connection.execute("create table kept (id int)")
            connection.execute("insert into kept select generate_series(1, 1000)")
        os.kill(process.pid, signal.SIGKILL)
        process.wait()

    with running(postgres, log=tmp_path / "log"), psycopg.connect(postgres.url()) as connection:
        assert connection.execute("select count(*) from kept").fetchone() == (1000,)


def test_a_lock_file_that_names_a_stranger_does_not_stop_postgresql(postgres: Postgres, tmp_path: Path) -> None:
    with running(postgres, log=tmp_path / "log"):
        lock = (postgres.folder / "postmaster.pid").read_text()
    # After a container's restart the recorded id is often that of another living process: here, this one.
    lines = [str(os.getpid()), *lock.splitlines()[1:]]
    (postgres.folder / "postmaster.pid").write_text("\n".join(lines) + "\n")

    with running(postgres, log=tmp_path / "log"), psycopg.connect(postgres.url()) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_postgresql_runs_where_user_namespaces_are_forbidden(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("server.embedded.postgres.may_enter_namespace", lambda: False)
    tmp_path.chmod(0o700)  # As root's home is: whoever PostgreSQL becomes must come through.

    with running(postgres, log=tmp_path / "log") as process, psycopg.connect(postgres.url()) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
        assert Path(f"/proc/{process.pid}").stat().st_uid != 0


def test_a_cluster_that_was_left_half_made_is_made_again(postgres: Postgres, tmp_path: Path) -> None:
    partial = tmp_path / "postgres.partial"
    partial.mkdir()
    (partial / "PG_VERSION").write_text("18")

    with running(postgres, log=tmp_path / "log"), psycopg.connect(postgres.url()) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    assert not partial.exists()


def test_the_role_of_the_application_is_no_superuser(postgres_server: PostgresServer, empty_database_url: str) -> None:
    with psycopg.connect(empty_database_url) as connection:
        row = connection.execute("select rolsuper from pg_roles where rolname = current_user").fetchone()

    assert row == (False,)


def test_a_wrong_password_is_refused(postgres_server: PostgresServer) -> None:
    url = postgres_server.postgres.url().replace(postgres_server.postgres.password, "guess")

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url)


def test_no_extension_is_needed_for_upper_case_uzbek(empty_database_url: str) -> None:
    with psycopg.connect(empty_database_url) as connection:
        assert connection.execute("select upper('ўқғҳ')").fetchone() == ("ЎҚҒҲ",)


def test_a_server_that_cannot_start_says_where_its_log_lies(postgres: Postgres, tmp_path: Path):
    with socket.socket() as taken:  # Bound, and not listening: nobody answers on the port, and nobody else gets it.
        taken.bind(("127.0.0.1", postgres.port))

        with (
            pytest.raises(NotReady, match=r"postgres ended with .* see .*second\.log"),
            running(postgres, log=tmp_path / "second.log"),
        ):
            pass


def test_valkey_wants_its_password(redis_url: str) -> None:
    stranger = redis_url.rsplit("@", 1)[1]

    with redis.Redis.from_url(f"redis://{stranger}") as client, pytest.raises(redis.AuthenticationError):
        client.ping()


def test_no_password_shows_in_a_command_line(tmp_path: Path) -> None:
    parts = (
        Valkey(folder=tmp_path, port=1, password="hidden"),
        Storage(folder=tmp_path, port=1, access_key="hidden", secret_key="hidden"),
        Postgres(folder=tmp_path, port=1, superuser_password="hidden", password="hidden"),
    )

    assert not [part.name for part in parts if "hidden" in " ".join(part.command().argv)]


async def test_objects_outlive_a_restart_of_the_s3_server(tmp_path: Path) -> None:
    storage = Storage(folder=tmp_path / "s3", port=free_ports(1)[0], access_key="test-access", secret_key="test-secret")
    with running(storage, log=tmp_path / "log"):
        await Bucket.from_url(storage.url).put("media/ab/photo", b"light", media_type="image/webp")

    with running(storage, log=tmp_path / "log"):
        chunks = [chunk async for chunk in Bucket.from_url(storage.url).read("media/ab/photo")]

    assert b"".join(chunks) == b"light"


@pytest.fixture
def ended_helper() -> int:
    """The id of a process that has ended and was waited for."""
    pid = os.posix_spawn("/bin/true", ["true"], PLAIN_ENV)
    os.waitpid(pid, 0)
    return pid


def test_a_process_is_known_by_its_birth_and_not_by_its_id(ended_helper: int) -> None:
    assert started_at(ended_helper) is None
    assert started_at(os.getpid()) == started_at(os.getpid())
