"""How often: a token bucket in Valkey, taken and refilled by one atomic script, so that all processes share it."""

from dataclasses import dataclass

from redis.asyncio import Redis
from redis.exceptions import RedisError

from server.base.errors import TooMany, Unavailable

# KEYS[1] bucket · ARGV rate a second, burst, cost. Answers 0 when taken, else milliseconds to wait.
_TAKE = """
local rate, burst, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local held = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = tonumber(held[1]) or burst
local at = tonumber(held[2]) or now
tokens = math.min(burst, tokens + (now - at) * rate / 1000)
local wait = 0
if tokens >= cost then tokens = tokens - cost else wait = math.ceil((cost - tokens) / rate * 1000) end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', now)
redis.call('PEXPIRE', KEYS[1], math.ceil(burst / rate * 1000) + 1000)
return wait
"""


@dataclass(frozen=True)
class Limit:
    """`burst` at once, then `count` every `per_s` seconds."""

    name: str
    count: int
    per_s: int
    burst: int
    fails_closed: bool = False  # With Valkey away: refuse (sign-in), or let through (reading).


AUTH = Limit("auth", count=10, per_s=60, burst=10, fails_closed=True)
AUTH_ADDRESS = Limit("auth-address", count=60, per_s=60, burst=60, fails_closed=True)
REGISTER = Limit("register", count=5, per_s=3600, burst=5, fails_closed=True)
USER = Limit("user", count=100, per_s=60, burst=100)
UPLOAD = Limit("upload", count=30, per_s=3600, burst=30)


class Limiter:
    def __init__(self, redis: Redis) -> None:
        self._take = redis.register_script(_TAKE)

    async def take(self, limit: Limit, key: str, *, cost: int = 1) -> None:
        """Take one. Raises TooMany with the time to wait, Unavailable when it fails closed without Valkey."""
        wait_ms = await self.wait_ms(limit, key, cost=cost)
        if wait_ms is None and limit.fails_closed:
            raise Unavailable
        if wait_ms:
            raise TooMany(f"Too often; try again in {wait_ms / 1000:.0f} s.", retry_after_s=wait_ms / 1000)

    async def wait_ms(self, limit: Limit, key: str, *, cost: float = 1) -> int | None:
        """Take from a bucket: 0 when there was enough, else how long to wait. None: Valkey does not answer."""
        try:
            waits: int = await self._take(
                keys=[f"limit:{limit.name}:{key}"], args=[limit.count / limit.per_s, limit.burst, cost]
            )
        except (RedisError, OSError):
            return None
        return waits
