"""What is in a film or a sound file, as ffmpeg says it before it decodes anything. There is no ffprobe beside ours.

Lines are ffmpeg 9's (`av_dump_format`). What a file says of itself (titles, comments) comes indented by four and more,
line by line, so that it never reads as one of these.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from server.media.confined import Limits
from server.media.intake.refusals import Damaged
from server.media.renditions.decoding import MB, run_ffmpeg

PROBE = Limits(cpu_s=30, wall_s=60, memory_bytes=1536 * MB, output_bytes=MB)
PROBE_BYTES = "20000000"
STREAMS_MAX = 8
RATE_DEFAULT = 25.0

_DURATION = re.compile(r"^  Duration: (\d+):(\d\d):(\d\d)\.(\d\d)", re.MULTILINE)
_STREAM = re.compile(
    r"^  Stream #0:(\d+)(?:\[0x[0-9a-f]+\])?(?:\((\w{2,8})\))?: (Video|Audio|Subtitle): (.*)$", re.MULTILINE
)
_SIZE = re.compile(r", (\d{1,6})x(\d{1,6})(?=[ ,]|$)")
_RATE = re.compile(r", ([\d.]+)(k?) fps")
TEXT_CODECS = frozenset({"mov_text", "subrip", "srt", "ass", "ssa", "webvtt", "text"})


@dataclass(frozen=True)
class Captions:
    """A stream of text; `index` is its number among all streams."""

    index: int
    language: str  # "eng", or "" where the file does not say.


@dataclass(frozen=True, kw_only=True)
class Probed:
    """A film or a sound file; width and height are 0 where there is no picture."""

    duration_ms: int | None
    streams: int
    width: int = 0
    height: int = 0
    rate: float = RATE_DEFAULT  # Pictures a second.
    has_sound: bool = False
    captions: list[Captions] = field(default_factory=list)

    @property
    def has_picture(self) -> bool:
        return self.width > 0 and self.height > 0


async def probe(path: Path, *, demuxer: str, folder: Path) -> Probed:
    """Read its head, in a child. Raises Damaged for what the named demuxer cannot read, TooCostly."""
    ran = await run_ffmpeg(
        [*reading(demuxer), "-probesize", PROBE_BYTES, "-fd", "0", "-i", "fd:"], stdin=path, folder=folder, limits=PROBE
    )
    said = ran.err.decode("utf-8", "replace")
    if not said.startswith("Input #0") and "\nInput #0" not in said:
        raise Damaged
    return read_probe(said)


def reading(demuxer: str) -> list[str]:
    """What holds whatever is read: no address but the open file, no format but the one that was sniffed."""
    return [
        "-protocol_whitelist",
        "fd",
        "-format_whitelist",
        f"{demuxer},{_ALIASES.get(demuxer, demuxer)}",
        "-f",
        demuxer,
    ]


_ALIASES = {"mov": "mov,mp4,m4a,3gp,3g2,mj2", "matroska": "matroska,webm"}


def read_probe(said: str) -> Probed:
    """Pure: what ffmpeg printed of its input."""
    said = said[: said.index("Output #0")] if "Output #0" in said else said
    found = _DURATION.search(said)
    streams = _STREAM.findall(said)
    pictures = [rest for _index, _language, kind, rest in streams if kind == "Video" and "(attached pic)" not in rest]
    size = _SIZE.search(pictures[0]) if pictures else None
    return Probed(
        duration_ms=_duration_ms(found) if found else None,
        streams=len(streams),
        width=int(size[1]) if size else 0,
        height=int(size[2]) if size else 0,
        rate=_rate(pictures[0]) if pictures else RATE_DEFAULT,
        has_sound=any(kind == "Audio" for _index, _language, kind, _rest in streams),
        captions=[
            Captions(int(index), language)
            for index, language, kind, rest in streams
            if kind == "Subtitle" and re.split(r"[ ,(]", rest, maxsplit=1)[0] in TEXT_CODECS
        ],
    )


def _duration_ms(found: re.Match[str]) -> int:
    hours, minutes, seconds, hundredths = (int(part) for part in found.groups())
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + hundredths * 10


def _rate(rest: str) -> float:
    found = _RATE.search(rest)
    if found is None:
        return RATE_DEFAULT
    return float(found[1]) * (1000 if found[2] else 1) or RATE_DEFAULT
