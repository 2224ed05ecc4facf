"""Questions inside a zip: looked up by name, read with limits, never laid onto a disk."""

import io
import zipfile
import zlib
from collections.abc import Callable

from server.assessments.interchange.refusals import NotThisFormat, TooManyQuestions

ENTRIES_MAX = 12_000
ENTRY_BYTES_MAX = 2 * 1024 * 1024
TOTAL_BYTES_MAX = 64 * 1024 * 1024

FileFinder = Callable[[str], bytes | None]
"""The bytes of a file beside the one that names it; None where there is none."""


def files_in(content: bytes) -> FileFinder:
    """Look into a zip. Raises NotThisFormat, TooManyQuestions; the finder too, when what it unpacks is too much."""
    try:
        packed = zipfile.ZipFile(io.BytesIO(content))
        infos = packed.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, RuntimeError, UnicodeDecodeError) as error:
        raise NotThisFormat(f"The zip cannot be read: {error}.") from None
    if len(infos) > ENTRIES_MAX:
        raise TooManyQuestions(
            f"The zip holds {len(infos):,} files; an import takes at most {ENTRIES_MAX:,}. Split it."
        )
    entries = {info.filename: info for info in infos}
    left = TOTAL_BYTES_MAX

    def find(name: str) -> bytes | None:
        nonlocal left
        info = entries.get(name)
        if info is None or info.is_dir():
            return None
        allowed = min(left, ENTRY_BYTES_MAX)
        try:
            with packed.open(info) as stream:
                found = stream.read(allowed + 1)
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            OSError,
            RuntimeError,
            ValueError,
            NotImplementedError,
        ) as error:
            raise NotThisFormat(f"{name[:80]} in the zip cannot be unpacked: {error}.") from None
        if len(found) > allowed:
            raise TooManyQuestions(f"{name[:80]} in the zip is larger unpacked than an import takes.")
        left -= len(found)
        return found

    return find
