"""What a file is, is what its bytes say; who says otherwise is told."""

import io
import zipfile

import pytest

from server.media.intake.refusals import FileRefused
from server.media.intake.sniffing import HEAD_BYTES, TAIL_BYTES, sniff
from tests.support.cartridges import picture

JPEG = picture(60, 40, kind="JPEG")
PNG = picture(60, 40)
GIF = picture(60, 40, kind="GIF")
PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF\n"
MP4 = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + b"\x00" * 200


def archive(name: str = "page.html", content: bytes = b"hello") -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr(name, content)
    return body.getvalue()


def sniffed(content: bytes, name: str, claimed: str = "") -> tuple[str, str]:
    found = sniff(content[:HEAD_BYTES], content[-TAIL_BYTES:], name, claimed)
    return found.kind, found.mime


@pytest.mark.parametrize(
    ("content", "name", "claimed", "expected"),
    [
        (JPEG, "photo.jpg", "image/jpeg", ("image", "image/jpeg")),
        (JPEG, "IMG_0001.JPEG", "", ("image", "image/jpeg")),
        (JPEG, "photo", "application/octet-stream", ("image", "image/jpeg")),
        (PNG, "a.png", "image/png", ("image", "image/png")),
        (picture(60, 40, kind="WEBP"), "a.webp", "", ("image", "image/webp")),
        (MP4, "lesson.mp4", "video/mp4", ("video", "video/mp4")),
        (MP4, "lesson.mov", "video/quicktime", ("video", "video/mp4")),
        (MP4, "voice.m4a", "audio/mp4", ("audio", "audio/mp4")),
        (b"\x1a\x45\xdf\xa3" + bytes(50), "a.webm", "video/webm", ("video", "video/webm")),
        (b"\x1a\x45\xdf\xa3" + bytes(50), "a.webm", "audio/webm", ("audio", "audio/webm")),
        (b"OggS" + bytes(50), "a.opus", "audio/opus", ("audio", "audio/ogg")),
        (b"ID3\x04" + bytes(50), "a.mp3", "audio/mpeg", ("audio", "audio/mpeg")),
        (b"\xff\xfb\x90\x00" + bytes(50), "a.mp3", "", ("audio", "audio/mpeg")),
        (b"\xff\xf1\x50\x80" + bytes(50), "a.aac", "audio/aac", ("audio", "audio/aac")),
        (PDF, "paper.pdf", "application/pdf", ("document", "application/pdf")),
        (b"WEBVTT\n\n", "a.uz.vtt", "text/vtt", ("captions", "text/vtt")),
        (b"1\n00:00:01,000 --> 00:00:02,000\nx\n", "a.srt", "", ("captions", "application/x-subrip")),
        (archive(), "all.zip", "application/zip", ("attachment", "application/zip")),
    ],
)
def test_a_file_that_is_what_it_says_is_known(
    content: bytes, name: str, claimed: str, expected: tuple[str, str]
) -> None:
    assert sniffed(content, name, claimed) == expected


@pytest.mark.parametrize(
    ("content", "name", "claimed", "code"),
    [
        (b"", "a.png", "", "file.empty"),
        (b"<!DOCTYPE html><script>steal()</script>", "a.png", "image/png", "file.active"),
        (b"\xef\xbb\xbf \n<html>", "a.txt", "", "file.active"),
        (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "a.svg", "", "file.active"),
        (b"<svg onload='steal()'/>", "a.png", "image/png", "file.active"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "a.doc", "application/msword", "file.active"),
        (JPEG, "a.png", "", "file.type_mismatch"),
        (JPEG, "a.jpg", "application/pdf", "file.type_mismatch"),
        (PDF, "a.mp4", "video/mp4", "file.type_mismatch"),
        (b"#EXTM3U\nfile:///etc/passwd\n", "a.mp4", "video/mp4", "file.type_mismatch"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "a.m4a", "audio/mp4", "file.type_mismatch"),
        (b"MZ\x90\x00" + bytes(100), "game.exe", "", "file.type_mismatch"),
        (b"\x00\x00\x00\x18ftypheic" + bytes(50), "a.jpg", "image/jpeg", "file.type_mismatch"),
        (JPEG[:20] + b"<html><script>steal()</script></html>" + JPEG[20:], "a.jpg", "", "file.polyglot"),
        (GIF + b"<script>steal()</script>", "a.gif", "", "file.polyglot"),
        (b"GIF89a/*" + GIF[8:] + b"*/=1;steal()", "a.gif", "", "file.polyglot"),
        (JPEG + archive(), "a.jpg", "", "file.polyglot"),
        (JPEG + archive() + b"and a little more", "a.jpg", "", "file.polyglot"),
        (PDF + archive(), "a.pdf", "", "file.polyglot"),
        (JPEG[:20] + PDF + JPEG[20:], "a.jpg", "", "file.polyglot"),
        (MP4 + archive(), "a.mp4", "", "file.polyglot"),
        (archive("%PDF-1.7", b""), "a.zip", "", "file.polyglot"),
    ],
)
def test_a_file_that_is_something_else_is_refused_with_its_reason(
    content: bytes, name: str, claimed: str, code: str
) -> None:
    with pytest.raises(FileRefused) as refused:
        sniffed(content, name, claimed)

    assert refused.value.code == code
    assert refused.value.message.endswith((".", "!"))


@pytest.mark.parametrize("words", ["Привет\n", "Oʻzbekiston…", "x" * (HEAD_BYTES - 1) + "Привет"])
def test_a_text_is_a_text_wherever_its_letters_of_several_bytes_end(words: str) -> None:
    for name in ("notes.txt", "notes.md"):
        assert sniffed(words.encode(), name, "text/plain") == ("attachment", "text/plain")


@pytest.mark.parametrize("name", ["notes.txt", "a.ru.srt", "a.vtt"])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_text_in_utf_16_is_told_so_and_never_taken_for_sound(name: str, encoding: str) -> None:
    with pytest.raises(FileRefused) as refused:
        sniffed("\ufeff1\n00:00:01,000 --> 00:00:02,000\nПривет\n".encode(encoding), name)

    assert (refused.value.code, "UTF-8" in refused.value.message) == ("file.damaged", True)


def test_an_archive_attached_to_a_pdf_is_no_second_file() -> None:
    assert sniffed(PDF.replace(b"%%EOF", archive() + b"\nendstream\nendobj\n%%EOF"), "a.pdf")[0] == "document"
