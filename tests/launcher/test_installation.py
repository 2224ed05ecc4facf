"""What an installation keeps, and who may use it."""

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from server.embedded import doctor, plan, pwa_build, schema_mark
from server.embedded.installation import AlreadyRunning, DataFolderError, Installation, NotRunning
from server.embedded.log_files import LogFile, tail
from server.embedded.plan import CannotStart
from server.embedded.ports import EPHEMERAL, free_ports
from server.embedded.processes import PLAIN_ENV, Command, end_recorded, record, spawn, started_at
from server.embedded.valkey import Valkey
from tests.support.processes import are_gone


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    installation = Installation(tmp_path / "data")
    installation.make()
    return installation


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# --- secrets and the lock ---------------------------------------------------------------------------------------------


def test_a_secret_is_made_once_and_only_its_owner_may_read_it(installation: Installation):
    secret = installation.secret("valkey")

    assert len(secret) == 64
    assert installation.secret("valkey") == secret
    assert installation.secret("postgres") != secret
    assert mode_of(installation.secrets / "valkey") == 0o600
    assert mode_of(installation.data) == 0o700


def test_where_servers_answer_is_told_to_the_owner_alone_and_only_while_they_run(installation: Installation):
    with installation.lock():
        installation.publish_servers({"SPARK_REDIS_URL": "redis://:p@127.0.0.1:1/0"})

        assert mode_of(installation.run / "servers.json") == 0o600
        assert installation.running_env() == {"SPARK_REDIS_URL": "redis://:p@127.0.0.1:1/0"}

    # As after a kill −9: the file is there, and nobody holds the lock.
    with pytest.raises(NotRunning, match=r"run\.py"):
        installation.running_env()


def test_a_second_start_is_told_who_holds_the_folder(installation: Installation):
    with installation.lock(), pytest.raises(AlreadyRunning, match=f"process {os.getpid()}.*SPARK_DATA"):
        installation.lock()


def test_a_lock_left_by_a_kill_holds_nobody_up(installation: Installation):
    holder = (
        "import sys, os, signal; from pathlib import Path; "
        "from server.embedded.installation import Installation; "
        "lock = Installation(Path(sys.argv[1])).lock(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", holder, str(installation.data)], check=False)
    assert done.returncode == -signal.SIGKILL

    with installation.lock():
        assert installation.holder()["pid"] == os.getpid()


def test_a_data_folder_that_cannot_be_made_is_refused_with_the_remedy(tmp_path: Path):
    (tmp_path / "file").write_text("")

    with pytest.raises(DataFolderError, match="set SPARK_DATA"):
        Installation(tmp_path / "file" / "data").make()


# --- what a crash leaves ----------------------------------------------------------------------------------------------


def test_what_a_killed_supervisor_left_running_is_ended(installation: Installation):
    orphan = spawn(Command(argv=("/bin/sleep", "60"), env=PLAIN_ENV), output=subprocess.DEVNULL)
    record(installation.run / "sleeper.pid.json", pid=orphan.pid, stop_signal=signal.SIGTERM)

    assert end_recorded(installation.run) == ["sleeper"]

    assert orphan.wait(timeout=60) == -signal.SIGTERM
    assert list(installation.run.iterdir()) == []


def test_a_stranger_with_a_recorded_id_is_left_alone(installation: Installation):
    stranger = spawn(Command(argv=("/bin/sleep", "60"), env=PLAIN_ENV), output=subprocess.DEVNULL)
    path = installation.run / "api.pid.json"
    record(path, pid=stranger.pid, stop_signal=signal.SIGTERM)
    path.write_text(json.dumps({**json.loads(path.read_text()), "started_at": "another boot/1"}))

    assert end_recorded(installation.run) == []

    assert started_at(stranger.pid) is not None
    stranger.kill()
    stranger.wait()


def test_a_half_written_record_is_forgotten(installation: Installation):
    (installation.run / "api.pid.json").write_text('{"pid": 12')

    assert end_recorded(installation.run) == []
    assert list(installation.run.iterdir()) == []


def test_a_child_ends_with_its_parent(tmp_path: Path):
    script = (
        "import subprocess, os, signal; from server.embedded.processes import Command, spawn; "
        "child = spawn(Command(argv=('/bin/sleep', '60')), output=subprocess.DEVNULL); "
        "import time; time.sleep(0.3); print(child.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    child = int(done.stdout)

    assert are_gone({child: started_at(child)}, within_s=60)


# --- logs -------------------------------------------------------------------------------------------------------------


def test_logs_stay_small_and_the_oldest_goes(tmp_path: Path):
    log = LogFile(tmp_path / "api.log", bytes_max=100, files_max=3)
    for number in range(40):
        log.write(f"line {number:03} of twenty\n".encode())
    log.close()

    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["api.log", "api.log.1", "api.log.2"]
    assert all(path.stat().st_size <= 100 for path in tmp_path.iterdir())
    assert tail(tmp_path / "api.log").endswith("line 039 of twenty")


# --- settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::"])
def test_the_demo_is_refused_to_the_network(host: str):
    with pytest.raises(CannotStart, match="SPARK_DEMO=0"):
        plan.check_settings({"SPARK_HOST": host})

    assert plan.check_settings({"SPARK_HOST": host, "SPARK_DEMO": "0"}).host == host


def test_a_taken_port_says_which_setting_to_change(tmp_path: Path):
    with plan.socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotStart, match=f"port {port} .* set SPARK_PORT"):
            plan.listen(plan.check_settings({"SPARK_PORT": str(port)}))


