"""A small world, and every order in which things can happen in it: two phones, a few ops, the sequencer, one restore.

    wish and exchange · exchange · the answer comes late, or never · a request comes twice · publish · back up · restore

Each state is visited once, whatever way led to it; the laws are asserted in each. At the end every state must have a
way to rest: all work done once, both phones showing it. The engine inside is the real one, on the memory store.
"""

import hashlib
from collections import deque
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from uuid import UUID

from sync.cursor import Cursor
from sync.memory import MemoryStore
from sync.memory_log import MemoryLog
from sync.testing.oracles import Violation
from sync.testing.phone import id_of
from sync.testing.sample import NOTES, sample_registry
from sync.testing.sim_entry import Entry, Request
from sync.testing.sim_phone import SimPhone
from sync.testing.sim_server import Reply, SimServer

NOW_MS = 1_800_000_000_000
USER = id_of("user of a small world")
CALM = frozenset({"wish", "exchange", "hear", "publish"})  # What a calm day consists of.

PHONES_OWN = frozenset({"wish", "exchange", "send", "hear", "lose"})

T = TypeVar("T")
Action = tuple[str, int]  # What, and to which phone


@dataclass(frozen=True)
class Bounds:
    """How much may happen. `ops`: of each phone."""

    ops: tuple[int, ...] = (2, 1)
    late: int = 1  # Answers that are under way while other things happen; they may also be lost.
    repeats: int = 1
    restores: int = 1


@dataclass
class State:
    server: SimServer
    phones: list[SimPhone]
    flying: dict[int, tuple[Request, Reply]] = field(default_factory=dict)  # Answers on their way, by phone
    repeat: bytes | None = None  # A request that the network may bring once more.
    backup: tuple[MemoryStore, MemoryLog] | None = None
    made: list[int] = field(default_factory=list)
    late: int = 0
    repeats: int = 0
    restores: int = 0

    def forked(self) -> "State":
        return replace(
            self,
            server=self.server.forked(),
            phones=[_copied(phone) for phone in self.phones],
            flying=dict(self.flying),
            made=list(self.made),
        )


@dataclass
class Found:
    """What a search met."""

    states: int = 0
    transitions: int = 0
    resting: int = 0
    restored: int = 0


def run(work: Coroutine[Any, Any, T]) -> T:
    """Nothing in a simulated world waits: a coroutine is run by asking it once."""
    try:
        work.send(None)
    except StopIteration as end:
        value: T = end.value
        return value
    raise AssertionError("something waited")


