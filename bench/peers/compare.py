"""Runs the same work on every engine that can be had, and writes what was measured as a table."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.counting import Counted
from bench.figures import amount, where_and_when
from bench.peers.engine import CLIENTS, CannotRun, Measured, Peer, Place, measure, rows
from bench.peers.morango import Morango
from bench.peers.ours import Spark
from bench.peers.pouchdb import PouchDb
from bench.peers.zero import Zero
from bench.servers import bare_servers

PEERS: dict[str, Callable[[], Peer]] = {"spark": Spark, "morango": Morango, "pouchdb": PouchDb, "zero": Zero}
CACHE = Path(__file__).resolve().parents[2] / ".cache" / "peers"
BEGIN, END = "<!-- measured -->", "<!-- /measured -->"


def compare(names: list[str], *, kept_in: Path | None) -> int:
    """Answers the exit code: 1 when an engine that was named could not run."""
    CACHE.mkdir(parents=True, exist_ok=True)
    found: list[Measured] = []
    skipped: list[str] = []
    for name in names or PEERS:
        if name not in PEERS:
            print(f"There is no peer {name!r}; there are {', '.join(PEERS)}.")
            return 1
        peer = PEERS[name]()
        print(f"… {peer.name}", flush=True)
        try:
            peer.install(CACHE)
            with _place(name) as place:
                found.append(measure(peer, place))
        except CannotRun as problem:
            skipped.append(f"{peer.name} was skipped: {problem}")
            print(f"  SKIPPED: {problem}", flush=True)
    told = "\n".join([where_and_when(), "", _table(found), *_remarks(found, skipped)])
    print(f"\n{told}")
    if kept_in is not None:
        keep(kept_in, told)
    return 1 if names and skipped else 0


@contextmanager
def _place(name: str) -> Iterator[Place]:
    """Fresh servers for each engine, so that none runs beside what another left."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="spark-peers-")))
        folder.chmod(0o755)
        mine = folder / name
        mine.mkdir()
        bare = stack.enter_context(bare_servers(folder, logical=True))
        yield Place(
            folder=mine,
            cache=CACHE,
            new_database=bare.new_database,
            superuser_url=bare.superuser_url,
            redis_url=bare.redis_url,
            s3_url=bare.s3_url,
        )


def _table(found: list[Measured]) -> str:
    head = ["Engine", f"First sync, {len(rows()):,} rows", "Delta, 100 rows", "Push, 1,000 records"]
    lines = [[*head, f"{CLIENTS} clients at once, deltas"], ["---"] * 5]
    lines += [_line(one) for one in found]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _line(one: Measured) -> list[str]:
    return [
        f"{one.name}, {one.versions}",
        _cell(one.first_sync_ms, one.first_sync),
        _cell(one.delta_ms, one.delta),
        _cell(one.push_ms, one.push),
        "–" if one.deltas_per_s is None else amount(one.deltas_per_s, "/s"),
    ]


def _cell(spent_ms: float | None, counted: Counted | None) -> str:
    if spent_ms is None or counted is None:
        return "–"
    time = f"{spent_ms / 1000:.2f} s" if spent_ms >= 1000 else amount(spent_ms, "ms")
    return f"{time}; {_bytes(counted.up)} up, {_bytes(counted.down)} down in {counted.requests} requests"


def _bytes(count: int) -> str:
    if count >= 1_000_000:
        return f"{count / 1_000_000:.2f} MB"
    return f"{count / 1000:.1f} kB" if count >= 1000 else f"{count} B"


def _remarks(found: list[Measured], skipped: list[str]) -> list[str]:
    told = [*skipped, *(f"{one.name} could not do: {text}" for one in found for text in one.missing)]
    return ["", *(f"- {text}" for text in told)] if told else []


def keep(path: Path, told: str) -> None:
    """Replace what stands between the two marks."""
    text = path.read_text()
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    path.write_text(f"{head}{BEGIN}\n{told}\n{END}{tail}")
