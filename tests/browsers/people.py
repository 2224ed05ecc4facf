"""What everybody does."""

import json

from tests.browsers.walk import Scene


def sign_in(scene: Scene, role: str) -> None:
    accounts = json.loads((scene.installation.data / "demo-accounts.json").read_text())
    account = next(one for one in accounts if one["role"] == role)
    page = scene.page
    page.open("/sign-in")
    page.fill("E-mail", account["email"])
    page.fill("Password", account["password"])
    page.tick("Mine: stay unlocked")
    page.press("button", "Sign in", exact=True)
    page.find("heading", "Hello")


def has_sent_everything(scene: Scene) -> None:
    """The outbox says of nothing that it is still to be sent."""
    page = scene.page
    page.go("/outbox")
    page.find("heading", "Outbox", exact=True)
    page.until(
        """
        const words = [...document.querySelectorAll("main *")].map((one) => one.innerText?.trim());
        const isOver = /Everything was received/.test(document.body.innerText) || words.includes("received");
        return isOver && !["saved on this phone", "sending", "sent"].some((word) => words.includes(word));
        """,
        within_s=120,
        what="an outbox that was received",
    )
