"""Turns whatever was raised into an answer: a refusal keeps its code and status, anything else is a bug or an outage.

One of the three places with a broad catch: Litestar hands every exception here.
"""

import math
from typing import Any

import structlog
from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException, ValidationException
from psycopg import OperationalError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from server.base.errors import AppError, TooMany, Unavailable
from server.base.http.envelope import Failure, failure
from sync.errors import ExchangeError, Outage, Refusal

log = structlog.get_logger()

_CODES = {
    400: "request.bad",
    401: "auth.required",
    403: "access.forbidden",
    404: "route.not_found",
    405: "route.method",
    413: "body.too_large",
    415: "body.unsupported",
    422: "field.invalid",
    429: "rate.limited",
    503: "service.unavailable",
}
RETRY_AFTER_S = 2


def answer_problem(_request: Request[Any, Any, Any], error: Exception) -> Response[Failure]:
    """Raised → envelope."""
    if isinstance(error, Refusal | ExchangeError):
        return _refuse(error)
    match error:
        case ValidationException():
            return _answer(422, "field.invalid", "A field is wrong.", fields=_fields_of(error))
        case HTTPException():
            code = _CODES.get(error.status_code, "request.bad")
            return _answer(error.status_code, code, error.detail)
        case Outage() | OperationalError() | PoolTimeoutError() | DBAPIError(connection_invalidated=True):
            return _away(error)
        case DBAPIError() if isinstance(error.orig, OperationalError):
            return _away(error)
        case _:
            log.error("request.bug", exc_info=error)
            return _answer(500, "server.bug", "Something is wrong on our side; it was noted under the request id.")


def _refuse(error: Refusal | ExchangeError) -> Response[Failure]:
    """Answer with what the refusal says of itself: status, code, fields, and how long to wait."""
    status = error.status if isinstance(error, AppError | ExchangeError) else 409
    wait_s = error.retry_after_s if isinstance(error, TooMany | ExchangeError) else None
    fields = error.fields if isinstance(error, Refusal) else None
    headers = None if wait_s is None else {"retry-after": str(math.ceil(wait_s))}
    return _answer(status, error.code, error.message, fields=fields, headers=headers)


def _away(error: Exception) -> Response[Failure]:
    """The words of an outage of ours, which name the part; else general ones."""
    log.warning("request.outage", error=repr(error))
    words = error if isinstance(error, Unavailable) else Unavailable()
    return _answer(words.status, words.code, words.message, headers={"retry-after": str(RETRY_AFTER_S)})


def _fields_of(error: ValidationException) -> dict[str, str]:
    extra = error.extra if isinstance(error.extra, list) else []
    return {str(item.get("key", "body")): str(item.get("message", "")) for item in extra if isinstance(item, dict)}


def _answer(
    status: int, code: str, message: str, *, fields: dict[str, str] | None = None, headers: dict[str, str] | None = None
) -> Response[Failure]:
    return Response(
        failure(code, message, fields), status_code=status, media_type=MediaType.JSON, headers=headers or {}
    )
