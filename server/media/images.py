"""Images made fit for a phone: WebP in two widths, upright, without EXIF, whatever came in.

`prepare_image` decodes where it is called: for pictures of our own making. What people send goes through
`prepare_confined`: a decoder that hostile bytes take over, or that crashes on them, takes nothing with it.
"""

import hashlib
import shutil
import tempfile
from asyncio import to_thread
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server.base.errors import Invalid
from server.media.intake.refusals import FileRefused, PictureUnsupported
from server.media.renditions.decoders import picture
from server.media.renditions.decoders.refusing import Refused
from server.media.renditions.decoding import PICTURE, decode

WIDTHS = picture.WIDTHS
PIXELS_MAX = picture.PIXELS_MAX
SIDE_MAX = picture.SIDE_MAX
BYTES_MAX = 50_000_000
MIME = "image/webp"


class BadImage(Invalid):
    """The file is not an image that we can read."""

    code = "image.unreadable"


class ImageTooLarge(Invalid):
    """The image has more pixels or bytes than we take; make it smaller."""

    code = "image.too_large"


class ImageTypeUnsupported(Invalid):
    """We take JPEG, PNG, WebP, GIF, BMP and TIFF."""

    code = "image.unsupported"


@dataclass(frozen=True)
class Variant:
    name: str  # "w480", "w960"
    width: int
    height: int
    body: bytes
    sha256: str


@dataclass(frozen=True)
class Prepared:
    """An image as it will be kept; `variants` by width, at least one, none wider than the original."""

    sha256: str  # Of the original.
    mime: str  # Of the original, as its bytes say.
    width: int  # Of the original, upright.
    height: int
    bytes: int  # Of the original.
    variants: list[Variant]


def prepare_image(content: bytes) -> Prepared:
    """Decode, turn upright, strip, shrink. Releases the GIL for most of its time.

    Raises BadImage, ImageTooLarge, ImageTypeUnsupported.
    """
    refuse_too_many_bytes(content)
    try:
        mime, image = picture.open_upright(content)
    except Refused as refused:
        raise refusal_of(refused.code, refused.words) from refused
    except MemoryError as error:
        raise ImageTooLarge from error
    return Prepared(
        sha256=picture.digest(content),
        mime=mime,
        width=image.width,
        height=image.height,
        bytes=len(content),
        variants=[
            _variant(name, shrunk.width, shrunk.height, picture.encode(shrunk))
            for name, shrunk in picture.shrink(image)
        ],
    )


async def prepare_confined(content: bytes) -> Prepared:
    """The same in a child that may do nothing else: for bytes that somebody sent.

    Raises BadImage, ImageTooLarge, ImageTypeUnsupported.
    """
    refuse_too_many_bytes(content)
    folder = Path(await to_thread(tempfile.mkdtemp, prefix="spark-picture-"))
    try:
        path, made_in = folder / "picture", folder / "made"
        await to_thread(_lay, path, made_in, content)
        said = await decode("picture", stdin=path, folder=made_in, limits=PICTURE)
        return await to_thread(_read, content, said, made_in)
    except PictureUnsupported as refused:
        raise ImageTypeUnsupported(refused.message) from refused
    except FileRefused as refused:
        raise refusal_of(_CODES.get(refused.code, BadImage.code), refused.message) from refused
    finally:
        await to_thread(shutil.rmtree, folder, ignore_errors=True)


_CODES = {"image.too_large": ImageTooLarge.code, "media.too_costly": ImageTooLarge.code}


def _lay(path: Path, made_in: Path, content: bytes) -> None:
    made_in.mkdir(mode=0o700)
    path.write_bytes(content)


def _read(content: bytes, said: dict[str, Any], made_in: Path) -> Prepared:
    return Prepared(
        sha256=picture.digest(content),
        mime=said["mime"],
        width=said["width"],
        height=said["height"],
        bytes=len(content),
        variants=[
            _variant(one["name"], one["width"], one["height"], (made_in / Path(one["file"]).name).read_bytes())
            for one in said["variants"]
        ],
    )


def refuse_too_many_bytes(content: bytes) -> None:
    if len(content) > BYTES_MAX:
        raise ImageTooLarge(f"The image has {len(content)} bytes; we take {BYTES_MAX}.")


def refusal_of(code: str, words: str) -> Invalid:
    """What a decoder of pictures says, as the product says it."""
    known: dict[str, type[Invalid]] = {kind.code: kind for kind in (BadImage, ImageTooLarge, ImageTypeUnsupported)}
    return known.get(code, BadImage)(words)


def _variant(name: str, width: int, height: int, body: bytes) -> Variant:
    return Variant(name=name, width=width, height=height, body=body, sha256=hashlib.sha256(body).hexdigest())
