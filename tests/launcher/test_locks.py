"""The lock files: whole, by hash, and without a host, so that they install from any mirror."""

import json
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
LOCKS = ROOT / "requirements"


def packages(lock: str) -> dict[str, str]:
    """Return the version and the marker of each package."""
    text = (LOCKS / lock).read_text()
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)==(.+?) \\$", text, re.MULTILINE))


@pytest.mark.parametrize("lock", ["run.lock", "dev.lock", "uv.lock"])
def test_every_package_has_a_hash(lock: str):
    blocks = re.split(r"^(?=[a-z0-9])", (LOCKS / lock).read_text(), flags=re.MULTILINE)

    assert [block.split("==")[0] for block in blocks if "==" in block and "--hash=sha256:" not in block] == []


@pytest.mark.parametrize("path", ["requirements/run.lock", "requirements/dev.lock", "requirements/uv.lock", "run.py"])
def test_no_host_is_named(path: str):
    assert re.findall(r"https?://|--index|--find-links", (ROOT / path).read_text()) == []


def test_the_lock_of_the_page_names_no_host():
    lock = json.loads((ROOT / "pwa" / "package-lock.json").read_text())

    assert [name for name, entry in lock["packages"].items() if "resolved" in entry] == []
    assert [name for name, entry in lock["packages"].items() if name and "integrity" not in entry] == []


def test_what_runs_is_part_of_what_developers_have():
    assert packages("run.lock").items() <= packages("dev.lock").items()


def test_every_declared_dependency_is_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    declared = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    names = {re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0].lower() for line in declared}

    assert names <= packages("dev.lock").keys()
