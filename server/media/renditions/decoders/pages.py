"""PDF as people see it: its text, and its first page as a picture."""

import io
from pathlib import Path
from typing import IO

import pypdfium2

from .refusing import Answer, Refused

TEXT_BYTES_MAX = 2_000_000
THUMB_PX = 640
SCALE_MAX = 4.0
SIDE_MAX = 4_000
TEXT_FILE, THUMB_FILE = "text.txt", "thumb.webp"


def decode(stream: IO[bytes]) -> Answer:
    """Write `text.txt` and `thumb.webp` into the working folder."""
    try:
        pdf = pypdfium2.PdfDocument(stream.read())
        thumb = draw_first(pdf)
        Path(TEXT_FILE).write_bytes(read_text(pdf))
    except pypdfium2.PdfiumError as error:
        raise Refused("file.damaged", "The PDF is damaged; print it to a new PDF and send that.") from error
    return {"text": TEXT_FILE, "thumb": thumb}


def draw_first(pdf: pypdfium2.PdfDocument) -> Answer:
    """The first page, 640 pixels wide."""
    page = pdf[0]
    width, height = page.get_size()
    scale = min(SCALE_MAX, THUMB_PX / max(width, 1.0), SIDE_MAX / max(height, 1.0))
    image = page.render(scale=scale, may_draw_forms=False).to_pil().convert("RGB")
    body = io.BytesIO()
    image.save(body, "WEBP", quality=70)
    Path(THUMB_FILE).write_bytes(body.getvalue())
    return {"file": THUMB_FILE, "width": image.width, "height": image.height}


def read_text(pdf: pypdfium2.PdfDocument) -> bytes:
    """The text layer, page after page, as UTF-8; at most 2 MB of it."""
    text = bytearray()
    for page in pdf:
        words = page.get_textpage().get_text_bounded().replace("\x00", " ")
        text += words.encode("utf-8", "replace") + b"\n"
        if len(text) > TEXT_BYTES_MAX:
            break
    return bytes(text[:TEXT_BYTES_MAX]).decode("utf-8", "ignore").encode()
