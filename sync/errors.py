"""What the engine can say no with.

    Refusal            part of the contract: parked with its code, the op's number is used
    Outage             the store is away or busy: nothing is used, the phone retries
    ExchangeError      a whole exchange is turned away (401, 409, 413, 415, 422, 429, 503)

Anything else that is raised is a bug.
"""

from typing import Any, ClassVar


class Refusal(Exception):
    """A wish that may not come true. `code` is stable and on the wire; the message names the thing and the remedy."""

    code: ClassVar[str] = "op.refused"
    is_absence: ClassVar[bool] = False  # Something that was named is not there: after a restore it may still come.

    def __init__(self, message: str | None = None, *, fields: dict[str, str] | None = None) -> None:
        self.message = message or (self.__doc__ or self.code).strip().splitlines()[0]
        self.fields = fields or {}
        super().__init__(self.message)


class Outage(Exception):
    """The store cannot answer now (connection, serialisation, deadlock, disk, time limit): retry, nothing was used."""


class ExchangeError(Exception):
    """Turns a whole exchange away with an HTTP status and a stable code."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: dict[str, Any] | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        self.status = status
        self.code = code
        self.message = message
        self.details = details or {}
        self.retry_after_s = retry_after_s
        super().__init__(f"{code}: {message}")
