"""Films and sound made small by ffmpeg, for phones that have 50 kbit/s and a screen of five inches."""

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from server.media.confined import Limits
from server.media.intake.refusals import (
    Damaged,
    FileRefused,
    FilmTooLarge,
    FilmTooLong,
    FilmWithoutPicture,
    SoundTooLong,
)
from server.media.renditions.decoding import MB, run_ffmpeg
from server.media.renditions.made import Made
from server.media.renditions.probing import STREAMS_MAX, Probed, probe, reading

FILM_MS_MAX = 4 * 3600 * 1000
SOUND_MS_MAX = 10 * 3600 * 1000
SIDES_PX_MAX = (4096, 2304)  # The long and the short one.
RATE_MAX = 120.0
SHAPE_MAX = 5.0  # Long side by short side.

CPU_BASE_S = 120
WALL_S_MAX = 3_400  # A job ends at 3,600.
UNKNOWN_S = 600  # Taken for the length of a film that does not say it (as browsers record them).
USUAL_PIXELS_A_S = 1280 * 720 * 30
CPU_A_USUAL_S = 0.35  # Seconds of a core for a second of 720p, with room for an old core.
BYTES_A_S = 60_000
MEMORY_BYTES, MEMORY_LARGE_BYTES = 1536 * MB, 2560 * MB
LARGE_PIXELS = 1920 * 1088

GUESSED_LENGTHS = frozenset({"mp3", "aac"})  # Have no head that says how long they are; ffmpeg reckons by their rate.
CUT_MS = 2_000  # A rendition may be shorter by this, or by a tenth; what is cut more was cut before it came.
POSTER_AT_S_MAX = 10.0
POSTER_PX = 480
POSTER_LIGHT_MIN, POSTER_SPREAD_MIN = 40.0, 24.0  # Of 16 to 235: less is black, or one colour.
_SEEN = re.compile(rb"lavfi\.signalstats\.(YAVG|YLOW|YHIGH)=([\d.]+)")
X264 = "-c:v libx264 -preset veryfast -pix_fmt yuv420p -level 3.0 -g 150"
AAC = "-c:a aac -ac 1 -ar 44100"


@dataclass(frozen=True, kw_only=True)
class FilmSize:
    """A film rendition. `rate_kbit` caps what moves much; quality alone sets what does not."""

    lines: int
    rate: int  # pictures a second
    crf: int  # x264's quality: 18 fine … 32 coarse
    rate_kbit: int
    sound_kbit: int
    profile: str
    codecs: str


SIZES = {
    "v240": FilmSize(
        lines=240, rate=15, crf=30, rate_kbit=88, sound_kbit=32, profile="baseline", codecs="avc1.42C01E, mp4a.40.2"
    ),
    "v360": FilmSize(
        lines=360, rate=25, crf=28, rate_kbit=300, sound_kbit=48, profile="main", codecs="avc1.4D401E, mp4a.40.2"
    ),
}
SOUNDS = {
    "opus": ("audio/ogg", "opus", "-c:a libopus -b:a 24k -vbr on -ac 1 -ar 48000 -f ogg"),
    "mp3": ("audio/mpeg", "mp3", "-c:a libmp3lame -b:a 40k -ac 1 -ar 24000 -id3v2_version 0 -f mp3"),
}
NAMES = (*SIZES, *SOUNDS)


def refuse_film(probed: Probed) -> None:
    """Raises FilmWithoutPicture, FilmTooLong, FilmTooLarge, Damaged."""
    if not probed.has_picture:
        raise FilmWithoutPicture
    _refuse_streams(probed)
    if (probed.duration_ms or 0) > FILM_MS_MAX:
        raise FilmTooLong(f"The film is {_hours(probed)} hours long; we take four. Cut it into parts.")
    long, short = sorted((probed.width, probed.height), reverse=True)
    size = f"{probed.width} × {probed.height}"
    if long > SIDES_PX_MAX[0] or short > SIDES_PX_MAX[1]:
        raise FilmTooLarge(f"The film's picture has {size} dots; we take 4096 × 2304. Export it smaller.")
    if long > short * SHAPE_MAX:
        raise FilmTooLarge(
            f"The film's picture is {size}: too narrow to be seen on a phone. Export it in another shape."
        )
    if probed.rate > RATE_MAX:
        raise FilmTooLarge(
            f"The film has {probed.rate:.0f} pictures a second; we take {RATE_MAX:.0f}. Export it with 30."
        )


def refuse_sound(probed: Probed) -> None:
    """Raises SoundTooLong, Damaged."""
    if not probed.has_sound:
        raise Damaged("There is no sound in the file.")
    _refuse_streams(probed)
    if (probed.duration_ms or 0) > SOUND_MS_MAX:
        raise SoundTooLong(f"The sound is {_hours(probed)} hours long; we take ten. Cut it into parts.")


