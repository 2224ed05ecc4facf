"""Look at this machine as a start would, and say what is missing and how to mend it. Nothing is changed."""

import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import imageio_ffmpeg
import psycopg

from server.embedded import plan as planning
from server.embedded import postgres, s3, valkey
from server.embedded.health import STANDSTILL_REMEDY, Silent, ask_health
from server.embedded.installation import Installation, NotRunning
from server.embedded.plan import CannotStart
from server.embedded.postgres import NoPostgres
from server.embedded.processes import PLAIN_ENV, Command, shim
from server.embedded.pwa_build import PWA, BuildFailed, is_current, node_and_npm
from server.embedded.s3 import NoStorage
from server.embedded.valkey import NoValkey
from server.settings import BadSetting, Settings

Verdict = Literal["ok", "note", "missing"]
DISK_BYTES_MIN = 2 * 1024**3
PYTHON_MIN = (3, 11)
_RESTORES = (
    "select at, position, is_noticed, report::text from sync_restore"
    " where at > now() - interval '14 days' and position is not null order by at"
)
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    verdict: Verdict  # note: everything works, but less well, or not the tests
    what: str
    remedy: str = ""


def examine(env: Mapping[str, str]) -> Iterator[Finding]:
    """Look at one thing after the other; some take a moment."""
    yield _python()
    yield _disk(env)
    try:
        settings = planning.check_settings(env)
    except (BadSetting, CannotStart) as problem:
        yield Finding("missing", "settings", str(problem))
        return
    yield Finding("ok", f"settings: {settings.host}:{settings.port}, data in {settings.data}")
    yield _data_folder(settings)
    yield _program("PostgreSQL", "SPARK_DATABASE_URL", env, lambda: postgres.program("postgres"))
    yield _identity()
    yield _program("Valkey", "SPARK_REDIS_URL", env, valkey.program)
    yield _program("S3", "SPARK_S3_URL", env, s3.program)
    yield from _decoders()
    yield _page()
    yield from _running(settings)
    yield from _restores(settings)
    yield _browser(env)


def _python() -> Finding:
    version = platform.python_version()
    if sys.version_info < PYTHON_MIN:  # doctor may be asked by any Python
        return Finding("missing", f"Python {version}", "run with Python 3.11 or newer")
    return Finding("ok", f"Python {version} on {platform.system()} {platform.machine()}")


def _disk(env: Mapping[str, str]) -> Finding:
    folder = Installation.from_env(env).data
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < DISK_BYTES_MIN:
        return Finding(
            "missing", f"{free // 1024**2} MiB free at {folder}", "make room, or set SPARK_DATA to a larger disk"
        )
    return Finding("ok", f"{free // 1024**3} GiB free at {folder}")


def _data_folder(settings: Settings) -> Finding:
    data = settings.data
    if not data.exists():
        return Finding("ok", "data folder: made at the first start")
    if not os.access(data, os.W_OK | os.X_OK):
        return Finding(
            "missing", f"{data} is another user's", "start as that user, or set SPARK_DATA to a folder of yours"
        )
    has_cluster = (data / "postgres" / "PG_VERSION").exists()
    if has_cluster and not (data / "secrets" / "postgres").exists():
        return Finding("missing", f"the passwords in {data / 'secrets'}", "restore them: no others open the database")
    return Finding("ok", "data folder: there, and yours")


def _program(name: str, variable: str, env: Mapping[str, str], find: Callable[[], str]) -> Finding:
    if env.get(variable):
        return Finding("ok", f"{name}: the one of {variable}")
    try:
        path = find()
        done = subprocess.run([path, "--version"], capture_output=True, text=True, check=False, env=PLAIN_ENV)
    except (NoPostgres, NoValkey, NoStorage) as problem:
        return Finding("missing", name, str(problem))
    except OSError as problem:
        return Finding("missing", f"{name} does not run here: {problem}", f"set {variable} to a server of yours")
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip()[-200:]
        return Finding("missing", f"{name} does not run here: {words}", f"set {variable} to a server of yours")
    return Finding("ok", done.stdout.strip().splitlines()[0])


def _decoders() -> Iterator[Finding]:
    """What reads the files that people send, and how far this kernel closes it in."""
    try:
        done = subprocess.run(
            [imageio_ffmpeg.get_ffmpeg_exe(), "-version"], capture_output=True, text=True, check=False, env=PLAIN_ENV
        )
        words = "" if done.returncode else done.stdout.partition(" Copyright")[0]
    except (OSError, RuntimeError) as problem:
        words, done = "", None
        yield Finding("note", f"ffmpeg does not run here: {problem}", "films and sound are refused until it does")
    if words:
        yield Finding("ok", words)
    elif done is not None:
        yield Finding("note", "ffmpeg does not run here", "films and sound are refused until it does")
    for name in ("pikepdf", "pypdfium2"):
        if importlib.util.find_spec(name) is None:
            yield Finding("note", f"no {name} for this machine", "PDF is refused")
    yield _confinement()


