"""A link between a client and a server that does what links do: it cuts, loses, repeats, and lets others answer.

An HTTP proxy with one fault at a time; it keeps what went through it, for the checks to look at.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from server.conformance.wire import Answer, Server, encode

PORTAL = b"<!doctype html><title>Pay for the network</title><p>Buy 100 MB first."
STRANGE = "AQAAAAAAAAAAAAAAAAAAAAAA"  # a cursor that no server ever wrote
SLOW_BYTES, SLOW_S = 2_048, 0.05
NO_CONTENT = 204


@dataclass
class Passed:
    """One request that came through, and what went back."""

    at: float  # seconds
    path: str
    body: dict[str, Any]
    raw: bytes
    status: int  # 0: nothing came back


Fault = Callable[["Link", bytes, Callable[[bytes], Answer]], "Answer | None"]
"""(link, request body, send on) → the answer, or None: nothing at all comes back."""


@dataclass
class Link:
    """`url` is what the client is given. Without a fault everything passes."""

    server: Server
    url: str = ""
    passed: list[Passed] = field(default_factory=list)
    fault: Fault | None = None
    cut_after: int | None = None  # bytes of an answer's body that arrive
    is_slow: bool = False

    @contextmanager
    def open(self) -> Iterator["Link"]:
        http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        http.daemon_threads = True
        thread = threading.Thread(target=http.serve_forever, daemon=True)
        thread.start()
        self.url = f"http://127.0.0.1:{http.server_address[1]}"
        try:
            yield self
        finally:
            http.shutdown()
            http.server_close()

    def clear(self) -> None:
        """No fault from here on, and nothing remembered."""
        self.fault, self.cut_after, self.is_slow = None, None, False
        self.passed.clear()

    def exchanges(self) -> list[Passed]:
        return [passed for passed in self.passed if passed.path == "/api/v1/sync"]


# --- faults -----------------------------------------------------------------------------------------------------


def once(fault: Fault, then: Fault | None = None) -> Fault:
    """The first request meets it; the others pass, or meet the other one."""
    left = [fault]

    def first(link: Link, body: bytes, send: Callable[[bytes], Answer]) -> Answer | None:
        link.cut_after = None
        met = left.pop() if left else then
        return met(link, body, send) if met else send(body)

    return first


def lose_answer(_link: Link, body: bytes, send: Callable[[bytes], Answer]) -> None:
    """The server did it; nobody hears of it."""
    send(body)


def send_twice(_link: Link, body: bytes, send: Callable[[bytes], Answer]) -> Answer:
    send(body)
    return send(body)


def portal(_link: Link, _body: bytes, _send: Callable[[bytes], Answer]) -> Answer:
    """Somebody else answers, and says that all is well."""
    return Answer(200, {"content-type": "text/html"}, PORTAL)


def busy(_link: Link, _body: bytes, _send: Callable[[bytes], Answer]) -> Answer:
    error = {"success": False, "error": {"code": "service.unavailable", "message": "busy", "details": {}}}
    return Answer(503, {"content-type": "application/json", "retry-after": "2"}, encode(error))


def torn(link: "Link", body: bytes, send: Callable[[bytes], Answer]) -> Answer:
    """The server did it; the head of its answer arrives, and nothing else."""
    link.cut_after = 0
    return send(body)


def another_log(_link: Link, body: bytes, send: Callable[[bytes], Answer]) -> Answer:
    """As if the log had been replaced by another, in which this person holds no course."""
    head = json.loads(body)
    if head.get("cursor"):
        head["cursor"] = STRANGE
    return send(encode(without_courses(head)))


def no_courses(_link: Link, body: bytes, send: Callable[[bytes], Answer]) -> Answer:
    return send(encode(without_courses(json.loads(body))))


def without_courses(head: dict[str, Any]) -> dict[str, Any]:
    return head | {"want": head.get("want", {}) | {"buckets": []}}


def lost_row(_link: Link, body: bytes, send: Callable[[bytes], Answer]) -> Answer:
    """One row goes missing on its way, as on a bad disk."""
    answer = send(body)
    rows = [raw for raw, line in zip(answer.raw_lines, answer.lines, strict=True) if isinstance(line, list)]
    if not rows:
        return answer
    kept = [raw for raw in answer.raw_lines if raw != rows[len(rows) // 2]]
    return Answer(answer.status, answer.headers, b"\n".join([*kept, b""]))


def rewound(_link: Link, body: bytes, send: Callable[[bytes], Answer]) -> Answer:
    """A server that was restored: it knows of none of this device's ops."""
    answer = send(body)
    if answer.status != 200:
        return answer
    first = answer.first | {"watermark": [0, ""]}
    rest = [line for line in answer.raw_lines[1:] if not line.startswith(b'{"receipts"')]
    return Answer(200, answer.headers, b"\n".join([encode(first), *rest, b""]))


# --- the proxy --------------------------------------------------------------------------------------------------


def _handler(link: Link) -> type[BaseHTTPRequestHandler]:
    class Handler(_Proxy):
        pass

    Handler.link = link
    return Handler


class _Proxy(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    link: Link

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""

    def do_GET(self) -> None:
        self._pass_on(b"")

    def do_POST(self) -> None:
        self._pass_on(self.rfile.read(int(self.headers.get("content-length") or 0)))

    def _pass_on(self, body: bytes) -> None:
        link = self.link
        kept = {name: self.headers[name] for name in ("authorization", "content-type") if self.headers[name]}

        def send(body: bytes) -> Answer:
            return link.server.request(self.command, self.path, body or None, kept)

        self.close_connection = True
        answer = link.fault(link, body, send) if link.fault else send(body)
        status = answer.status if isinstance(answer, Answer) else 0
        passed = Passed(time.monotonic(), self.path, json.loads(body or b"{}"), body, status)
        link.passed.append(passed)
        if isinstance(answer, Answer):
            with suppress(ConnectionError):  # The client is gone; that is what the check is about.
                self._answer(answer)

    def _answer(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name in ("content-type", "retry-after"):
            if name in answer.headers:
                self.send_header(name, answer.headers[name])
        self.send_header("connection", "close")
        if answer.status != NO_CONTENT:
            self.send_header("content-length", str(len(answer.body)))
        self.end_headers()
        body = answer.body if self.link.cut_after is None else answer.body[: self.link.cut_after]
        step = SLOW_BYTES if self.link.is_slow else max(1, len(body))
        for start in range(0, len(body), step):
            self.wfile.write(body[start : start + step])
            self.wfile.flush()
            if self.link.is_slow:
                time.sleep(SLOW_S)
