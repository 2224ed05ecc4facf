"""What a file really is: by its first and last bytes, held against its name and what its sender says. Pure."""

import codecs
import re
from dataclasses import dataclass

from server.media.intake.formats import FORMATS, ZIPPED, Format
from server.media.intake.refusals import Active, Damaged, Empty, Polyglot, TypeMismatch
from server.media.schemas import FileKind

HEAD_BYTES = 64 * 1024
TAIL_BYTES = 64 * 1024 + 22  # As far from the end as an archive's directory may begin.

_MARKUP = re.compile(
    rb"\A(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|svg|\?xml|script|head|body|!--|[a-z][\w:-]*[\s>])", re.IGNORECASE
)
_SCRIPT = re.compile(rb"<(?:script|html|svg|iframe|!doctype html|\?php)|\A#!", re.IGNORECASE)
_RECORD_END = b"PK\x05\x06"
_RECORD_ENTRY = b"PK\x01\x02"
_AVIF = frozenset({b"avif", b"avis"})
_PHOTOS = frozenset({b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"heim", b"heis"})
_SOUND = frozenset({b"M4A ", b"M4B "})
_TIMES = re.compile(rb"\d{1,3}:\d\d(?::\d\d)?[.,]\d{3} --> ")
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_TEXT_ENDINGS = FORMATS["text"].endings | FORMATS["vtt"].endings | FORMATS["srt"].endings
_NOT_UTF_8 = "The text is not in UTF-8; save it as UTF-8 and send that."


@dataclass(frozen=True)
class Sniffed:
    """What the bytes say."""

    kind: FileKind
    mime: str
    format: Format


def sniff(head: bytes, tail: bytes, name: str, claimed: str) -> Sniffed:
    """`head` and `tail` are the first and last 64 KB, `claimed` the type that the sender says, or "".

    Raises Empty, Active, TypeMismatch, Polyglot.
    """
    if not head:
        raise Empty
    if _MARKUP.match(head[:1024]):
        raise Active("The file is a web page or a drawing with code in it; send a picture of it (PNG), or a PDF.")
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    if head.startswith(_OLD_OFFICE):
        raise Active(
            "The document is of an old kind that may hold macros; save it as .docx, .pptx or .xlsx, or as PDF."
        )
    found = _of_bytes(head, ending=ending, claimed=claimed)
    if found is None:
        raise TypeMismatch(f"We cannot tell what the file is{_but_named(ending)}; save it anew in a common format.")
    _refuse_other_names(found, ending=ending, claimed=claimed)
    _refuse_two_in_one(found, head, tail)
    return Sniffed(found.kind, found.mime, found)


def _but_named(ending: str) -> str:
    return f", though it is named .{ending[:10]}" if ending else ""


def _of_bytes(head: bytes, *, ending: str, claimed: str) -> Format | None:
    for magic, name in (
        (b"\xff\xd8\xff", "jpeg"),
        (b"\x89PNG\r\n\x1a\n", "png"),
        (b"GIF87a", "gif"),
        (b"GIF89a", "gif"),
        (b"%PDF-", "pdf"),
        (b"OggS", "ogg"),
        (b"fLaC", "flac"),
        (b"ID3", "mp3"),
        (b"PK\x03\x04", _zipped(ending)),
    ):
        if head.startswith(magic):
            return FORMATS[name]
    if head.startswith(b"RIFF"):
        riff = {b"WEBP": "webp", b"WAVE": "wav"}.get(head[8:12])
        return FORMATS[riff] if riff else None
    if head[4:8] == b"ftyp":
        return _of_brand(head[8:12], claimed=claimed)
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return FORMATS["weba" if claimed.startswith("audio/") else "webm"]
    if head.startswith(_UTF_16) and ending in _TEXT_ENDINGS:  # It begins as a frame of sound does.
        raise Damaged(_NOT_UTF_8)
    return _of_frames(head) or _of_text(head, ending=ending)


