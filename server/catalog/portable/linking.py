"""Blocks with other ids: rows' for cards', and cards' for rows'. Where something is not there, its words stand."""

from collections.abc import Mapping, Sequence
from html import escape
from uuid import UUID

import msgspec

from server.catalog.blocks import (
    Audio,
    Block,
    Document,
    Exercise,
    Image,
    ListBlock,
    ListItem,
    Note,
    Package,
    Paragraph,
    Quote,
    Video,
)


def relinked(blocks: Sequence[Block], files: Mapping[UUID, UUID], tests: Mapping[UUID, UUID]) -> list[Block]:
    return [moved for block in blocks for moved in _moved(block, files, tests)]


def _moved(block: Block, files: Mapping[UUID, UUID], tests: Mapping[UUID, UUID]) -> list[Block]:  # noqa: PLR0911
    replace = msgspec.structs.replace
    match block:
        case Image():
            if block.file_id in files:
                return [replace(block, file_id=files[block.file_id])]
            return _words(block.caption or escape(block.alt, quote=False))
        case Video() if block.file_id in files:
            captions = [files[id_] for id_ in block.captions_ids if id_ in files]
            return [replace(block, file_id=files[block.file_id], captions_ids=captions)]
        case Video() | Audio() | Document():
            if block.file_id in files:
                return [replace(block, file_id=files[block.file_id])]
            return _words(escape(block.title, quote=False))
        case Package():
            if block.package_id in files:
                return [replace(block, package_id=files[block.package_id])]
            return _words(escape(block.title, quote=False))
        case Exercise(prompt, assessment_id) if assessment_id is not None:
            if assessment_id in tests:
                return [replace(block, assessment_id=tests[assessment_id])]
            return [Exercise(prompt=prompt)] if prompt else []
        case Note() | Quote():
            return [replace(block, blocks=relinked(block.blocks, files, tests))]
        case ListBlock():
            items = [ListItem(html=item.html, blocks=relinked(item.blocks, files, tests)) for item in block.items]
            return [ListBlock(ordered=block.ordered, items=items)]
        case _:
            return [block]


def _words(html: str) -> list[Block]:
    return [Paragraph(html=f"<em>{html}</em>")] if html else []
