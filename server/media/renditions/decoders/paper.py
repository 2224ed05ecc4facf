"""PDF: nothing in it runs, attaches or phones home; its pictures are small. Everything else stays as it was."""

import io
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pikepdf
from PIL import Image

from .refusing import Answer, Refused

PAGES_MAX = 1_000
OBJECTS_MAX = 200_000
DEPTH_MAX = 40
OUTPUT = "small.pdf"

# What a reader of PDF could be made to do (PDF 32000-1 §12.6.4); what is left shows something or turns a page.
ACTIONS_REMOVED = frozenset(
    {"/JavaScript", "/Launch", "/SubmitForm", "/ResetForm", "/ImportData", "/GoToR", "/GoToE", "/Rendition", "/Movie"}
    | {"/Sound", "/RichMediaExecute", "/Hide"}
)
KEYS_SAYING = ("/Metadata", "/PieceInfo")  # Who made a page or a picture, with what, where.
LINKS_KEPT = ("http://", "https://", "mailto:")
ANNOTATIONS_REMOVED = frozenset(
    {"/FileAttachment", "/RichMedia", "/Screen", "/Movie", "/Sound", "/3D", "/Redact", "/TrapNet", "/PrinterMark"}
)
KEYS_REMOVED = ("/OpenAction", "/AA", "/JS", "/JavaScript", "/EmbeddedFiles", "/XFA", "/RichMediaContent", "/EF")
ROOT_KEYS_REMOVED = ("/Collection", "/AF", "/Metadata", "/PieceInfo", "/Perms", "/Legal", "/Threads", "/Extensions")

SIDES_PX = (1754, 1403)  # The long side of A4 at 150 and at 120 dots an inch: read well on a phone at full zoom.
QUALITIES = ((60, 45, 32), (45, 30, 22))
BITS_A_PIXEL = 0.85  # What a picture may cost before it is made coarser: an A4 page of text then has about 230 KB.
PIXELS_MAX = 80_000_000  # A picture of more is left out of the shrinking; the phone's reader may refuse it.
WORTH = 0.8  # A smaller picture is taken from this part of its bytes on.
SMALL_BYTES = 20_000
JPEG_SCAN = 0xDA
JPEG_WORDS = frozenset({0xE1, *range(0xE3, 0xEE), 0xEF, 0xFE})  # Not JFIF, ICC and Adobe, which say how colours are.


def decode(stream: BinaryIO) -> Answer:
    """Write `small.pdf` into the working folder; say how many pages it has."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Of forms and of colours; nobody reads them here.
        return _decode(stream)


def _decode(stream: BinaryIO) -> Answer:
    with _opened(stream) as pdf:
        pages = len(pdf.pages)
        if pages > PAGES_MAX:
            raise Refused("pdf.too_many_pages", f"The PDF has {pages} pages; we take {PAGES_MAX}. Make several of it.")
        if pages == 0:
            raise Refused("file.damaged", "The PDF has no page.")
        if len(pdf.objects) > OBJECTS_MAX:
            raise Refused("media.too_costly", f"The PDF has more than {OBJECTS_MAX} parts; print it to a new PDF.")
        try:
            removed = disarm(pdf)
            shrunk = shrink_pictures(pdf)
            strip_pictures(pdf)
            pdf.remove_unreferenced_resources()
            pdf.save(OUTPUT, object_stream_mode=pikepdf.ObjectStreamMode.generate, linearize=True, encryption=False)
        except (pikepdf.PdfError, RuntimeError, ValueError, RecursionError) as error:
            raise Refused("file.damaged", "The PDF is damaged; print it to a new PDF and send that.") from error
    return {"file": OUTPUT, "pages": pages, "bytes": Path(OUTPUT).stat().st_size, "removed": removed, "shrunk": shrunk}


def _opened(stream: BinaryIO) -> pikepdf.Pdf:
    try:
        return pikepdf.open(stream, suppress_warnings=True)
    except pikepdf.PasswordError as error:
        raise Refused(
            "pdf.encrypted", "The PDF is locked with a password; save it without one and send that."
        ) from error
    except (pikepdf.PdfError, RuntimeError, ValueError) as error:
        raise Refused("file.damaged", "The PDF is damaged; print it to a new PDF and send that.") from error


def disarm(pdf: pikepdf.Pdf) -> int:
    """Take out what runs, attaches or calls; how many things those were."""
    removed = _without(pdf.Root, ROOT_KEYS_REMOVED)
    if "/Info" in pdf.trailer:
        del pdf.trailer["/Info"]
    for value in pdf.objects:
        for part in _dictionaries(value, depth=0):
            removed += _disarm_dictionary(part)
    return removed


def _dictionaries(value: Any, *, depth: int) -> Iterator[Any]:  # Any: pikepdf's objects have no common type
    """The dictionaries that lie directly in an object; what is only referred to comes by itself."""
    if depth > DEPTH_MAX:
        raise Refused("file.damaged", "The PDF is nested deeper than any we know; print it to a new PDF.")
    if isinstance(value, pikepdf.Array):
        children = [child for child in value if _is_direct(child)]
    elif isinstance(value, pikepdf.Dictionary | pikepdf.Stream):
        yield value
        children = [child for _key, child in value.items() if _is_direct(child)]
    else:
        return
    for child in children:
        yield from _dictionaries(child, depth=depth + 1)


def _is_direct(value: Any) -> bool:
    return isinstance(value, pikepdf.Array | pikepdf.Dictionary) and not value.is_indirect


def _disarm_dictionary(value: Any) -> int:
    removed = _without(value, KEYS_REMOVED)
    _without(value, KEYS_SAYING)
    if is_harmful(value):
        for key in list(value.keys()):
            del value[key]
        removed += 1
    if "/Annots" in value:
        removed += _without_annotations(value)
    return removed


def is_harmful(value: Any) -> bool:
    """Whether it is an action that does more than turn a page or open an address of the web."""
    kind = str(value.get("/S", ""))
    if kind == "/URI":
        return not str(value.get("/URI", "")).strip().lower().startswith(LINKS_KEPT)
    return kind in ACTIONS_REMOVED


def _without(value: Any, keys: tuple[str, ...]) -> int:
    found = [key for key in keys if key in value]
    for key in found:
        del value[key]
    return len(found)


def _without_annotations(page: Any) -> int:
    annotations = page["/Annots"]
    if not isinstance(annotations, pikepdf.Array):
        del page["/Annots"]
        return 1
    kept = [
        annotation
        for annotation in annotations
        if isinstance(annotation, pikepdf.Dictionary) and str(annotation.get("/Subtype", "")) not in ANNOTATIONS_REMOVED
    ]
    removed = len(annotations) - len(kept)
    if removed:
        page["/Annots"] = pikepdf.Array(kept)
    return removed


def shrink_pictures(pdf: pikepdf.Pdf) -> int:
    """Make large pictures fit for a phone's screen; how many those were. One that we cannot read stays as it is."""
    shrunk = 0
    for value in pdf.objects:
        if isinstance(value, pikepdf.Stream) and value.get("/Subtype") == pikepdf.Name.Image and _may_shrink(value):
            shrunk += _shrink(value)
    return shrunk


