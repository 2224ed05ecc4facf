"""One exchange without HTTP: a phone's request to the store, the answer's lines back, cut wherever a test wishes."""

import itertools
from collections.abc import Iterator
from uuid import UUID

from sync import protocol
from sync.cursor import BadCursor, Cursor
from sync.files import FileWish
from sync.page import Pace, write_page
from sync.postgres.pull_store import PostgresPullStore
from sync.pull import Again, Asked, Page, Silent, pull
from tests.sync.phone import Phone


async def answer(
    store: PostgresPullStore,
    phone: Phone,
    *,
    user_id: UUID,
    device_id: UUID,
    bytes_wanted: int = 65_536,
    tier: int = 3,
    with_list: bool = True,
    check: tuple[tuple[str, int], ...] = (),
    pace: int = 2_048,
    files: tuple[FileWish, ...] | None = None,
) -> list[bytes] | None:
    """The lines of one answer; None for 204."""
    cursor, is_unreadable = read_cursor(phone.cursor)
    asked = Asked(
        user_id=user_id,
        device_id=device_id,
        cursor=cursor,
        is_unreadable=is_unreadable,
        names=tuple(phone.want) if with_list else None,
        tier=tier,
        bytes_wanted=bytes_wanted,
        check=check,
        files=files,
    )
    page = await pull(store, asked)
    if isinstance(page, Silent):
        return None
    if isinstance(page, Again):
        return [protocol.first_line(None, schema=1, now_ms=page.look.now_ms, watermark=(0, ""), again=["want.buckets"])]
    return list(lines_of(page, await store.collections(), pace=pace))


def lines_of(page: Page, collections: dict[int, str], *, pace: int) -> Iterator[bytes]:
    opening = [protocol.first_line(None, schema=1, now_ms=page.look.now_ms, watermark=(0, ""))]
    for block in write_page(page, opening, collections, Pace(raw_bytes=pace)):
        yield from (line + b"\n" for line in block.split(b"\n")[:-1])


def read_cursor(text: str | None) -> tuple[Cursor | None, bool]:
    if text is None:
        return None, False
    try:
        return Cursor.from_text(text), False
    except BadCursor:
        return None, True


async def catch_up(
    store: PostgresPullStore, phone: Phone, *, user_id: UUID, device_id: UUID, bytes_wanted: int = 65_536
) -> int:
    """Ask until nothing more is to come. Answers how many exchanges that took."""
    for count in itertools.count(1):
        lines = await answer(store, phone, user_id=user_id, device_id=device_id, bytes_wanted=bytes_wanted)
        if lines is None or not phone.read(lines):
            return count
        assert count < 500, "the phone never caught up"
    raise AssertionError
