"""What a long job and a process have at hand."""

from dataclasses import dataclass

from redis.asyncio import Redis

from server.base.db import Database
from server.base.storage import Storage
from server.settings import Settings


@dataclass(frozen=True)
class Work:
    """The means of a process: opened once at start, closed at its end."""

    settings: Settings
    database: Database
    storage: Storage
    redis: Redis
