"""What the shell says that a phone will ask for next."""

import json
from pathlib import Path

import pytest

from server.base.http.page import Page

SIGN_IN = "src/features/identity/screens/sign-in.tsx"
LESSON = "src/features/catalog/screens/lesson.tsx"
CHUNKS = {
    "index.html": {"file": "assets/index.js", "imports": ["_core.js"]},
    "_core.js": {"file": "assets/core.js", "name": "core"},
    "_blocks.js": {"file": "assets/blocks.js", "imports": ["_core.js"]},
    SIGN_IN: {"file": "assets/sign-in.js", "imports": ["_core.js"]},
    LESSON: {"file": "assets/lesson.js", "imports": ["_core.js", "_blocks.js"]},
    "src/words/en.ts": {"file": "assets/en.js"},
    "src/words/ru.ts": {"file": "assets/ru.js"},
}


def hints(folder: Path, path: str, language: str, *, is_signed_in: bool) -> list[str]:
    said = Page(folder).hints(path, language=language, is_signed_in=is_signed_in)
    return [part.partition(">")[0].removeprefix("</") for part in said.split(", ") if part]


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / ".vite").mkdir()
    (tmp_path / ".vite" / "manifest.json").write_text(json.dumps(CHUNKS))
    (tmp_path / "index.html").write_text("<!doctype html>")
    return tmp_path


def test_a_stranger_is_told_of_the_sign_in_screen_in_their_language(built: Path) -> None:
    told = hints(built, "/courses/1/lessons/2", "fr, ru-RU;q=0.9, en;q=0.5", is_signed_in=False)

    assert told == ["assets/ru.js", "assets/sign-in.js"]


def test_who_is_signed_in_is_told_of_the_lesson_and_all_its_scripts_once(built: Path) -> None:
    assert hints(built, "/courses/1/lessons/2", "", is_signed_in=True) == [
        "assets/en.js",
        "assets/lesson.js",
        "assets/blocks.js",
    ]
    assert hints(built, "/", "xx", is_signed_in=True) == ["assets/en.js"]


def test_a_build_without_a_list_says_nothing(tmp_path: Path) -> None:
    assert hints(tmp_path, "/", "en", is_signed_in=False) == []
