"""What becomes of what people send: a file on phones, or a reason on the sender's row. The worker survives."""

import asyncio
import io
import struct
import zipfile
import zlib
from functools import partial
from pathlib import Path

import pikepdf
import pytest
from PIL import Image
from sqlalchemy import event, text

from server.base.errors import Unavailable
from server.base.work import Work
from server.media.files import ORIGINAL, Accepted, Original, accept_files, original_of
from server.media.intake.antivirus import Infected, scan
from server.media.renditions.probing import probe
from server.media.schemas import VariantRow
from tests.features.media.conftest import OWNER, Post, ffmpeg
from tests.features.media.test_papers import hostile, saved
from tests.support.cartridges import picture

pytestmark = pytest.mark.slow


def photo_with_a_place() -> bytes:
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8825)[2] = (41.0, 18.0, 39.0)
    return picture(900, 600, kind="JPEG", exif=exif)


def png_of(width: int, height: int) -> bytes:
    """A header, and next to nothing behind it."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


def bomb() -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("zeros", bytes(5_000_000))
    return body.getvalue()


def archive_of(*names: str) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as made:
        for name in names:
            made.writestr(name, b"x")
    return body.getvalue()


async def test_a_photo_is_ready_at_once_and_says_nothing_of_where_it_was_taken(post: Post) -> None:
    sent = await post.sent(photo_with_a_place(), "photo.jpg", "image/jpeg")

    assert (sent.state, sent.code, sent.progress_ppm) == ("ready", None, 1_000_000)
    assert sent.file is not None
    assert (sent.file["kind"], sent.file["name"], sent.names) == ("image", "photo.jpg", ["w480", "w960"])
    for name in sent.names:
        body = await post.bytes_of(sent, name)
        assert b"SecretCamera" not in body
        assert not Image.open(io.BytesIO(body)).getexif()


async def test_a_film_becomes_small_films_its_sound_and_its_captions(post: Post, films: Path) -> None:
    sent = await post.sent(films / "film.mp4", "lesson 1.mp4", "video/mp4")

    assert (sent.state, sent.code) == ("ready", None)
    assert sent.file is not None
    assert (sent.file["kind"], sent.file["state"], sent.file["pending"]) == ("video", "ready", [])
    assert (sent.file["width"], sent.file["height"]) == (640, 400)
    assert sent.names == ["captions.en", "mp3", "opus", "thumb", "v240", "v360"]
    assert await post.bytes_of(sent, "captions.en") == b"WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nHello <b>there</b>\n"
    film = await post.bytes_of(sent, "v240")
    assert film.index(b"moov") < film.index(b"mdat")
    assert b"+41.3111" not in film
    row = next(one for one in sent.file["renditions"] if one["name"] == "v240")  # type: ignore[attr-defined]
    assert (row["width"], row["height"], row["mime"]) == (384, 240, "video/mp4")
    assert 1900 <= row["duration_ms"] <= 2200
    thumb = await post.bytes_of(sent, "thumb")
    assert len(thumb) < 30_000
    assert Image.open(io.BytesIO(thumb)).size == (480, 300)


async def test_a_recording_becomes_opus_and_mp3(post: Post, films: Path) -> None:
    sent = await post.sent(films / "sound.m4a", "sound.m4a", "audio/mp4")

    assert (sent.state, sent.names) == ("ready", ["mp3", "opus"])
    assert (await post.bytes_of(sent, "opus")).startswith(b"OggS")


async def test_a_paper_is_disarmed_drawn_and_kept_small(post: Post, work: Work) -> None:
    sent = await post.sent(saved(hostile()).getvalue(), "paper.pdf", "application/pdf")

    assert (sent.state, sent.names) == ("ready", ["pdf", "thumb"])
    assert sent.file is not None
    assert sent.file["pages"] == 1
    with pikepdf.open(io.BytesIO(await post.bytes_of(sent, "pdf"))) as pdf:
        assert "/OpenAction" not in pdf.Root
    async with work.database.transaction() as tx:
        assert await original_of(tx, sent.file["id"]) is None  # type: ignore[arg-type]


async def test_captions_are_times_and_words(post: Post) -> None:
    style = "STYLE\n::cue { background: url(http://evil.example) }"
    said = f"WEBVTT\n\n{style}\n\n1\n00:01.000 --> 00:02.000 line:0\n<i>Salom</i> <script>x</script>\n"

    sent = await post.sent(said.encode(), "lesson.uz.vtt", "text/vtt")

    assert (sent.state, sent.names) == ("ready", ["captions.uz"])
    assert await post.bytes_of(sent, "captions.uz") == b"WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n<i>Salom</i> x\n"


HOSTILE = (
    (b"<html><script>steal()</script></html>", "a.png", "file.active"),
    (b"<svg xmlns='http://www.w3.org/2000/svg'><script>steal()</script></svg>", "a.svg", "file.active"),
    (png_of(50_000, 50_000), "a.png", "image.too_large"),
    (png_of(6_000, 6_000), "a.png", "file.damaged"),
    (picture(300, 300, kind="JPEG")[:400], "a.jpg", "file.damaged"),
    (b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2#EXTM3U\nfile:///etc/passwd\n", "a.mp4", "file.damaged"),
    (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "a.mp4", "file.type_mismatch"),
    (b"%PDF-1.7\nnothing here", "a.pdf", "file.damaged"),
    (bomb(), "a.zip", "archive.bomb"),
    (archive_of("../../etc/cron.d/evil"), "a.zip", "archive.bad_path"),
    (archive_of(*(f"{number}.txt" for number in range(2_001))), "a.zip", "archive.too_many_entries"),
    (archive_of("word/document.xml", "word/vbaProject.bin"), "a.docx", "file.active"),
    (archive_of("word/document.xml")[:-30], "a.docx", "file.damaged"),
    (b"WEBVTT\n\nno captions", "a.vtt", "file.damaged"),
)


async def test_hostile_or_broken_input_leaves_a_reason_each_and_a_worker_that_goes_on(post: Post) -> None:
    uploads = [await post.send(content, name) for content, name, _code in HOSTILE]

    await post.run()

    looked = [await post.look(upload_id) for upload_id in uploads]
    said = [(name, sent.state, sent.code) for (_content, name, _code), sent in zip(HOSTILE, looked, strict=True)]
    assert said == [(name, "refused", code) for _content, name, code in HOSTILE]
    assert all(sent.reason and "Traceback" not in sent.reason and sent.file is None for sent in looked)


async def test_ten_hours_of_8k_are_refused_by_their_head(post: Post, films: Path) -> None:
    sent = await post.sent(films / "wide.mp4", "wide.mp4")

    assert (sent.state, sent.code) == ("refused", "video.too_long")


async def test_a_film_without_a_picture_is_told_to_come_as_sound(post: Post, films: Path) -> None:
    sent = await post.sent(films / "sound.m4a", "film.mp4", "video/mp4")

    assert (sent.state, sent.code) in {("refused", "video.no_picture"), ("refused", "file.type_mismatch")}


async def test_a_film_that_was_cut_says_after_how_many_seconds(post: Post, films: Path, tmp_path: Path) -> None:
    long = tmp_path / "long.mp4"
    source = ("-f", "lavfi", "-i", "testsrc2=size=320x240:rate=10:duration=20")
    ffmpeg(*source, "-c:v", "libx264", "-preset", "ultrafast", "-movflags", "+faststart", str(long))
    body = long.read_bytes()

    sent = await post.sent(body[: len(body) // 3], "long.mp4")

    assert (sent.state, sent.code) == ("refused", "file.damaged")
    assert sent.file is not None
    assert sent.file["state"] == "failed"


async def test_a_film_in_which_somebody_speaks_for_a_second_is_whole(post: Post, tmp_path: Path) -> None:
    quiet = tmp_path / "quiet.mp4"
    film = ("-f", "lavfi", "-i", "testsrc2=size=160x120:rate=5:duration=8", "-f", "lavfi", "-i", "sine=duration=1")
    ffmpeg(*film, "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", str(quiet))

    sent = await post.sent(quiet, "quiet.mp4")

    assert (sent.state, sent.code, sent.names) == ("ready", None, ["mp3", "opus", "thumb", "v240"])


async def test_a_worker_that_dies_between_renditions_makes_nothing_twice(post: Post, films: Path, work: Work) -> None:
    upload_id = await post.send(films / "film.mp4", "film.mp4")
    await post.run(until=lambda kind: kind == "media.make_rendition")
    checked = await post.look(upload_id)
    assert (checked.state, checked.progress_ppm) == ("checking", 100_000)
    assert checked.file is not None
    assert (checked.file["state"], checked.names) == ("processing", ["captions.en", "thumb"])
    async with work.database.transaction() as tx:  # As if it had died after the effects and before the row was gone.
        await tx.db.execute(
            text("insert into base_outbox (kind, payload, weight) select kind, payload, weight from base_outbox")
        )

    ran = await post.run()

    assert ran == ["media.make_rendition"] * 8
    async with work.database.transaction() as tx:
        names = list((await tx.db.execute(text("select name from media_variants order by name"))).scalars())
    assert names == ["captions.en", "mp3", "opus", "original", "thumb", "v240", "v360"]
    assert (await post.look(upload_id)).state == "ready"


async def test_what_came_is_kept_for_later_encoders_and_named_on_no_phone(post: Post, films: Path, work: Work) -> None:
    sent = await post.sent(films / "sound.m4a", "sound.m4a")

    assert sent.file is not None
    async with work.database.transaction() as tx:
        original = await original_of(tx, sent.file["id"])  # type: ignore[arg-type]
    assert isinstance(original, Original)
    assert (original.name, original.mime) == (ORIGINAL, "audio/mp4")
    assert "original" not in sent.names


async def test_what_is_kept_of_a_film_does_not_say_where_it_was_made_and_stands_upright(
    post: Post, films: Path, work: Work, tmp_path: Path
) -> None:
    turned = tmp_path / "turned.mov"
    ffmpeg("-display_rotation:v:0", "90", "-i", str(films / "film.mp4"), "-map", "0", "-c", "copy", str(turned))
    told = turned.read_bytes()
    assert b"+41.3111" in told
    assert b"9999x9999" in told

    upload_id = await post.send(turned, "lesson.mov", "video/quicktime")
    await post.run(until=lambda kind: kind == "media.make_rendition")
    sent = await post.look(upload_id)

    assert sent.file is not None
    async with work.database.transaction() as tx:
        original = await original_of(tx, sent.file["id"])  # type: ignore[arg-type]
    assert original is not None
    kept = b"".join([chunk async for chunk in work.storage.read(original.storage_key)])
    assert (original.name, b"+41.3111" in kept, b"9999x9999" in kept) == (ORIGINAL, False, False)
    assert original.sha256 != sent.file["sha256"]
    (tmp_path / "kept.mp4").write_bytes(kept)
    probed = await probe(tmp_path / "kept.mp4", demuxer="mov", folder=tmp_path)
    assert ([one.language for one in probed.captions], probed.has_sound) == (["eng"], True)
    upright = tmp_path / "upright.png"
    ffmpeg("-i", str(tmp_path / "kept.mp4"), "-frames:v", "1", str(upright))
    with Image.open(upright) as image:
        assert image.size == (400, 640)


async def test_the_poster_of_a_film_that_begins_in_black_is_not_black(post: Post, tmp_path: Path) -> None:
    dark = tmp_path / "dark.mp4"
    film = ("-f", "lavfi", "-i", "testsrc2=size=160x120:rate=5:duration=8", "-vf", "fade=st=2:d=1")
    ffmpeg(*film, "-c:v", "libx264", "-preset", "ultrafast", str(dark))

    upload_id = await post.send(dark, "dark.mp4")
    await post.run(until=lambda kind: kind == "media.make_rendition")
    sent = await post.look(upload_id)

    light = Image.open(io.BytesIO(await post.bytes_of(sent, "thumb"))).convert("L").resize((1, 1)).getpixel((0, 0))
    assert isinstance(light, int)
    assert light > 60


async def test_the_same_file_again_is_the_same_file(post: Post) -> None:
    first = await post.sent(photo_with_a_place(), "photo.jpg")
    second = await post.sent(photo_with_a_place(), "photo.jpg")

    assert first.file is not None
    assert second.file is not None
    assert first.file["id"] == second.file["id"]
    assert second.state == "ready"


async def test_hundreds_of_pictures_become_rows_by_a_few_statements_and_twice_is_once(work: Work) -> None:
    accept = partial(accept_files, owner_id=OWNER, licence="CC BY 4.0", attribution="")
    wanted = [
        Accepted(
            sha256=f"{n:064x}",
            mime="image/png",
            bytes=1,
            kind="image",
            variants=[variant(n, "w480"), variant(n, "w960")],
        )
        for n in range(300)
    ]
    said: list[str] = []

    def hear(*heard: object) -> None:
        said.append(str(heard[2]))

    event.listen(work.database.engine.sync_engine, "before_cursor_execute", hear)
    async with work.database.transaction() as tx:
        first = await accept(tx, [*wanted, wanted[0]])
    async with work.database.transaction() as tx:
        again = await accept(tx, wanted)
        variants = (await tx.db.execute(text("select count(*) from media_variants"))).scalar_one()

    assert [row.id for row in first] == [*(row.id for row in again), first[0].id]
    assert variants == 600
    assert len(said) < 15, said


def variant(n: int, name: str) -> VariantRow:
    return VariantRow(name=name, width=1, height=1, mime="image/webp", bytes=1, sha256=f"{n:062x}{name[1:3]}")


async def test_a_scanner_is_asked_and_its_word_counts(tmp_path: Path) -> None:
    asked: list[bytes] = []
    answers = iter(
        [
            b"stream: OK\0",
            b"stream: Eicar-Test FOUND\0",
            b"INSTREAM size limit exceeded. ERROR\0",
            b"stream: Can't allocate memory ERROR\0",
            b"",
        ]
    )

    async def clamd(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readexactly(10) == b"zINSTREAM\0"
        body = b""
        while length := struct.unpack("!L", await reader.readexactly(4))[0]:
            body += await reader.readexactly(length)
        asked.append(body)
        writer.write(next(answers))
        await writer.drain()
        writer.close()

    path = tmp_path / "file"
    path.write_bytes(b"x" * 100_000)
    server = await asyncio.start_server(clamd, "127.0.0.1", 0)
    async with server:
        address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        said = [await scan(path, clamd=address) for _ in range(3)]
        for _broken in range(2):
            with pytest.raises(Unavailable):
                await scan(path, clamd=address)

    assert said == ["clean", Infected("Eicar-Test"), "unscanned"]
    assert asked == [b"x" * 100_000] * 5
    assert await scan(path, clamd="") == "unscanned"
