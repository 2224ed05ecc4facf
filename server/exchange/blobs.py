"""Objects in S3 as the engine's port for base files."""

from server.base.errors import NotFound, Unavailable
from server.base.storage import Storage
from sync.errors import Outage

MEDIA_TYPE = "application/octet-stream"


class StorageBlobs:
    """`sync.cutting.Blobs` over the installation's bucket."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def put(self, key: str, body: bytes) -> None:
        try:
            try:
                await self._storage.put(key, body, media_type=MEDIA_TYPE)
            except NotFound:  # The bucket itself is gone: the store was emptied.
                await self._storage.ensure()
                await self._storage.put(key, body, media_type=MEDIA_TYPE)
        except (NotFound, Unavailable) as error:
            raise Outage(f"{key} cannot be stored: {error}") from error

    async def get(self, key: str) -> bytes | None:
        try:
            return b"".join([part async for part in self._storage.read(key)])
        except NotFound:
            return None
        except Unavailable as error:
            raise Outage(f"{key} cannot be read: {error}") from error

    async def has(self, key: str) -> bool:
        try:
            return await self._storage.has(key)
        except NotFound:
            return False
        except Unavailable as error:
            raise Outage(f"{key} cannot be looked for: {error}") from error

    async def remove(self, key: str) -> None:
        try:
            await self._storage.remove(key)
        except NotFound:
            return
        except Unavailable as error:
            raise Outage(f"{key} cannot be removed: {error}") from error
