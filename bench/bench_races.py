"""Racing transactions: what readers lose, see too early, or never should have seen. The goal of each is 0.

Writers, two leaders of which one is killed every half second, rollbacks, long transactions, moves, rights that change
while readers page; each cut is compared with the truth of its position (`tests/sync/race/oracle.py`).
"""

import time

import psycopg

from bench.figures import Figure, Servers
from sync.postgres.pull_store import PostgresPullStore, open_pool
from tests.sync.log_world import open_school
from tests.sync.race.race import Finished, Race

TRANSACTIONS = 100_000
TRANSACTIONS_FULL = 1_000_000
PROGRESS_S = 10.0
TOLD_MAX = 3


async def measure(servers: Servers) -> list[Figure]:
    wanted = TRANSACTIONS_FULL if servers.is_full else TRANSACTIONS
    url = servers.new_database()
    with psycopg.connect(url, autocommit=True) as connection:  # The school's tables, and nothing of the product's.
        connection.execute("drop schema public cascade")
        connection.execute("create schema public")
    with open_school(url) as school:
        race = Race(school)
        began = time.monotonic()
        async with open_pool(url, size_max=8) as pool:
            committed = await race.run(PostgresPullStore(pool), _until(race, wanted))
        seconds = time.monotonic() - began
    for bad in race.verdict.bad[:TOLD_MAX]:
        print(f"  wrong: {bad}", flush=True)
    print(
        f"  {committed:,} transactions, {race.verdict.cuts:,} cuts judged, {race.kills:,} leaders killed, "
        f"{committed / seconds:.0f} transactions/s",
        flush=True,
    )
    return _figures(race, committed)


def _until(race: Race, wanted: int) -> Finished:
    """Over when so many are committed; tells how far it is."""
    told_at = time.monotonic()

    def is_over() -> bool:
        nonlocal told_at
        if time.monotonic() - told_at > PROGRESS_S:
            told_at = time.monotonic()
            found = race.verdict
            print(
                f"  … {race.count.committed:,} of {wanted:,}, {found.cuts:,} cuts, {len(found.bad)} wrong", flush=True
            )
        return race.count.committed >= wanted

    return is_over


def _figures(race: Race, committed: int) -> list[Figure]:
    found = race.verdict
    counts = {
        "rows lost": found.lost,
        "causal gaps": found.gaps,
        "inversions": found.inversions,
        f"wrong cuts of {found.cuts:,}": len(found.bad) + found.unjudged,
    }
    return [
        Figure(f"{name} in {committed:,} racing transactions", count, "", goal="0", holds=count == 0)
        for name, count in counts.items()
    ]
