"""One thin ASGI layer: a request id, the server's time, nosniff and no-store on the API, page policies on documents."""

import re
import secrets
import time
from typing import Any

import structlog
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger()

_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
SLOW_MS = 1_000

PAGE_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:;"
        " media-src 'self' blob:; frame-src 'self';"
        " connect-src 'self'; manifest-src 'self'; worker-src 'self'; font-src 'self'; form-action 'self';"
        " base-uri 'none';"
        " frame-ancestors 'none'"
    ),
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(self), microphone=(self), geolocation=(), payment=()",
    "x-xss-protection": "0",
}


def request_frame(app: ASGIApp) -> ASGIApp:
    """Bind the ids for every log line of the request, and set the headers that every answer carries."""

    async def framed(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        request_id = _request_id(scope)
        started = time.perf_counter()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)

        async def send_framed(message: Message) -> None:
            if message["type"] == "http.response.start":
                _set_headers(message, request_id, path=scope["path"])
                _note(scope, message["status"], started)
            await send(message)

        await app(scope, receive, send_framed)

    return framed


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(text := value.decode("latin-1")):
            return text
    return secrets.token_urlsafe(9)


def _set_headers(message: Any, request_id: str, *, path: str) -> None:  # Any: Litestar's Message is a union of many
    headers = MutableScopeHeaders.from_message(message)
    headers["x-request-id"] = request_id
    headers["x-content-type-options"] = "nosniff"
    if path.startswith("/api/"):
        headers.setdefault("cache-control", "no-store")
        headers["server-time"] = str(time.time_ns() // 1_000_000)
    elif headers.get("content-type", "").startswith("text/html") and "content-security-policy" not in headers:
        for name, value in PAGE_HEADERS.items():
            headers[name] = value


def _note(scope: Scope, status: int, started: float) -> None:
    elapsed_ms = (time.perf_counter() - started) * 1000
    if status >= 500 or elapsed_ms > SLOW_MS:
        log.warning("request.slow_or_failed", path=scope["path"], status=status, elapsed_ms=round(elapsed_ms))
