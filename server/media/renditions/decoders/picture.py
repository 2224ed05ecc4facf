"""Pictures: WebP in two widths, upright, without EXIF, whatever came in."""

import hashlib
import io
import warnings
from pathlib import Path
from typing import IO

from PIL import Image, ImageOps, UnidentifiedImageError

from .refusing import Answer, Refused

WIDTHS = (480, 960)
PIXELS_MAX = 40_000_000
SIDE_MAX = 20_000
WEBP_QUALITY = 80
WEBP_METHOD = 4  # Of WebP's 0 (fast) … 6 (small); 4 costs a sixth less time than 6 and 1 % more bytes.

TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "BMP": "image/bmp",
    "TIFF": "image/tiff",
}
TYPES_CONFINED = TYPES | {"AVIF": "image/avif"}  # Its decoder is large and young: never outside a child.


def decode(stream: IO[bytes]) -> Answer:
    """Write `w480.webp` and `w960.webp` (or one, of a small picture) into the working folder; say what they are."""
    mime, image = open_upright(stream.read(), types=TYPES_CONFINED)
    made = []
    for name, shrunk in shrink(image):
        path = Path(f"{name}.webp")
        path.write_bytes(encode(shrunk))
        made.append({"name": name, "file": path.name, "width": shrunk.width, "height": shrunk.height})
    return {"mime": mime, "width": image.width, "height": image.height, "variants": made}


def open_upright(content: bytes, *, types: dict[str, str] = TYPES) -> tuple[str, Image.Image]:
    """Type as the bytes say, and the first frame as RGB or RGBA; its size is looked at first. Raises Refused."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of odd EXIF and of many pixels; we look at both ourselves.
        with _opened(content, types) as opened:
            mime = types[str(opened.format)]
            try:
                return mime, ImageOps.exif_transpose(_decoded(opened))
            except Image.DecompressionBombError as error:
                raise Refused("image.too_large", "The image unpacks to more than we take.") from error
            except (OSError, ValueError, SyntaxError, EOFError, IndexError, TypeError, KeyError) as error:
                raise Refused("image.unreadable", f"The image is damaged: {error}.") from error


def _opened(content: bytes, types: dict[str, str]) -> Image.Image:
    try:
        opened = Image.open(io.BytesIO(content), formats=list(types))
    except UnidentifiedImageError as error:
        raise Refused("image.unsupported", "We take JPEG, PNG, WebP, GIF, BMP and TIFF.") from error
    except Image.DecompressionBombError as error:
        raise Refused("image.too_large", "The image unpacks to more than we take.") from error
    except (OSError, ValueError, SyntaxError, TypeError, KeyError, IndexError) as error:
        raise Refused("image.unreadable", "The file is not an image that we can read.") from error
    if opened.width * opened.height > PIXELS_MAX or max(opened.size) > SIDE_MAX:
        pixels = f"{opened.width} × {opened.height}"
        raise Refused("image.too_large", f"The image has {pixels} pixels; we take {PIXELS_MAX // 1_000_000} million.")
    return opened


def _decoded(image: Image.Image) -> Image.Image:
    image.load()
    see_through = image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info
    return image.convert("RGBA" if see_through else "RGB")


def shrink(image: Image.Image) -> list[tuple[str, Image.Image]]:
    """Name and picture of each width, the smallest first; never wider than the original, which a small one keeps."""
    smaller = [wanted for wanted in WIDTHS if wanted < image.width]
    widths = smaller if len(smaller) == len(WIDTHS) else [*smaller, image.width]
    return [(_name(width), _resized(image, width)) for width in widths]


def _name(width: int) -> str:
    return f"w{next((wanted for wanted in WIDTHS if width <= wanted), max(WIDTHS))}"


def _resized(image: Image.Image, width: int) -> Image.Image:
    height = max(1, round(image.height * width / image.width))
    return image if width == image.width else image.resize((width, height), Image.Resampling.LANCZOS)


def encode(image: Image.Image) -> bytes:
    """WebP, without anything that is not a pixel."""
    body = io.BytesIO()
    image.save(body, "WEBP", quality=WEBP_QUALITY, method=WEBP_METHOD, exif=b"", icc_profile=b"", xmp=b"")
    return body.getvalue()


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
