"""What is wrong with one lesson costs that lesson; what is wrong with the whole is refused by its name."""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random

import msgspec
import pytest

from server.base.rehearsal import NoStorage
from server.catalog.portable.format import CourseCard, CourseFileRefused, LessonCard, SectionCard
from server.catalog.portable.gathering import Gathered
from server.catalog.portable.reading import Portable, read_course_file
from server.catalog.portable.writing import write_course_file
from tests.features.portable.test_course_files import changed

KEY = b"k" * 32
TEST = (
    b'{"id":"00000000-0000-0000-0000-000000000001","path":"tests/1.json","title":"x","kind":"quiz","pass_ppm":500000}'
)


@pytest.fixture
async def course_file(tmp_path: Path) -> bytes:
    lessons = {
        f"lessons/{number}.json": LessonCard(f"Lesson {number}", [{"type": "paragraph", "html": "hello"}])
        for number in (1, 2)
    }
    gathered = Gathered(CourseCard("Motion", "en"), [SectionCard("One", list(lessons))], lessons, [], [], {}, {})
    await write_course_file(NoStorage(), gathered, tmp_path / "course.zip", signing_key=KEY)
    return (tmp_path / "course.zip").read_bytes()


def read(folder: Path, content: bytes) -> Portable:
    path = folder / "changed.zip"
    path.write_bytes(content)
    return read_course_file(path, signing_key=KEY)


def put(name: str, content: bytes) -> Callable[[dict[str, bytes]], None]:
    return lambda entries: entries.update({name: content})


def without(name: str) -> Callable[[dict[str, bytes]], None]:
    def take(entries: dict[str, bytes]) -> None:
        del entries[name]

    return take


def lesson(*blocks: dict[str, object], **more: object) -> bytes:
    return json.dumps({"title": "x", "blocks": blocks, **more}).encode()


async def test_a_file_that_nobody_touched_is_known_by_its_seal(tmp_path: Path, course_file: bytes) -> None:
    whole = read(tmp_path, course_file)
    touched = read(tmp_path, changed(course_file, put("lessons/1.json", lesson())))
    unsealed = read(tmp_path, changed(course_file, without("manifest.seal"), is_mended=False))

    oddly = read(tmp_path, changed(course_file, put("manifest.seal", b"x" * 5_000), is_mended=False))

    assert [whole.is_ours, touched.is_ours, unsealed.is_ours, oddly.is_ours] == [True, False, False, False]


@pytest.mark.parametrize(
    ("content", "is_mended", "code"),
    [
        (lesson(title="other"), False, "file.damaged"),
        (lesson({"type": "script", "src": "x"}), True, "content.invalid"),
        (lesson({"type": "paragraph", "html": "x" * 30_000}), True, "content.invalid"),
        (lesson(owner="me"), True, "page.broken"),
        (b"[" * 100_000, True, "page.broken"),
        (b"\xff\xfe", True, "page.broken"),
        (Random(1).randbytes(2_500_000), True, "file.too_large"),
    ],
    ids=["changed on its way", "unknown block", "long", "odd field", "deep", "no letters", "large"],
)
async def test_a_lesson_that_cannot_be_read_costs_itself_alone(
    tmp_path: Path,
    course_file: bytes,
    content: bytes,
    is_mended: bool,  # noqa: FBT001 - a row of the table
    code: str,
) -> None:
    found = read(tmp_path, changed(course_file, put("lessons/1.json", content), is_mended=is_mended))

    told = {item.item: [reason.code for reason in item.reasons] for item in found.items}
    assert told == {"lessons/1.json": [code], "lessons/2.json": []}


async def test_lessons_that_are_too_much_together_cost_those_that_come_last(
    tmp_path: Path, course_file: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.catalog.portable.reading.TEXTS_BYTES_MAX", 40)

    found = read(tmp_path, course_file)

    told = {item.item: [reason.code for reason in item.reasons] for item in found.items}
    assert told == {"lessons/1.json": [], "lessons/2.json": ["page.too_much"]}


async def test_words_go_through_the_sieve(tmp_path: Path, course_file: bytes) -> None:
    wild = lesson({"type": "paragraph", "html": "<script>alert(1)</script>hello<img src=x onerror=y>"})

    found = read(tmp_path, changed(course_file, put("lessons/1.json", wild)))

    [_section, lessons] = found.sections[0]
    assert b"hello" in msgspec.json.encode(lessons[0].blocks)
    assert b"script" not in msgspec.json.encode(lessons[0].blocks)
    assert b"onerror" not in msgspec.json.encode(lessons[0].blocks)


@pytest.mark.parametrize(
    ("change", "is_mended", "code"),
    [
        (without("course.json"), True, "course_file.damaged"),
        (without("lessons/1.json"), False, "course_file.damaged"),
        (put("extra.html", b"<script>"), False, "course_file.damaged"),
        (put("course.json", b"{}"), True, "course_file.damaged"),
        (put("sections.json", b"[" * 5_000), True, "course_file.damaged"),
        (put("manifest.json", b"not json"), False, "course_file.format"),
        (put("manifest.json", b'{"format":"spark-course/9","entries":[]}'), False, "course_file.format"),
        (without("manifest.json"), False, "course_file.format"),
        (put("sections.json", b"[]"), True, "course_file.nothing_inside"),
        (
            put("sections.json", b'[{"title":"x","lessons":["lessons/1.json","lessons/1.json"]}]'),
            True,
            "course_file.damaged",
        ),
        (put("tests.json", b"[%b,%b]" % (TEST, TEST)), True, "course_file.damaged"),
    ],
    ids=[
        *("no card", "gone", "added", "empty card", "deep", "no manifest", "a later format", "none", "no lesson"),
        *("one lesson twice", "one test twice"),
    ],
)
async def test_a_file_that_hangs_together_no_more_is_refused_by_its_reason(
    tmp_path: Path,
    course_file: bytes,
    change: Callable[[dict[str, bytes]], None],
    is_mended: bool,  # noqa: FBT001 - a row of the table
    code: str,
) -> None:
    with pytest.raises(CourseFileRefused) as refused:
        read(tmp_path, changed(course_file, change, is_mended=is_mended))

    assert refused.value.code == code
