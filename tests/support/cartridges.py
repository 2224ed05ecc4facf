"""Small IMS Common Cartridges, well formed unless a test asks otherwise."""

import io
import zipfile
from html import escape

from PIL import Image

_ALWAYS = (2026, 1, 1, 0, 0, 0)
NAMESPACE = "http://www.imsglobal.org/xsd/imsccv1p3/imscp_v1p1"
LOM = "http://ltsc.ieee.org/xsd/imsccv1p3/LOM/manifest"


def page(body: str, *, title: str = "A page") -> str:
    head = f"<head><title>{title}</title></head>"
    return f'<html xmlns="http://www.w3.org/1999/xhtml" lang="en">{head}<body>{body}</body></html>'


def picture(
    width: int = 40,
    height: int = 20,
    *,
    kind: str = "PNG",
    color: tuple[int, int, int] = (200, 30, 30),
    **options: object,
) -> bytes:
    body = io.BytesIO()
    Image.new("RGB", (width, height), color).save(body, kind, **options)
    return body.getvalue()


def manifest(
    pages: list[str],
    *,
    title: str = "Small course",
    version: str = "1.3.0",
    rights: str = "",
    extra_items: str = "",
    extra_resources: str = "",
) -> str:
    items = "".join(
        f'<item identifier="i{number}" identifierref="r{number}"><title>Lesson {number}</title></item>'
        for number in range(1, len(pages) + 1)
    )
    resources = "".join(
        f'<resource identifier="r{number}" type="webcontent" href="{escape(path)}"><file'
        f' href="{escape(path)}"/></resource>'
        for number, path in enumerate(pages, start=1)
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><manifest identifier="m" xmlns="{NAMESPACE}"'
        f' xmlns:lom="{LOM}"><metadata>'
        f"<schema>IMS Common Cartridge</schema><schemaversion>{version}</schemaversion><lom:lom>"
        f"<lom:general><lom:title><lom:string>{escape(title)}</lom:string></lom:title></lom:general>"
        f"<lom:rights><lom:description><lom:string>{escape(rights)}</lom:string></lom:description></lom:rights></lom:lom></metadata>"
        f'<organizations><organization identifier="o" structure="rooted-hierarchy"><item identifier="root">'
        f'<item identifier="s1"><title>Section'
        f" one</title>{items}{extra_items}</item></item></organization></organizations>"
        f"<resources>{resources}{extra_resources}</resources></manifest>"
    )


def cartridge(
    pages: dict[str, str | bytes],
    files: dict[str, bytes] | None = None,
    *,
    manifest_text: str | None = None,
    **about: str,
) -> bytes:
    """A zip; `about` goes to `manifest`."""
    entries: dict[str, bytes] = {
        "imsmanifest.xml": (manifest_text if manifest_text is not None else manifest(list(pages), **about)).encode(),
        **{path: text.encode() if isinstance(text, str) else text for path, text in pages.items()},
        **(files or {}),
    }
    return zipped(entries)


def zipped(entries: dict[str, bytes], *, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", compression) as archive:
        for name, content in entries.items():
            told = zipfile.ZipInfo(name, _ALWAYS)  # The same entries are the same bytes, whenever they are packed.
            told.compress_type = compression
            archive.writestr(told, content)
    return body.getvalue()
