"""The file store when it is there, when it is not, and when it is not ours."""

import pytest

from server.base.errors import NotFound, Unavailable
from server.base.ids import new_id
from server.base.storage import Storage


@pytest.fixture
async def storage(s3_url: str) -> Storage:
    opened = Storage.from_url(s3_url)
    await opened.ensure()
    return opened


async def bytes_of(storage: Storage, key: str, **part: int) -> bytes:
    return b"".join([chunk async for chunk in storage.read(key, **part)])


async def test_what_was_put_is_read_whole_and_in_parts_and_is_gone_when_removed(storage: Storage) -> None:
    key = f"tests/{new_id()}"
    await storage.put(key, b"0123456789", media_type="text/plain")

    assert await bytes_of(storage, key) == b"0123456789"
    assert await bytes_of(storage, key, offset=3, length=4) == b"3456"
    assert await storage.has(key)
    await storage.remove(key)
    assert not await storage.has(key)
    with pytest.raises(NotFound):
        await bytes_of(storage, key)


@pytest.mark.parametrize("url", ["http://a:b@127.0.0.1:1/bucket"])
async def test_a_store_that_does_not_answer_is_an_outage_and_no_refusal(url: str) -> None:
    with pytest.raises(Unavailable, match="file store"):
        await Storage.from_url(url).put("key", b"x", media_type="text/plain")


async def test_a_store_that_does_not_know_us_is_an_outage_too(s3_url: str) -> None:
    scheme, _, rest = s3_url.partition("://")
    stranger = f"{scheme}://nobody:wrong-secret@{rest.rpartition('@')[2]}"

    with pytest.raises(Unavailable, match="file store"):
        await Storage.from_url(stranger).put("key", b"x", media_type="text/plain")
