"""`python3 run.py simulate [--full]`: many worlds, some at random. Prints the seed of each that broke a law."""

import argparse
import secrets
import sys

from sync.testing.world import main

WORLDS_SHORT = 1_000
WORLDS_FULL = 100_000


def run() -> int:
    parser = argparse.ArgumentParser(prog="simulate", description=__doc__)
    parser.add_argument("--full", action="store_true", help=f"{WORLDS_FULL:,} worlds instead of {WORLDS_SHORT:,}")
    parser.add_argument("--seed", type=int, help="the first seed; else a random one")
    arguments = parser.parse_args()
    first_seed = secrets.randbelow(10**9) if arguments.seed is None else arguments.seed
    return main(WORLDS_FULL if arguments.full else WORLDS_SHORT, first_seed)


if __name__ == "__main__":
    sys.exit(run())
