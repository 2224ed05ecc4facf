"""What every store of the log must bear when a phone compares: SPEC.md R. Give a fixture `log`."""

import gzip
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol
from uuid import UUID

from sync.asking import read_envelope
from sync.digest import digest_text, line_digest
from sync.errors import ExchangeError
from sync.ops import split_request
from sync.page import Pace, write_page
from sync.ports import Row
from sync.pull import Page, PullStore, Snapshot, pull
from sync.reconcile import CompareSnapshot, CompareStore, compare, read_compare, write_compared
from sync.testing.comparing import Comparison, Key
from sync.testing.phone import id_of
from sync.testing.sample import NOTES

AMINA, BRIAN = id_of("user amina"), id_of("user brian")
DEVICE = id_of("device of a comparison")
OWN = f"user:{AMINA}"
ROUNDS_MAX = 200


class LogSnapshot(Snapshot, CompareSnapshot, Protocol):
    """Pages and comparisons are read in the same transaction."""


class LogStore(PullStore, CompareStore, Protocol):
    def snapshot(self) -> AbstractAsyncContextManager[LogSnapshot]: ...

    async def collections(self) -> dict[int, str]: ...


@dataclass
class Bill:
    """What a comparison cost, as it goes over the wire without any packing, and with it."""

    rounds: int = 0
    up: int = 0
    down: int = 0
    packed: int = 0

    @property
    def bytes(self) -> int:
        return self.up + self.down


@dataclass
class LogLab:
    """A log at hand: `write` as a route does (a row with `deleted_at` is gone), then `publish`."""

    store: LogStore
    write: Callable[[Sequence[Row]], Awaitable[None]]  # rows of sample.notes
    publish: Callable[[], Awaitable[None]]
    cursor: str = ""
    bill: Bill = field(default_factory=Bill)

    async def notes(self, count: int, *, word: str = "note", of: UUID = AMINA) -> list[UUID]:
        ids = [id_of(f"{word} {number}") for number in range(count)]
        await self.write([{"id": id_, "user_id": of, "text": f"{word} {place}"} for place, id_ in enumerate(ids)])
        return ids

    async def fill(self, user_id: UUID = AMINA) -> dict[Key, bytes]:
        """What a phone holds of its own bucket after a first fill, without line ends; keeps its cursor."""
        await self.publish()
        head = {"protocol": 1, "schema": 1, "device": str(DEVICE), "want": {"bytes": 8_000_000, "buckets": []}}
        envelope, _ = split_request(json.dumps(head).encode())
        page = await pull(self.store, read_envelope(envelope, user_id=user_id, has_ops=True))
        assert isinstance(page, Page)
        lines: dict[Key, bytes] = {}
        heading: dict[str, Any] = {}
        answer = b"".join(write_page(page, [], await self.store.collections(), Pace()))
        for raw in answer.splitlines():
            value = json.loads(raw)
            if isinstance(value, dict):
                heading = value if "collection" in value else heading
                self.cursor = value.get("cursor", self.cursor)
            elif heading["collection"] == NOTES.name:
                lines[NOTES.name, value[1]["id"]] = raw
        return lines

    async def ask(self, request: dict[str, Any], *, user_id: UUID = AMINA) -> list[bytes]:
        """One comparison; the lines of its answer."""
        head = {"protocol": 1, "device": str(DEVICE), "cursor": self.cursor, "bucket": OWN, "tier": 1}
        body = json.dumps({**head, **request}, separators=(",", ":")).encode()
        compared = await compare(self.store, read_compare(body), user_id=user_id)
        answer = b"".join(write_compared(compared, await self.store.collections(), schema=1))
        self.bill.rounds += 1
        self.bill.up += len(body)
        self.bill.down += len(answer)
        self.bill.packed += len(gzip.compress(body)) + len(gzip.compress(answer))
        return answer.splitlines(keepends=True)

    async def mend(self, held: dict[Key, bytes], *, luck: Random | None = None, bytes_wanted: int = 65_536) -> Bill:
        """Compare until nothing differs any more. With `luck`, each answer is cut somewhere for a while."""
        self.bill = Bill()
        comparison = Comparison(held)
        while not comparison.is_done:
            lines = await self.ask({"bytes": bytes_wanted, "ask": comparison.ask()})
            if luck is not None and self.bill.rounds < ROUNDS_MAX // 4:
                lines = lines[: luck.randrange(1, len(lines) + 1)]
            comparison.hear(lines)
            assert self.bill.rounds < ROUNDS_MAX, "the comparison never ends"
        assert comparison.agrees
        return self.bill