def _zipped(ending: str) -> str:
    return ending if ending in ZIPPED else "zip"


def _of_brand(brand: bytes, *, claimed: str) -> Format:
    if brand in _AVIF:
        return FORMATS["avif"]
    if brand in _PHOTOS:
        raise TypeMismatch("The file is a HEIC photo, which few phones can show; save it as JPEG and send that.")
    return FORMATS["m4a" if brand in _SOUND or claimed.startswith("audio/") else "mp4"]


def _of_frames(head: bytes) -> Format | None:
    """Sound without a header: frames from the first byte on."""
    if len(head) < 4 or head[0] != 0xFF:
        return None
    if head[1] & 0xF6 == 0xF0:
        return FORMATS["aac"]
    return FORMATS["mp3"] if head[1] & 0xE6 in {0xE2, 0xE4, 0xE6} and head[2] & 0xF0 != 0xF0 else None


def _of_text(head: bytes, *, ending: str) -> Format | None:
    plain = head.removeprefix(codecs.BOM_UTF8)
    if plain.startswith(b"WEBVTT"):
        return FORMATS["vtt"]
    if ending == "srt" and _TIMES.search(plain[:2048]):
        return FORMATS["srt"]
    if ending not in FORMATS["text"].endings or b"\x00" in plain:
        return None
    try:
        # The head of a longer text may end within a letter.
        codecs.getincrementaldecoder("utf-8")().decode(plain, final=len(head) < HEAD_BYTES)
    except UnicodeDecodeError:
        raise Damaged(_NOT_UTF_8) from None
    return FORMATS["text"]


def _refuse_other_names(found: Format, *, ending: str, claimed: str) -> None:
    """A file that is what it does not say it is: somebody will open it with the wrong program."""
    wanted = min(found.endings) if found.name not in found.endings else found.name
    known = {name for each in FORMATS.values() for name in each.endings} | {"html", "htm", "svg", "exe", "js", "apk"}
    if ending in known and ending not in found.endings:
        raise TypeMismatch(f"The file is named .{ending} and is {found.words}; name it .{wanted} and send it again.")
    if claimed not in {"", "application/octet-stream"} and claimed not in found.claims:
        raise TypeMismatch(f"The file was sent as {claimed[:60]} and is {found.words}; send it as what it is.")


def _refuse_two_in_one(found: Format, head: bytes, tail: bytes) -> None:
    """A picture that is also a page or an archive: harmless here, and meant for somebody who opens it otherwise."""
    if found.kind == "attachment":
        if found.name != "text" and b"%PDF-" in head[:1024]:
            raise Polyglot(f"The file is {found.words} and a PDF at once; save it anew from the program that made it.")
        return
    if _is_archive_too(tail, whole_tail=found.name != "pdf"):
        raise Polyglot(f"The file is {found.words} and an archive at once; save it anew from the program that made it.")
    if found.name == "pdf":
        return
    if found.kind != "captions" and (_SCRIPT.search(head) or _SCRIPT.search(tail)):
        raise Polyglot(f"The file is {found.words} and a web page at once; save it anew from the program that made it.")
    if found.name == "gif" and head[6:8] == b"/*":
        raise Polyglot("The file is a GIF picture and a script at once; save it anew from the program that made it.")
    if found.kind == "image" and b"%PDF-" in head[:1024]:
        raise Polyglot(f"The file is {found.words} and a PDF at once; save it anew from the program that made it.")


def _is_archive_too(tail: bytes, *, whole_tail: bool) -> bool:
    """Whether an archive's directory ends the file; with `whole_tail` also when something follows it.

    A PDF may well have an archive attached, which is taken out later: there only one that ends the file counts.
    """
    at = tail.rfind(_RECORD_END)
    if at < 0 or len(tail) < at + 22:
        return False
    comment = int.from_bytes(tail[at + 20 : at + 22], "little")
    ends_here = at + 22 + comment == len(tail)
    return ends_here or (whole_tail and tail.find(_RECORD_ENTRY) >= 0)