def _refuse_streams(probed: Probed) -> None:
    if probed.streams > STREAMS_MAX:
        raise FileRefused(f"The file has {probed.streams} streams; we take {STREAMS_MAX}. Export it with one of each.")


def _hours(probed: Probed) -> str:
    return f"{(probed.duration_ms or 0) / 3_600_000:.1f}"


def wanted_of(kind: str, probed: Probed) -> list[str]:
    """The names of what is made of it, the smallest first."""
    if kind == "audio":
        return ["opus", "mp3"]
    short = min(probed.width, probed.height)
    films = ["v240", "v360"] if short > SIZES["v240"].lines else ["v240"]
    return [*films[:1], *(["opus", "mp3"] if probed.has_sound else []), *films[1:]]


def limits_for(probed: Probed) -> Limits:
    """What its length and its size may cost."""
    length_s = (probed.duration_ms or UNKNOWN_S * 1000) / 1000
    pixels_a_s = probed.width * probed.height * probed.rate
    cpu_s = CPU_BASE_S + length_s * max(1.0, CPU_A_USUAL_S * pixels_a_s / USUAL_PIXELS_A_S)
    is_large = probed.width * probed.height > LARGE_PIXELS
    return Limits(
        cpu_s=round(cpu_s),
        wall_s=min(WALL_S_MAX, round(4 * cpu_s)),
        memory_bytes=MEMORY_LARGE_BYTES if is_large else MEMORY_BYTES,
        output_bytes=round(length_s * BYTES_A_S) + 20 * MB,
    )


async def make(
    name: str, source: Path, *, demuxer: str, probed: Probed, folder: Path, on_ppm: Callable[[int], None]
) -> Made:
    """One rendition of a film or a sound file, in `folder`. `on_ppm` hears how far it is, in millionths.

    Raises Damaged, TooCostly.
    """
    path = folder / f"{name}.{'mp4' if name in SIZES else name}"
    options = film_options(SIZES[name], probed) if name in SIZES else sound_options(name)
    arguments = [*("-v", "error", "-progress", "pipe:1", "-y"), *input_of(demuxer), *options, path.name]
    ran = await run_ffmpeg(
        arguments, stdin=source, folder=folder, limits=limits_for(probed), on_line=_Progress(probed.duration_ms, on_ppm)
    )
    if not ran.is_well or not path.exists() or path.stat().st_size == 0:
        raise Damaged
    result = await probe(path, demuxer={"mp3": "mp3", "opus": "ogg"}.get(name, "mov"), folder=folder)
    is_sound_of_film = name in SOUNDS and probed.has_picture  # May be shorter: somebody spoke for a minute of ten.
    says_length = demuxer not in GUESSED_LENGTHS and not is_sound_of_film
    _refuse_cut(probed.duration_ms if says_length else None, result.duration_ms)
    mime, codecs = ("video/mp4", SIZES[name].codecs) if name in SIZES else SOUNDS[name][:2]
    if name in SIZES and not probed.has_sound:
        codecs = codecs.partition(",")[0]
    return Made(
        name=name,
        path=path,
        mime=mime,
        codecs=codecs,
        width=result.width or None,
        height=result.height or None,
        duration_ms=result.duration_ms,
    )


def input_of(demuxer: str, *, seek_s: float = 0.0) -> list[str]:
    """Standard input, read by this demuxer alone."""
    seek = ["-ss", f"{seek_s:.2f}"] if seek_s else []
    pixels = str(SIDES_PX_MAX[0] * SIDES_PX_MAX[1])
    return [*reading(demuxer), "-threads", "2", "-max_pixels", pixels, *seek, "-fd", "0", "-i", "fd:"]


