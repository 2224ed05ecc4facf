"""A story: how a world begins and what happens in it, as data. A seed draws one; a failing one can be made shorter.

Each step carries a chance of its own, so that leaving one out does not change what those behind it draw.
"""

from dataclasses import asdict, dataclass, replace
from random import Random
from typing import Any

from sync.testing.faults import Luck

WISHES = ("spend", "spend", "note", "jot", "progress", "profile", "attempt", "group", "correct", "after", "withdraw")
STEPS = (60, 120, 200)
Step = tuple[str, int]  # (what happens, its chance)

FILE_STEPS = 500_000  # Their chances are numbered from here: a story without files keeps its own.
CHANCES = 1_000_003  # Between the seeds of two worlds lie those of their steps.


@dataclass(frozen=True)
class Setting:
    """`phones`: how many each user has. The rest are probabilities, 0 where a world has none of it."""

    seed: int
    phones: tuple[int, ...] = (1,)
    lightning: float = 0.0
    power_cuts: float = 0.0
    late_batches: float = 0.0  # A push's own batch is not there yet when it is answered.
    wishes: tuple[str, ...] = ("spend",)
    broken: float = 0.0
    refused: float = 0.0
    with_blob: float = 0.0
    has_school: bool = False
    has_files: bool = False


@dataclass(frozen=True)
class Story:
    setting: Setting
    steps: tuple[Step, ...]

    @classmethod
    def drawn(cls, seed: int) -> "Story":
        random = Random(seed)
        luck = Luck.drawn(random)
        setting = Setting(
            seed=seed,
            phones=tuple(random.choice((1, 2, 2, 3)) for _ in range(random.choice((1, 1, 2)))),
            lightning=random.choice((0.0, 0.0, 0.05, 0.2)),
            power_cuts=random.choice((0.0, 0.0, 0.01, 0.05)),
            late_batches=random.choice((0.0, 0.3, 0.8)),
            wishes=tuple(wish for wish in WISHES if random.random() < 0.75) or ("spend",),
            broken=random.choice((0.0, 0.06)),
            refused=random.choice((0.0, 0.15)),
            with_blob=random.choice((0.0, 0.25)),
            has_school=random.random() < 0.6,
        )
        if not setting.has_school:
            luck.write = luck.rights = luck.want = 0.0
        names = random.choices(luck.names(), luck.weights(), k=random.choice(STEPS))
        if random.random() < 0.5:
            setting = replace(setting, wishes=(*setting.wishes, *["pad"] * 4))
        steps = [(name, number) for number, name in enumerate(names, start=1)]
        if setting.has_school and random.random() < 0.5:
            setting = replace(setting, has_files=True)
            for number in range(random.choice((2, 4, 8))):
                name = random.choice(("cut_base", "cut_base", "cut_base", "lose_file"))
                steps.insert(random.randrange(len(steps)), (name, FILE_STEPS + number))
        return cls(setting, tuple(steps))

    def chance(self, number: int) -> Random:
        return Random(self.setting.seed * CHANCES + number)

    def to_data(self) -> dict[str, Any]:
        return {"setting": asdict(self.setting), "steps": [list(step) for step in self.steps]}

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> "Story":
        setting = dict(data["setting"])
        lists = {name: tuple(setting[name]) for name in ("phones", "wishes")}
        return cls(Setting(**{**setting, **lists}), tuple((name, number) for name, number in data["steps"]))


def simpler_settings(setting: Setting) -> list[Setting]:
    """The same beginning with one thing less, for each thing."""
    without = [
        replace(setting, lightning=0.0),
        replace(setting, power_cuts=0.0),
        replace(setting, late_batches=0.0),
        replace(setting, broken=0.0),
        replace(setting, refused=0.0),
        replace(setting, with_blob=0.0),
        replace(setting, has_files=False),
    ]
    found = [simpler for simpler in without if simpler != setting]
    if setting.has_school:
        found.append(replace(setting, has_school=False))
    if len(setting.phones) > 1:
        found += [replace(setting, phones=setting.phones[:-1])]
    for place, count in enumerate(setting.phones):
        if count > 1:
            phones = (*setting.phones[:place], count - 1, *setting.phones[place + 1 :])
            found.append(replace(setting, phones=phones))
    kinds = tuple(dict.fromkeys(setting.wishes))
    if len(kinds) > 1:
        found += [replace(setting, wishes=tuple(kind for kind in kinds if kind != left_out)) for left_out in kinds]
    return found
