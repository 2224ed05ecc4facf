"""The file store when it is there, when it is not, and when it is not ours."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from server.base.errors import NotFound, Unavailable
from server.base.ids import new_id
from server.base.storage import Storage
from tests.support.uploading import content_of


@pytest.fixture(params=["ours", "another"])
async def storage(request: pytest.FixtureRequest, s3_url: str) -> Storage:
    """The contract holds for our own server, and for the one that SPARK_TEST_S3_URL names (a bucket of its own)."""
    url = s3_url if request.param == "ours" else os.environ.get("SPARK_TEST_S3_URL")
    if url is None:
        pytest.skip("SPARK_TEST_S3_URL names no other S3 server")
    opened = Storage.from_url(url)
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


async def test_a_large_file_goes_in_and_out_by_way_of_the_disk(storage: Storage, tmp_path: Path) -> None:
    key, source, target = f"tests/{new_id()}", tmp_path / "source", tmp_path / "target"
    source.write_bytes(content_of(6 * 1024 * 1024 + 3))

    await storage.put_file(key, source, media_type="video/mp4")
    await storage.read_into(key, target)

    assert target.read_bytes() == source.read_bytes()
    assert await bytes_of(storage, key, offset=5_000_000, length=10) == source.read_bytes()[5_000_000:5_000_010]
    with pytest.raises(NotFound):
        await storage.read_into(f"{key}-not", target)


async def test_keys_are_listed_by_their_beginning_and_put_twice_is_written_over(storage: Storage) -> None:
    folder = f"tests/{new_id()}"
    for name in ("a", "b/c", "b/d"):
        await storage.put(f"{folder}/{name}", b"1", media_type="text/plain")
    await storage.put(f"{folder}/a", b"22", media_type="text/plain")

    assert sorted([key async for key in storage.list_keys(f"{folder}/")]) == [
        f"{folder}/{n}" for n in ("a", "b/c", "b/d")
    ]
    assert [key async for key in storage.list_keys(f"{folder}/b/d")] == [f"{folder}/b/d"]
    assert [key async for key in storage.list_keys(f"{folder}/z")] == []
    assert await bytes_of(storage, f"{folder}/a") == b"22"
    async for _, at in storage.list_entries(f"{folder}/"):
        assert abs((datetime.now(UTC) - at).total_seconds()) < 120


async def test_where_the_store_lies_on_this_machine_it_is_read_there_and_nothing_else_is(
    s3_url: str, tmp_path: Path
) -> None:
    bucket = tmp_path / "s3" / "spark"
    (bucket / "tests").mkdir(parents=True)
    (bucket / "tests" / "here").write_bytes(b"0123456789")
    (tmp_path / "s3" / "secret").write_bytes(b"not yours")
    near = Storage.from_url(s3_url, folder=bucket)
    await near.ensure()

    assert await bytes_of(near, "tests/here", offset=2, length=3) == b"234"
    assert near.local_path("tests/here") == bucket / "tests" / "here"
    assert near.local_path("tests") is None
    assert near.local_path("../secret") is None
    await near.put("tests/there", b"by the server", media_type="text/plain")  # Whose folder is another one.
    assert await bytes_of(near, "tests/there") == b"by the server"


@pytest.mark.parametrize("url", ["http://a:b@127.0.0.1:1/bucket"])
async def test_a_store_that_does_not_answer_is_an_outage_and_no_refusal(url: str) -> None:
    with pytest.raises(Unavailable, match="file store"):
        await Storage.from_url(url).put("key", b"x", media_type="text/plain")


@pytest.mark.parametrize(("stumbles", "is_kept"), [(2, True), (3, False)])
async def test_a_store_that_stumbles_is_asked_twice_again(stumbles: int, *, is_kept: bool) -> None:
    answers = iter([500] * stumbles + [200])

    async def store(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        status, body = 200, b"<LocationConstraint>us-east-1</LocationConstraint>"  # Asked once, where the bucket is.
        if head.startswith("put"):
            await reader.readexactly(int(head.partition("content-length: ")[2].partition("\r\n")[0]))
            status, body = next(answers), b""
        headers = f"etag: x\r\ncontent-type: application/xml\r\ncontent-length: {len(body)}\r\nconnection: close"
        writer.write(f"HTTP/1.1 {status} As said\r\n{headers}\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(store, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        put = Storage.from_url(f"http://a:b@127.0.0.1:{port}/spark").put("key", b"bytes", media_type="text/plain")
        if is_kept:
            await put
        else:
            with pytest.raises(Unavailable):
                await put
    assert len(list(answers)) == (0 if is_kept else 1)


async def test_a_store_that_does_not_know_us_is_an_outage_too(s3_url: str) -> None:
    scheme, _, rest = s3_url.partition("://")
    stranger = f"{scheme}://nobody:wrong-secret@{rest.rpartition('@')[2]}"

    with pytest.raises(Unavailable, match="file store"):
        await Storage.from_url(stranger).put("key", b"x", media_type="text/plain")
