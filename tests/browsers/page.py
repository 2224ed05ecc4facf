"""What a person sees and does in a browser that is driven from outside, by what stands on the screen."""

import base64
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.browsers.driver import Refused, Said, Session

WAIT_S = 60.0
LOOK_EVERY_S = 0.1
AGAIN_S = 2.0
KEYS = {"Control": "\ue009", "Shift": "\ue008", "Enter": "\ue007", "Escape": "\ue00c", "Backspace": "\ue003"}

RUN = """
const done = arguments[arguments.length - 1];
const args = Array.prototype.slice.call(arguments, 0, -1);
(async () => { %s })().then((said) => done({ said }), (error) => done({ wrong: String(error) }));
"""

# The first that is seen, by what it is and how it is called: a label, or its own words.
FIND = r"""
const [kind, name, isExact, place] = args;
const plain = (text) => (text ?? "").replace(/\s+/g, " ").trim();
const KINDS = {
  button: "button, summary",
  link: "a[href]",
  heading: "h1, h2, h3",
  field: "input, select, textarea, [role=textbox]",
  text: "main *, dialog *, body > *",
};
const called = (one) => {
  const label = one.getAttribute("aria-label");
  if (label) return [label];
  if (kind === "field") return [...(one.labels ?? [])].map((each) => each.innerText);
  return [one.innerText];
};
const fits = (text) => (isExact ? plain(text) === name : plain(text).includes(name));
const isSeen = (one) => kind === "field" || one.getClientRects().length > 0;
const found = [...document.querySelectorAll(KINDS[kind])].filter((one) => isSeen(one) && called(one).some(fits));
const isOuter = (one) => found.some((other) => other !== one && one.contains(other));
return found.filter((one) => kind !== "text" || !isOuter(one)).at(place) ?? null;
"""


class NotSeen(Exception):
    """What was waited for did not come."""


@dataclass
class Page:
    """One window. `url` is where the product is."""

    session: Session
    url: str

    # --- looking --------------------------------------------------------------------------------------------------

    def js(self, script: str, *args: Said) -> Said:
        """The body of an async function with `args`; what it returns. Raises NotSeen for what it throws."""
        answer = self.session.run(RUN % script, list(args))
        if "wrong" in answer:
            raise NotSeen(answer["wrong"])
        return answer.get("said")

    def until(self, script: str, *args: Said, within_s: float = WAIT_S, what: str = "") -> Said:
        """Until the script gives something true; that."""

        def look() -> Said:
            return self.js(script, *args)

        return wait(look, what or script, within_s)

    def find(self, kind: str, name: str, *, exact: bool = False, place: int = 0, within_s: float = WAIT_S) -> Said:
        what = f"{kind} “{name}”"
        return self.until(FIND, kind, name, exact, place, within_s=within_s, what=what)

    def has(self, kind: str, name: str, *, exact: bool = False) -> bool:
        return self.js(FIND, kind, name, exact, 0) is not None

    def see(self, *texts: str, within_s: float = WAIT_S) -> None:
        for text in texts:
            self.find("text", text, within_s=within_s)

    def select(self, css: str, *, within_s: float = WAIT_S) -> Said:
        return self.until("return document.querySelector(args[0])", css, within_s=within_s, what=css)

    # --- doing ----------------------------------------------------------------------------------------------------

    def open(self, path: str = "/") -> None:
        self.session.navigate(self.url + path)

    def go(self, path: str) -> None:
        """To another screen by its address, inside the running page."""
        self.js("history.pushState({}, '', args[0]); dispatchEvent(new PopStateEvent('popstate'));", path)

    def press(self, kind: str, name: str, *, exact: bool = False, place: int = 0, within_s: float = WAIT_S) -> None:
        """As soon as it stands there and may be pressed."""

        def attempt() -> bool:
            element = self.find(kind, name, exact=exact, place=place, within_s=within_s)
            if self.js("return args[0].disabled === true", element):
                return False
            self.click(element)
            return True

        wait(attempt, f"{kind} “{name}” to be pressed", within_s)

    def press_until(
        self, name: str, done: Callable[[], bool], *, kind: str = "button", within_s: float = WAIT_S
    ) -> None:
        """As people do: what moved away from under the finger is pressed again, two seconds later."""
        pressed_at = 0.0

        def attempt() -> bool:
            nonlocal pressed_at
            if done():
                return True
            if time.monotonic() - pressed_at > AGAIN_S and self.has(kind, name, exact=True):
                element = self.find(kind, name, exact=True)
                if not self.js("return args[0].disabled === true", element):
                    self.click(element)
                    pressed_at = time.monotonic()
            return False

        wait(attempt, f"what “{name}” does", within_s)

    def click(self, element: Said) -> None:
        self.js("args[0].scrollIntoView({ block: 'center' })", element)
        self.session.click(element)

    def fill(self, label: str, text: str, *, exact: bool = False) -> None:
        field = self.find("field", label, exact=exact)
        self.js("args[0].scrollIntoView({ block: 'center' }); args[0].select?.()", field)
        self.session.send(field, text)

    def choose(self, label: str, option: str) -> None:
        """In a list that opens: the choice is made as the browser would tell of it."""
        self.until(
            """
            const [list, name] = args;
            const index = [...list.options].findIndex((one) => one.textContent.includes(name));
            if (index < 0) return false;
            list.selectedIndex = index;
            list.dispatchEvent(new Event("input", { bubbles: true }));
            list.dispatchEvent(new Event("change", { bubbles: true }));
            return true;
            """,
            self.find("field", label),
            option,
        )

    def give(self, label: str, file: Path) -> None:
        self.session.send(self.find("field", label), str(file))

    def tick(self, label: str) -> None:
        """A choice, by its label: its own box may be drawn by us."""
        field = self.find("field", label)
        self.click(self.js("return args[0].labels[0] ?? args[0]", field))

    def type(self, text: str) -> None:
        """Key by key, where the cursor stands."""
        self._keys([step for sign in text for step in _stroke(sign)])

    def stroke(self, *names: str) -> None:
        """Keys held together, the last one pressed: `stroke("Control", "b")`."""
        *held, last = [KEYS.get(name, name) for name in names]
        down = [{"type": "keyDown", "value": key} for key in held]
        up = [{"type": "keyUp", "value": key} for key in reversed(held)]
        self._keys([*down, *_stroke(last), *up])

    def _keys(self, steps: list[Said]) -> None:
        self.session.act([{"type": "key", "id": "keyboard", "actions": steps}])

    def into(self, css: str) -> None:
        self.session.into(self.select(css))

    def out(self) -> None:
        self.session.into(None)

    def picture(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(self.session.picture()))


def _stroke(key: str) -> list[Said]:
    return [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]


def wait(look: Callable[[], Said], what: str, within_s: float = WAIT_S) -> Said:
    """What it gives, once that is true. A screen that changes under our hands is looked at again. Raises NotSeen."""
    deadline = time.monotonic() + within_s
    while True:
        try:
            if found := look():
                return found
            problem = "not there"
        except Refused as refusal:
            problem = str(refusal)
        if time.monotonic() > deadline:
            raise NotSeen(f"{what}: {problem[:300]}")
        time.sleep(LOOK_EVERY_S)
