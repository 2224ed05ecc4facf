"""What a package is read as: editions, contents, what is lost; and files of people who mean harm."""

import io
import json
import stat
import zipfile
from pathlib import Path

import pytest

from server.base.archive import ArchiveRefused
from server.packages.scorm.errors import PackageRefused
from server.packages.scorm.manifest import walk
from server.packages.scorm.packing import pack
from server.packages.scorm.reading import INDEX, PlannedPackage, read_package
from tests.support.packages import Files, course_2004, item, manifest, quiz_12, resource, zipped


def read(tmp_path: Path, content: bytes) -> PlannedPackage:
    path = tmp_path / "package.zip"
    path.write_bytes(content)
    return read_package(path, name="A file")


def told(planned: PlannedPackage) -> dict[str, str]:
    return {line.item: line.reasons[0].code if line.reasons else line.state for line in planned.items}


def packed(tmp_path: Path, content: bytes) -> tuple[dict[str, object], dict[str, zipfile.ZipInfo]]:
    planned = read(tmp_path, content)
    into = tmp_path / "packed.zip"
    pack(tmp_path / "package.zip", planned, into)
    with zipfile.ZipFile(into) as archive:
        assert archive.testzip() is None
        return json.loads(archive.read(INDEX)), {info.filename: info for info in archive.infolist()}


def test_a_package_of_1_2_keeps_its_address_its_mastery_and_all_its_files(tmp_path: Path) -> None:
    index, entries = packed(tmp_path, zipped(quiz_12()))

    assert index == {
        "format": 1,
        "edition": "1.2",
        "title": "Fire safety",
        "items": [
            {
                "id": "i1",
                "title": "Fire safety",
                "path": "res/index.html",
                "query": "?lang=en",
                "sco": True,
                "mastery": "60",
            }
        ],
    }
    assert set(entries) == {INDEX, *quiz_12()} - {"imsmanifest.xml"}
    assert next(iter(entries)) == INDEX
    assert entries["res/img/a.png"].compress_type == zipfile.ZIP_STORED
    assert entries["res/index.html"].compress_type == zipfile.ZIP_DEFLATED


def test_a_package_of_2004_in_a_folder_says_which_of_its_rules_are_not_followed(tmp_path: Path) -> None:
    planned = read(tmp_path, zipped(course_2004(), folder="Export/"))

    assert planned.manifest.edition == "2004"
    assert [(found.path, found.is_sco) for found in walk(planned.manifest.items)] == [
        ("scos/one/index.html", True),
        (None, False),
        ("scos/two/index.html", True),
        ("scos/a.png", False),
    ]
    assert told(planned) == {"Export/imsmanifest.xml": "package.sequencing", "i1": "ok", "i2": "ok", "i3": "ok"}


def test_equal_packages_become_equal_bytes_whatever_their_order_and_dates(tmp_path: Path) -> None:
    bodies = []
    for files in (quiz_12(), dict(reversed(quiz_12().items()))):
        planned = read(tmp_path, zipped(files))
        pack(tmp_path / "package.zip", planned, tmp_path / "packed.zip")
        bodies.append((tmp_path / "packed.zip").read_bytes())

    assert bodies[0] == bodies[1]


def test_everything_that_does_not_come_along_is_named_with_its_reason(tmp_path: Path) -> None:
    items = item(1, "Here") + item(2, "Gone") + item(3, "Flash") + item(9, "Nothing")
    resources = resource(1, "INDEX.html") + resource(2, "gone.html") + resource(3, "old.swf")
    files: Files = {
        "imsmanifest.xml": manifest(items, resources),
        "index.html": "<frameset><frame src='a.html'></frameset>",
        "old.swf": b"FWS",
        "run.php": "<?php",
        "notes.xsd": "<x/>",
        "Thumbs.db": b"x",
    }

    planned = read(tmp_path, zipped(files))

    assert told(planned) == {
        "imsmanifest.xml": "ok",
        "i1": "package.frames",
        "i2": "item.no_file",
        "i3": "item.kind",
        "i9": "item.no_resource",
        "old.swf": "file.kind",
        "run.php": "file.kind",
    }
    assert [found.path for found in planned.manifest.items] == ["index.html"]


