"""Files made to do harm, and files that are none of ours: refused whole, by a name, before anything is written."""

import io
import stat
import struct
import time
import zipfile
from pathlib import Path

import pytest

from server.base.archive import Limits, TooLargeUnpacked, is_unsafe, open_archive
from server.base.errors import Invalid
from server.catalog.cartridge import read_cartridge
from tests.support.cartridges import cartridge, manifest, page, zipped

GOOD_PAGE = {"a.html": page("<p>x</p>")}


def refusal(tmp_path: Path, content: bytes) -> str:
    path = tmp_path / "file.imscc"
    path.write_bytes(content)
    with pytest.raises(Invalid) as refused:
        read_cartridge(path)
    return refused.value.code


def with_entry(name: str, *, mode: int = stat.S_IFREG | 0o644, content: bytes = b"x") -> bytes:
    body = io.BytesIO(cartridge(dict(GOOD_PAGE)))
    with zipfile.ZipFile(body, "a") as opened:
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        opened.writestr(info, content)
    return body.getvalue()


def renamed(name: bytes) -> bytes:
    """A cartridge with an entry whose raw name zipfile would not write."""
    content = with_entry("q" * len(name))
    return content.replace(b"q" * len(name), name)


@pytest.mark.parametrize(
    "name",
    ["../evil.html", "a/../../evil", "/etc/passwd", "C:/windows", "~root/x", "a/b\x01c", "a" * 500],
    ids=["up", "up within", "absolute", "drive", "home", "control", "long"],
)
def test_a_name_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    assert refusal(tmp_path, with_entry(name)) == "archive.unsafe_name"


@pytest.mark.parametrize("name", [b"..\\..\\evil", b"ok.html\x00../.."], ids=["backslashes", "a zero byte"])
def test_a_name_that_only_some_systems_read_as_a_way_out_is_refused(tmp_path: Path, name: bytes) -> None:
    assert refusal(tmp_path, renamed(name)) == "archive.unsafe_name"


@pytest.mark.parametrize("name", ["a.html", "web_resources/Ünï ёж 图.png", "..a/b..", "a/b:c"])
def test_an_honest_name_is_taken(name: str) -> None:
    assert not is_unsafe(name)


@pytest.mark.parametrize(
    "mode", [stat.S_IFLNK | 0o777, stat.S_IFCHR | 0o600, stat.S_IFIFO | 0o600], ids=["symlink", "device", "pipe"]
)
def test_links_and_devices_are_refused(tmp_path: Path, mode: int) -> None:
    assert refusal(tmp_path, with_entry("link", mode=mode, content=b"/etc/passwd")) == "archive.link"


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    bomb = cartridge(dict(GOOD_PAGE), {"bomb.html": b"\0" * 20_000_000})

    assert refusal(tmp_path, bomb) == "archive.bomb"


def test_a_hundred_thousand_files_are_refused_without_reading_their_names(tmp_path: Path) -> None:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as opened:
        for number in range(20_000):
            opened.writestr(f"{number}", b"")
    content = bytearray(body.getvalue())
    end = content.rfind(b"PK\x05\x06")
    struct.pack_into("<HH", content, end + 8, 9, 9)  # The count lies; the size of the directory does not.

    started = time.process_time()
    code = refusal(tmp_path, bytes(content))

    assert code == "archive.too_many_entries"
    assert time.process_time() - started < 5  # Of the processor: a busy machine says nothing.


def test_zip64_is_refused(tmp_path: Path) -> None:
    content = cartridge(dict(GOOD_PAGE))
    end = content.rfind(b"PK\x05\x06")
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, 0, 1)

    assert refusal(tmp_path, content[:end] + locator + content[end:]) == "archive.too_many_entries"


def test_more_bytes_than_we_take_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "file.imscc"
    path.write_bytes(cartridge(dict(GOOD_PAGE), {"x.bin": b"x" * 2_000}))

    with pytest.raises(TooLargeUnpacked), open_archive(path, Limits(unpacked_bytes=1_000)):
        pass


