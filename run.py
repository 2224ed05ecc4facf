#!/usr/bin/env python3
"""Bring .venv to the lock and run a task: `python3 run.py [TASK] [ARGUMENT…]`; alone, it starts the product.

Standard library only. It makes the pinned `uv` available, lets it install exactly what the lock names by hash, and
becomes the task. The tasks are in pyproject.toml; `python3 run.py --list` shows them. Which package index is used is
for the person's own pip or uv settings to say: no host is named here.
"""

from __future__ import annotations  # So that an old Python reads this far and can say what it lacks.

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - this is the one file that an older Python is asked to run
    sys.exit(
        "Spark needs Python 3.11 or newer, and this is {}.{}: run the same command with a newer one.".format(
            *sys.version_info
        )
    )

import ast
import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent
CACHE = ROOT / ".cache"
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "spark-stamp.json"
LOCKS = ROOT / "requirements"

# These need what runs in production and no more; every other task needs the tools of a developer too.
RUN_TASKS = frozenset({"up", "migrate", "export", "seed", "doctor", "build-pwa"})

NO_PIP = (
    "This Python can neither run pip nor make a virtual environment with one. Install one of them and run the same "
    "command again; on Debian or Ubuntu: apt install python3-venv"
)


class CannotPrepare(Exception):
    """What stands in the way, and the remedy: one line for a person."""


def main(arguments: list[str]) -> None:
    """Never returns normally: becomes the task, or exits."""
    tasks = read_tasks()
    if arguments[:1] in (["--list"], ["-h"], ["--help"]):
        print_tasks(tasks)
        return
    name, *rest = arguments or ["up"]
    if name not in tasks:
        sys.exit(f"There is no task {name!r}. `python3 run.py --list` shows those that there are.")

    stop_politely(exit_code=0 if name == "up" else 128 + signal.SIGTERM)
    try:
        prepare("run" if name in RUN_TASKS else "dev")
    except CannotPrepare as problem:
        sys.exit(f"run.py: {problem}")
    except PermissionError as problem:
        sys.exit(
            f"run.py: {problem.filename} cannot be written: copy the folder to a place of yours, and run it there."
        )
    become_task(name, rest)


# --- tasks ----------------------------------------------------------------------------------------------------------


