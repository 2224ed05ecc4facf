"""One measured quantity beside the least it could cost, and a table of them."""

import platform
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from os import cpu_count


@dataclass(frozen=True)
class Servers:
    """The real servers a bench runs against; each bench makes a database of its own from `new_database`."""

    new_database: Callable[[], str]  # a fresh migrated database → its URL
    redis_url: str
    s3_url: str


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


def table(figures: list[Figure]) -> str:
    """Markdown, one row a figure."""
    rows = ["| What | Ours | Floor | Ratio | Goal | Holds |", "|---|---|---|---|---|---|"]
    for figure in figures:
        floor = "–" if figure.floor is None else f"{figure.floor:.2f} {figure.unit} ({figure.floor_is})"
        ratio = "–" if figure.ratio is None else f"{figure.ratio:.2f}"
        holds = {None: "–", True: "yes", False: "**no**"}[figure.holds]
        rows.append(
            f"| {figure.name} | {figure.ours:.2f} {figure.unit} | {floor} | {ratio} | {figure.goal} | {holds} |"
        )
    return "\n".join(rows)


def where_and_when() -> str:
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    )
