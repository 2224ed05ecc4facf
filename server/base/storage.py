"""Objects in S3: bytes by key, nothing else. What is known of them (type, size, hash) is in PostgreSQL.

The minio client is synchronous; each call runs in a thread. Keys are made by the server, never by a person.

Where the store is our own and lies in a folder of this machine, bytes are read from there: a tenth of the time. It is
never written there.
"""

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Self, TypeVar
from urllib.parse import unquote, urlsplit

import urllib3
from minio import Minio
from minio.error import InvalidResponseError, MinioException, S3Error
from urllib3.exceptions import HTTPError

from server.base.errors import NotFound, Unavailable

T = TypeVar("T")

CHUNK_BYTES = 256 * 1024
CONNECT_S = 2
READ_S = 30
STUMBLES = (
    500,
    502,
    503,
    504,
)  # Asked again at once, as the client's own pool does: a busy store says so, and then not.


class Storage:
    """One bucket of an S3 server."""

    def __init__(self, client: Minio, bucket: str, *, folder: Path | None = None) -> None:
        self._client = client
        self._bucket = bucket
        self._folder = folder

    @classmethod
    def from_url(cls, url: str, *, folder: Path | None = None) -> Self:
        """`http(s)://access:secret@host:port/bucket`; `folder`: where a server of our own keeps this bucket."""
        parts = urlsplit(url)
        pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=CONNECT_S, read=READ_S),
            retries=urllib3.Retry(total=2, backoff_factor=0.1, status_forcelist=STUMBLES),
            maxsize=16,
        )
        client = Minio(
            f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname),
            access_key=unquote(parts.username or ""),
            secret_key=unquote(parts.password or ""),
            secure=parts.scheme == "https",
            http_client=pool,
        )
        return cls(client, parts.path.strip("/") or "spark", folder=folder)

    async def ensure(self) -> None:
        """Make the bucket if it is not there."""
        try:
            is_there = await self._call(lambda: self._client.bucket_exists(bucket_name=self._bucket))
        except NotFound:  # As rclone says it.
            is_there = False
        if not is_there:
            await self._call(lambda: self._client.make_bucket(bucket_name=self._bucket))

    async def put(self, key: str, body: bytes, *, media_type: str) -> None:
        def put() -> None:
            self._client.put_object(
                bucket_name=self._bucket,
                object_name=key,
                data=io.BytesIO(body),
                length=len(body),
                content_type=media_type,
            )

        await self._call(put)

    async def put_file(self, key: str, path: Path, *, media_type: str) -> None:
        """The same for a file of any size; never more than a few megabytes of it are in memory."""

        def put() -> None:
            self._client.fput_object(
                bucket_name=self._bucket, object_name=key, file_path=str(path), content_type=media_type
            )

        await self._call(put)

    def local_path(self, key: str) -> Path | None:
        """Where the bytes lie on this machine, to be read and never written; None when they lie elsewhere."""
        if self._folder is None or ".." in key.split("/"):
            return None
        path = self._folder / key
        return path if path.is_file() else None

    async def has(self, key: str) -> bool:
        def stat() -> bool:
            try:
                self._client.stat_object(bucket_name=self._bucket, object_name=key)
            except S3Error as error:
                if error.code in {"NoSuchKey", "NotFound"}:
                    return False
                raise
            return True

        return await self._call(stat)

    async def read(self, key: str, *, offset: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """Stream from `offset`, `length` bytes or to the end. Raises NotFound."""
        local = await asyncio.to_thread(self.local_path, key)
        chunks = self._read_remote(key, offset, length) if local is None else _read_local(local, offset, length)
        while True:
            chunk = await self._call(lambda: next(chunks, None))
            if chunk is None:
                return
            yield chunk

    def _read_remote(self, key: str, offset: int, length: int | None) -> Iterator[bytes]:
        response = self._client.get_object(bucket_name=self._bucket, object_name=key, offset=offset, length=length or 0)
        try:
            yield from response.stream(CHUNK_BYTES)
        finally:
            response.close()
            response.release_conn()

    async def read_into(self, key: str, path: Path) -> None:
        """Write the object to a file, whatever stood there. Raises NotFound."""
        with await asyncio.to_thread(path.open, "wb") as file:
            async for chunk in self.read(key):
                await asyncio.to_thread(file.write, chunk)

    async def list_keys(self, prefix: str) -> AsyncIterator[str]:
        """All that begin so."""
        async for key, _ in self.list_entries(prefix):
            yield key

    async def list_entries(self, prefix: str) -> AsyncIterator[tuple[str, datetime]]:
        """All that begin so, each with when it was written."""

        def listed() -> list[tuple[str, datetime]]:
            found = self._client.list_objects(bucket_name=self._bucket, prefix=prefix, recursive=True)
            return [(str(entry.object_name), entry.last_modified or datetime.now(UTC)) for entry in found]

        for entry in await self._call(listed):
            yield entry

    async def remove(self, key: str) -> None:
        await self._call(lambda: self._client.remove_object(bucket_name=self._bucket, object_name=key))

    async def _call(self, function: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(function)
        except S3Error as error:
            if error.code in {"NoSuchKey", "NotFound", "NoSuchBucket"}:
                raise NotFound("The file is not in the store.") from error
            raise Unavailable("The file store does not answer as it should; try again.") from error
        except InvalidResponseError as error:
            if "Response code: 404" in str(
                error
            ):  # rclone says it as text/xml, which the client does not take for XML.
                raise NotFound("The file is not in the store.") from error
            raise Unavailable("The file store does not answer as it should; try again.") from error
        except FileNotFoundError as error:
            raise NotFound("The file is not in the store.") from error
        except (MinioException, HTTPError, OSError) as error:
            raise Unavailable("The file store does not answer; try again.") from error


def _read_local(path: Path, offset: int, length: int | None) -> Iterator[bytes]:
    file: IO[bytes]
    with path.open("rb") as file:
        file.seek(offset)
        left = length
        while left is None or left > 0:
            chunk = file.read(CHUNK_BYTES if left is None else min(CHUNK_BYTES, left))
            if not chunk:
                return
            left = None if left is None else left - len(chunk)
            yield chunk