def read_tasks() -> dict[str, str]:
    """Return each task's name with its sentence."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        tasks = tomllib.load(file)["tool"]["poe"]["tasks"]
    return {name: task["help"] for name, task in tasks.items()}


def print_tasks(tasks: dict[str, str]) -> None:
    print("python3 run.py [TASK] [ARGUMENT…]    (alone: up)\n")
    width = max(map(len, tasks))
    for name, sentence in tasks.items():
        print(f"  {name:<{width}}  {sentence}")


def become_task(name: str, arguments: list[str]) -> None:
    environment = task_environment()
    os.chdir(ROOT)
    if name == "up":
        # Held back until the supervisor can stop in order: there is no moment in which a signal ends it half started.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    command = [str(PYTHON), "-m", "poethepoet", "-q", "-C", str(ROOT), name, *arguments]
    os.execve(PYTHON, command, environment)  # noqa: S606 - the same process: signals meant for run.py reach the task


def task_environment() -> dict[str, str]:
    environment = {key: value for key, value in os.environ.items() if key not in {"PYTHONHOME", "PYTHONPATH"}}
    environment["PATH"] = os.pathsep.join([str(PYTHON.parent), environment.get("PATH", os.defpath)])
    environment["VIRTUAL_ENV"] = str(VENV)
    if environment.get("SPARK_DATA"):  # Relative to where the person stands, not to where the task runs.
        environment["SPARK_DATA"] = str(Path(environment["SPARK_DATA"]).expanduser().absolute())
    return environment


# --- the virtual environment ----------------------------------------------------------------------------------------


def prepare(wanted: str) -> None:
    """Bring .venv to `run` or `dev`; a moment when it is there already.

    An environment that has the developer's tools keeps them: starting the product never takes them away.
    Raises: CannotPrepare, PermissionError.
    """
    if is_prepared(wanted):
        return
    CACHE.mkdir(exist_ok=True)
    with alone():
        if is_prepared(wanted):  # Somebody else did it while we waited.
            return
        level = "dev" if "dev" in (wanted, read_stamp().get("level")) else "run"
        environment = uv_environment()
        uv = find_uv(environment)
        say(f"installing what requirements/{level}.lock names into .venv")
        if not can_run(PYTHON):
            call([uv, "venv", "--clear", "--quiet", "--python", sys.executable, VENV], environment, "make .venv")
        STAMP.unlink(missing_ok=True)
        lock = LOCKS / f"{level}.lock"
        flags: list[str | Path] = ["--require-hashes", "--quiet", "--python", PYTHON, *index_flags()]
        # Compiled once: where Python may write no bytecode, each start would compile the libraries anew (1.4 s).
        flags.append("--compile-bytecode")
        call([uv, "pip", "sync", *flags, lock], environment, f"install the packages of {lock.relative_to(ROOT)}")
        write_entry_points()
        partial = STAMP.with_suffix(".partial")
        partial.write_text(json.dumps(stamp(level)))
        partial.replace(STAMP)


def is_prepared(wanted: str) -> bool:
    found = read_stamp()
    level = found.get("level", "run")
    return (level == "dev" or wanted == "run") and found == stamp(level) and PYTHON.exists()


def read_stamp() -> dict[str, str]:
    try:
        found = json.loads(STAMP.read_text())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def stamp(level: str) -> dict[str, str]:
    lock = hashlib.sha256((LOCKS / f"{level}.lock").read_bytes()).hexdigest()
    # The folder too: a copied tree must not import the tree it was copied from.
    return {"level": level, "lock": lock, "root": str(ROOT)}


def write_entry_points() -> None:
    """Make `server` and `sync` importable and `.venv/bin/spark` callable, without building a package."""
    for packages in VENV.glob("lib/python*/site-packages"):
        (packages / "spark_learning.pth").write_text(f"{ROOT}\n")
    spark = VENV / "bin" / "spark"
    spark.write_text('#!/bin/sh\nexec "$(dirname "$(readlink -f "$0")")/python" -m server.cli "$@"\n')
    spark.chmod(0o755)


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Two starts at once take turns."""
    with (CACHE / "prepare.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another run.py is preparing .venv: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


# --- uv -------------------------------------------------------------------------------------------------------------


def find_uv(environment: dict[str, str]) -> str:
    """Return a uv of at least the pinned version: the person's own, or one in .cache that was checked by hash.

    Raises: CannotPrepare.
    """
    pinned = pinned_uv()
    for candidate in (shutil.which("uv"), str(uv_folder(pinned) / "bin" / "uv")):
        if candidate and version_of(candidate) >= pinned:
            return candidate
    return install_uv(pinned, environment)


def pinned_uv() -> tuple[int, ...]:
    found = re.search(r"^uv==([0-9.]+)", (LOCKS / "uv.lock").read_text(), re.MULTILINE)
    if not found:
        raise CannotPrepare("requirements/uv.lock pins no uv: the copy of this folder is not whole")
    return as_version(found[1])


def uv_folder(version: tuple[int, ...]) -> Path:
    return CACHE / f"uv-{'.'.join(map(str, version))}"


def version_of(uv: str) -> tuple[int, ...]:
    try:
        done = subprocess.run([uv, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ()
    found = re.match(r"uv ([0-9.]+)", done.stdout)
    return as_version(found[1]) if found else ()


def as_version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.strip(".").split("."))


def install_uv(version: tuple[int, ...], environment: dict[str, str]) -> str:
    folder = uv_folder(version)
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
    say(f"getting uv {'.'.join(map(str, version))} into .cache")
    pip = find_pip()
    flags = ["--quiet", "--no-deps", "--require-hashes", "--disable-pip-version-check", "--only-binary", ":all:"]
    call([*pip, "install", *flags, "--target", partial, "-r", LOCKS / "uv.lock"], environment, "get uv")
    partial.rename(folder)
    return str(folder / "bin" / "uv")


def find_pip() -> list[str]:
    """Return the command of this Python's pip, or of one in an environment made for it. Raises CannotPrepare."""
    if can_run(sys.executable, "-m", "pip", "--version"):
        return [sys.executable, "-m", "pip"]
    folder = CACHE / "pip"
    if not can_run(folder / "bin" / "python", "-m", "pip", "--version"):
        shutil.rmtree(folder, ignore_errors=True)
        if not can_run(sys.executable, "-m", "venv", folder):
            raise CannotPrepare(NO_PIP)
    return [str(folder / "bin" / "python"), "-m", "pip"]


def uv_environment() -> dict[str, str]:
    """Return the environment for pip and uv: the person's own settings, in words that uv understands."""
    environment = dict(os.environ)
    environment["PIP_ROOT_USER_ACTION"] = "ignore"  # Its warning is about installing beside system packages; we do not.
    environment["UV_PYTHON_DOWNLOADS"] = "never"  # The Python that runs this is the Python that will be used.
    if not can_write_home(environment):
        environment["UV_CACHE_DIR"] = environment["PIP_CACHE_DIR"] = str(CACHE / "downloads")
    if not any(key.startswith("UV_") and "INDEX" in key for key in environment):
        environment.update(settings_for_uv(read_pip_settings(), environment))
    return environment


def can_write_home(environment: dict[str, str]) -> bool:
    home = environment.get("HOME", "")
    return bool(home) and os.access(home, os.W_OK)


def read_pip_settings() -> dict[str, str]:
    """Return pip's settings from its files and the environment; the environment wins, as it does for pip."""
    done = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False)
    found: dict[str, str] = {}
    for prefix in ("global.", "install.", ":env:."):
        for line in done.stdout.splitlines() if done.returncode == 0 else ():
            name, _, value = line.partition("=")
            if name.startswith(prefix):
                with contextlib.suppress(ValueError, SyntaxError):  # pip prints values as Python writes them.
                    found[name.removeprefix(prefix)] = str(ast.literal_eval(value))
    return found


def index_flags() -> list[str]:
    """Return what uv knows only as a flag: a machine without a network installs from folders."""
    is_off = read_pip_settings().get("no-index", "").lower() in {"1", "true", "yes", "on"}
    return ["--no-index"] if is_off else []


def settings_for_uv(pip: dict[str, str], environment: dict[str, str]) -> dict[str, str]:
    """Translate: uv reads none of pip's settings. What is already set for uv stays."""
    links = [path for path in pip.get("find-links", "").split() if "://" in path or Path(path).expanduser().exists()]
    wanted = {
        "UV_DEFAULT_INDEX": pip.get("index-url", ""),
        "UV_INDEX": " ".join(pip.get("extra-index-url", "").split()),
        "UV_FIND_LINKS": ",".join(links),
        "UV_INSECURE_HOST": " ".join(pip.get("trusted-host", "").split()),
        "SSL_CERT_FILE": pip.get("cert", ""),
        "SSL_CLIENT_CERT": pip.get("client-cert", ""),
        "UV_HTTP_TIMEOUT": pip.get("timeout", pip.get("default-timeout", "")),
        "ALL_PROXY": pip.get("proxy", ""),
        # As pip does: the best of all indexes. Safe, because every file must have the hash of the lock.
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }
    return {key: value for key, value in wanted.items() if value and key not in environment}


# --- running other programs -----------------------------------------------------------------------------------------


def call(command: list[str | Path], environment: dict[str, str], purpose: str) -> None:
    """Run to the end, its messages shown. Raises CannotPrepare."""
    done = subprocess.run([str(word) for word in command], env=environment, stdout=sys.stderr, check=False)
    if done.returncode != 0:
        raise CannotPrepare(f"could not {purpose}; the lines above say why (your pip and uv settings choose the index)")


def can_run(*command: str | Path) -> bool:
    words = [str(word) for word in command] + (["-c", ""] if len(command) == 1 else [])
    try:
        return subprocess.run(words, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def say(message: str) -> None:
    print(f"run.py: {message}", file=sys.stderr, flush=True)


def stop_politely(*, exit_code: int) -> None:
    """While we install: a signal ends us and, through `subprocess.run`, the program we wait for."""

    def leave(_number: int, _frame: object) -> None:
        sys.exit(exit_code)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, leave)


if __name__ == "__main__":
    main(sys.argv[1:])