def test_a_locked_zip_is_refused(tmp_path: Path) -> None:
    content = bytearray(cartridge(dict(GOOD_PAGE)))
    directory = content.find(b"PK\x01\x02")
    content[directory + 8] |= 1

    assert refusal(tmp_path, bytes(content)) == "archive.encrypted"


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, renamed(b"a.html")) == "archive.duplicate_name"


def test_contents_that_name_one_large_quiz_often_hold_it_as_often_as_fits_and_tell_each_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.catalog.cartridge.plan.QUIZZES_BYTES_MAX", 2_500)
    kind = "imsqti_xmlv1p2/imscc_xmlv1p3/assessment"
    items = '<item identifier="q" identifierref="r-q"><title>Q</title></item>' * 4
    resource = f'<resource identifier="r-q" type="{kind}"><file href="q.xml"/></resource>'
    told = manifest(["a.html"], extra_items=items, extra_resources=resource)
    path = tmp_path / "file.imscc"
    path.write_bytes(cartridge(dict(GOOD_PAGE), {"q.xml": b"x" * 1_000}, manifest_text=told))

    plan = read_cartridge(path)

    assert [quiz.item for section in plan.sections for quiz in section.quizzes] == ["q", "q (2)"], "none is lost"
    said = {found.item: found.reasons[0].code for found in plan.items if found.reasons}
    assert said == {"q (3)": "quiz.too_much", "q (4)": "quiz.too_much"}


def test_odd_compression_is_refused(tmp_path: Path) -> None:
    entries = {"imsmanifest.xml": manifest(["a.html"]).encode(), "a.html": page("<p>x</p>").encode()}

    assert refusal(tmp_path, zipped(entries, compression=zipfile.ZIP_LZMA)) == "archive.compression"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "archive.not_a_zip"),
        (b"%PDF-1.7 not a zip at all", "archive.not_a_zip"),
        (cartridge(dict(GOOD_PAGE))[:-30], "archive.not_a_zip"),
        (zipped({"readme.txt": b"hello"}), "cartridge.no_manifest"),
        (cartridge(dict(GOOD_PAGE), version="0.9.0"), "cartridge.version"),
        (cartridge(dict(GOOD_PAGE), version="SCORM 2004"), "cartridge.version"),
        (cartridge(dict(GOOD_PAGE), manifest_text="<manifest>"), "cartridge.bad_manifest"),
        (cartridge(dict(GOOD_PAGE), manifest_text="<html/>"), "cartridge.bad_manifest"),
        (cartridge({"a.html": ""}), "cartridge.nothing_inside"),
    ],
    ids=["empty", "pdf", "cut off", "no manifest", "too old", "another kind", "broken", "not a manifest", "no page"],
)
def test_what_is_no_cartridge_is_refused_by_its_reason(tmp_path: Path, content: bytes, code: str) -> None:
    assert refusal(tmp_path, content) == code


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE manifest [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE m [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE manifest SYSTEM "http://attacker.example/x.dtd">',
    ],
    ids=["a file of ours", "a billion laughs", "a file of theirs"],
)
def test_entities_in_the_manifest_are_refused(tmp_path: Path, doctype: str) -> None:
    text = manifest(["a.html"]).replace("?>", f"?>{doctype}", 1)

    assert refusal(tmp_path, cartridge(dict(GOOD_PAGE), manifest_text=text)) == "cartridge.bad_manifest"


def test_a_broken_page_inside_a_good_zip_costs_the_page_alone(tmp_path: Path) -> None:
    content = bytearray(cartridge({**GOOD_PAGE, "b.html": page("<p>" + "unlike " * 200 + "</p>")}))
    at = content.find(b"b.html") + len("b.html")
    content[at + 5 : at + 15] = b"\xff" * 10
    path = tmp_path / "file.imscc"
    path.write_bytes(bytes(content))

    plan = read_cartridge(path)

    assert [(found.item, found.state) for found in plan.items] == [("i1", "ok"), ("i2", "failed")]
    assert plan.items[1].reasons[0].code == "file.broken"
