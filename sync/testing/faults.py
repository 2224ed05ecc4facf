"""Bad luck, by name and from one seed: how often each thing goes wrong in a world."""

from dataclasses import dataclass, fields
from random import Random

from sync.errors import Outage


class PowerCut(Exception):
    """The phone is off: what was durable stays."""


@dataclass
class Luck:
    """Weights of what may happen next. A world draws them once, so that worlds differ in kind, not only in detail."""

    make: float = 14
    ask: float = 16
    deliver: float = 34
    drop: float = 2
    repeat: float = 3
    cut: float = 3
    give_up: float = 3
    kill: float = 2
    put_away: float = 1
    clone: float = 0.5
    lose: float = 0.2
    backup: float = 1.5
    restore: float = 0.5
    revoke: float = 0.3
    publish: float = 5
    wake: float = 3
    upload: float = 4
    staff: float = 1.5
    trim: float = 2
    write: float = 8  # The office: lessons and texts.
    rights: float = 1.5
    want: float = 2
    sweep: float = 2
    damage: float = 0.6
    fill_disk: float = 0.6
    wait_minutes: float = 4
    wait_days: float = 0.8
    expire: float = 1

    @classmethod
    def drawn(cls, random: Random) -> "Luck":
        """Each kind of bad luck is left out of four worlds in ten."""
        always = {"make", "ask", "deliver", "publish", "upload"}
        luck = cls()
        for item in fields(cls):
            if item.name not in always:
                factor = 0.0 if random.random() < 0.4 else random.choice((0.4, 1.0, 1.0, 3.0, 8.0))
                setattr(luck, item.name, getattr(luck, item.name) * factor)
        return luck

    def names(self) -> list[str]:
        return [item.name for item in fields(self)]

    def weights(self) -> list[float]:
        return [getattr(self, item.name) for item in fields(self)]


class Chance:
    """The world's chance: begun anew with each step, so that a step left out does not change those behind it."""

    def __init__(self, random: Random) -> None:
        self.random = random


class Lightning:
    """Strikes the server's transactions around their commit."""

    def __init__(self, chance: Chance, *, probability: float) -> None:
        self._chance = chance
        self.probability = probability

    def __call__(self, moment: str) -> None:
        if self.probability and self._chance.random.random() < self.probability:
            raise Outage(f"struck {moment}")


class PowerLine:
    """Cuts a phone's power before or after one of its own transactions."""

    def __init__(self, chance: Chance, *, probability: float) -> None:
        self._chance = chance
        self.probability = probability

    def __call__(self, moment: str) -> None:
        if self.probability and self._chance.random.random() < self.probability:
            raise PowerCut(moment)
