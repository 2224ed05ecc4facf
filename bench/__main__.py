"""Runs every bench (or those named) against embedded servers and prints the table; `--keep` writes it into the docs."""

import argparse
import asyncio
import importlib
import time
from pathlib import Path

from bench.figures import Figure, table, where_and_when
from bench.servers import servers

HERE = Path(__file__).parent
KEPT = HERE.parent / "docs" / "reference" / "benchmarks.md"
BEGIN, END = "<!-- measured -->", "<!-- /measured -->"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="benches by name, e.g. pull; all when left out")
    parser.add_argument("--keep", action="store_true", help="write the table into docs/reference/benchmarks.md")
    parser.add_argument("--full", action="store_true", help="the long form")
    asked = parser.parse_args()
    names = asked.names or sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))
    figures: list[Figure] = []
    with servers(is_full=asked.full) as running_servers:
        for name in names:
            begun = time.monotonic()
            module = importlib.import_module(f"bench.bench_{name}")
            found = asyncio.run(module.measure(running_servers))
            print(f"… {name}: {len(found)} figures in {time.monotonic() - begun:.0f} s", flush=True)
            figures += found
    measured = f"{where_and_when()}\n\n{table(figures)}"
    print(measured)
    if asked.keep:
        keep(measured)


def keep(measured: str) -> None:
    """Replace what stands between the two marks."""
    text = KEPT.read_text()
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    KEPT.write_text(f"{head}{BEGIN}\n{measured}\n{END}{tail}")


if __name__ == "__main__":
    main()