async def refusal_of(answer: Awaitable[Any]) -> tuple[int, str]:
    """How a comparison was turned away; fails when it was answered."""
    try:
        await answer
    except ExchangeError as error:
        return error.status, error.code
    raise AssertionError("the comparison was answered")


def differently(held: dict[Key, bytes], luck: Random, count: int) -> dict[Key, bytes]:
    """The same rows after `count` accidents: a byte changed, a row lost, a row that never was."""
    found = dict(held)
    for number in range(count):
        match luck.randrange(3):
            case 0 if found:
                key = luck.choice(sorted(found))
                found[key] = found[key].replace(b'"text":"', b'"text":"~')
            case 1 if found:
                del found[luck.choice(sorted(found))]
            case _:
                ghost = str(UUID(int=luck.getrandbits(128)))
                found[NOTES.name, ghost] = b'[1,{"id":"%s","text":"ghost %d"}]' % (ghost.encode(), number)
    return found


class CompareContract:
    """SPEC R1–R6."""

    async def test_R1_whatever_differs_is_mended_and_only_that_is_sent(self, log: LogLab) -> None:
        await log.notes(60)
        truth = await log.fill()
        for seed in range(6):
            luck = Random(seed)
            held = differently(truth, luck, luck.choice((0, 1, 2, 9, 40)))
            different = {key for key in truth.keys() | held.keys() if truth.get(key) != held.get(key)}

            sent = await log.mend(held)

            assert held == truth
            assert sent.down < 400 + 2_300 * len(different)

    async def test_R1_a_phone_that_lost_everything_gets_everything_and_one_with_too_much_loses_it(
        self, log: LogLab
    ) -> None:
        await log.notes(40)
        truth = await log.fill()
        lost: dict[Key, bytes] = {}

        await log.mend(lost, bytes_wanted=1_024)
        await log.write([{"id": UUID(id_), "deleted_at": "2030-01-01T00:00:00Z"} for _, id_ in truth])
        await log.fill()
        too_much = dict(truth)
        await log.mend(too_much)

        assert lost == truth
        assert too_much == {}

    async def test_R1_rows_that_changed_since_the_cursor_are_compared_as_they_are_now(self, log: LogLab) -> None:
        ids = await log.notes(20)
        held = await log.fill()
        cursor = log.cursor
        await log.write([{"id": ids[3], "user_id": AMINA, "text": "changed since"}])
        now = await log.fill()
        log.cursor = cursor

        await log.mend(held)

        assert held == now

    async def test_R2_prefixes_are_read_from_the_end_of_the_id(self, log: LogLab) -> None:
        ids = [UUID(int=(1 << 126) + (7 << 40) + ending) for ending in (0x3F0A, 0x400A, 0x3F0B)]
        await log.write([{"id": id_, "user_id": AMINA, "text": "by hand"} for id_ in ids])
        await log.fill()

        [first, *lines, last] = await log.ask({"ask": [{"prefix": "0a", "sums": {}}]})

        assert json.loads(first)["digest"].startswith("3:")
        assert [json.loads(line) for line in lines if b"leaf" in line] == [{"leaf": "0a3f"}, {"leaf": "0a40"}]
        assert sum(line.startswith(b"[") for line in lines) == 2
        assert json.loads(last) == {"differ": []}

    async def test_R2_equal_sums_are_neither_sent_nor_named(self, log: LogLab) -> None:
        await log.notes(50)
        held = await log.fill()

        lines = await log.ask({"ask": Comparison(held).ask()})

        assert [json.loads(line) for line in lines[1:]] == [{"differ": []}]
        total = 0
        for line in held.values():
            total ^= line_digest(line)
        assert json.loads(lines[0])["digest"] == digest_text(50, total)

    async def test_R2_a_child_of_many_rows_is_named_unless_the_phone_holds_nothing_of_it(self, log: LogLab) -> None:
        ids = [UUID(int=(2 << 100) + (number << 8) + 0x55) for number in range(1, 13)]
        await log.write([{"id": id_, "user_id": AMINA, "text": "alike"} for id_ in ids])
        await log.fill()
        wrong = {"55": f"12:{1:016x}"}

        named = await log.ask({"ask": [{"prefix": "", "sums": wrong}]})
        sent = await log.ask({"ask": [{"prefix": "", "sums": {}}]})

        assert [json.loads(line) for line in named[1:]] == [{"differ": ["55"]}]
        assert sum(line.startswith(b"[") for line in sent) == 12

    async def test_R3_each_answer_gets_on_however_little_is_wanted_and_the_rest_is_named(self, log: LogLab) -> None:
        ids = [id_of(f"long {number}") for number in range(6)]
        await log.write([{"id": id_, "user_id": AMINA, "text": "x" * 190} for id_ in ids])
        truth = await log.fill()
        held: dict[Key, bytes] = {}

        lines = await log.ask({"bytes": 1_024, "ask": [{"prefix": "", "sums": {}}]})
        sent = await log.mend(held, bytes_wanted=1_024)

        assert 0 < sum(line.startswith(b"[") for line in lines) < 6
        assert json.loads(lines[-1])["differ"]
        assert held == truth
        assert sent.rounds <= 6

    async def test_R3_a_whole_id_can_be_asked_for(self, log: LogLab) -> None:
        [id_] = await log.notes(1)
        await log.fill()
        prefix = id_.bytes[::-1].hex()

        lines = await log.ask({"ask": [{"prefix": prefix}, {"prefix": "00" * 16}]})

        assert [json.loads(line)["end"] for line in lines if b'"end"' in line] == ["00" * 16, prefix]
        assert sum(line.startswith(b"[") for line in lines) == 1

    async def test_R4_answers_cut_anywhere_are_worth_the_leaves_that_ended(self, log: LogLab) -> None:
        await log.notes(80)
        truth = await log.fill()
        for seed in range(3):
            held = differently(truth, Random(seed), 30)

            await log.mend(held, luck=Random(seed), bytes_wanted=2_048)

            assert held == truth

    async def test_R5_nobody_compares_what_is_not_his(self, log: LogLab) -> None:
        await log.notes(3)
        await log.notes(3, word="brian's", of=BRIAN)
        await log.fill()
        everything = [{"prefix": "", "sums": {}}]

        for bucket in (f"user:{BRIAN}", "no-such-thing", "parked-staff"):
            assert await refusal_of(log.ask({"bucket": bucket, "ask": everything})) == (404, "bucket.not_held")
        assert await refusal_of(log.ask({"ask": everything}, user_id=BRIAN)) == (409, "cursor.off_chain")

    async def test_R6_a_cursor_that_this_log_does_not_know_is_sent_to_the_exchange(self, log: LogLab) -> None:
        await log.notes(1)
        await log.fill()

        assert await refusal_of(log.ask({"cursor": "bm90IG91cnM", "ask": [{"prefix": ""}]})) == (
            409,
            "cursor.off_chain",
        )

    async def test_R6_what_cannot_be_read_is_refused(self, log: LogLab) -> None:
        wrong: list[dict[str, Any]] = [
            {"ask": []},
            {"ask": [{"prefix": "0"}]},
            {"ask": [{"prefix": "0A"}]},
            {"ask": [{"prefix": "00" * 17}]},
            {"ask": [{"prefix": "0a\n"}]},
            {"ask": [{"prefix": "", "sums": {"0": "1:0000000000000000"}}]},
            {"ask": [{"prefix": "", "sums": {"00": "1:00"}}]},
            {"ask": [{"prefix": "", "sums": {"00": "01:0000000000000000"}}]},
            {"ask": [{"prefix": "0a"}, {"prefix": "0a"}]},
            {"ask": [{"prefix": f"{number:04x}"} for number in range(257)]},
            {"ask": [{"prefix": ""}], "tier": 4},
            {"ask": [{"prefix": ""}], "bytes": 10},
            {"ask": [{"prefix": ""}], "cursor": None},
        ]
        for request in wrong:
            assert await refusal_of(log.ask(request)) == (422, "request.malformed"), request
        large = {"ask": [{"prefix": ""}], "padding": "x" * 262_144}
        assert await refusal_of(log.ask(large)) == (413, "request.too_large")