def test_names_that_are_utf_8_and_do_not_say_so_are_read_as_they_were_meant(tmp_path: Path) -> None:
    content = zipped({"imsmanifest.xml": manifest(item(1, "Урок"), resource(1, "%D1%83.html")), "QQ.html": "<p>"})
    planned = read(tmp_path, content.replace(b"QQ.html", "у.html".encode()))

    assert list(planned.files) == ["у.html"]


def test_a_package_without_contents_opens_its_items_in_their_order(tmp_path: Path) -> None:
    bare = manifest("", resource(1, "a.html") + resource(2, "b.html"))

    planned = read(tmp_path, zipped({"imsmanifest.xml": bare, "a.html": "<p>", "b.html": "<p>"}))

    assert [found.title for found in planned.manifest.items] == ["Fire safety 1", "Fire safety 2"]


def test_nobody_lays_a_table_of_contents_of_their_own_before_the_phone(tmp_path: Path) -> None:
    theirs = {INDEX: '{"format": 1, "items": []}', f"res/{INDEX}": "{}"}
    content = zipped(quiz_12() | theirs)

    index, entries = packed(tmp_path, content)

    assert (index["title"], f"res/{INDEX}" in entries) == ("Fire safety", True)
    assert told(read(tmp_path, content))[INDEX] == "file.reserved"


def test_one_name_written_in_two_ways_is_refused(tmp_path: Path) -> None:
    content = zipped({"imsmanifest.xml": GOOD, "a.html": "<p>", "QQ.html": "<p>", "у.html": "<p>"})

    with pytest.raises(ArchiveRefused) as refused:
        read(tmp_path, content.replace(b"QQ.html", "у.html".encode()))
    assert refused.value.code == "archive.duplicate_name"


BOMB = b"\0" * 30_000_000
GOOD = manifest(item(1, "A"), resource(1, "a.html"))
XXE = '<!DOCTYPE m [<!ENTITY e SYSTEM "file:///etc/passwd">]>'


def linked() -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("imsmanifest.xml", GOOD)
        link = zipfile.ZipInfo("a.html")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    return body.getvalue()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"PK\x03\x04 and no more", "archive.not_a_zip"),
        (zipped({"a.html": "<p>"}), "package.no_manifest"),
        (zipped({"imsmanifest.xml": b"\x00\xff"}), "package.bad_manifest"),
        (zipped({"imsmanifest.xml": manifest("", "", head=XXE)}), "package.bad_manifest"),
        (zipped({"imsmanifest.xml": "<html/>"}), "package.bad_manifest"),
        (zipped({"imsmanifest.xml": "<manifest/>"}), "package.not_scorm"),
        (zipped({"imsmanifest.xml": GOOD.replace("ADL SCORM", "IMS Common Cartridge")}), "package.not_scorm"),
        (zipped({"imsmanifest.xml": GOOD}), "package.no_launch"),
        (zipped({"imsmanifest.xml": GOOD.replace("a.html", "../a.html"), "a.html": ""}), "package.no_launch"),
        (zipped({"imsmanifest.xml": GOOD.replace("a.html", "https://a.b/a.html")}), "package.no_launch"),
        (zipped({"x/imsmanifest.xml": GOOD, "y/imsmanifest.xml": GOOD}), "package.bad_manifest"),
        (zipped({"imsmanifest.xml": GOOD, "../a.html": "<p>"}), "archive.unsafe_name"),
        (zipped({"imsmanifest.xml": GOOD, "a.html": BOMB}), "archive.bomb"),
        (zipped({"imsmanifest.xml": GOOD, **{f"{n}.html": "" for n in range(10_001)}}), "archive.too_many_entries"),
        (linked(), "archive.link"),
    ],
)
def test_a_package_that_means_harm_or_is_none_is_refused_with_its_reason(
    tmp_path: Path, content: bytes, code: str
) -> None:
    with pytest.raises((ArchiveRefused, PackageRefused)) as refused:
        read(tmp_path, content)

    assert refused.value.code == code


def test_a_file_that_cannot_be_unpacked_is_left_out_and_said(tmp_path: Path) -> None:
    content = zipped({"imsmanifest.xml": GOOD, "a.html": "<p>", "b.css": "body { color: red }" * 50})
    at = content.index(b"b.css") + len("b.css")
    planned = read(tmp_path, content[:at] + b"\xff\xff\xff" + content[at + 3 :])

    assert told(planned)["b.css"] == "file.broken"
    assert list(planned.files) == ["a.html"]
