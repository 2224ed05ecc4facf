"""W3C WebDriver, as little of it as the walk needs: by HTTP, as WebKit's driver speaks it, and by Firefox's Marionette.

Both take the same words: the second is what geckodriver would make of the first. So nothing has to be installed for it.
"""

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any, Protocol

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # Under this name an element travels, says the standard.
ANSWER_S = 150
SCRIPT_MS = 120_000

Said = Any  # JSON, as the browser or our own script said it.


class Refused(Exception):
    """The driver could not do it; its own words."""


class Session(Protocol):
    """One browser that is open."""

    def navigate(self, url: str) -> None: ...
    def run(self, script: str, args: list[Said]) -> Said: ...
    def click(self, element: Said) -> None: ...
    def send(self, element: Said, text: str) -> None: ...
    def act(self, actions: list[Said]) -> None: ...
    def into(self, frame: Said | None) -> None: ...
    def picture(self) -> str: ...
    def close(self) -> None: ...


class HttpSession:
    """Of a driver that listens at `url`."""

    def __init__(self, url: str, capabilities: Mapping[str, Said]) -> None:
        self._url = url
        made = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})
        self.version = str(made["capabilities"].get("browserVersion", ""))
        self._url += f"/session/{made['sessionId']}"
        self._ask("POST", "/timeouts", {"script": SCRIPT_MS, "pageLoad": SCRIPT_MS})

    def navigate(self, url: str) -> None:
        self._ask("POST", "/url", {"url": url})

    def run(self, script: str, args: list[Said]) -> Said:
        return self._ask("POST", "/execute/async", {"script": script, "args": args})

    def click(self, element: Said) -> None:
        self._ask("POST", f"/element/{element[ELEMENT]}/click", {})

    def send(self, element: Said, text: str) -> None:
        self._ask("POST", f"/element/{element[ELEMENT]}/value", {"text": text})

    def act(self, actions: list[Said]) -> None:
        self._ask("POST", "/actions", {"actions": actions})

    def into(self, frame: Said | None) -> None:
        self._ask("POST", "/frame", {"id": frame})

    def picture(self) -> str:
        return str(self._ask("GET", "/screenshot"))

    def close(self) -> None:
        self._ask("DELETE", "")

    def _ask(self, method: str, path: str, body: Said = None) -> Said:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data, method=method)
        request.add_header("content-type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_S) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            value = json.load(error)["value"]
            raise Refused(f"{value['error']}: {value['message']}") from None


class MarionetteSession:
    """Of the Firefox that listens at this port of this machine."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=ANSWER_S)
        self._number = 0
        self._hear()  # Who it is.
        made = self._ask("WebDriver:NewSession", {"capabilities": {"alwaysMatch": {}}})
        self.version = str(made["capabilities"]["browserVersion"])
        self._ask("WebDriver:SetTimeouts", {"script": SCRIPT_MS, "pageLoad": SCRIPT_MS})

    def navigate(self, url: str) -> None:
        self._ask("WebDriver:Navigate", {"url": url})

    def run(self, script: str, args: list[Said]) -> Said:
        return self._ask("WebDriver:ExecuteAsyncScript", {"script": script, "args": args})["value"]

    def click(self, element: Said) -> None:
        self._ask("WebDriver:ElementClick", {"id": element[ELEMENT]})

    def send(self, element: Said, text: str) -> None:
        self._ask("WebDriver:ElementSendKeys", {"id": element[ELEMENT], "text": text})

    def act(self, actions: list[Said]) -> None:
        self._ask("WebDriver:PerformActions", {"actions": actions})

    def into(self, frame: Said | None) -> None:
        self._ask("WebDriver:SwitchToFrame", {"element": frame[ELEMENT]} if frame else {"id": None})

    def picture(self) -> str:
        return str(self._ask("WebDriver:TakeScreenshot", {"full": False, "hash": False})["value"])

    def close(self) -> None:
        self._ask("Marionette:Quit", {"flags": ["eForceQuit"]})
        self._socket.close()

    def _ask(self, name: str, arguments: Mapping[str, Said]) -> Said:
        self._number += 1
        words = json.dumps([0, self._number, name, arguments]).encode()
        self._socket.sendall(str(len(words)).encode() + b":" + words)
        _kind, _number, error, value = self._hear()
        if error is not None:
            raise Refused(f"{error['error']}: {error['message']}")
        return value

    def _hear(self) -> Said:
        """The length of a message stands before it."""
        length = b""
        while (sign := self._socket.recv(1)) != b":":
            if sign == b"":
                raise Refused("the browser is gone")
            length += sign
        words = bytearray()
        while len(words) < int(length):
            piece = self._socket.recv(int(length) - len(words))
            if piece == b"":
                raise Refused("the browser is gone")
            words += piece
        return json.loads(words)
