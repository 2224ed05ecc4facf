"""One measured quantity beside the least it could cost, and a table of them."""

import platform
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from os import cpu_count
from pathlib import Path

TURNS = 3  # The best of three counts: a machine that others use too is sometimes slow, never too fast.


@dataclass(frozen=True)
class Servers:
    """The real servers a bench runs against; each bench makes a database of its own from `new_database`."""

    new_database: Callable[[], str]  # a fresh migrated database → its URL
    redis_url: str
    s3_url: str
    pictures: Path  # the folder that a bench draws into
    is_full: bool = False  # --full: the long form


@dataclass(frozen=True)
class Figure:
    name: str
    ours: float
    unit: str
    floor: float | None = None  # in the same unit, from the same run
    floor_is: str = ""
    goal: str = ""  # as the design states it
    holds: bool | None = None

    @property
    def ratio(self) -> float | None:
        return None if not self.floor else self.ours / self.floor


def at_most(name: str, ours: float, unit: str, *, floor: float, floor_is: str, times: float) -> Figure:
    """A cost that may be so many times its floor."""
    return Figure(name, ours, unit, floor, floor_is, f"≤ {times:g} ×", holds=ours <= times * floor)


def at_least(name: str, ours: float, unit: str, *, floor: float, floor_is: str, times: float) -> Figure:
    """A rate that is at least so large a part of what is possible."""
    return Figure(name, ours, unit, floor, floor_is, f"≥ {times:g} ×", holds=ours >= times * floor)


async def median_ms(act: Callable[[], Awaitable[object]], *, times: int, warm_up: int = 3) -> float:
    """The median of `times` runs, in milliseconds."""
    for _ in range(warm_up):
        await act()
    spent = []
    for _ in range(times):
        started = time.perf_counter()
        await act()
        spent.append((time.perf_counter() - started) * 1000)
    return statistics.median(spent)


def share(values: list[float], part: float) -> float:
    """The value that `part` of them do not pass: 0.5 is the median, 0.99 what one in a hundred is above."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def table(figures: list[Figure]) -> str:
    """Markdown, one row a figure."""
    rows = ["| What | Ours | Floor | Ratio | Goal | Holds |", "|---|---|---|---|---|---|"]
    for figure in figures:
        floor = "–" if figure.floor is None else f"{amount(figure.floor, figure.unit)} ({figure.floor_is})"
        ratio = "–" if figure.ratio is None else f"{figure.ratio:.2f}"
        holds = {None: "–", True: "yes", False: "**no**"}[figure.holds]
        ours = amount(figure.ours, figure.unit)
        rows.append(f"| {figure.name} | {ours} | {floor} | {ratio} | {figure.goal} | {holds} |")
    return "\n".join(rows)


def amount(value: float, unit: str) -> str:
    """Three digits that matter, and the unit."""
    if value >= 1000 or (value == int(value) and unit in ("bytes", "rows", "")):
        return f"{value:,.0f} {unit}".strip()
    return f"{value:.1f} {unit}" if value >= 100 else f"{value:.2f} {unit}"


def where_and_when() -> str:
    """The date, and what a reader needs to judge the figures by."""
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {cpu_count()} cores ({_processor()}), {platform.system()} {platform.machine()},"
        f" Python {platform.python_version()}, PostgreSQL 18 with fsync; servers and clients on one machine"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
