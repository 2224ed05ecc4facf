"""Blocks of a cartridge's page with files where places stood; where something could not be kept, its words."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from uuid import UUID

import msgspec

from server.catalog.blocks import Audio, Block, Document, Image, ListBlock, ListItem, Note, Paragraph, Quote, Video
from server.catalog.cartridge_media import Brought, place_file
from server.media.files import StoredImage


@dataclass(frozen=True)
class Placing:
    """All by place."""

    images: Mapping[UUID, StoredImage]
    image_ids: Mapping[UUID, UUID]
    brought: Brought
    file_ids: Mapping[UUID, UUID]

    def placed(self, blocks: list[Block]) -> list[Block]:
        return [placed for block in blocks for placed in self._place(block)]

    def _place(self, block: Block) -> list[Block]:
        replace = msgspec.structs.replace
        match block:
            case Image():
                image = self.images.get(block.file_id)
                if image is None:
                    words = block.caption or escape(block.alt, quote=False)
                    return [Paragraph(html=f"<em>{words}</em>")] if words else []
                largest = image.largest
                file_id = self.image_ids[block.file_id]
                return [replace(block, file_id=file_id, width=largest.width, height=largest.height)]
            case Video() | Audio() | Document():
                return place_file(block, self.brought, self.file_ids)
            case Note() | Quote():
                return [replace(block, blocks=self.placed(block.blocks))]
            case ListBlock():
                items = [ListItem(html=item.html, blocks=self.placed(item.blocks)) for item in block.items]
                return [ListBlock(ordered=block.ordered, items=items)]
            case _:
                return [block]
