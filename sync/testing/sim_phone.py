"""A simulated phone: outbox, journal, numbers, forks, and the rule that decides what is still shown of its own work.

It follows SPEC.md and knows the server only by the bytes of its answers. Whatever is not durable is lost by `kill`.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import msgspec

from sync.ops import hash_of
from sync.testing.sim_rows import SimRows

OPS_A_REQUEST = 8


@dataclass
class Entry:
    """One wish in the outbox or the journal. `n` and `raw` are given together, when it is first put into a request."""

    identity: UUID
    token: str  # What the oracle calls it
    body: dict[str, Any]  # The op without its number
    group: tuple[str, int] | None = None
    broken: bool = False  # Its bytes are no op that can be read.
    n: int = 0
    raw: bytes = b""
    outcome: str | None = None  # Of its receipt
    again: bool = False

    def frozen(self, n: int) -> "Entry":
        body = {"n": n, "schema": 1, **self.body, **({"group": self.group} if self.group else {})}
        raw = msgspec.json.encode({**body, "again": True} if self.again else body)
        if self.broken:
            raw = raw[:-1] + b',"text":"\\ud800"}'
        return replace(self, n=n, raw=raw)


@dataclass
class Request:
    """One exchange under way: a number that fences its answer, and the bytes."""

    number: int
    device_id: UUID
    cursor: str | None
    body: bytes


@dataclass
class SimPhone:
    """`new_id` names devices; `note` hears of forks and the like, for the statistics."""

    user_id: UUID
    tiers: dict[str, int]
    new_id: Callable[[str], UUID]
    note: Callable[[str], None] = lambda _: None
    device_id: UUID = field(init=False)
    next_n: int = 1
    outbox: list[Entry] = field(default_factory=list)
    journal: list[Entry] = field(default_factory=list)
    confirmed: tuple[int, str] = (0, "")
    resend_above: int | None = None  # After a restore: journal ops above this are offered again, before new ones.
    cut_device: UUID | None = None  # Whose numbers `rows.settled` counts.
    at: tuple[int, int] = (0, 0)
    blobs: set[str] = field(default_factory=set)
    journal_max: int = 20
    asked: Request | None = None
    exchanges: int = 0

    def __post_init__(self) -> None:
        self.device_id = self.new_id("device")
        self.rows = SimRows(self.tiers)

    # --- the person ---

    def tick(self, clock_ms: int) -> list[int]:
        """The `at` of a wish made now: never earlier than one before."""
        self.at = max((clock_ms, 0), (self.at[0], self.at[1] + 1))
        return list(self.at)

    def make(self, *entries: Entry) -> None:
        self.outbox += entries

    # --- asking ---

    def ask(self) -> Request | None:
        """Begin an exchange: numbers are given and frozen before the first byte leaves. None while one is under way."""
        if self.asked is not None:
            return None
        ops = self._next_ops()
        for place, entry in enumerate(self.outbox):
            if entry in ops and not entry.n:
                self.outbox[place] = entry.frozen(self.next_n)
                ops[ops.index(entry)] = self.outbox[place]
                self.next_n += 1
        self.exchanges += 1
        head = {
            "protocol": 1,
            "schema": 1,
            "device": self.device_id,
            "cursor": self.rows.cursor,
            "confirmed": self.confirmed,
            "want": {"bytes": 4096, "buckets": []},
        }
        body = msgspec.json.encode(head)[:-1] + b',"ops":[' + b",".join(entry.raw for entry in ops) + b"]}"
        self.asked = Request(self.exchanges, self.device_id, self.rows.cursor, body)
        return self.asked

    def _next_ops(self) -> list[Entry]:
        """The journal above a rewound watermark first, then the outbox; never a part of a group."""
        again = [entry for entry in self.journal if self.resend_above is not None and entry.n > self.resend_above]
        ops: list[Entry] = []
        for entry in [*again, *self.outbox]:
            starts_group = entry.group is not None and not (ops and ops[-1].group == entry.group)
            size = entry.group[1] if entry.group is not None and starts_group else 1
            is_inside = entry.group is not None and not starts_group
            if not is_inside and ops and len(ops) + size > OPS_A_REQUEST:
                break
            ops.append(entry)
        return ops

    def give_up(self) -> None:
        """A timeout: nothing is known of what became of it."""
        self.asked = None

    def kill(self) -> None:
        """What is durable stays: here that is all but the exchange under way."""
        self.asked = None

    # --- being answered ---

    def hear(self, request: Request, status: int, body: bytes, error: str) -> None:
        """One answer, whole or cut. An answer to an exchange that has ended, or of another device id, is dropped."""
        if self.asked is None or self.asked.number != request.number or request.device_id != self.device_id:
            return
        self.asked = None
        if status == 200:
            self._hear_lines(request, body)
        elif error in ("device.not_yours", "device.revoked"):
            self.fork("turned away")

    def _hear_lines(self, request: Request, body: bytes) -> None:
        raw_lines = body.split(b"\n")[:-1]  # A line that was cut is no line.
        lines = [json.loads(raw) for raw in raw_lines]
        if not lines:
            return
        first = lines[0]
        receipts = [receipt for line in lines if isinstance(line, dict) for receipt in line.get("receipts", [])]
        self._settle_receipts(receipts)
        if first.get("error") == "device_forked":
            self.fork("told so")
            return
        if not self._agrees(tuple(first["watermark"]), first.get("expected")):
            return
        if self.rows.cursor == request.cursor:
            cuts = self.rows.settled_cuts
            self.rows.take(lines[1:], raw_lines[1:])
            self.cut_device = self.device_id if self.rows.settled_cuts > cuts else self.cut_device
            self._trim(watermark=first["watermark"][0])

    def _settle_receipts(self, receipts: Iterable[dict[str, Any]]) -> None:
        """From the outbox to the journal; the highest number without a hole below it is confirmed."""
        by_number = {receipt["n"]: receipt for receipt in receipts}
        for entry in self.journal:
            if entry.n in by_number:  # Given back after a restore: the answer may be another one now.
                entry.outcome = by_number[entry.n]["outcome"]
        for entry in list(self.outbox):
            if entry.n in by_number:
                entry.outcome = by_number[entry.n]["outcome"]
                self.outbox.remove(entry)
                self.journal.append(entry)
        if self.journal and self.journal[-1].n > self.confirmed[0]:
            self.confirmed = (self.journal[-1].n, hash_of(self.journal[-1].raw))

    def _agrees(self, watermark: tuple[int, str], expected: int | None) -> bool:
        """Compare numbers with the server. False: this phone is somebody else now."""
        number, hash_ = watermark
        own = {entry.n: entry for entry in [*self.journal, *self.outbox] if entry.n}
        if 0 < number < self.confirmed[0] and (number not in own or hash_of(own[number].raw) != hash_):
            self.fork("a restore, and a clone that used the numbers")
            return False
        self.resend_above = number if number < self.confirmed[0] else None
        hole = (expected if expected is not None else number + 1) if self.resend_above is not None or expected else None
        if hole is not None and hole < self.next_n and hole not in own:
            self.fork("a hole")
            return False
        return True

    def fork(self, why: str) -> None:
        """A new device id: journal, then outbox, numbered anew; identities remove the duplicates."""
        self.note(f"fork: {why}")
        entries = [*self.journal, *self.outbox]
        sizes: dict[str, int] = {}
        for entry in entries:
            if entry.group is not None:
                sizes[entry.group[0]] = sizes.get(entry.group[0], 0) + 1
        self.outbox = [
            replace(
                entry,
                n=0,
                raw=b"",
                outcome=None,
                again=entry.again or entry.n > 0,
                group=entry.group if entry.group is not None and sizes[entry.group[0]] == entry.group[1] else None,
            )
            for entry in entries
        ]
        self.journal = []
        self.device_id = self.new_id("device")
        self.next_n, self.confirmed, self.resend_above, self.asked = 1, (0, ""), None, None

    def _trim(self, *, watermark: int) -> None:
        """Forget the oldest of the journal: settled, and covered by the watermark just answered; whole groups only."""
        last = min(watermark, self.rows.settled) if self.cut_device == self.device_id else 0
        while len(self.journal) > self.journal_max:
            group = self.journal[0].group
            size = 1 if group is None else group[1]
            if any(entry.n > last for entry in self.journal[:size]):
                return
            del self.journal[:size]

    # --- what the screen shows ---

    def overlay(self) -> list[Entry]:
        """The wishes that the rows on screen do not know yet: a function of the shown cut."""
        same = self.cut_device == self.device_id
        return [
            entry
            for entry in [*self.journal, *self.outbox]
            if not (same and entry.outcome is not None and entry.n <= self.rows.settled)
        ]

    def tokens(self) -> set[str]:
        """The wishes that this phone could still give back."""
        return {entry.token for entry in [*self.journal, *self.outbox]}

    def cloned(self) -> "SimPhone":
        """The same phone once more, as a backup of the handset gives it."""
        other = SimPhone(self.user_id, self.tiers, self.new_id, self.note)
        other.device_id, other.next_n, other.confirmed = self.device_id, self.next_n, self.confirmed
        other.outbox = [replace(entry) for entry in self.outbox]
        other.journal = [replace(entry) for entry in self.journal]
        other.resend_above, other.cut_device, other.at, other.blobs = (
            self.resend_above,
            self.cut_device,
            self.at,
            set(self.blobs),
        )
        rows = self.rows
        other.rows = replace(rows, held=dict(rows.held), shown=dict(rows.shown), pairs=set(rows.pairs))
        return other