def _confinement() -> Finding:
    helper = Path(__file__).resolve().parents[1] / "media" / "confine.py"
    code = f"import runpy; m = runpy.run_path({str(helper)!r}); print(m['can_confine']())"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=False, env=PLAIN_ENV
    )
    if done.stdout.strip() == "files network":
        return Finding("ok", "decoders are confined: no files, no network")
    missing = " and ".join(sorted({"files", "network"} - set(done.stdout.split())))
    return Finding(
        "note",
        f"this system does not let us close {missing} to decoders",
        "run on Linux 5.13 or newer, outside a container",
    )


def _identity() -> Finding:
    if os.geteuid() != 0:
        return _identity_of_a_person()
    if postgres.may_enter_namespace():
        return Finding("ok", "root: PostgreSQL runs in a user namespace")
    probe = Command(argv=("/bin/true",), identity=f"{postgres.NOBODY}:{postgres.NOBODY}")
    if subprocess.run(shim(probe), capture_output=True, check=False, env=PLAIN_ENV).returncode == 0:
        return Finding("ok", "root: PostgreSQL runs as nobody (this kernel allows no user namespaces)")
    remedy = "start as an ordinary user, or set SPARK_DATABASE_URL"
    return Finding("missing", "root, and PostgreSQL may not run as anybody else", remedy)


def _identity_of_a_person() -> Finding:
    if postgres.has_name(os.geteuid()):
        return Finding("ok", "not root: PostgreSQL runs as you")
    if postgres.may_enter_namespace():
        return Finding("ok", "your user id has no name here: PostgreSQL runs in a user namespace")
    remedy = "add it to /etc/passwd, or set SPARK_DATABASE_URL"
    return Finding("missing", f"user id {os.geteuid()} has no name here, and PostgreSQL wants one", remedy)


def _page() -> Finding:
    if not (PWA / "package.json").exists():
        return Finding("note", "there is no page in this copy", "take a whole copy of the project")
    try:
        node, _ = node_and_npm()
        done = subprocess.run([str(node), "--version"], capture_output=True, text=True, check=True)
    except (BuildFailed, OSError, subprocess.CalledProcessError) as problem:
        if (PWA / "dist" / "index.html").exists():
            return Finding("note", f"node does not run here ({problem}); the page was built before", "")
        return Finding("missing", "node", f"{problem}")
    return Finding(
        "ok", f"node {done.stdout.strip()}; the page is {'built' if is_current(PWA) else 'built at the next start'}"
    )


def _running(settings: Settings) -> Iterator[Finding]:
    installation = Installation(settings.data)
    if not installation.is_running():
        yield _not_running(settings)
        return
    holder = installation.holder().get("pid")
    try:
        running = installation.running_env()
    except NotRunning:
        yield Finding("note", f"starting as process {holder}", "ask again in a moment")
        return
    host, port = running["SPARK_HOST"], int(running["SPARK_PORT"])  # Perhaps not those of this shell's environment.
    try:
        is_ready, words = ask_health(host, port)
    except Silent as problem:
        yield Finding("missing", f"running, and does not answer ({problem})", f"read {installation.logs / 'api.log'}")
        return
    if is_ready:
        yield Finding("ok", f"running as process {holder} at {host}:{port}, and ready")
    else:
        yield Finding("missing", f"running, and not ready: {words}", f"read the logs in {installation.logs}")
    if standstill := find_standstill(words):
        yield standstill


def _not_running(settings: Settings) -> Finding:
    try:
        planning.listen(settings).close()
    except CannotStart as problem:
        return Finding("missing", "not running, and cannot", str(problem))
    return Finding("ok", "not running; the port is free")


def find_standstill(words: str) -> Finding | None:
    """What the running API says of a log that goes no further; None while it moves, or where nothing is said of it."""
    try:
        said = json.loads(words)["log"]
    except (ValueError, TypeError, KeyError):
        return None
    if said == "ok":
        return None
    return Finding("missing", f"nothing new reaches the phones; the log is {said.partition(';')[0]}", STANDSTILL_REMEDY)


def _restores(settings: Settings) -> Iterator[Finding]:
    """A log that went back, in the last two weeks, and what nobody had said of it."""
    installation = Installation(settings.data)
    try:
        url = installation.running_env()["SPARK_DATABASE_URL"]
        with psycopg.connect(url, connect_timeout=3, autocommit=True) as connection:
            rows = connection.execute(_RESTORES).fetchall()
    except (NotRunning, psycopg.Error):
        return
    for at, position, is_noticed, report in rows:
        what = f"the database went back to position {position}, at {at:%Y-%m-%d %H:%M} UTC"
        if is_noticed:
            yield Finding("note", f"{what}; nobody had said so", f"phones give back what they made; the rest: {report}")
        else:
            yield Finding("ok", f"{what}, by `spark restore`; see {settings.data / 'restores'}")


def _browser(env: Mapping[str, str]) -> Finding:
    if found := find_browser(env):
        return Finding("ok", f"Chromium for the browser tests: {found}")
    remedy = "apt install chromium, or set CHROME_PATH, or: run.py test --no-browser"
    return Finding("note", "no Chromium for the browser tests", remedy)


def find_browser(env: Mapping[str, str]) -> str | None:
    """Return the browser of CHROME_PATH, else the first known one on the PATH."""
    named = env.get("CHROME_PATH")
    if named:
        return shutil.which(named)
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)
