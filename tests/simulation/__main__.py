"""`python3 run.py simulate [--full]`: many worlds, from seeds. Prints what broke a law, made short."""

import argparse
import os
import secrets
import sys

from sync.testing.runner import run_and_report

WORLDS_SHORT = 1_000
WORLDS_FULL = 100_000


def run() -> int:
    parser = argparse.ArgumentParser(prog="simulate", description=__doc__)
    parser.add_argument("--full", action="store_true", help=f"{WORLDS_FULL:,} worlds instead of {WORLDS_SHORT:,}")
    parser.add_argument("--worlds", type=int, help="another number of worlds")
    parser.add_argument("--seed", type=int, help="the first seed; else a random one")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="as many as there are cores")
    asked = parser.parse_args()
    first_seed = secrets.randbelow(10**9) if asked.seed is None else asked.seed
    worlds = asked.worlds or (WORLDS_FULL if asked.full else WORLDS_SHORT)
    return run_and_report(worlds, first_seed, processes=asked.processes)


if __name__ == "__main__":
    sys.exit(run())
