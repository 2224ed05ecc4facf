"""How long a slow client may be about it: limits below HTTP, where a request is still bytes.

    nothing → headers      HEADER_WAIT_S for all of them, HEADER_BYTES_MAX
    headers → body         STALL_S without a byte, and ever slower than BODY_BYTES_S after BODY_GRACE_S
    answer                 STALL_S in which the client takes not one byte

Who is slow but moves is borne; nobody is cut for the total time. While our own side is the one that does not read
(an upload that is being stored), the clock stands still. Only a buffer waits with a slow client, never a connection
to the database.
"""

import asyncio
import sys
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADER_BYTES_MAX = 32_768
LINE_BYTES = 4  # of a header besides its name and value
HEADER_WAIT_S = 20.0
STALL_S = 30.0
BODY_GRACE_S = 60.0
BODY_BYTES_S = 64.0
LOOK_S = 2.0
KEEP_ALIVE_S = (
    60  # Between two requests: while a person types, and a new connection over a thin link costs a round trip.
)

_ANSWERS = {
    408: b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
    431: b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
}


# In the scope of a request: call it after `http.disconnect` for the bytes that had come and were not read. The server
# drops them otherwise, and of a link that is cut every few seconds they are most of what came.
UNREAD = "spark.unread"


class _Unread:
    def __init__(self, cycle: Any) -> None:  # uvicorn's request under way
        self._cycle = cycle

    def __call__(self) -> bytes:
        """Once; then they are read."""
        body, self._cycle.body = bytes(self._cycle.body), bytearray()
        return body


class HeadersTooLarge(ValueError):
    """More bytes of headers than we take."""


class PatientHttp(HttpToolsProtocol):
    """One connection; looked at every now and then while it owes us bytes, or we owe it some that it does not take."""

    header_wait_s = HEADER_WAIT_S
    stall_s = STALL_S
    look_s = LOOK_S

    def __init__(self, *arguments: Any, **named: Any) -> None:  # uvicorn's own, handed on
        super().__init__(*arguments, **named)
        self._look: asyncio.TimerHandle | None = None
        self._in_headers = False
        self._header_bytes = 0
        self._begun_at = 0.0  # of the headers, then of the body
        self._moved_at = 0.0  # when a byte came, or went
        self._body_bytes = 0
        self._unsent = 0

    # --- what happens to the connection -----------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._begin_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._look is not None:
            self._look.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._moved_at = self.loop.time()
        self._body_bytes += len(data)
        super().data_received(data)
        if self._in_headers:
            self._header_bytes += len(data)
            if self._header_bytes > HEADER_BYTES_MAX:
                self._close(431)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._begin_headers()

    def on_headers_complete(self) -> None:
        lines = sum(len(name) + len(value) + LINE_BYTES for name, value in self.headers)
        if len(self.url) + lines > HEADER_BYTES_MAX:
            raise HeadersTooLarge
        self._in_headers = False
        self._body_bytes = 0
        self._begun_at = self.loop.time()
        super().on_headers_complete()
        if self.cycle is not None:
            self.scope[UNREAD] = _Unread(self.cycle)  # type: ignore[literal-required]  # ours alone

    def send_400_response(self, msg: str) -> None:
        error = sys.exc_info()[1]
        if error is not None and isinstance(error.__context__, HeadersTooLarge):
            self._close(431)
        else:
            super().send_400_response(msg)

    def pause_writing(self) -> None:
        self._moved_at = self.loop.time()
        self._unsent = self.transport.get_write_buffer_size()
        self._look_later()
        super().pause_writing()

    # --- looking ----------------------------------------------------------------------------------------------------

    def _begin_headers(self) -> None:
        self._in_headers = True
        self._header_bytes = 0
        self._begun_at = self._moved_at = self.loop.time()
        self._look_later()

    def _look_later(self) -> None:
        if self._look is None:
            self._look = self.loop.call_later(self.look_s, self._look_now)

    def _look_now(self) -> None:
        self._look = None
        if self.transport.is_closing():
            return
        now = self.loop.time()
        if self._in_headers:
            if now - self._begun_at > self.header_wait_s:
                self._close(408 if self._header_bytes else None)
                return
        elif self._owes_body():
            if self._is_body_too_slow(now):
                self._close(408)
                return
        elif self.flow.write_paused:
            unsent = self.transport.get_write_buffer_size()
            if unsent < self._unsent:
                self._moved_at = now
            self._unsent = unsent
            if now - self._moved_at > self.stall_s:
                self.transport.abort()
                return
        else:
            return  # Nobody owes anything; the next request or answer begins anew.
        self._look_later()

    def _owes_body(self) -> bool:
        cycle: Any = self.cycle  # None before the first request, whatever uvicorn's types say
        return cycle is not None and cycle.more_body and not cycle.response_complete

    def _is_body_too_slow(self, now: float) -> bool:
        if self.flow.read_paused:  # It is we who do not read.
            self._moved_at = self._begun_at = now
            self._body_bytes = 0
            return False
        lasted_s = now - self._begun_at
        return now - self._moved_at > self.stall_s or (
            lasted_s > BODY_GRACE_S and self._body_bytes < lasted_s * BODY_BYTES_S
        )

    def _close(self, status: int | None) -> None:
        """Tell why, unless an answer is under way (or there was no request), and close."""
        if self.transport.is_closing():
            return
        cycle: Any = self.cycle  # as above
        is_answering = cycle is not None and cycle.response_started and not cycle.response_complete
        if status is not None and not is_answering:
            self.transport.write(_ANSWERS[status])
        self.transport.close()
