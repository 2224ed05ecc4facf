"""Rules about the code that a program can hold."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
CODE = ("server", "sync", "tests", "bench", "examples")


def python_files() -> list[Path]:
    return [ROOT / "run.py", *(path for folder in CODE for path in sorted((ROOT / folder).rglob("*.py")))]


def script_files() -> list[Path]:
    sources = [path for folder in ("src", "test", "build") for path in (ROOT / "pwa" / folder).rglob("*.ts*")]
    return sorted(path for path in sources if "generated" not in path.parts)


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_no_file_is_longer_than_a_reader_bears() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in [*python_files(), *script_files()]
        if (lines := count(path)) > FILE_LINES_MAX
    }

    assert long == {}


def test_no_function_is_longer_than_a_screen() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in python_files()
        for node in functions(path)
        if (node.end_lineno or 0) - node.lineno > FUNCTION_LINES_MAX
    ]

    assert long == []


def test_every_module_of_the_product_says_what_lives_in_it() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for folder in ("server", "sync")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if path.read_text().strip() and ast.get_docstring(ast.parse(path.read_text())) is None
    ]

    assert silent == []


@pytest.mark.parametrize("word", ["TO" + "DO", "FIX" + "ME", "XX" + "X", "NotImplemented" + "Error"])
def test_nothing_is_left_for_later_in_the_code(word: str) -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in [*python_files(), *script_files()]
        if re.search(rf"\b{word}\b", path.read_text())
    ]

    assert found == []


def test_sql_is_never_put_together_from_what_people_sent() -> None:
    """S608 of ruff finds the shape; here each exception must carry its reason on the line."""
    bare = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in python_files()
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if re.search(r"noqa: [A-Z0-9, ]*S608\s*$", line)
    ]

    assert bare == []


def test_lock_files_pin_by_hash_and_name_no_host() -> None:
    for lock in (ROOT / "requirements").glob("*.lock"):
        text = lock.read_text()
        assert "://" not in text, lock
        assert text.count("==") <= text.count("--hash=sha256:"), lock
    assert "resolved" not in (ROOT / "pwa" / "package-lock.json").read_text()


def test_nothing_committed_names_a_machine_or_a_registry() -> None:
    command = ["/usr/bin/env", "git", "ls-files"]
    files = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    forbidden = re.compile(r"/(?:work|root)/(?:main|shared|\.library|\.pyenv)|/opt/(?:pypi|wheels)|/tmp/spark")
    found = [name for name in files if is_text(ROOT / name) and forbidden.search((ROOT / name).read_text())]

    assert [name for name in found if name != "tests/architecture/test_code.py"] == []


def count(path: Path) -> int:
    return len(path.read_text().splitlines())


def is_text(path: Path) -> bool:
    return path.is_file() and path.suffix in {
        ".py",
        ".ts",
        ".tsx",
        ".md",
        ".toml",
        ".json",
        ".yaml",
        ".css",
        ".html",
        ".lock",
        ".in",
        "",
    }
