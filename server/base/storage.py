"""Objects in S3: bytes by key, nothing else. What is known of them (type, size, hash) is in PostgreSQL.

The minio client is synchronous; each call runs in a thread. Keys are made by the server, never by a person.
"""

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Self, TypeVar
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


class Storage:
    """One bucket of an S3 server."""

    def __init__(self, client: Minio, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    @classmethod
    def from_url(cls, url: str) -> Self:
        """`http(s)://access:secret@host:port/bucket`."""
        parts = urlsplit(url)
        pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=CONNECT_S, read=READ_S),
            retries=urllib3.Retry(total=2, backoff_factor=0.1),
            maxsize=16,
        )
        client = Minio(
            f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname),
            access_key=unquote(parts.username or ""),
            secret_key=unquote(parts.password or ""),
            secure=parts.scheme == "https",
            http_client=pool,
        )
        return cls(client, parts.path.strip("/") or "spark")

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

        def open_() -> Iterator[bytes]:
            response = self._client.get_object(
                bucket_name=self._bucket, object_name=key, offset=offset, length=length or 0
            )
            try:
                yield from response.stream(CHUNK_BYTES)
            finally:
                response.close()
                response.release_conn()

        chunks = open_()
        while True:
            chunk = await self._call(lambda: next(chunks, None))
            if chunk is None:
                return
            yield chunk

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
        except (MinioException, HTTPError, OSError) as error:
            raise Unavailable("The file store does not answer; try again.") from error
