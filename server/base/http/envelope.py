"""Answers of the API: `{"success":true,"data":…,"meta":{…}}`, and the shape of a refusal."""

from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec
import structlog

from server.base import clock
from server.base.paging import Page

T = TypeVar("T")


class Meta(msgspec.Struct, omit_defaults=True, frozen=True):
    timestamp: datetime
    request_id: str
    page: int | None = None
    limit: int | None = None
    total: int | None = None


class Success(msgspec.Struct, Generic[T], frozen=True):
    data: T
    meta: Meta
    success: bool = True


class FieldProblem(msgspec.Struct, frozen=True):
    field: str
    message: str


class Problem(msgspec.Struct, frozen=True):
    code: str
    message: str
    details: list[FieldProblem] = []
    fields: dict[str, str] = {}


class Failure(msgspec.Struct, frozen=True):
    error: Problem
    meta: Meta
    success: bool = False


def success(data: T, *, page: Page | None = None) -> Success[T]:
    if page is None:
        return Success(data=data, meta=meta())
    return Success(data=data, meta=meta(page=page.page, limit=page.limit, total=page.total))


def failure(code: str, message: str, fields: dict[str, str] | None = None) -> Failure:
    fields = fields or {}
    details = [FieldProblem(field, problem) for field, problem in fields.items()]
    return Failure(error=Problem(code=code, message=message, details=details, fields=fields), meta=meta())


def meta(**paging: Any) -> Meta:
    request_id = structlog.contextvars.get_contextvars().get("request_id", "")
    return Meta(timestamp=clock.now(), request_id=request_id, **paging)
