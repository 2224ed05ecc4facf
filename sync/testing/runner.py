"""Many worlds, in several processes if wanted; what they met, and the shortest story of the first that broke a law."""

import argparse
import gc
import logging
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from sync.testing.shrinking import shrink, tell
from sync.testing.story import Story
from sync.testing.world import run_world

CHUNK = 50
PROGRESS_S = 10.0


@dataclass
class Tally:
    """`cpu_s`: of all processes together."""

    worlds: int = 0
    cpu_s: float = 0.0
    stats: Counter[str] = field(default_factory=Counter)
    broken: dict[int, str] = field(default_factory=dict)  # Seed → the law

    def add(self, other: "Tally") -> None:
        self.worlds += other.worlds
        self.cpu_s += other.cpu_s
        self.stats += other.stats
        self.broken |= other.broken

    @property
    def ms_a_world(self) -> float:
        return 1_000 * self.cpu_s / max(1, self.worlds)


def run_seeds(first: int, count: int) -> Tally:
    """So many worlds one after the other, in this process."""
    logging.disable(logging.CRITICAL)  # Outages and bugs are wanted here.
    gc.disable()  # A world's circles are few; they are taken away between worlds.
    began = time.process_time()
    tally = Tally(worlds=count)
    for seed in range(first, first + count):
        world, violation = run_world(seed)
        tally.stats += world.stats
        if violation is not None:
            tally.broken[seed] = str(violation)
    gc.enable()
    gc.collect()
    tally.cpu_s = time.process_time() - began
    return tally


def _run_chunk(bounds: tuple[int, int]) -> Tally:
    return run_seeds(*bounds)


def run_worlds(worlds: int, first_seed: int, *, processes: int) -> Iterator[Tally]:
    """Tallies as they come."""
    chunks = [
        (first, min(CHUNK, first_seed + worlds - first)) for first in range(first_seed, first_seed + worlds, CHUNK)
    ]
    if processes == 1:
        yield from map(_run_chunk, chunks)
        return
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield from pool.imap_unordered(_run_chunk, chunks)


def simulate(worlds: int, first_seed: int, *, processes: int = 1) -> Tally:
    """Run them all; progress and broken seeds are written as they are met."""
    total, told_at = Tally(), time.monotonic()
    for tally in run_worlds(worlds, first_seed, processes=processes):
        total.add(tally)
        for seed, law in sorted(tally.broken.items()):
            sys.stdout.write(f"seed {seed}: {law}\n")
        if time.monotonic() - told_at > PROGRESS_S:
            told_at = time.monotonic()
            sys.stdout.write(f"… {total.worlds:,} of {worlds:,} worlds, {len(total.broken)} broken\n")
            sys.stdout.flush()
    return total


def report(total: Tally, *, first_seed: int, seconds: float) -> str:
    """The figures, as they stand in docs/reference/simulation.md."""
    stuck = sum(law.startswith("L6") for law in total.broken.values())
    faults = total.stats["faults"] + total.stats["power cuts"]
    lines = [
        f"{total.worlds:,} worlds from seed {first_seed}: {len(total.broken)} broke a law, {stuck} stuck queues",
        f"{total.stats['exchanges']:,} exchanges, {total.stats['comparisons']:,} comparisons, {faults:,} faults",
        f"{total.ms_a_world:.1f} ms of a core a world, {seconds:.0f} s",
    ]
    lines += [f"  {count:>10,} {name}" for name, count in sorted(total.stats.items())]
    return "\n".join(lines) + "\n"


def run_and_report(worlds: int, first_seed: int, *, processes: int) -> int:
    """1 when a law was broken; then the first story that broke one is made short and told."""
    began = time.monotonic()
    total = simulate(worlds, first_seed, processes=processes)
    sys.stdout.write(report(total, first_seed=first_seed, seconds=time.monotonic() - began))
    if not total.broken:
        return 0
    sys.stdout.write(tell(shrink(Story.drawn(min(total.broken)))))
    return 1


def main(arguments: list[str]) -> int:
    """`python -m sync.testing.world`."""
    parser = argparse.ArgumentParser(prog="sync.testing.world", description=__doc__)
    parser.add_argument("worlds", type=int)
    parser.add_argument("seed", type=int, nargs="?", default=0)
    parser.add_argument("--processes", type=int, default=1)
    asked = parser.parse_args(arguments)
    return run_and_report(asked.worlds, asked.seed, processes=asked.processes)
