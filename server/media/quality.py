"""What of a file a phone takes, by the quality that its person chose.

    text    nothing
    audio   the sound of films and recordings, captions, the poster of a film
    low     the smallest picture and film, sound, documents, captions, posters
    normal  pictures by the screen, films of 360 lines, sound, documents, captions, posters

`pwa/src/media/quality.ts` chooses alike: `pwa/test/media/quality.json` holds the two together, and so a price said
before is the price paid.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from server.media.schemas import FileKind, RenditionRow, VariantRow

Quality = Literal["text", "audio", "low", "normal"]
QUALITIES: tuple[Quality, ...] = ("text", "audio", "low", "normal")
Chosen = VariantRow | RenditionRow

COLUMN_PX = 720  # Pictures are never shown wider than the reading column.
RATIO_MAX = 2.0
NORMAL_LINES = 360
_HEARD = frozenset({"video", "audio", "captions"})
_FILM = re.compile(r"v(\d+)")


class Shown(Protocol):
    """A file with what was made of it."""

    @property
    def kind(self) -> FileKind: ...
    @property
    def variants(self) -> Sequence[VariantRow]: ...
    @property
    def renditions(self) -> Sequence[RenditionRow]: ...


@dataclass(frozen=True)
class Phone:
    """What decides on a phone. As it stands: what a download is priced by, for no phone takes larger pictures."""

    width: float = 480  # CSS pixels
    ratio: float = 2.0  # device pixels to one of those
    is_saving: bool = False
    has_opus: bool = True


ANY_PHONE = Phone()


def choose(file: Shown, quality: Quality, phone: Phone = ANY_PHONE) -> list[Chosen]:
    """All that is kept of the file, what it is for first: a film comes with its poster and its captions."""
    if quality == "text":
        return []
    is_low = quality == "low" or phone.is_saving
    one: Chosen | None = None
    if file.kind in _HEARD:
        film = _film(file.renditions, is_low=is_low) if quality != "audio" else None
        one = film or _sound(file, phone)
    elif quality != "audio":
        one = _picture(file.variants, phone, is_low=is_low) if file.kind == "image" else _document(file)
    captions = [text for text in file.renditions if file.kind in _HEARD and text.name.startswith("captions.")]
    return [*captions] if one is None else [one, *_poster(file), *captions]


def _picture(variants: Sequence[VariantRow], phone: Phone, *, is_low: bool) -> VariantRow | None:
    sizes = sorted(variants, key=lambda one: (one.width, one.bytes))
    if is_low or not sizes:
        return sizes[0] if sizes else None
    wanted = min(phone.width, COLUMN_PX) * min(phone.ratio, RATIO_MAX)
    return next((one for one in sizes if one.width >= wanted), sizes[-1])


def _film(renditions: Sequence[RenditionRow], *, is_low: bool) -> RenditionRow | None:
    found = ((_FILM.fullmatch(one.name), one) for one in renditions)
    films = sorted(((int(name[1]), one) for name, one in found if name), key=lambda entry: entry[0])
    if not films:
        return None
    fitting = [one for lines, one in films if lines <= NORMAL_LINES]
    return films[0][1] if is_low or not fitting else fitting[-1]


def _poster(file: Shown) -> list[RenditionRow]:
    """Those of films from before were large JPEGs, which nobody shows."""
    is_film = file.kind == "video"
    return [one for one in file.renditions if is_film and one.name == "thumb" and one.mime == "image/webp"]


def _sound(file: Shown, phone: Phone) -> RenditionRow | None:
    opus, mp3 = _named(file, "opus"), _named(file, "mp3")
    return (opus or mp3) if phone.has_opus else (mp3 or opus)


def _named(file: Shown, name: str) -> RenditionRow | None:
    return next((one for one in file.renditions if one.name == name), None)


def _document(file: Shown) -> RenditionRow | None:
    return _named(file, {"document": "pdf", "package": "package"}.get(file.kind, ""))
