"""Brings an engine from its registry into the cache, exactly as its lock file says; once for each state of the lock."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from bench.peers.engine import CannotRun
from server.embedded.pwa_build import BuildFailed, node_and_npm

STAMP = ".complete"
INSTALL_S = 600


def python_packages(folder: Path, cache: Path) -> Path:
    """A virtual environment with what `requirements.txt` in the folder pins; its Python. Raises CannotRun."""
    place = cache / f"{folder.name}-{_hash(folder / 'requirements.txt')}"
    python = place / "bin" / "python"
    if not (place / STAMP).exists():
        shutil.rmtree(place, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(place)], folder)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
        _run([*pip, "--requirement", str(folder / "requirements.txt")], folder)
        (place / STAMP).touch()
    return python


def node_packages(folder: Path, cache: Path) -> tuple[Path, Path]:
    """Node, and a folder with node_modules as `package-lock.json` says and the programs beside. Raises CannotRun."""
    place = cache / f"{folder.name}-{_hash(folder / 'package-lock.json')}"
    try:
        node, npm = node_and_npm()
    except BuildFailed as problem:
        raise CannotRun(str(problem)) from problem
    if not (place / STAMP).exists():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(folder / name, place / name)
        # Without scripts: what these packages need of native code they bring along, built.
        options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-progress"]
        _run([str(node), str(npm), "ci", *options], place)
        (place / STAMP).touch()
    for program in (*folder.glob("*.mjs"), *folder.glob("*.cjs")):
        shutil.copy(program, place / program.name)
    return node, place


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def _run(command: list[str], folder: Path) -> None:
    print(
        f"  installing: {' '.join(Path(command[0]).name if n == 0 else word for n, word in enumerate(command[:4]))} …"
    )
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=INSTALL_S)
    except subprocess.TimeoutExpired as problem:
        raise CannotRun(f"installing took more than {INSTALL_S} s") from problem
    if done.returncode != 0:
        raise CannotRun(f"it cannot be installed: {(done.stderr or done.stdout).strip()[-400:]}")
