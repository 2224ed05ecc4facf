"""What the engine costs those who write: the same transactions on a synced table and on its bare twin, in turn.

Method: pgbench, half changes and half new rows of 450 bytes, one a transaction, eight clients, with the real
sequencing loop in a process of its own. Paced at 100, 500 and 1,500 transactions a second, then as fast as it goes.
"""

from bench import pgbench, sample_rows
from bench.figures import TURNS, Figure, Servers, at_least, at_most, share
from bench.pgbench import Spent

RATES = (100, 500, 1_500)
SECONDS = 4
SATURATED_S = 8
ROWS = 20_000
NO_SLOWER = 1.1  # What two runs of the very same differ by.
IN_BARE = "on the bare table"


async def measure(servers: Servers) -> list[Figure]:
    url = servers.new_database()
    sample_rows.prepare(url, ROWS)
    figures: list[Figure] = []
    with sample_rows.loop(url):
        for rate in RATES:
            ours, bare = _in_turn(url, seconds=SECONDS, rate=rate)
            figures += [_latency(ours, bare, rate, "p50", 0.50), _latency(ours, bare, rate, "p99", 0.99)]
        ours, bare = _in_turn(url, seconds=SATURATED_S, rate=None)
    best, floor = (max(spent.per_s for spent in turns) for turns in (ours, bare))
    name = "writes beside the sequencer, both cores full"
    return [*figures, at_least(name, best, "tx/s", floor=floor, floor_is=IN_BARE, times=0.7)]


def _in_turn(url: str, *, seconds: float, rate: int | None) -> tuple[list[Spent], list[Spent]]:
    found: tuple[list[Spent], list[Spent]] = ([], [])
    for _ in range(TURNS):
        for place, name in enumerate((sample_rows.SYNCED, sample_rows.BARE)):
            scripts = [sample_rows.change_one(name, ROWS), sample_rows.add_one(name)]
            found[place].append(pgbench.run(url, scripts, seconds=seconds, rate=rate))
    return found


def _latency(ours: list[Spent], bare: list[Spent], rate: int, name: str, part: float) -> Figure:
    best, floor = (min(share(spent.spent_ms, part) for spent in turns) for turns in (ours, bare))
    name = f"one write at {rate:,} tx/s, {name}"
    return at_most(name, best, "ms", floor=floor, floor_is=IN_BARE, times=NO_SLOWER)