class SmallWorld:
    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self.found = Found()
        self._truth: dict[bytes, frozenset[bytes]] = {}
        self._wishes = {
            (phone, number): _wish(phone, number) for phone, count in enumerate(bounds.ops) for number in range(count)
        }

    def explore(self) -> Found:
        """Every state once. Raises Violation, with the way that led to it."""
        start = self._start()
        keys: dict[bytes, int] = {key_of(start): 0}
        came: list[tuple[int, Action]] = [(0, ("start", 0))]
        back: list[list[int]] = [[]]  # Calm ways into each state
        resting: list[int] = []
        queue = deque([(0, start)])
        while queue:
            number, state = queue.popleft()
            if self._rests(state):
                resting.append(number)
            for action in self._possible(state):
                after = state.forked()
                self._do(after, action)
                self.found.transitions += 1
                key = key_of(after)
                known = keys.get(key)
                if known is None:
                    known = keys[key] = len(came)
                    came.append((number, action))
                    back.append([])
                    self._judge(after, came, known)
                    queue.append((known, after))
                if action[0] in CALM:
                    back[known].append(number)
        self.found.states, self.found.resting = len(came), len(resting)
        self._find_stuck(back, resting, came)
        return self.found

    # --- what may happen ---

    def _start(self) -> State:
        server = SimServer(strike=_nothing, publishes_at_once=lambda: False, registry=sample_registry())
        phones = [SimPhone(USER, _Names(phone)) for phone in range(len(self.bounds.ops))]
        return State(server, phones, made=[0] * len(phones))

    def _possible(self, state: State) -> Iterator[Action]:
        bounds = self.bounds
        for number in range(len(state.phones)):
            if number in state.flying:
                yield "hear", number
                yield "lose", number
                continue
            if state.made[number] < bounds.ops[number]:
                yield "wish", number
            yield "exchange", number
            if state.late < bounds.late:
                yield "send", number
        if state.repeat is not None and state.repeats < bounds.repeats:
            yield "repeat", 0
        yield "publish", 0
        if state.backup is None and bounds.restores:
            yield "back up", 0
        if state.backup is not None and state.restores < bounds.restores:
            yield "restore", 0

    def _do(self, state: State, action: Action) -> None:
        what, number = action
        match what:
            case "wish":
                state.phones[number].make(replace(self._wishes[number, state.made[number]]))
                state.made[number] += 1
                self._exchange(state, number)
            case "exchange":
                self._exchange(state, number)
            case "send":
                self._ask(state, number)
                state.late += 1
            case "hear":
                self._hear(state, number)
            case "lose":
                state.flying.pop(number)
                state.phones[number].give_up()
            case "repeat":
                assert state.repeat is not None
                run(state.server.exchange(state.repeat, user_id=USER, now_ms=NOW_MS))
                state.repeats, state.repeat = state.repeats + 1, None
            case "publish":
                state.server.publish(now_ms=NOW_MS)
                self._remember(state)
            case "back up":
                state.backup = state.server.copied()
            case "restore":
                assert state.backup is not None
                state.server.bring_back(state.backup, now_ms=NOW_MS)
                state.restores += 1
                self._remember(state)
                self.found.restored += 1

    def _exchange(self, state: State, number: int) -> None:
        self._ask(state, number)
        self._hear(state, number)

    def _hear(self, state: State, number: int) -> None:
        request, reply = state.flying.pop(number)
        state.phones[number].hear(request, reply.status, reply.body, reply.error)

    def _ask(self, state: State, number: int) -> None:
        request = state.phones[number].ask()
        assert request is not None
        if request.compares is None:
            reply = run(state.server.exchange(request.body, user_id=USER, now_ms=NOW_MS))
            if b'"ops":[]' not in request.body:
                state.repeat = request.body
        else:
            reply = run(state.server.compare(request.body, user_id=USER))
        state.flying[number] = request, reply

    # --- what must be true ---

    def _remember(self, state: State) -> None:
        log = state.server.log
        lines = frozenset(item.line for item in log.items.values() if not item.is_gone)
        if self._truth.setdefault(log.batches[-1].tag[:8], lines) != lines:
            raise Violation("L7 two logs with one tag hold different rows")

    def _judge(self, state: State, came: list[tuple[int, Action]], number: int) -> None:
        try:
            self._check_once(state)
            for phone in state.phones:
                self._check_cut(phone)
                self._check_screen(phone)
        except Violation as violation:
            raise Violation(f"{violation}: {way_to(came, number)}") from violation

    def _check_once(self, state: State) -> None:
        for row in state.server.store.tables.of("sample_spendings").values():
            if row["amount"] != 1:
                raise Violation(f"L4 spent {row['amount']} times")

    def _check_cut(self, phone: SimPhone) -> None:
        rows = phone.rows
        if rows.unexplained:
            raise Violation(f"L10 digests differ: {rows.unexplained[0]}")
        cursor = None if rows.cut_cursor is None else Cursor.from_text(rows.cut_cursor)
        if cursor is None or cursor.is_filling or rows.cut_cursor != rows.cursor:
            return
        truth = self._truth.get(cursor.tag, frozenset())
        if set(rows.shown.values()) != truth:
            raise Violation("L1 a cut that never existed")

    def _check_screen(self, phone: SimPhone) -> None:
        pending = {entry.token for entry in phone.overlay()}
        shown = {key[3] for key in phone.rows.shown}
        for entry in [*phone.journal, *phone.outbox]:
            if entry.token not in pending and entry.token not in shown:
                raise Violation(f"O {entry.token} is neither in the rows nor in the overlay")

    def _rests(self, state: State) -> bool:
        """All is made, sent, published and shown."""
        if state.flying or state.made != list(self.bounds.ops):
            return False
        lines = {item.line for item in state.server.log.items.values() if not item.is_gone}
        done = {entry.token for entry in self._wishes.values()}
        return all(
            not phone.outbox
            and not phone.overlay()
            and not phone.rows.check
            and set(phone.rows.shown.values()) == lines
            and done <= {key[3] for key in phone.rows.shown}
            for phone in state.phones
        )

    def _find_stuck(self, back: list[list[int]], resting: list[int], came: list[tuple[int, Action]]) -> None:
        """From every state a calm way leads to rest."""
        seen = set(resting)
        queue = deque(resting)
        while queue:
            for before in back[queue.popleft()]:
                if before not in seen:
                    seen.add(before)
                    queue.append(before)
        for number in range(len(came)):
            if number not in seen:
                raise Violation(f"L6 no way leads to rest from: {way_to(came, number)}")