def film_options(size: FilmSize, probed: Probed) -> list[str]:
    """H.264 and AAC in an MP4 whose head comes first, so that it plays while it is fetched."""
    lines, rate = size.lines, min(size.rate, max(1, round(probed.rate)))
    short = f"trunc(min({lines},min(iw,ih))/2)*2"
    scale = f"scale=w='if(gt(iw,ih),-2,{short})':h='if(gt(iw,ih),{short},-2)':flags=bilinear"
    sound = [*AAC.split(), "-b:a", f"{size.sound_kbit}k", "-map", "0:a:0"] if probed.has_sound else []
    return [
        *("-map", "0:v:0", *sound, *_BARE),
        *("-vf", f"fps={rate},{scale}", *X264.split(), "-profile:v", size.profile, "-crf", str(size.crf)),
        *("-maxrate", f"{size.rate_kbit}k", "-bufsize", f"{2 * size.rate_kbit}k", "-threads", "2"),
        *("-t", str(FILM_MS_MAX // 1000), "-movflags", "+faststart", "-f", "mp4"),
    ]


def sound_options(name: str) -> list[str]:
    """Speech, in one channel."""
    return ["-map", "0:a:0", "-vn", *_BARE, "-t", str(SOUND_MS_MAX // 1000), *SOUNDS[name][2].split()]


_BARE = ("-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact")


def _refuse_cut(source_ms: int | None, made_ms: int | None) -> None:
    if made_ms is None or made_ms == 0:
        raise Damaged("Nothing in the file can be played; export it anew.")
    if source_ms is not None and made_ms < source_ms - max(CUT_MS, source_ms // 10):
        raise Damaged(
            f"The file says it is {source_ms // 1000} seconds long and ends after {made_ms // 1000}; it was cut."
            " Export it anew and send that."
        )


async def make_poster(source: Path, *, demuxer: str, probed: Probed, folder: Path) -> Made:
    """A picture of the film as WebP: the first of a few that shows something, or the one that shows most.

    Raises Damaged, TooCostly.
    """
    tries: list[_Poster] = []
    for number, at_s in enumerate(_poster_times(probed.duration_ms or 0)):
        found = await _poster(source, folder / f"poster{number}.webp", demuxer=demuxer, at_s=at_s)
        if found is not None:
            tries.append(found)
            if found.shows_something:
                return found.made
    if not tries:
        raise Damaged
    return max(tries, key=lambda one: (one.spread, one.light)).made


def _poster_times(duration_ms: int) -> list[float]:
    """Seconds. Films begin and end in black, and with words that are no picture of them."""
    early = min(POSTER_AT_S_MAX, duration_ms / 10_000)
    later = [duration_ms * part / 100_000 for part in (25, 50, 75)] if duration_ms else []
    return [early, *later, 0.0]


@dataclass(frozen=True)
class _Poster:
    made: Made
    light: float  # 16 black … 235 white, on the average.
    spread: float  # From the dark tenth to the light one.

    @property
    def shows_something(self) -> bool:
        return self.light >= POSTER_LIGHT_MIN and self.spread >= POSTER_SPREAD_MIN


async def _poster(source: Path, path: Path, *, demuxer: str, at_s: float) -> _Poster | None:
    """None where there is no picture at that second."""
    scale = f"scale=w='min({POSTER_PX},iw)':h=-2"
    seen = f"format=yuv420p,{scale},signalstats,metadata=mode=print:file=-"
    ran = await run_ffmpeg(
        [
            *("-v", "error", "-y", *input_of(demuxer, seek_s=at_s), "-map", "0:v:0", *_BARE, "-an", "-frames:v", "1"),
            *("-vf", seen, "-c:v", "libwebp", "-quality", "50", "-f", "webp", path.name),
        ],
        stdin=source,
        folder=path.parent,
        limits=Limits(cpu_s=60, wall_s=120, memory_bytes=MEMORY_LARGE_BYTES, output_bytes=5 * MB),
    )
    head = await asyncio.to_thread(_head, path) if ran.is_well else b""
    if not head:
        return None
    said = {name: float(value) for name, value in _SEEN.findall(ran.out)}
    width, height = webp_size(head)
    made = Made(name="thumb", path=path, mime="image/webp", width=width or None, height=height or None)
    return _Poster(made, light=said.get(b"YAVG", 0.0), spread=said.get(b"YHIGH", 0.0) - said.get(b"YLOW", 0.0))


def _head(path: Path) -> bytes:
    with suppress(FileNotFoundError), path.open("rb") as file:
        return file.read(30)
    return b""


def webp_size(head: bytes) -> tuple[int, int]:
    """Width and height of a lossy WebP, from its first 30 bytes; of another 0 (RFC 9649 §2.5)."""
    if head[12:16] != b"VP8 ":
        return 0, 0
    return int.from_bytes(head[26:28], "little") & 0x3FFF, int.from_bytes(head[28:30], "little") & 0x3FFF


async def read_captions(source: Path, *, demuxer: str, probed: Probed, folder: Path) -> list[tuple[str, Path]]:
    """Language and WebVTT file of each stream of text; none where one cannot be read."""
    paths = [(found.language, folder / f"captions{found.index}.vtt") for found in probed.captions]
    if not paths:
        return []
    outputs = [
        word
        for found, (_language, path) in zip(probed.captions, paths, strict=True)
        for word in ("-map", f"0:{found.index}", "-c:s", "webvtt", "-f", "webvtt", path.name)
    ]
    ran = await run_ffmpeg(
        ["-v", "error", "-y", *input_of(demuxer), *outputs], stdin=source, folder=folder, limits=limits_for(probed)
    )
    return [(language, path) for language, path in paths if path.exists()] if ran.is_well else []


class _Progress:
    """Hears ffmpeg's `-progress` lines and tells how far it is."""

    def __init__(self, duration_ms: int | None, on_ppm: Callable[[int], None]) -> None:
        self._duration_ms = duration_ms
        self._on_ppm = on_ppm

    def __call__(self, line: str) -> None:
        key, _, value = line.partition("=")
        if key == "out_time_us" and self._duration_ms and value.strip().isdigit():
            self._on_ppm(min(1_000_000, int(value) * 1_000 // self._duration_ms))
