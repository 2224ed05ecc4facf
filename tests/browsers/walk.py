"""Steps one after another, each told as it ends; what fails is photographed, and what hangs on it is left out."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.browsers.driver import Refused
from tests.browsers.line import Line
from tests.browsers.page import NotSeen, Page
from tests.support.installation import Installation


@dataclass
class Scene:
    """What a step has around it. `engine` goes into names, so that several browsers can walk through one school."""

    engine: str
    page: Page
    line: Line
    installation: Installation
    folder: Path
    again: Callable[[], Page]  # Close the browser and open it again.
    found: dict[str, str] = field(default_factory=dict)  # What a step leaves for others.

    @property
    def course(self) -> str:
        """The newest that this browser made: one school may see several walks."""
        [(title,)] = self.installation.psql(
            f"select title from catalog_courses where title like 'Heat for {self.engine} %' order by id desc limit 1"
        )
        return str(title)


Step = Callable[[Scene], None]


@dataclass(frozen=True)
class Told:
    name: str
    outcome: str  # "works", "FAILS" or "left out"
    why: str = ""


def walk(scene: Scene, steps: tuple[Step, ...]) -> list[Told]:
    """A step's name is its sentence. After a failure the rest of the story goes on: each finds its way by itself."""
    told = []
    for step in steps:
        name = step.__name__.replace("_", " ")
        begun = time.monotonic()
        try:
            step(scene)
        except KeyError:
            told.append(Told(name, "left out", "what it needs was not found before"))
        except (NotSeen, Refused, AssertionError, OSError) as error:
            told.append(Told(name, "FAILS", " ".join(str(error).split())[:400] or repr(error)))
            photograph(scene, step.__name__)
        else:
            told.append(Told(name, "works"))
        one = told[-1]
        print(f"{scene.engine:8} {one.outcome:6} {time.monotonic() - begun:6.1f} s  {name}", flush=True)
        if one.why:
            print(f"         {one.why}", flush=True)
    return told


def photograph(scene: Scene, name: str) -> None:
    try:
        scene.page.out()
        scene.page.picture(scene.folder / "pictures" / f"{scene.engine}-{name}.png")
        where = scene.page.js("return location.pathname + ': ' + document.body.innerText.slice(0, 1500)")
        print(f"         {' | '.join(str(where).splitlines())}", flush=True)
    except (NotSeen, Refused, OSError) as error:
        print(f"         no picture: {error}", flush=True)
