"""Who may send which files, how large, and how many: the whole table."""

from uuid import UUID

import pytest

from server.base.actor import Actor
from server.base.errors import AppError
from server.media.uploads import policy
from server.media.uploads.policy import MB, allowance_of, check_allowance, check_type, may_send, part_bytes_of, type_of
from server.media.uploads.schemas import ranges_of
from tests.support.uploading import numbers_of


def actor(*roles: str) -> Actor:
    return Actor(id=UUID(int=7), roles=frozenset(roles))


@pytest.mark.parametrize(
    ("role", "is_verified", "purposes"),
    [
        ("student", False, {"question"}),
        ("mentor", False, {"question"}),
        ("staff", False, {"question"}),
        ("educator", False, {"question", "course", "library"}),
        ("educator", True, {"question", "course", "library", "import"}),
        ("admin", False, {"question", "course", "library", "import"}),
    ],
)
def test_who_may_send_files_for_what(role: str, is_verified: bool, purposes: set[str]) -> None:  # noqa: FBT001
    every = ("course", "library", "question", "import")
    assert {name for name in every if may_send(actor(role), name, is_verified=is_verified)} == purposes


@pytest.mark.parametrize(
    ("purpose", "name", "mime", "size", "code"),
    [
        ("course", "a.png", "image/png", 10 * MB, None),
        ("course", "a.png", "image/png", 10 * MB + 1, "upload.too_large"),
        ("course", "a.mp4", "video/mp4", 2048 * MB, None),
        ("course", "a.mp4", "video/mp4", 2048 * MB + 1, "upload.too_large"),
        ("course", "scan.pdf", "application/pdf", 64 * MB, None),
        ("course", "scan.pdf", "application/pdf", 64 * MB + 1, "upload.too_large"),
        ("library", "a.mp3", "audio/mp3", 50 * MB, None),
        ("course", "a.svg", "image/svg+xml", 100, "upload.type"),
        ("course", "a.html", "text/html", 100, "upload.type"),
        ("course", "a.exe", "application/x-msdownload", 100, "upload.type"),
        ("course", "noidea", "", 100, "upload.type"),
        ("course", "a.vtt", "", 100, None),
        ("course", "a.3gp", "video/3gpp", MB, None),
        ("course", "notes.md", "text/markdown", 2 * MB, None),
        ("course", "notes.txt", "text/plain", 2 * MB + 1, "upload.too_large"),
        ("question", "notes.txt", "text/plain", 100, "upload.type"),
        ("course", "old.doc", "application/msword", 100, "upload.type"),
        ("question", "a.jpg", "image/jpeg", MB, None),
        ("question", "a.mp4", "video/mp4", MB, "upload.type"),
        ("import", "course.imscc", "", 200 * MB, None),
        ("import", "course.imscc", "application/octet-stream", 200 * MB + 1, "upload.too_large"),
        ("import", "bank.gift", "", 10 * MB, None),
        ("import", "bank.xml", "text/xml", 10 * MB + 1, "upload.too_large"),
        ("import", "a.png", "image/png", 100, "upload.type"),
    ],
)
def test_types_and_sizes_are_taken_by_purpose(purpose: str, name: str, mime: str, size: int, code: str | None) -> None:
    if code is None:
        assert check_type(purpose, name, mime, size)  # type: ignore[arg-type]
        return
    with pytest.raises(AppError) as refused:
        check_type(purpose, name, mime, size)  # type: ignore[arg-type]
    assert refused.value.code == code


def test_one_type_has_one_spelling() -> None:
    assert type_of("x", "IMAGE/JPG; charset=binary") == "image/jpeg"
    assert type_of("Lesson.SRT", "application/octet-stream") == "application/x-subrip"
    assert type_of("x.tar", "") == ""


@pytest.mark.parametrize(
    ("role", "size", "sent_today", "open_count", "code"),
    [
        ("student", MB, 499 * MB, 4, None),
        ("student", MB, 500 * MB, 0, "upload.quota"),
        ("student", MB, 0, 5, "upload.too_many"),
        ("educator", 2048 * MB, 18 * 1024 * MB, 19, None),
        ("educator", 2048 * MB, 19 * 1024 * MB, 0, "upload.quota"),
        ("educator", MB, 0, 20, "upload.too_many"),
    ],
)
def test_a_day_and_the_open_files_have_limits(
    role: str, size: int, sent_today: int, open_count: int, code: str | None
) -> None:
    allowance = allowance_of(actor(role))
    if code is None:
        check_allowance(allowance, size=size, sent_today=sent_today, open_count=open_count)
        return
    with pytest.raises(AppError) as refused:
        check_allowance(allowance, size=size, sent_today=sent_today, open_count=open_count)
    assert (refused.value.code, refused.value.status) == (code, 429)


@pytest.mark.parametrize(("size", "part"), [(1, 1), (256, 1), (257, 2), (1024, 2), (1025, 4), (2048, 4)])
def test_larger_files_have_larger_parts_and_never_more_than_512(size: int, part: int) -> None:
    assert part_bytes_of(size * MB) == part * MB
    assert -(-size // part) <= 512


def test_every_type_that_is_taken_has_a_size() -> None:
    assert set(policy.KINDS.values()) == set(policy.BYTES_MAX)


@pytest.mark.parametrize(
    ("numbers", "text"), [([], ""), ([3], "3"), ([0, 1, 2, 5], "0-2,5"), ([4, 2, 1], "1-2,4"), ([0, 2, 4], "0,2,4")]
)
def test_numbers_of_parts_are_told_as_ranges(numbers: list[int], text: str) -> None:
    assert ranges_of(numbers) == text
    assert numbers_of(text) == set(numbers)
