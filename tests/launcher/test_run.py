"""`python3 run.py`: from a bare Python to the task."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import run

ROOT = Path(__file__).resolve().parent.parent.parent
TASKS = {"up", "test", "test-fast", "check", "bench", "simulate", "migrate", "export", "seed", "doctor", "build-pwa"}


def run_script(*arguments: str) -> subprocess.CompletedProcess[str]:
    # Isolated: no site-packages, no environment, as on a machine that has Python and nothing else.
    command = [sys.executable, "-I", "-S", str(ROOT / "run.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")


def test_the_list_shows_every_task_with_a_sentence():
    shown = run_script("--list").stdout

    for task in TASKS:
        assert re.search(rf"^  {task} +\w.{{10,}}$", shown, re.MULTILINE), task


def test_an_unknown_task_is_refused_by_name():
    done = run_script("tset")

    assert done.returncode == 1
    assert "'tset'" in done.stderr
    assert "--list" in done.stderr


def test_a_python_without_pip_and_venv_gets_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    bare = tmp_path / "python3"
    bare.write_text("#!/bin/sh\nexit 1\n")
    bare.chmod(0o755)
    monkeypatch.setattr(run.sys, "executable", str(bare))
    monkeypatch.setattr(run, "CACHE", tmp_path)

    with pytest.raises(run.CannotPrepare, match="apt install python3-venv") as refused:
        run.find_pip()

    assert "\n" not in str(refused.value)


def test_an_older_python_reads_far_enough_to_say_what_it_lacks():
    source = (ROOT / "run.py").read_text()
    before_the_check = source.split("sys.exit(", 1)[0]

    assert "import tomllib" not in before_the_check
    assert "match " not in source  # Nothing that Python 3.8 cannot even parse.


def test_the_settings_of_pip_are_put_in_words_that_uv_understands(tmp_path: Path):
    pip = {
        "index-url": "file:///mirror/simple",
        "extra-index-url": "file:///a/simple\nfile:///b/simple",
        "find-links": f"{tmp_path} /not/there",
        "trusted-host": "mirror.local",
        "cert": "/etc/ca.pem",
        "default-timeout": "180",
    }

    translated = run.settings_for_uv(pip, {"SSL_CERT_FILE": "/mine.pem"})

    assert translated == {
        "UV_DEFAULT_INDEX": "file:///mirror/simple",
        "UV_INDEX": "file:///a/simple file:///b/simple",
        "UV_FIND_LINKS": str(tmp_path),  # pip passes over a folder that is not there; uv would stop.
        "UV_INSECURE_HOST": "mirror.local",
        "UV_HTTP_TIMEOUT": "180",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }


def test_without_a_home_everything_is_kept_in_the_tree(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", "")

    environment = run.uv_environment()

    assert environment["UV_CACHE_DIR"].startswith(str(ROOT))
    assert environment["UV_PYTHON_DOWNLOADS"] == "never"


def test_a_copied_tree_is_prepared_anew(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(run, "read_stamp", lambda: run.stamp("run"))
    assert run.is_prepared("run")

    monkeypatch.setattr(run, "read_stamp", lambda: {**run.stamp("run"), "root": "/where/it/came/from"})
    assert not run.is_prepared("run")


@pytest.mark.parametrize(
    ("has", "wants", "enough"), [("dev", "run", True), ("run", "run", True), ("run", "dev", False)]
)
def test_a_developers_environment_serves_every_task(
    monkeypatch: pytest.MonkeyPatch, has: str, wants: str, *, enough: bool
):
    monkeypatch.setattr(run, "read_stamp", lambda: run.stamp(has))

    assert run.is_prepared(wants) is enough
