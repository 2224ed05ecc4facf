"""A deterministic world: phones with people, a bad network, a server that crashes, is copied and brought back.

    python -m sync.testing.world 1000 0        1,000 worlds, the first with seed 0

One seed owns time, network, disks and processes; the engine inside is the real one. After each step and at the end the
oracles look (`oracles.py`). A world that fails prints its seed; `… 1 SEED --shrink` makes its story short.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import Callable
from random import Random
from uuid import UUID

from sync.memory import IDENTITY_DAYS, MemoryStore
from sync.memory_log import MemoryLog
from sync.testing.faults import Chance, Lightning, PowerCut, PowerLine
from sync.testing.network import Message
from sync.testing.oracles import Oracles, Violation
from sync.testing.people import People
from sync.testing.phone import id_of
from sync.testing.sim_office import COURSES, Office
from sync.testing.sim_phone import SimPhone
from sync.testing.sim_server import Reply, SimServer
from sync.testing.story import Story
from sync.testing.truth import Truth

START_MS = 1_800_000_000_000
DAY_MS = 86_400_000
PHONES_MAX = 6
SETTLE_ROUNDS = 120


class World:
    """`told` gathers what happens, in words, where somebody wants to read it."""

    def __init__(self, story: Story, *, told: list[str] | None = None) -> None:
        self.story = story
        self.setting = setting = story.setting
        self.told = told
        self._chance = Chance(story.chance(0))
        self.now_ms = START_MS
        self.stats: Counter[str] = Counter()
        self._ids = 0
        self.lightning = Lightning(self._chance, probability=setting.lightning)
        self.power = PowerLine(self._chance, probability=setting.power_cuts)
        self.server = SimServer(
            strike=self.lightning,
            publishes_at_once=lambda: self.random.random() >= setting.late_batches,
            published=self._published,
        )
        self.users = [self.new_id("user") for _ in setting.phones]
        self.courses = [self.new_id("course") for _ in range(COURSES)]
        self.phones = [
            self._phone(user) for user, count in zip(self.users, setting.phones, strict=True) for _ in range(count)
        ]
        self.network: list[Message] = []
        self.late: list[Message] = []
        self.backups: list[tuple[MemoryStore, MemoryLog]] = []
        self.away: set[SimPhone] = set()  # Lying in a drawer
        self.touched: SimPhone | None = None  # By the step that was just made
        self.truth = Truth(self.server, self.users)
        self.oracles = Oracles(self, self.truth)
        self.people = People(self)
        self.office = Office(self)
        if setting.has_school:
            self.office.open_school()
        self._published()

    @property
    def random(self) -> Random:
        """Chance of this step alone."""
        return self._chance.random

    def new_id(self, word: str) -> UUID:
        self._ids += 1
        return id_of(f"{word} {self._ids} of world {self.setting.seed}")

    def _phone(self, user_id: UUID) -> SimPhone:
        phone = SimPhone(user_id, self.new_id, self._note, self.power, reads_files=self.setting.has_files)
        if self.setting.has_school:
            phone.want = tuple(f"course:{course}" for course in self.courses)
        return phone

    def _note(self, what: str) -> None:
        self.stats[what] += 1

    def _published(self) -> None:
        self.truth.remember()

    def may_differ(self) -> bool:
        """Whether a digest may disagree with a phone that distrusted nothing: gone rows were swept before it came."""
        return self.stats["gone rows swept"] > 0

    def is_forgetful(self) -> bool:
        """Whether so much time has passed that the server forgets which ops it had."""
        return self.now_ms - START_MS >= IDENTITY_DAYS * DAY_MS

    def say(self, words: str, *about: object) -> None:
        """`words` with a place for each phone or thing that it is about."""
        if self.told is not None:
            self.told.append(words.format(*(self._name(what) for what in about)))

    # --- time ---

    async def run(self) -> None:
        """Raises Violation when a law is broken."""
        for name, number in self.story.steps:
            self._chance.random = self.story.chance(number)
            self.touched = None
            self.stats["steps"] += 1
            await getattr(self, f"_{name}")()
            self.oracles.after_step(self.touched)
        self._chance.random = self.story.chance(len(self.story.steps) + 1_000)
        await self._settle()
        self.oracles.at_the_end()

    async def _settle(self) -> None:
        """The weather clears: everything that is still on its way arrives, and every queue must drain."""
        self.say("the weather clears")
        self.lightning.probability = self.power.probability = 0.0
        self.network += self.late
        self.late = []
        for phone in self.phones:
            phone.is_disk_full = False
        for turn in range(SETTLE_ROUNDS):
            self.now_ms += 60_000
            for phone in self.phones:
                self.server.store.blobs |= phone.blobs
            await self._everybody_asks()
            await self._arrive()
            await self.server.wake(now_ms=self.now_ms)
            self.server.publish(now_ms=self.now_ms)
            if turn and not self._is_anything_open():
                break
            if turn == SETTLE_ROUNDS // 3:
                self.now_ms += 31 * DAY_MS  # Every wait ends.
        for _ in range(SETTLE_ROUNDS):
            if await self._everybody_asks() and not self._is_anything_open():
                break

    def _is_anything_open(self) -> bool:
        if any(phone.outbox or phone.rows.check or phone.rows.files.open or phone.overlay() for phone in self.phones):
            return True
        return any(held.outcome == "waiting" for held in self.server.store.held_ops.values())

    async def _everybody_asks(self) -> bool:
        """One round; whether nobody had any news."""
        before = [(phone.rows.cursor, len(phone.outbox), len(phone.rows.check)) for phone in self.phones]
        for phone in self.phones:
            phone.give_up()
            self._send(phone)
        while self.network:
            self.touched = None
            await self._deliver()
            self.oracles.after_step(self.touched)
        return before == [(phone.rows.cursor, len(phone.outbox), len(phone.rows.check)) for phone in self.phones]

    # --- what may happen ---

    def _anyone(self) -> SimPhone:
        return self.random.choice(self.phones)

    def _try(self, phone: SimPhone, act: Callable[[], None]) -> bool:
        """Let a phone do something; False when its power went."""
        try:
            act()
        except PowerCut as cut:
            self.say("{} loses its power {}", phone, cut)
            self.stats["power cuts"] += 1
            phone.kill()
            return False
        return True

    def _name(self, what: object) -> object:
        if not isinstance(what, SimPhone):
            return what
        return f"phone {self.phones.index(what) + 1}" if what in self.phones else "a lost phone"

    async def _make(self) -> None:
        phone = self._anyone()
        self._try(phone, lambda: self.people.make(phone))
        self.say("{} has {} wishes", phone, len(phone.outbox))

    async def _ask(self) -> None:
        phone = self._anyone()
        if phone not in self.away:
            self._send(phone)

    async def _put_away(self) -> None:
        """A phone lies in a drawer, or is taken out of it."""
        phone = self._anyone()
        self.away ^= {phone}
        self._fault("{} is {}", phone, "put away" if phone in self.away else "in use again")

    def _send(self, phone: SimPhone) -> None:
        def act() -> None:
            request = phone.ask()
            if request is not None:
                self.say("{} {}", phone, "compares" if request.compares else "asks")
                self.network.append(Message(phone, phone.user_id, request))

        self._try(phone, act)

    async def _deliver(self) -> None:
        if not self.network:
            return
        message = self.network.pop(self.random.randrange(len(self.network)))
        if message.reply is None:
            await self._serve(message)
        elif message.phone in self.phones:
            self._hear(message, message.reply)

    async def _serve(self, message: Message) -> None:
        request = message.request
        reply = await self.server.serve(request, user_id=message.user_id, now_ms=self.now_ms)
        self.stats[request.kind] += 1
        self.say("the server answers {}: {} {}", message.phone, reply.status, reply.error)
        self.stats[f"answer {reply.status} {reply.error}".strip()] += 1
        self.network.append(Message(message.phone, message.user_id, request, reply, self.server.log.epoch))

    def _hear(self, message: Message, reply: Reply) -> None:
        phone = message.phone
        held = phone.tokens()
        self._try(phone, lambda: phone.hear(message.request, reply.status, reply.body, reply.error))
        self.say("{} hears {}, {} bytes", phone, reply.status, len(reply.body))
        given_up = held - phone.tokens()
        if given_up:
            self.oracles.check_given_up(phone, given_up)
        if message.epoch < self.server.log.epoch:
            self.oracles.excuse(given_up)
        self.touched = phone

    async def _drop(self) -> None:
        if self.network:
            self.network.pop(self.random.randrange(len(self.network)))
            self._fault("a message is lost")

    async def _repeat(self) -> None:
        """A message comes twice, the second time whenever it likes."""
        if self.network:
            self.late.append(self.random.choice(self.network))
            self._fault("a message will come twice")
        if self.late and self.random.random() < 0.5:
            self.network.append(self.late.pop(self.random.randrange(len(self.late))))

    async def _cut(self) -> None:
        for message in self.network:
            if message.reply is not None and message.reply.body:
                end = self.random.randrange(len(message.reply.body))
                message.reply = Reply(message.reply.status, message.reply.body[:end])
                self._fault("an answer is cut after {} bytes", end)
                return

    def _fault(self, words: str, *about: object) -> None:
        self.stats["faults"] += 1
        self.say(words, *about)

    async def _give_up(self) -> None:
        phone = self._anyone()
        phone.give_up()
        self._fault("{} gives up waiting", phone)

    async def _kill(self) -> None:
        phone = self._anyone()
        phone.kill()
        self._fault("{} is killed", phone)

    async def _clone(self) -> None:
        if len(self.phones) < PHONES_MAX:
            phone = self._anyone()
            self._fault("{} is copied, and both go on", phone)
            self.phones.append(phone.cloned())
            self.stats["clones"] += 1

    async def _lose(self) -> None:
        """A phone falls into the water."""
        if len(self.phones) > 1:
            self._fault("one of {} phones is lost", len(self.phones))
            self.phones.pop(self.random.randrange(len(self.phones)))
            self.stats["phones lost"] += 1

    async def _damage(self) -> None:
        """A chunk of a phone's rows cannot be read any more: it knows, and distrusts what it belonged to."""
        phone = self._anyone()
        held = phone.rows.held
        if held:
            key = self.random.choice(sorted(held))
            del held[key]
            phone.rows.check[key[:2]] = "damaged"
            self.stats["rows damaged"] += 1
            self._fault("{} cannot read a row of {}", phone, key[2])

    async def _fill_disk(self) -> None:
        """Space for rows ends, or there is some again."""
        phone = self._anyone()
        phone.is_disk_full = not phone.is_disk_full
        self._fault("{}: its disk is {}", phone, "full" if phone.is_disk_full else "free again")

    async def _backup(self) -> None:
        self.backups.append(self.server.copied())
        self.say("a backup is taken")

    async def _restore(self) -> None:
        if self.backups:
            self.now_ms += 1_000  # It takes no less; the floor of versions is told by the second.
            self.oracles.before_restore()
            self.server.bring_back(self.random.choice(self.backups), now_ms=self.now_ms)
            self.oracles.after_restore()
            self.stats["restores"] += 1
            self._fault("a backup is brought back")

    async def _revoke(self) -> None:
        device_id = self._anyone().device_id
        if device_id in self.server.store.devices:
            await self.server.store.revoke_device(device_id)
            self._fault("a device is revoked")

    async def _publish(self) -> None:
        self.server.publish(now_ms=self.now_ms)

    async def _wake(self) -> None:
        await self.server.wake(now_ms=self.now_ms)

    async def _upload(self) -> None:
        phone = self._anyone()
        self.server.store.blobs |= {blob for blob in sorted(phone.blobs) if self.random.random() < 0.7}
        await self._arrive()

    async def _arrive(self) -> None:
        keys = [f"blob:{blob}" for blob in sorted(self.server.store.blobs)]
        await self.server.store.arrived(keys, now_ms=self.now_ms)

    async def _staff(self) -> None:
        self.people.move_as_staff()

    async def _write(self) -> None:
        self.office.write()
        self.say("the office writes")

    async def _rights(self) -> None:
        self.office.move_rights()
        self.say("somebody's rights change")

    async def _want(self) -> None:
        """A person wants a course, or wants it no longer; or has room for fewer tiers."""
        phone = self._anyone()
        names = self.office.bucket_names()
        phone.want = tuple(name for name in names if self.random.random() < 0.6)
        phone.want_tier = self.random.choice((3, 3, 3, 1))
        phone.want_bytes = self.random.choice((1_024, 4_096))
        self.say("{} wants {} courses up to tier {}", phone, len(phone.want), phone.want_tier)

    async def _cut_base(self) -> None:
        self.stats["bases"] += self.server.files.cut(self.server.log, self.random)
        self.say("rows of courses are cut into files")

    async def _lose_file(self) -> None:
        self.server.files.lose(self.server.log, self.random)
        self._fault("a file is lost")

    async def _sweep(self) -> None:
        """Old tags and gone rows are forgotten, sooner than a real log does."""
        floor = self.server.log.floor
        self.server.log.sweep(now_ms=self.now_ms, tags_min=10, gone_days=5)
        self.stats["gone rows swept"] += self.server.log.floor > floor

    async def _trim(self) -> None:
        """Space gets short, or there is more of it again."""
        self._anyone().journal_max = self.random.choice((2, 5, 20))

    async def _wait_minutes(self) -> None:
        self.now_ms += self.random.choice((1_000, 60_000, 600_000))

    async def _wait_days(self) -> None:
        self.now_ms += self.random.choice((1, 10, 35, 100)) * DAY_MS

    async def _expire(self) -> None:
        await self.server.store.expire(now_ms=self.now_ms)


def run_story(story: Story, *, told: list[str] | None = None) -> tuple[World, Violation | None]:
    """One world; the law that it broke, if it broke one."""
    world = World(story, told=told)
    try:
        asyncio.run(world.run())
    except Violation as violation:
        return world, violation
    return world, None


def run_world(seed: int) -> tuple[World, Violation | None]:
    return run_story(Story.drawn(seed))


if __name__ == "__main__":
    from sync.testing.runner import main  # It runs worlds, and is the command line of this module.

    sys.exit(main(sys.argv[1:]))