def way_to(came: list[tuple[int, Action]], number: int) -> str:
    """The actions that led to a state."""
    steps: list[str] = []
    while number:
        number, (what, phone) = came[number]
        steps.append(f"{what} {phone + 1}" if what in PHONES_OWN else what)
    return ", ".join(reversed(steps))


def key_of(state: State) -> bytes:
    """Equal for states from which the same can happen."""
    server = state.server
    parts: list[Any] = [
        _key_of_server(server.store, server.log),
        None if state.backup is None else _key_of_server(*state.backup),
        state.made,
        (state.late, state.repeats, state.restores),
        state.repeat,
        sorted((number, reply.status, reply.body, request.body) for number, (request, reply) in state.flying.items()),
        [_key_of_phone(phone) for phone in state.phones],
    ]
    return hashlib.blake2b(repr(parts).encode(), digest_size=16).digest()


def _key_of_server(store: MemoryStore, log: MemoryLog) -> Any:
    return (
        sorted(
            (str(id_), row["version"])
            for table in ("sample_spendings", "sample_notes")
            for id_, row in store.tables.of(table).items()
        ),
        sorted(
            (str(device.id), device.watermark, device.watermark_hash, device.confirmed)
            for device in store.devices.values()
        ),
        sorted(str(identity) for _, identity in store.identities),
        store.restored_at_ms,
        (log.batches[-1].tag, log.batches[-1].position, log.epoch),
        sorted((str(id_), settled) for id_, settled in log.settled.items()),
    )


def _key_of_phone(phone: SimPhone) -> Any:
    rows = phone.rows
    entries = [
        (entry.token, entry.n, entry.outcome, entry.again, phone.is_settled(entry))
        for entry in [*phone.outbox, *phone.journal]
    ]
    return (
        entries,
        len(phone.outbox),
        phone.device_id,
        phone.next_n,
        phone.confirmed,
        phone.resend_above,
        phone.asked is None,
        phone.comparison is None or (phone.comparison.pending, sorted(phone.comparison.lines)),
        (rows.cursor, rows.listed, rows.settled, rows.cut_cursor == rows.cursor, phone.cut_device),
        sorted(rows.held.items()),
        sorted(rows.shown.items()),
        sorted(rows.check),
        rows.mend,
        sorted(rows.filling),
    )


class _Names:
    """Names the device ids of one phone: the same ones on every way."""

    def __init__(self, phone: int) -> None:
        self._phone = phone
        self._count = 0

    def __call__(self, word: str) -> UUID:
        self._count += 1
        return id_of(f"{word} {self._count} of phone {self._phone}")

    def copied(self) -> "_Names":
        other = _Names(self._phone)
        other._count = self._count
        return other


def _wish(phone: int, number: int) -> Entry:
    """A spending first, whose double would show; then notes."""
    record = id_of(f"record {number} of phone {phone}")
    body: dict[str, Any]
    if number % 2 == 0:
        body = {"kind": "command", "command": "sample.spend", "args": {"account_id": record, "amount": 1}, "op": record}
    else:
        body = {"kind": "create", "collection": NOTES.name, "id": record, "fields": {"text": "words"}}
    return Entry(record, str(record), {**body, "at": [NOW_MS, number]})


def _copied(phone: SimPhone) -> SimPhone:
    other = phone.cloned()
    assert isinstance(phone.new_id, _Names)
    other.new_id = phone.new_id.copied()
    other.asked, other.exchanges, other.resend_above = phone.asked, 0, phone.resend_above
    if phone.comparison is not None:
        comparison = phone.comparison
        other.comparison = replace(
            comparison, lines=dict(comparison.lines), pending=list(comparison.pending), asked=list(comparison.asked)
        )
        other.compared = phone.compared
    return other


def _nothing(_moment: str) -> None:
    """No outage."""
