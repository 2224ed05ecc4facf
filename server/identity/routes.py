"""Signing in and out over HTTP. The only state-changing routes that a cookie opens are refresh and logout (SEC-04)."""

import secrets
from typing import Any
from uuid import UUID

from litestar import Request, Response, delete, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from server.base import clock
from server.base.actor import Actor
from server.base.db import Database
from server.base.errors import Forbidden
from server.base.http.envelope import Success, success
from server.base.http.operations import operation
from server.base.limits import AUTH, AUTH_ADDRESS, REGISTER, Limiter
from server.base.signing import Signer
from server.base.tx import Tx
from server.identity import accounts, queries, sessions
from server.identity.schemas import (
    Login,
    MeAnswer,
    Nothing,
    Refresh,
    Register,
    Registered,
    RegisteredUser,
    SessionRow,
    SignedInAnswer,
    VerifyEmail,
)
from server.identity.sessions import SignedIn, TokenReused
from server.identity.tokens import TokenBad, Tokens
from server.settings import Settings

CSRF_COOKIE = "csrf"
CSRF_HEADER = "x-csrf-token"


class CsrfFailed(Forbidden):
    """The request did not come from our own page; reload it and try again."""

    code = "csrf.failed"


@post("/api/v1/auth/register", operation_id="Register", opt={"public": True})
async def register(
    request: Request[Any, Any, Any], data: JSONBody[Register], tx: NamedDependency[Tx]
) -> Success[Registered]:
    """Make an account. The answer is the same for a known e-mail: its owner gets a mail instead."""
    await _limiter(request).take(REGISTER, _address(request))
    account = accounts.NewAccount(
        email=data.email, full_name=data.full_name, role=data.role, password=data.password, locale=data.locale
    )
    await accounts.register(tx, request.app.state.tokens, account)
    user = RegisteredUser(email=data.email, full_name=accounts.clean_name(data.full_name), role=data.role)
    return success(Registered(user=user))


@post("/api/v1/auth/verify-email", operation_id="VerifyEmail", opt={"public": True}, status_code=200)
async def verify_email(
    request: Request[Any, Any, Any], data: JSONBody[VerifyEmail], tx: NamedDependency[Tx]
) -> Success[Nothing]:
    """Confirm the e-mail by the token of the mail."""
    await accounts.verify_email(tx, request.app.state.tokens, data.token)
    return success(Nothing())


@post("/api/v1/auth/login", operation_id="Login", opt={"public": True}, status_code=200)
async def login(request: Request[Any, Any, Any], data: JSONBody[Login]) -> Response[Success[SignedInAnswer]]:
    """Sign in with e-mail (or phone) and password."""
    address = _address(request)
    await _limiter(request).take(AUTH_ADDRESS, address)
    await _limiter(request).take(AUTH, f"{address}:{accounts.normal_email(data.email)}")
    attempt = accounts.LoginAttempt(
        name=data.email,
        password=data.password,
        address=address,
        remember_me=data.remember_me,
        device_id=data.device_id,
        device_name=data.device_name,
    )
    signed_in, _user = await accounts.log_in(_database(request), request.app.state.tokens, attempt)
    return await _answer(request, signed_in, in_body=False)


@post("/api/v1/auth/refresh", operation_id="Refresh", opt={"public": True}, status_code=200)
async def refresh(request: Request[Any, Any, Any], data: JSONBody[Refresh]) -> Response[Success[SignedInAnswer]]:
    """The next access and refresh token. The token of the cookie, or of the body for clients without cookies."""
    token, in_body = _refresh_token(request, data)
    async with _database(request).transaction() as tx:
        signed_in = await sessions.rotate_session(tx, request.app.state.tokens, token=token, device_id=data.device_id)
    if signed_in is None:  # Raised here, after the commit: the ended session must stay ended.
        raise TokenReused
    return await _answer(request, signed_in, in_body=in_body)


@post("/api/v1/auth/logout", operation_id="Logout", opt={"public": True}, status_code=200)
async def logout(request: Request[Any, Any, Any], data: JSONBody[Refresh]) -> Response[Success[Nothing]]:
    """End this session."""
    token, _ = _refresh_token(request, data)
    session_id, _rotation = _tokens(request).read_refresh(token)
    async with _database(request).transaction() as tx:
        await sessions.end_session(tx, session_id, because="logout")
    return _without_cookies(request)


