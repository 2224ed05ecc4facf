"""What a file is, whether it may stay, and what phones get of it at once. Decoders run in confined children only."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from server.base.storage import Storage
from server.media.files import ORIGINAL, RAW, Accepted
from server.media.intake.antivirus import Infected as Found
from server.media.intake.antivirus import scan
from server.media.intake.formats import Format
from server.media.intake.refusals import Damaged, FileRefused, Infected, TooCostly
from server.media.intake.sniffing import HEAD_BYTES, TAIL_BYTES, Sniffed, sniff
from server.media.renditions import film
from server.media.renditions.bare import bare
from server.media.renditions.captions import BYTES_MAX as CAPTIONS_BYTES_MAX
from server.media.renditions.captions import language_in_name, language_of, to_webvtt
from server.media.renditions.decoding import ARCHIVE, PAGES, PAPER, PICTURE, decode
from server.media.renditions.made import Made, as_variant, store
from server.media.renditions.probing import Probed, probe
from server.media.schemas import FileKind, RenditionRow

MB = 1024 * 1024
BYTES_MAX: dict[FileKind, int] = {
    "image": 10 * MB,
    "document": 64 * MB,
    "audio": 50 * MB,
    "video": 2048 * MB,
    "captions": 2 * MB,
    "attachment": 200 * MB,
}
TEXT_BYTES_MAX = 2_000_000
WEBVTT = "text/vtt"


@dataclass(kw_only=True)
class Examined:
    """A file that may stay, with what was made of it so far."""

    kind: FileKind
    mime: str
    is_clean: bool = False  # By the virus scanner; without one nobody knows.
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None
    pages: int | None = None
    pictures: list[Made] = field(default_factory=list)  # WebP by width.
    made: list[Made] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)
    original: Path | None = None  # What is kept of what came: without what it says of itself, where that is to be had.
    is_bare: bool = False
    text: str | None = None


@dataclass(frozen=True)
class _Coming:
    """A file under examination; `folder` is where children write."""

    path: Path
    name: str
    format: Format
    folder: Path
    is_bare: bool  # It was made here, and says nothing of itself.


async def examine(path: Path, *, name: str, claimed: str, folder: Path, clamd: str, is_bare: bool = False) -> Examined:
    """`claimed`: the type that its sender says. `folder` is empty, and the only place that children may write in.

    `is_bare`: an original of our own, which comes back.
    Raises a FileRefused with its reason; Unavailable when the virus scanner is away.
    """
    sniffed = await asyncio.to_thread(_sniff, path, name, claimed)
    size = await asyncio.to_thread(os.path.getsize, path)
    if size > BYTES_MAX[sniffed.kind]:
        raise TooCostly(f"It is {sniffed.format.words} of {size // MB} MB; we take {BYTES_MAX[sniffed.kind] // MB} MB.")
    verdict = await scan(path, clamd=clamd)
    if isinstance(verdict, Found):
        raise Infected(f"The virus scanner found {verdict.name[:100]} in the file; it was not kept.")
    examined = await _BY_KIND[sniffed.kind](_Coming(path, name, sniffed.format, folder, is_bare))
    examined.is_clean = verdict == "clean"
    return examined


async def keep(storage: Storage, examined: Examined, *, sha256: str, size: int, name: str | None) -> Accepted:
    """All that stays of it, in the store: bytes first, rows later. `sha256` and `size`: of what came. Twice is once.

    Raises Unavailable.
    """
    pictures = [as_variant(await store(storage, made)) for made in examined.pictures]
    renditions = [await store(storage, made) for made in examined.made]
    original = await _store_original(storage, examined)
    return Accepted(
        sha256=sha256,
        mime=examined.mime,
        bytes=size,
        kind=examined.kind,
        name=name,
        width=examined.width,
        height=examined.height,
        duration_ms=examined.duration_ms,
        pages=examined.pages,
        scan="clean" if examined.is_clean else "unscanned",
        variants=pictures,
        renditions=renditions,
        pending=examined.pending,
        original=original,
        text=examined.text,
    )


async def _store_original(storage: Storage, examined: Examined) -> RenditionRow | None:
    if examined.original is None:
        return None
    name = ORIGINAL if examined.is_bare else RAW
    return await store(storage, Made(name=name, path=examined.original, mime=examined.mime))


def _sniff(path: Path, name: str, claimed: str) -> Sniffed:
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES))
        return sniff(head, file.read(TAIL_BYTES), name, claimed)


async def _picture(coming: _Coming) -> Examined:
    said = await decode("picture", stdin=coming.path, folder=coming.folder, limits=PICTURE)
    pictures = [
        Made(
            name=one["name"],
            path=coming.folder / Path(one["file"]).name,
            mime="image/webp",
            width=one["width"],
            height=one["height"],
        )
        for one in said["variants"]
    ]
    return Examined(
        kind="image", mime=coming.format.mime, width=said["width"], height=said["height"], pictures=pictures
    )


async def _film(coming: _Coming) -> Examined:
    probed = await probe(coming.path, demuxer=coming.format.demuxer, folder=coming.folder)
    film.refuse_film(probed)
    poster = await film.make_poster(coming.path, demuxer=coming.format.demuxer, probed=probed, folder=coming.folder)
    made = [poster, *await _captions_in(coming, probed)]
    return await _with_original(
        coming,
        probed,
        Examined(
            kind="video",
            mime=coming.format.mime,
            width=probed.width,
            height=probed.height,
            duration_ms=probed.duration_ms,
            made=made,
            pending=film.wanted_of("video", probed),
        ),
    )


async def _with_original(coming: _Coming, probed: Probed, examined: Examined) -> Examined:
    found = (
        None if coming.is_bare else await bare(coming.path, format_=coming.format, probed=probed, folder=coming.folder)
    )
    examined.original, examined.is_bare = found or coming.path, coming.is_bare or found is not None
    return examined


async def _captions_in(coming: _Coming, probed: Probed) -> list[Made]:
    """Streams of text as captions; one that cannot be read is left out, the film stays."""
    found = await film.read_captions(coming.path, demuxer=coming.format.demuxer, probed=probed, folder=coming.folder)
    made: dict[str, Made] = {}
    for said, path in found:
        language = language_of(said)
        try:
            cleaned = to_webvtt(await asyncio.to_thread(_read_text, path))
        except FileRefused:
            continue
        path.write_bytes(cleaned)
        made.setdefault(language, Made(name=f"captions.{language}", path=path, mime=WEBVTT))
    return list(made.values())


def _read_text(path: Path) -> bytes:
    if path.stat().st_size > CAPTIONS_BYTES_MAX:
        raise TooCostly(f"The captions have more than {CAPTIONS_BYTES_MAX // MB} MB.")
    return path.read_bytes()


async def _sound(coming: _Coming) -> Examined:
    probed = await probe(coming.path, demuxer=coming.format.demuxer, folder=coming.folder)
    film.refuse_sound(probed)
    return await _with_original(
        coming,
        probed,
        Examined(
            kind="audio",
            mime=coming.format.mime,
            duration_ms=probed.duration_ms,
            pending=film.wanted_of("audio", probed),
        ),
    )


async def _paper(coming: _Coming) -> Examined:
    """The PDF that phones get is made first, and only that is drawn: pdfium never sees what came."""
    said = await decode("paper", stdin=coming.path, folder=coming.folder, limits=PAPER)
    small = coming.folder / "small.pdf"
    seen = await decode("pages", stdin=small, folder=coming.folder, limits=PAGES)
    thumb = Made(
        name="thumb",
        path=coming.folder / "thumb.webp",
        mime="image/webp",
        width=seen["thumb"]["width"],
        height=seen["thumb"]["height"],
    )
    words = (coming.folder / "text.txt").read_bytes()[:TEXT_BYTES_MAX].decode("utf-8", "ignore")
    return Examined(
        kind="document",
        mime=coming.format.mime,
        pages=said["pages"],
        made=[Made(name="pdf", path=small, mime="application/pdf"), thumb],
        text=words.strip() or None,
    )


async def _captions(coming: _Coming) -> Examined:
    content = to_webvtt(await asyncio.to_thread(_read_text, coming.path))
    path = coming.folder / "captions.vtt"
    path.write_bytes(content)
    name = f"captions.{language_in_name(coming.name)}"
    return Examined(kind="captions", mime=coming.format.mime, made=[Made(name=name, path=path, mime=WEBVTT)])


async def _attachment(coming: _Coming) -> Examined:
    """Kept as it came: it is saved by who asks for it, never shown."""
    if coming.format.name != "text":
        await decode("archive", coming.format.name, stdin=coming.path, folder=coming.folder, limits=ARCHIVE)
    elif coming.path.stat().st_size > TEXT_BYTES_MAX:
        raise Damaged(f"The text has more than {TEXT_BYTES_MAX // 10**6} MB; cut it into parts.")
    return Examined(
        kind="attachment",
        mime=coming.format.mime,
        made=[Made(name="file", path=coming.path, mime=coming.format.mime)],
    )


_BY_KIND: dict[FileKind, Callable[[_Coming], Awaitable[Examined]]] = {
    "image": _picture,
    "video": _film,
    "audio": _sound,
    "document": _paper,
    "captions": _captions,
    "attachment": _attachment,
}