def test_a_host_that_is_not_of_this_machine_is_named():
    with pytest.raises(CannotStart, match=r"SPARK_HOST is 192\.0\.2\.7"):
        plan.listen(plan.check_settings({"SPARK_HOST": "192.0.2.7", "SPARK_DEMO": "0"}))


def test_a_server_that_is_given_is_not_started(installation: Installation):
    env = {"SPARK_REDIS_URL": "redis://elsewhere:6379/0", "SPARK_DATA": str(installation.data)}

    made = plan.make_plan(env, plan.check_settings(env))

    assert [part.name for part in made.stores] == ["postgres", "s3"]
    assert made.env["SPARK_REDIS_URL"] == "redis://elsewhere:6379/0"
    assert made.env["SPARK_DATABASE_URL"].startswith("postgresql://spark:")


def test_an_empty_variable_is_one_that_is_not_set(installation: Installation):
    env = {"SPARK_REDIS_URL": "", "SPARK_PORT": "", "SPARK_DATA": str(installation.data)}

    made = plan.make_plan(env, plan.check_settings(env))

    assert isinstance(made.valkey, Valkey)
    assert made.settings.port == 8000


def test_doctor_finds_nothing_missing_where_the_tests_run(tmp_path: Path):
    env = {"SPARK_DATA": str(tmp_path / "data"), "SPARK_PORT": str(free_ports(1)[0])}

    assert [finding for finding in doctor.examine(env) if finding.verdict == "missing"] == []


def test_doctor_names_a_setting_that_cannot_work(tmp_path: Path):
    findings = list(doctor.examine({"SPARK_DATA": str(tmp_path), "SPARK_PORT": "many"}))

    assert findings[-1].verdict == "missing"
    assert "SPARK_PORT is 'many'" in findings[-1].remedy


# --- the schema's mark ------------------------------------------------------------------------------------------------


def test_the_migration_is_skipped_only_where_this_code_has_done_it(empty_database_url: str):
    code = schema_mark.mark_of_code(demo=True)
    assert not schema_mark.is_done(empty_database_url, code)

    schema_mark.write(empty_database_url, code)

    assert schema_mark.is_done(empty_database_url, code)
    assert not schema_mark.is_done(empty_database_url, schema_mark.mark_of_code(demo=False))


def test_a_moved_version_undoes_the_mark(empty_database_url: str):
    code = schema_mark.mark_of_code(demo=False)
    schema_mark.write(empty_database_url, code)
    with psycopg.connect(empty_database_url) as connection:
        connection.execute("create table base_schema_version (version_num text)")
        connection.execute("insert into base_schema_version values ('29990101_0000_future')")

    assert not schema_mark.is_done(empty_database_url, code)


# --- the page ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_page_is_built_once_for_each_state_of_its_source(tmp_path: Path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main.ts").write_text("export const one = 1;")
    build = "require('fs').mkdirSync('dist', {recursive: true}); require('fs').appendFileSync('dist/built', 'x')"
    (tmp_path / "package.json").write_text(json.dumps({"name": "page", "scripts": {"build": f'node -e "{build}"'}}))
    lock = {"name": "page", "lockfileVersion": 3, "requires": True, "packages": {"": {"name": "page"}}}
    (tmp_path / "package-lock.json").write_text(json.dumps(lock))
    (tmp_path / "node_modules").mkdir()

    assert pwa_build.build(pwa=tmp_path)
    assert not pwa_build.build(pwa=tmp_path)
    (tmp_path / "src" / "main.ts").write_text("export const one = 2;")
    assert pwa_build.build(pwa=tmp_path)

    assert (tmp_path / "dist" / "built").read_text() == "xx"


# --- ports ------------------------------------------------------------------------------------------------------------


MANY_BELOW = 32_768  # Where Linux begins to give them away, unless it is told otherwise.


@pytest.mark.skipif(
    not EPHEMERAL.exists() or int(EPHEMERAL.read_text().split()[0]) != MANY_BELOW, reason="another range is set here"
)
def test_free_ports_differ_and_are_none_that_a_connection_is_given():
    ports = free_ports(200)

    assert len(set(ports)) == 200
    assert [port for port in ports if port >= MANY_BELOW] == []
