"""Opens what a process works with: database, storage, Valkey; with the features' subscribers and visibility."""

from redis.asyncio import Redis

from server.base.db import Database
from server.base.storage import Storage
from server.base.work import Work
from server.features import bus, visible
from server.settings import Settings


def open_work(settings: Settings) -> Work:
    """The means of a process, by its settings. Nothing is connected yet."""
    return Work(
        settings=settings,
        database=Database(settings.database_url, pool_max=settings.database_pool_max, bus=bus(), visible=visible()),
        storage=Storage.from_url(settings.s3_url, folder=settings.s3_folder),
        redis=Redis.from_url(settings.redis_url, socket_connect_timeout=2, socket_timeout=5),
    )
