"""What came, without what it says of itself: no place, no device, no names, no date; pictures and sound as they were.

It is what is kept of films and recordings for later encoders, and what goes into a course's own file and into backups.
"""

import asyncio
from pathlib import Path

from server.media.confined import Limits
from server.media.intake.formats import Format
from server.media.intake.refusals import FileRefused
from server.media.renditions.decoding import MB, run_ffmpeg
from server.media.renditions.film import input_of
from server.media.renditions.probing import Probed, probe

LIMITS_S = (240, 1200)  # Of a core, and of the clock: two gigabytes are only copied.
LOST_MS_MAX = 500

_MUXERS = {
    "mp4": ["-f", "mov"],  # Takes whatever codec its demuxer read, which "mp4" does not.
    "webm": ["-f", "matroska"],
    "m4a": ["-f", "ipod"],
    "weba": ["-f", "matroska"],
    "mp3": ["-f", "mp3", "-id3v2_version", "0", "-write_id3v1", "0"],
    "aac": ["-f", "adts"],
    "ogg": ["-f", "ogg"],
    "wav": ["-f", "wav"],
    "flac": ["-f", "flac"],
}


async def bare(source: Path, *, format_: Format, probed: Probed, folder: Path) -> Path | None:
    """The picture, sound and captions packed anew; None where that is not to be had of this file.

    How a phone was held stays: it is no more than where up is. Cover pictures, chapters and streams of data (a camera's
    track of places) go.
    """
    path = folder / "bare"
    size = (await asyncio.to_thread(source.stat)).st_size
    limits = Limits(cpu_s=LIMITS_S[0], wall_s=LIMITS_S[1], memory_bytes=1536 * MB, output_bytes=size + size // 4 + MB)
    arguments = ["-v", "error", "-y", *input_of(format_.demuxer), *_streams(probed), *_NOTHING_SAID]
    try:
        ran = await run_ffmpeg(
            [*arguments, *_languages(probed), *_MUXERS[format_.name], path.name],
            stdin=source,
            folder=folder,
            limits=limits,
        )
        if not ran.is_well or not path.exists():
            return None
        made = await probe(path, demuxer=format_.demuxer, folder=folder)
    except FileRefused:
        return None
    return path if _is_whole(probed, made) else None


def _streams(probed: Probed) -> list[str]:
    picture = ["-map", "0:V:0"] if probed.has_picture else []
    sound = ["-map", "0:a"] if probed.has_sound else []
    return [*picture, *sound, *(word for found in probed.captions for word in ("-map", f"0:{found.index}"))]


_NOTHING_SAID = (
    *("-c", "copy", "-dn", "-map_metadata", "-1", "-map_metadata:s", "-1", "-map_chapters", "-1"),
    *("-fflags", "+bitexact", "-flags", "+bitexact"),
)


def _languages(probed: Probed) -> list[str]:
    """Of captions: what they are named by."""
    return [
        word
        for number, found in enumerate(probed.captions)
        if found.language
        for word in (f"-metadata:s:s:{number}", f"language={found.language}")
    ]


def _is_whole(was: Probed, now: Probed) -> bool:
    """Whether a later encoder finds all that it would have found."""
    is_same = (was.width, was.height, was.has_sound) == (now.width, now.height, now.has_sound)
    is_long = was.duration_ms is None or (now.duration_ms or 0) >= was.duration_ms - LOST_MS_MAX
    return is_same and is_long and len(was.captions) == len(now.captions)
