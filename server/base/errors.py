"""The refusals of the product.

    Refusal (sync)                 parked in sync, answered over HTTP
      AppError                     with an HTTP status
        BadRequest        400      the request itself is wrong
        Unauthenticated   401      sign in (again)
        Forbidden         403      signed in, but may not
        NotFound          404      is not there, or not for you
        Conflict          409      not now: the state of things is against it
        TooLarge          413
        Unsupported       415
        Invalid           422      a field is wrong; `fields` says which and why
        TooMany           429      later; `retry_after_s`

    Outage (sync)                  retried; never parked
      Unavailable         503      a part we need does not answer

A feature subclasses one of these beside the mutator that raises it and gives it its own `code` (`noun.reason`).
"""

from typing import ClassVar

from sync.errors import Outage, Refusal


class AppError(Refusal):
    """Something was refused."""

    status: ClassVar[int] = 400


class BadRequest(AppError):
    """The request cannot be read."""

    code = "request.bad"
    status = 400


class Unauthenticated(AppError):
    """Sign in to do this."""

    code = "auth.required"
    status = 401


class Forbidden(AppError):
    """You may not do this."""

    code = "access.forbidden"
    status = 403


class NotFound(AppError):
    """There is no such thing, or not for you."""

    code = "record.not_found"
    status = 404
    is_absence = True


class Conflict(AppError):
    """The state of things does not allow this now."""

    code = "state.conflict"
    status = 409


class TooLarge(AppError):
    """That is larger than we take."""

    code = "body.too_large"
    status = 413


class Unsupported(AppError):
    """We do not take this type."""

    code = "body.unsupported"
    status = 415


class Invalid(AppError):
    """A field is wrong."""

    code = "field.invalid"
    status = 422


class TooMany(AppError):
    """Too often; try again a little later."""

    code = "rate.limited"
    status = 429

    def __init__(self, message: str | None = None, *, retry_after_s: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Unavailable(Outage):
    """A part of the service does not answer; nothing was changed, try again.

    No refusal: an op that meets it is not parked, its number is not used, and the phone sends it again.
    """

    code = "service.unavailable"
    status = 503

    def __init__(self, message: str | None = None) -> None:
        self.message = message or "A part of the service does not answer; nothing was changed, try again."
        super().__init__(self.message)
