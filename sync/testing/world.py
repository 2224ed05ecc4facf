"""A deterministic world: phones with people, a bad network, a server that crashes, is copied and brought back.

    python -m sync.testing.world 1000 0        1,000 worlds, the first with seed 0

One seed owns time, network, disks and processes; the engine inside is the real one. After each step and at the end the
oracles look (`oracles.py`). A world that fails prints its seed, and `… 1 SEED` tells its story again.
"""

import asyncio
import logging
import sys
import time
from collections import Counter
from dataclasses import dataclass
from random import Random
from uuid import UUID

from sync.memory import MemoryStore
from sync.memory_log import MemoryLog
from sync.testing.faults import Lightning, Luck
from sync.testing.oracles import Oracles, Violation
from sync.testing.people import People
from sync.testing.phone import id_of
from sync.testing.sample import sample_registry
from sync.testing.sim_phone import Request, SimPhone
from sync.testing.sim_server import Reply, SimServer

START_MS = 1_800_000_000_000
DAY_MS = 86_400_000
PHONES_MAX = 6
SETTLE_ROUNDS = 120


@dataclass
class Message:
    """A request on its way up, or its answer on its way down."""

    phone: SimPhone
    user_id: UUID
    request: Request
    reply: Reply | None = None
    epoch: int = 0  # Of the server that answered


