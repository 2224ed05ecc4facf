"""How often: atomic over all processes, and honest about the wait."""

import asyncio

import pytest
from redis.asyncio import Redis

from server.base.errors import TooMany, Unavailable
from server.base.limits import Limit, Limiter

THREE = Limit("three", count=3, per_s=60, burst=3)


async def test_a_burst_at_once_is_counted_exactly(redis_url: str) -> None:
    async with Redis.from_url(redis_url) as client:
        limiter = Limiter(client)

        outcomes = await asyncio.gather(*(limiter.take(THREE, "amina") for _ in range(10)), return_exceptions=True)
        await limiter.take(THREE, "brian")

    assert sum(outcome is None for outcome in outcomes) == 3


async def test_a_refusal_says_how_long_to_wait(redis_url: str) -> None:
    async with Redis.from_url(redis_url) as client:
        limiter = Limiter(client)
        for _ in range(3):
            await limiter.take(THREE, "amina")

        with pytest.raises(TooMany) as refused:
            await limiter.take(THREE, "amina")

    assert 0 < refused.value.retry_after_s <= 20


async def test_with_valkey_away_signing_in_is_refused_and_reading_goes_on() -> None:
    async with Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=0.2) as client:
        limiter = Limiter(client)

        await limiter.take(Limit("read", count=1, per_s=1, burst=1), "amina")
        with pytest.raises(Unavailable):
            await limiter.take(Limit("auth", count=1, per_s=1, burst=1, fails_closed=True), "amina")
