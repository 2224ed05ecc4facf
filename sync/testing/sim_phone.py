"""A simulated phone: outbox, journal, numbers, forks, and the rule that decides what is still shown of its own work.

It follows SPEC.md and knows the server only by the bytes of its answers. Each transaction on its disk goes through
`_keep`, so that the power may go before or after it; whatever is not durable is lost by `kill`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import msgspec

from sync.ops import hash_of
from sync.testing.comparing import Comparison
from sync.testing.sim_entry import Entry, Request
from sync.testing.sim_files import is_its
from sync.testing.sim_rows import Pair, SimRows

OPS_A_REQUEST = 8
COMPARE_BYTES = 1_024
COMPARES_MAX = 60  # of one pair, one after the other

_decode = msgspec.json.decode


def _works(_moment: str) -> None:
    """The power stays on."""


@dataclass(eq=False)
class SimPhone:
    """`new_id` names devices; `note` hears of forks and the like, for the statistics; `power` may raise PowerCut."""

    user_id: UUID
    new_id: Callable[[str], UUID]
    note: Callable[[str], None] = lambda _: None
    power: Callable[[str], None] = _works
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
    want: tuple[str, ...] = ()
    want_tier: int = 3
    want_bytes: int = 4_096
    is_disk_full: bool = False
    reads_files: bool = False
    asked: Request | None = None
    exchanges: int = 0
    comparison: Comparison | None = None
    compared: int = 0  # Answers that the comparison has had.

    def __post_init__(self) -> None:
        self.device_id = self.new_id("device")
        self.rows = SimRows()

    def _keep(self, what: str, change: Callable[[], None]) -> None:
        """One transaction of the phone's. Raises PowerCut before it, and then nothing was done, or after it."""
        self.power(f"before {what}")
        change()
        self.power(f"after {what}")

    # --- the person ---

    def tick(self, clock_ms: int) -> list[int]:
        """The `at` of a wish made now: never earlier than one before."""
        self.at = max((clock_ms, 0), (self.at[0], self.at[1] + 1))
        return list(self.at)

    def make(self, *entries: Entry) -> None:
        """Queue what a person did; a group is queued as one."""
        self._keep("a wish is queued", lambda: self.outbox.extend(entries))

    # --- asking ---

    def ask(self) -> Request | None:
        """Begin an exchange, or a comparison where one is due. None while one is under way."""
        if self.asked is not None:
            return None
        self.exchanges += 1
        self.asked = self._ask_chunk() or self._ask_comparison() or self._ask_exchange()
        return self.asked

    def _ask_exchange(self) -> Request:
        """Numbers are given, and the bytes frozen, before the first of them leaves."""
        ops = self._next_ops()
        fresh = [entry for entry in ops if not entry.n]
        if fresh:
            self._keep("numbers are given", lambda: self._freeze(fresh, ops))
        is_known = self.want == self.rows.listed
        want: dict[str, Any] = {"bytes": self.want_bytes, "tier": self.want_tier}
        lists = {pair: found.wish for pair, found in self.rows.files.open.items() if found.is_due}
        if self.reads_files:
            want["files"] = [(*pair, *known) for pair, known in lists.items()]
        head = {
            "protocol": 1,
            "schema": 1,
            "device": self.device_id,
            "cursor": self.rows.cursor,
            "confirmed": self.confirmed,
            "want": want if is_known else {**want, "buckets": self.want},
            "check": list(self.rows.check),
        }
        body = msgspec.json.encode(head)[:-1] + b',"ops":[' + b",".join(entry.raw for entry in ops) + b"]}"
        return Request(self.exchanges, self.device_id, self.rows.cursor, body, self.want, asked_lists=tuple(lists))

    def _freeze(self, fresh: list[Entry], ops: list[Entry]) -> None:
        for place, entry in enumerate(self.outbox):
            if entry in fresh:
                self.outbox[place] = entry.frozen(self.next_n)
                ops[ops.index(entry)] = self.outbox[place]
                self.next_n += 1

    def _ask_chunk(self) -> Request | None:
        """Every other time, while chunks are outstanding: exchanges go on beside them."""
        wanted = [(pair, found.wanted[0]) for pair, found in self.rows.files.open.items() if found.wanted]
        if not wanted or self.exchanges % 2:
            return None
        pair, sha256 = wanted[0]
        return Request(self.exchanges, self.device_id, None, f"{pair[0]} {sha256}".encode(), fetches=wanted[0])

    def _ask_comparison(self) -> Request | None:
        """The first pair that differs, and what of it is to be asked next; None where an exchange is due."""
        rows = self.rows
        if not rows.mend or rows.cursor is None:
            self.comparison = None
            return None
        pair = rows.mend[0]
        if self.comparison is None:
            lines = {key[2:]: line for key, line in rows.held.items() if key[:2] == pair}
            self.comparison, self.compared = Comparison(lines), 0
        if self.comparison.is_done or self.compared > COMPARES_MAX:
            self.comparison = None
            rows.mend.remove(pair)  # It stays on the check list until its digest agrees.
            return self._ask_comparison()
        body = {
            "protocol": 1,
            "device": self.device_id,
            "cursor": rows.cursor,
            "bucket": pair[0],
            "tier": pair[1],
            "bytes": COMPARE_BYTES,
            "ask": self.comparison.ask(),
        }
        return Request(self.exchanges, self.device_id, rows.cursor, msgspec.json.encode(body), compares=pair)

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
        """What is durable stays; what was only in memory is gone."""
        self.asked, self.resend_above, self.comparison = None, None, None

    # --- being answered ---

    def hear(self, request: Request, status: int, body: bytes, error: str) -> None:
        """One answer, whole or cut. An answer to an exchange that has ended, or of another device id, is dropped."""
        if self.asked is None or self.asked.number != request.number or request.device_id != self.device_id:
            return
        self.asked = None
        if request.compares is not None:
            self._hear_comparison(request.compares, status, body)
        elif request.fetches is not None:
            self._hear_chunk(*request.fetches, status, body)
        elif status == 200:
            self._hear_lines(request, body)
        elif error in ("device.not_yours", "device.revoked"):
            self.fork("turned away")

    def _hear_chunk(self, pair: Pair, sha256: str, status: int, body: bytes) -> None:
        """Bytes that are not what their name says are fetched once more; a file that is gone, from another list."""
        found = self.rows.files.open.get(pair)
        if found is None or sha256 not in found.wanted or self.is_disk_full:
            return
        if status == 404:
            self.note("a file was not to be had")
            if found.misses:
                self._keep("files are given up", lambda: self.rows.give_up_files(pair))
            found.misses, found.is_due = found.misses + 1, True
        elif is_its(sha256, body):
            self.note("files used")
            self._keep("a chunk is stored", lambda: self.rows.use_chunk(pair, sha256, body))

    def _hear_comparison(self, pair: Pair, status: int, body: bytes) -> None:
        """Each leaf that ended replaces what was held of it. Anything but an answer: ask the exchange first."""
        comparison, rows = self.comparison, self.rows
        if comparison is None:
            return  # The pair was left, or the phone was killed meanwhile.
        raw_lines = body.split(b"\n")[:-1]
        if status != 200 or not raw_lines or self.is_disk_full:
            self.comparison = None
            rows.mend = [*rows.mend[1:]]
            return
        self.compared += 1
        changed = comparison.hear(raw_lines)

        def keep() -> None:
            for key in changed:
                if key in comparison.lines:
                    rows.held[(*pair, *key)] = comparison.lines[key]
                else:
                    rows.held.pop((*pair, *key), None)

        self._keep("leaves are stored", keep)

    def _hear_lines(self, request: Request, body: bytes) -> None:
        raw_lines = body.split(b"\n")[:-1]  # A line that was cut is no line.
        lines = [_decode(raw) for raw in raw_lines]
        if not lines:
            return
        first = lines[0]
        receipts = [receipt for line in lines if type(line) is dict for receipt in line.get("receipts", ())]
        if receipts:
            self._keep("receipts are stored", lambda: self._settle_receipts(receipts))
        if first.get("error") == "device_forked":
            self.fork("told so")
            return
        if not self._agrees(tuple(first["watermark"]), first.get("expected")):
            return
        if "again" in first:
            self.rows.listed = None
        elif self.rows.cursor == request.cursor:
            self._store_page(request, lines, raw_lines)

    def _store_page(self, request: Request, lines: list[Any], raw_lines: list[bytes]) -> None:
        """Rows and their cursor in one transaction; then the journal may be trimmed. Full: nothing is stored."""
        rows = self.rows
        if self.is_disk_full:
            self.note("disk full")
            return
        cuts = rows.settled_cuts

        def keep() -> None:
            is_whole = rows.take(lines[1:], raw_lines[1:], own=f"user:{self.user_id}", names=request.names)
            if is_whole:
                rows.lists_answered(request.asked_lists)
            self.cut_device = self.device_id if rows.settled_cuts > cuts else self.cut_device

        self._keep("a page is stored", keep)
        self.comparison = None
        self._keep("the journal is trimmed", lambda: self._trim(watermark=lines[0]["watermark"][0]))

    def _settle_receipts(self, receipts: Iterable[dict[str, Any]]) -> None:
        """From the outbox to the journal; the highest number without a hole below it is confirmed."""
        by_number = {receipt["n"]: receipt for receipt in receipts}
        for entry in self.journal:
            if entry.n in by_number:  # Given back after a restore: the answer may be another one now.
                entry.outcome, entry.heard_after = by_number[entry.n]["outcome"], self.rows.settled_cuts
        for entry in list(self.outbox):
            if entry.n in by_number:
                entry.outcome, entry.heard_after = by_number[entry.n]["outcome"], self.rows.settled_cuts
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
        self._keep("the numbers begin anew", self._fork)

    def _fork(self) -> None:
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
        while len(self.journal) > self.journal_max:
            group = self.journal[0].group
            size = 1 if group is None else group[1]
            if any(entry.n > watermark or not self.is_settled(entry) for entry in self.journal[:size]):
                return
            del self.journal[:size]

    # --- what the screen shows ---

    def overlay(self) -> list[Entry]:
        """The wishes that the rows on screen do not know yet: a function of the shown cut."""
        return [entry for entry in [*self.journal, *self.outbox] if not self.is_settled(entry)]

    def is_settled(self, entry: Entry) -> bool:
        """A cut stored after its receipt counts it. The numbers of an older one may have been another copy's."""
        return (
            self.cut_device == self.device_id
            and entry.outcome is not None
            and entry.n <= self.rows.settled
            and entry.heard_after < self.rows.settled_cuts
        )

    def tokens(self) -> set[str]:
        """The wishes that this phone could still give back."""
        return {entry.token for entry in [*self.journal, *self.outbox]}

    def cloned(self) -> "SimPhone":
        """The same phone once more, as a backup of the handset gives it: what is durable, and nothing under way."""
        other = SimPhone(self.user_id, self.new_id, self.note, self.power)
        for name in _DURABLE:
            setattr(other, name, getattr(self, name))
        other.outbox = [replace(entry) for entry in self.outbox]
        other.journal = [replace(entry) for entry in self.journal]
        other.blobs = set(self.blobs)
        other.rows = self.rows.copied()
        return other


_DURABLE = (
    "device_id",
    "next_n",
    "confirmed",
    "cut_device",
    "at",
    "journal_max",
    "want",
    "want_tier",
    "want_bytes",
    "is_disk_full",
    "reads_files",
)