@post("/api/v1/auth/logout-all", operation_id="LogoutAll", status_code=200)
async def logout_all(
    request: Request[Any, Any, Any], tx: NamedDependency[Tx], actor: NamedDependency[Actor]
) -> Response[Success[Nothing]]:
    """End every session of this person."""
    await sessions.end_all_sessions(tx, actor.id, because="logout-all")
    return _without_cookies(request)


@get("/api/v1/auth/sessions", operation_id="Sessions")
async def list_sessions(tx: NamedDependency[Tx]) -> Success[list[SessionRow]]:
    """Where the caller is signed in, the last used first."""
    return success(await sessions.list_sessions(tx))


@delete("/api/v1/auth/sessions/{session_id:uuid}", operation_id="EndSession", status_code=200)
async def end_session(session_id: FromPath[UUID], tx: NamedDependency[Tx]) -> Success[Nothing]:
    """Sign out there. 404 for what is not the caller's."""
    await sessions.end_own_session(tx, session_id)
    return success(Nothing())


@get(["/api/v1/auth/me", "/api/v1/me"], operation_id=operation("Me"))
async def me(tx: NamedDependency[Tx]) -> Success[MeAnswer]:
    """The person, roles, permissions and profiles."""
    return success(await queries.me(tx))


async def _answer(
    request: Request[Any, Any, Any], signed_in: SignedIn, *, in_body: bool
) -> Response[Success[SignedInAnswer]]:
    tokens = _tokens(request)
    async with _database(request).transaction() as tx:
        person = await queries.person(tx, signed_in.user_id)
    settings: Settings = request.app.state.settings
    answer = SignedInAnswer(
        access_token=sessions.access_token(tokens, signed_in, now=clock.now()),
        expires_in=tokens.access_token_s,
        user=person,
        signing_keys=Signer(settings.signing_key, settings.signing_key_before).public_keys,
        refresh_token=signed_in.refresh_token if in_body else None,
    )
    seconds = int((signed_in.refresh_expires_at - clock.now()).total_seconds())
    cookies = [] if in_body else _cookies(settings, signed_in.refresh_token, seconds=seconds)
    return Response(success(answer), cookies=cookies)


def _cookies(settings: Settings, token: str, *, seconds: int) -> list[Cookie]:
    secure = settings.cookie_secure
    return [
        Cookie(
            key=_refresh_cookie(settings),
            value=token,
            httponly=True,
            secure=secure,
            samesite="strict",
            path="/",
            max_age=seconds,
        ),
        Cookie(
            key=CSRF_COOKIE,
            value=secrets.token_urlsafe(16),
            secure=secure,
            samesite="strict",
            path="/",
            max_age=seconds,
        ),
    ]


def _without_cookies(request: Request[Any, Any, Any]) -> Response[Success[Nothing]]:
    return Response(success(Nothing()), cookies=_cookies(request.app.state.settings, "", seconds=0))


def _refresh_token(request: Request[Any, Any, Any], data: Refresh) -> tuple[str, bool]:
    """(token, whether it came in the body). Raises TokenBad, CsrfFailed."""
    if data.refresh_token is not None:
        return data.refresh_token, True
    token = request.cookies.get(_refresh_cookie(request.app.state.settings))
    if not token:
        raise TokenBad
    _check_csrf(request)
    return token, False


def _check_csrf(request: Request[Any, Any, Any]) -> None:
    """Double submit, and the browser's own word on where the request came from."""
    held = request.cookies.get(CSRF_COOKIE, "")
    sent = request.headers.get(CSRF_HEADER, "")
    origin = request.headers.get("origin")
    same_origin = origin is None or origin.partition("://")[2] == request.headers.get("host")
    if not held or not secrets.compare_digest(held, sent) or not same_origin:
        raise CsrfFailed


def _refresh_cookie(settings: Settings) -> str:
    # Browsers refuse `__Host-` without Secure, and http://127.0.0.1 cannot set Secure cookies everywhere.
    return "__Host-rt" if settings.cookie_secure else "rt"


def _address(request: Request[Any, Any, Any]) -> str:
    return request.client.host if request.client else "unknown"


def _database(request: Request[Any, Any, Any]) -> Database:
    database: Database = request.app.state.database
    return database


def _tokens(request: Request[Any, Any, Any]) -> Tokens:
    tokens: Tokens = request.app.state.tokens
    return tokens


def _limiter(request: Request[Any, Any, Any]) -> Limiter:
    limiter: Limiter = request.app.state.limiter
    return limiter
