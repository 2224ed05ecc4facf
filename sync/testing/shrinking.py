"""A failing story made short: steps, phones and kinds of bad luck are left out while the same law stays broken."""

import json
import time
from collections.abc import Callable

from sync.testing.oracles import Violation
from sync.testing.story import Step, Story, simpler_settings
from sync.testing.world import run_story

SECONDS_MAX = 120.0


def law_of(violation: Violation | None) -> str:
    """The law's number: its story may become another one, it may not."""
    return "" if violation is None else str(violation).partition(" ")[0]


def shrink(story: Story, *, run: Callable[[Story], Violation | None] | None = None) -> Story:
    """The shortest story found that breaks the same law; the same one when it breaks none."""
    run = run or (lambda shorter: run_story(shorter)[1])
    law = law_of(run(story))
    if not law:
        return story
    until = time.monotonic() + SECONDS_MAX

    def fails(shorter: Story) -> bool:
        return time.monotonic() < until and law_of(run(shorter)) == law

    before = None
    while before != story:
        before = story
        story = _fewer_steps(story, fails)
        story = _simpler_setting(story, fails)
    return story


def _fewer_steps(story: Story, fails: Callable[[Story], bool]) -> Story:
    """Leave out runs of steps, long ones first."""
    size = max(1, len(story.steps) // 2)
    while size:
        place = 0
        while place < len(story.steps):
            shorter = Story(story.setting, _without(story.steps, place, size))
            if fails(shorter):
                story = shorter
            else:
                place += size
        size //= 2
    return story


def _without(steps: tuple[Step, ...], place: int, size: int) -> tuple[Step, ...]:
    return (*steps[:place], *steps[place + size :])


def _simpler_setting(story: Story, fails: Callable[[Story], bool]) -> Story:
    is_simpler = True
    while is_simpler:
        is_simpler = False
        for setting in simpler_settings(story.setting):
            if fails(Story(setting, story.steps)):
                story, is_simpler = Story(setting, story.steps), True
                break
    return story


def tell(story: Story) -> str:
    """What happened, in words, and the story as a file for the corpus: the regression test is its name."""
    told: list[str] = []
    _, violation = run_story(story, told=told)
    data = {"name": "", "law": str(violation), **story.to_data()}
    words = "\n".join(f"  {number}. {what}" for number, what in enumerate(told[:60], start=1))
    return (
        f"\n{violation}\n{words}\n\nName it, and keep it as tests/simulation/corpus/NAME.json:\n"
        f"{json.dumps(data, separators=(',', ':'))}\n"
    )