def _may_shrink(value: Any) -> bool:
    width, height = int(value.get("/Width", 0)), int(value.get("/Height", 0))
    return (
        int(value.get("/Length", 0)) > SMALL_BYTES
        and 0 < width * height <= PIXELS_MAX
        and int(value.get("/BitsPerComponent", 8)) == 8  # Of one bit: a fax page, small already.
        and not any(key in value for key in ("/ImageMask", "/Mask", "/Decode"))
        and _colours(value) in {"/DeviceRGB", "/DeviceGray", "/ICCBased", "/CalRGB", "/CalGray", "/Indexed"}
    )


def _colours(value: Any) -> str:
    space = value.get("/ColorSpace")
    return str(space[0] if isinstance(space, pikepdf.Array) and len(space) else space)


def _shrink(value: Any) -> int:
    try:
        image = pikepdf.PdfImage(value).as_pil_image()
        if image.mode not in {"RGB", "L"}:
            if image.mode == "CMYK":  # Inverted or not: only the program that made it knows.
                return 0
            image = image.convert("RGB")
    except (pikepdf.PdfError, ValueError, TypeError, OSError, KeyError, RuntimeError):
        return 0
    before = len(value.read_raw_bytes())
    small, body = coarsest_needed(image)
    if len(body) > before * WORTH:
        return 0
    mask = value.get("/SMask")
    value.write(body, filter=pikepdf.Name.DCTDecode)
    value.Width, value.Height, value.BitsPerComponent = small.width, small.height, 8
    value.ColorSpace = pikepdf.Name.DeviceGray if small.mode == "L" else pikepdf.Name.DeviceRGB
    if "/DecodeParms" in value:
        del value["/DecodeParms"]
    if mask is not None:
        value["/SMask"] = mask
    return 1


def strip_pictures(pdf: pikepdf.Pdf) -> None:
    """Take from the photos what their cameras wrote beside the pixels."""
    for value in pdf.objects:
        if not isinstance(value, pikepdf.Stream) or value.get("/Filter") != pikepdf.Name.DCTDecode:
            continue
        body = value.read_raw_bytes()
        plain = without_words(body)
        if len(plain) < len(body):
            told: Any = value.get("/DecodeParms")
            value.write(plain, filter=pikepdf.Name.DCTDecode, decode_parms=told)


def without_words(jpeg: bytes) -> bytes:
    """A JPEG without Exif (a place), XMP and comments; colours stay. What is none stays as it is."""
    kept, at = bytearray(jpeg[:2]), 2
    while jpeg[at : at + 1] == b"\xff" and at + 4 <= len(jpeg):
        marker, length = jpeg[at + 1], int.from_bytes(jpeg[at + 2 : at + 4], "big")
        if marker == JPEG_SCAN:
            return bytes(kept) + jpeg[at:]
        if marker not in JPEG_WORDS:
            kept += jpeg[at : at + 2 + length]
        at += 2 + length
    return jpeg


def coarsest_needed(image: Image.Image) -> tuple[Image.Image, bytes]:
    """The picture as JPEG: as fine as it may be within what a picture of its size may cost."""
    small, body = image, b""
    for side, qualities in zip(SIDES_PX, QUALITIES, strict=True):
        small = image.copy()
        small.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
        allowed = small.width * small.height * BITS_A_PIXEL / 8
        for quality in qualities:
            body = _jpeg(small, quality)
            if len(body) <= allowed:
                return small, body
    return small, body


def _jpeg(image: Image.Image, quality: int) -> bytes:
    body = io.BytesIO()
    image.save(body, "JPEG", quality=quality, optimize=True, subsampling="4:2:0")
    return body.getvalue()
