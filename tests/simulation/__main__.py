"""`python3 run.py simulate [--full]`: many worlds, from seeds, and every order of a small one.

Prints what broke a law, made short.
"""

import argparse
import os
import secrets
import sys
import time

from sync.testing.oracles import Violation
from sync.testing.runner import run_and_report
from sync.testing.small import Bounds, SmallWorld

WORLDS_SHORT = 1_000
WORLDS_FULL = 100_000
SMALL = (Bounds(ops=(2, 1), late=0, repeats=1, restores=0),)
SMALL_FULL = (*SMALL, Bounds(ops=(2, 1), late=1, repeats=1, restores=0), Bounds(ops=(2, 1), late=0, repeats=0))


def main() -> int:
    parser = argparse.ArgumentParser(prog="simulate", description=__doc__)
    parser.add_argument("--full", action="store_true", help=f"{WORLDS_FULL:,} worlds instead of {WORLDS_SHORT:,}")
    parser.add_argument("--worlds", type=int, help="another number of worlds")
    parser.add_argument("--seed", type=int, help="the first seed; else a random one")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="as many as there are cores")
    asked = parser.parse_args()
    broken = sum(not explore(bounds) for bounds in (SMALL_FULL if asked.full else SMALL))
    first_seed = secrets.randbelow(10**9) if asked.seed is None else asked.seed
    worlds = asked.worlds or (WORLDS_FULL if asked.full else WORLDS_SHORT)
    return run_and_report(worlds, first_seed, processes=asked.processes) or broken


def explore(bounds: Bounds) -> bool:
    """Walk a small world in every order, and say what was met; False when a law was broken."""
    began = time.monotonic()
    try:
        found = SmallWorld(bounds).explore()
    except Violation as violation:
        sys.stdout.write(f"small world {bounds}: {violation}\n")
        return False
    sys.stdout.write(
        f"small world {bounds}: {found.states:,} states, {found.transitions:,} steps between them, "
        f"{found.resting:,} at rest, {time.monotonic() - began:.0f} s\n"
    )
    sys.stdout.flush()
    return True


if __name__ == "__main__":
    sys.exit(main())
