"""Captions as WebVTT that holds times and words, and nothing else. Pure."""

import re

from server.media.intake.refusals import Damaged, TooCostly

BYTES_MAX = 2 * 1024 * 1024
CUES_MAX = 20_000
TEXT_LENGTH_MAX = 2_000
UNKNOWN = "und"

_TIME = r"(?:(\d{1,3}):)?([0-5]?\d):([0-5]?\d)[.,](\d{3})"
_CUE = re.compile(rf"^{_TIME}[ \t]+-->[ \t]+{_TIME}")
_TAG = re.compile(r"<(?!/?(?:i|b|u)>)[^<>]*>?")
_LANGUAGES = {"eng": "en", "rus": "ru", "uzb": "uz", "ind": "id", "tgk": "tg", "kaz": "kk", "kir": "ky", "deu": "de"}


def to_webvtt(content: bytes) -> bytes:
    """WebVTT or SubRip as WebVTT: cues with their times; no styles, regions, notes or settings.

    Raises Damaged, TooCostly.
    """
    if len(content) > BYTES_MAX:
        raise TooCostly(f"The captions have more than {BYTES_MAX // 1024 // 1024} MB.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Damaged("The captions are not in UTF-8; save them as UTF-8 and send that.") from None
    cues = [
        cue for block in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").replace("\r", "\n")) if (cue := _cue(block))
    ]
    if not cues:
        raise Damaged("There are no captions in the file.")
    if len(cues) > CUES_MAX:
        raise TooCostly(f"There are more than {CUES_MAX} captions in the file.")
    return ("WEBVTT\n\n" + "\n\n".join(cues) + "\n").encode()


def _cue(block: str) -> str | None:
    lines = block.strip("\n").split("\n")
    at = next((number for number, line in enumerate(lines[:2]) if _CUE.match(line)), None)
    found = _CUE.match(lines[at]) if at is not None else None
    if at is None or found is None:
        return None
    words = "\n".join(_plain(line) for line in lines[at + 1 :] if line.strip())[:TEXT_LENGTH_MAX]
    start, end = found.groups()[:4], found.groups()[4:]
    return f"{_time(*start)} --> {_time(*end)}\n{words}" if words else None


def _plain(line: str) -> str:
    return _TAG.sub("", line).replace("-->", "→")


def _time(hours: str | None, minutes: str, seconds: str, thousandths: str) -> str:
    return f"{int(hours or 0):02d}:{int(minutes):02d}:{int(seconds):02d}.{thousandths}"


def language_of(said: str) -> str:
    """A language as a film or a file's name says it ("rus", "uz"), in two letters where we know them."""
    plain = said.strip().lower()
    if not re.fullmatch(r"[a-z]{2,3}", plain):
        return UNKNOWN
    return _LANGUAGES.get(plain, plain)


def language_in_name(name: str) -> str:
    """`lecture.uz.vtt` → `uz`."""
    parts = name.split(".")
    return language_of(parts[-2]) if len(parts) > 2 else UNKNOWN
