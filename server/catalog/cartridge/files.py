"""Films, sound and papers of a cartridge: which of its files are some, and the block that shows one."""

import posixpath
import re
from uuid import UUID

from server.base.ids import derived_id
from server.catalog.blocks import Audio, Document, Video

ENDINGS = {
    **dict.fromkeys(("mp4", "m4v", "mov", "webm", "mkv", "3gp"), "video"),
    **dict.fromkeys(("mp3", "m4a", "ogg", "oga", "opus", "wav", "flac"), "audio"),
    "pdf": "document",
}
CAPTIONS = re.compile(r"\.(vtt|srt)$", re.IGNORECASE)
FilmOrPaper = Video | Audio | Document


def kind_of_file(path: str) -> str:
    """`video`, `audio`, `document`, or empty for what no lesson plays or opens."""
    return ENDINGS.get(path.rpartition(".")[2].lower(), "") if "." in path else ""


def file_place_id(path: str) -> UUID:
    """Stands for a file of the zip in a block, until it has an id of its own."""
    return derived_id("catalog.cartridge_file", path)


def block_of(path: str, title: str, captions: list[str]) -> FilmOrPaper:
    id_, title = file_place_id(path), (title or posixpath.basename(path))[:500]
    match kind_of_file(path):
        case "video":
            return Video(file_id=id_, title=title, captions_ids=[file_place_id(one) for one in captions[:8]])
        case "audio":
            return Audio(file_id=id_, title=title)
        case _:
            return Document(file_id=id_, title=title)
