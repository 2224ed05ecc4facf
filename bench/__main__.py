"""Runs every bench (or those named) against embedded servers and prints the table; `--keep` writes it into the docs."""

import argparse
import asyncio
import importlib
import sys
import time
from pathlib import Path

from bench.figures import Figure, table, where_and_when
from bench.servers import servers

HERE = Path(__file__).parent
REFERENCE = HERE.parent / "docs" / "reference"
SCRATCH = HERE.parent / ".cache" / "bench"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="benches by name, e.g. pull; all when left out")
    parser.add_argument("--keep", action="store_true", help="write tables and pictures into docs/reference")
    parser.add_argument("--full", action="store_true", help="the long form")
    parser.add_argument("--peers", action="store_true", help="the same work on other engines, installed as they run")
    asked = parser.parse_args()
    if asked.peers:
        from bench.peers.compare import compare  # noqa: PLC0415 - asked for alone, and rarely

        return compare(asked.names, kept_in=REFERENCE / "peers.md" if asked.keep else None)
    pictures = REFERENCE if asked.keep else SCRATCH
    pictures.mkdir(parents=True, exist_ok=True)
    names = asked.names or sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))
    figures: list[Figure] = []
    with servers(pictures, is_full=asked.full) as running_servers:
        for name in names:
            begun = time.monotonic()
            module = importlib.import_module(f"bench.bench_{name}")
            found = asyncio.run(module.measure(running_servers))
            print(f"… {name}: {len(found)} figures in {time.monotonic() - begun:.0f} s", flush=True)
            figures += found
            if asked.keep:
                keep(REFERENCE / "benchmarks.md", name, f"{where_and_when()}\n\n{table(found)}")
    print(f"\n{where_and_when()}\n\n{table(figures)}")
    missed = [figure.name for figure in figures if figure.holds is False]
    print(f"\nMissed: {'; '.join(missed)}" if missed else "\nEvery goal holds.")
    return 0


def keep(path: Path, name: str, measured: str) -> None:
    """Replace what stands between the name's two marks; a name without marks gets a section at the end."""
    begin, end = f"<!-- measured: {name} -->", f"<!-- /measured: {name} -->"
    text = path.read_text()
    if begin not in text:
        text = f"{text.rstrip()}\n\n## {name.replace('_', ' ').capitalize()}\n\n{begin}\n{end}\n"
    head, _, rest = text.partition(begin)
    _, _, tail = rest.partition(end)
    path.write_text(f"{head}{begin}\n{measured}\n{end}{tail}")


if __name__ == "__main__":
    sys.exit(main())