class World:
    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.random = Random(seed)
        self.now_ms = START_MS
        self.luck = Luck.drawn(self.random)
        self.stats: Counter[str] = Counter()
        self._ids = 0
        self.lightning = Lightning(self.random, probability=self.random.choice((0.0, 0.0, 0.05, 0.2)))
        delay = self.random.choice((0.0, 0.3, 0.8))
        self.server = SimServer(strike=self.lightning, publishes_at_once=lambda: self.random.random() >= delay)
        registry = sample_registry()
        self.tiers = {name: collection.tier for name, collection in registry.collections.items()}
        self.users = [self.new_id("user") for _ in range(self.random.choice((1, 1, 2)))]
        self.phones = [self._phone(user) for user in self.users for _ in range(self.random.choice((1, 2, 2, 3)))]
        self.network: list[Message] = []
        self.late: list[Message] = []
        self.backups: list[tuple[MemoryStore, MemoryLog]] = []
        self.touched: SimPhone | None = None  # By the step that was just made
        self.oracles = Oracles(self)
        self.people = People(self)

    def new_id(self, word: str) -> UUID:
        self._ids += 1
        return id_of(f"{word} {self._ids} of world {self.seed}")

    def _phone(self, user_id: UUID) -> SimPhone:
        return SimPhone(user_id, self.tiers, self.new_id, self._note)

    def _note(self, what: str) -> None:
        self.stats[what] += 1

    # --- time ---

    async def run(self) -> None:
        """Raises Violation when a law is broken."""
        names, weights = self.luck.names(), self.luck.weights()
        for _ in range(self.random.choice((60, 120, 200))):
            step = self.random.choices(names, weights)[0]
            self.touched = None
            await getattr(self, f"_{step}")()
            self.oracles.after_step(self.touched)
        await self._settle()
        self.oracles.at_the_end()

    async def _settle(self) -> None:
        """The weather clears: everything that is still on its way arrives, and every queue must drain."""
        self.lightning.probability = 0.0
        self.people.is_mending = True
        self.network += self.late
        self.late = []
        for turn in range(SETTLE_ROUNDS):
            self.now_ms += 60_000
            for phone in self.phones:
                self.server.store.blobs |= phone.blobs
                phone.give_up()
                self._send(phone)
            while self.network:
                self.touched = None
                await self._deliver()
                self.oracles.after_step(self.touched)
            await self._arrive()
            await self.server.wake(now_ms=self.now_ms)
            self.server.log.publish(now_ms=self.now_ms)
            is_waiting = any(held.outcome == "waiting" for held in self.server.store.held_ops.values())
            if turn > 3 and not is_waiting and not any(phone.outbox or phone.overlay() for phone in self.phones):
                break
            if turn == SETTLE_ROUNDS // 3:
                self.now_ms += 31 * DAY_MS  # Every wait ends.
        for phone in self.phones:
            for _ in range(4):
                phone.give_up()
                self._send(phone)
                while self.network:
                    await self._deliver()

    # --- what may happen ---

    async def _make(self) -> None:
        self.people.make(self.random.choice(self.phones))

    async def _ask(self) -> None:
        self._send(self.random.choice(self.phones))

    def _send(self, phone: SimPhone) -> None:
        request = phone.ask()
        if request is not None:
            self.network.append(Message(phone, phone.user_id, request))

    async def _deliver(self) -> None:
        if not self.network:
            return
        message = self.network.pop(self.random.randrange(len(self.network)))
        if message.reply is None:
            reply = await self.server.exchange(message.request.body, user_id=message.user_id, now_ms=self.now_ms)
            self.stats[f"answer {reply.status} {reply.error}".strip()] += 1
            self.oracles.remember_cut()
            epoch = self.server.log.epoch
            self.network.append(Message(message.phone, message.user_id, message.request, reply, epoch))
        elif message.phone in self.phones:
            held = message.phone.tokens()
            message.phone.hear(message.request, message.reply.status, message.reply.body, message.reply.error)
            if message.epoch < self.server.log.epoch:
                self.oracles.excuse(held - message.phone.tokens())
            self.touched = message.phone

    async def _drop(self) -> None:
        if self.network:
            self.network.pop(self.random.randrange(len(self.network)))

    async def _repeat(self) -> None:
        """A message comes twice, the second time whenever it likes."""
        if self.network:
            self.late.append(self.random.choice(self.network))
        if self.late and self.random.random() < 0.5:
            self.network.append(self.late.pop(self.random.randrange(len(self.late))))

    async def _cut(self) -> None:
        for message in self.network:
            if message.reply is not None and message.reply.body:
                end = self.random.randrange(len(message.reply.body))
                message.reply = Reply(message.reply.status, message.reply.body[:end])
                return

    async def _give_up(self) -> None:
        self.random.choice(self.phones).give_up()

    async def _kill(self) -> None:
        self.random.choice(self.phones).kill()

    async def _clone(self) -> None:
        if len(self.phones) < PHONES_MAX:
            self.phones.append(self.random.choice(self.phones).cloned())
            self.stats["clones"] += 1

    async def _lose(self) -> None:
        """A phone falls into the water."""
        if len(self.phones) > 1:
            self.phones.pop(self.random.randrange(len(self.phones)))
            self.stats["phones lost"] += 1

    async def _backup(self) -> None:
        self.backups.append(self.server.copied())

    async def _restore(self) -> None:
        if self.backups:
            self.oracles.before_restore()
            self.server.bring_back(self.random.choice(self.backups), now_ms=self.now_ms)
            self.oracles.after_restore()
            self.stats["restores"] += 1

    async def _revoke(self) -> None:
        device_id = self.random.choice(self.phones).device_id
        if device_id in self.server.store.devices:
            await self.server.store.revoke_device(device_id)

    async def _publish(self) -> None:
        self.server.log.publish(now_ms=self.now_ms)
        self.oracles.remember_cut()

    async def _wake(self) -> None:
        await self.server.wake(now_ms=self.now_ms)

    async def _upload(self) -> None:
        phone = self.random.choice(self.phones)
        self.server.store.blobs |= {blob for blob in sorted(phone.blobs) if self.random.random() < 0.7}
        await self._arrive()

    async def _arrive(self) -> None:
        keys = [f"blob:{blob}" for blob in sorted(self.server.store.blobs)]
        await self.server.store.arrived(keys, now_ms=self.now_ms)

    async def _staff(self) -> None:
        self.people.move_as_staff()

    async def _trim(self) -> None:
        """Space gets short, or there is more of it again."""
        self.random.choice(self.phones).journal_max = self.random.choice((2, 5, 20))

    async def _wait_minutes(self) -> None:
        self.now_ms += self.random.choice((1_000, 60_000, 600_000))

    async def _wait_days(self) -> None:
        self.now_ms += self.random.choice((1, 10, 35, 100)) * DAY_MS

    async def _expire(self) -> None:
        await self.server.store.expire(now_ms=self.now_ms)


def run_world(seed: int) -> tuple[World, Violation | None]:
    """One world; the law that it broke, if it broke one."""
    world = World(seed)
    try:
        asyncio.run(world.run())
    except Violation as violation:
        return world, violation
    return world, None


def main(worlds: int, first_seed: int) -> int:
    """Run worlds one after the other; 1 when a law was broken."""
    logging.disable(logging.CRITICAL)  # Outages and bugs are wanted here.
    began = time.monotonic()
    stats: Counter[str] = Counter()
    failed = 0
    for seed in range(first_seed, first_seed + worlds):
        world, violation = run_world(seed)
        stats += world.stats
        if violation is not None:
            failed += 1
            sys.stdout.write(f"seed {seed}: {violation}\n")
    sys.stdout.write(f"{worlds} worlds from seed {first_seed}, {failed} broken, {time.monotonic() - began:.1f} s\n")
    for name, count in sorted(stats.items()):
        sys.stdout.write(f"  {count:>8} {name}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0))
