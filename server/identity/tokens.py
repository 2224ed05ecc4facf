"""Access and refresh tokens, and the links that mails carry.

    access    JWT, EdDSA, 15 min: who and which session; roles in it are a hint, never trusted
    refresh   session id (16) | rotation (4) | HMAC-SHA256 (32), base64url: only we make it, and it has a number
    link      JWT, EdDSA, for one purpose (audience)

All keys are derived from the installation's signing key, one for each purpose.
"""

import base64
import hashlib
import hmac
import struct
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from server.base.errors import Unauthenticated
from server.base.ids import new_id

ALGORITHM = "EdDSA"
ISSUER = "spark"
AUDIENCE = "lms-api"
LEEWAY_S = 60
REFRESH_BYTES = 16 + 4 + 32
READ_BEFORE_MAX = 10_000  # tokens whose signature need not be checked again


class TokenExpired(Unauthenticated):
    """The access token has run out; refresh it."""

    code = "token.expired"


class TokenBad(Unauthenticated):
    """The token is not one of ours, or its session has ended; sign in again."""

    code = "token.bad"


@dataclass(frozen=True)
class AccessClaims:
    user_id: UUID
    session_id: UUID
    token_version: int


class Tokens:
    """Makes and reads tokens; the session's state is elsewhere (`sessions.py`)."""

    def __init__(self, signing_key: bytes, *, access_token_s: int) -> None:
        self._access_key = Ed25519PrivateKey.from_private_bytes(_derive(signing_key, b"access"))
        self._public_key = self._access_key.public_key()
        self._refresh_key = _derive(signing_key, b"refresh")
        self.access_token_s = access_token_s
        self._read_before: dict[str, tuple[AccessClaims, float]] = {}
        raw = self._public_key.public_bytes(Encoding.Raw, PublicFormat.Raw)
        self._key_id = hashlib.sha256(raw).hexdigest()[:16]

    def make_access(self, claims: AccessClaims, *, role: str, now: datetime) -> str:
        body = {
            "sub": str(claims.user_id),
            "sid": str(claims.session_id),
            "tv": claims.token_version,
            "role": role,
            "iss": ISSUER,
            "aud": AUDIENCE,
            "jti": str(new_id()),
            "iat": now,
            "nbf": now,
            "exp": now + timedelta(seconds=self.access_token_s),
        }
        return jwt.encode(body, self._access_key, algorithm=ALGORITHM, headers={"kid": self._key_id})

    def read_access(self, token: str) -> AccessClaims:
        """Raises TokenExpired, TokenBad. A signature is checked once: the same bytes are as good the next time."""
        if found := self._read_before.get(token):
            claims, expires_at = found
            if time.time() >= expires_at:
                del self._read_before[token]
                raise TokenExpired
            return claims
        body = self._read(token, audience=AUDIENCE)
        try:
            claims = AccessClaims(UUID(body["sub"]), UUID(body["sid"]), int(body["tv"]))
        except (KeyError, ValueError) as error:
            raise TokenBad from error
        if len(self._read_before) >= READ_BEFORE_MAX:
            self._read_before.pop(next(iter(self._read_before)))
        self._read_before[token] = claims, float(body["exp"])
        return claims

    def make_link(self, purpose: str, subject: UUID, *, now: datetime, valid_s: int) -> str:
        body = {"sub": str(subject), "iss": ISSUER, "aud": purpose, "iat": now, "exp": now + timedelta(seconds=valid_s)}
        return jwt.encode(body, self._access_key, algorithm=ALGORITHM, headers={"kid": self._key_id})

    def read_link(self, token: str, purpose: str) -> UUID:
        """Raises TokenExpired, TokenBad."""
        return UUID(self._read(token, audience=purpose)["sub"])

    def _read(self, token: str, *, audience: str) -> dict[str, Any]:
        try:
            body: dict[str, Any] = jwt.decode(
                token,
                self._public_key,
                algorithms=[ALGORITHM],
                audience=audience,
                issuer=ISSUER,
                options={"require": ["exp", "sub", "aud", "iss"], "verify_iat": False, "verify_nbf": False},
            )
        except jwt.ExpiredSignatureError as error:
            raise TokenExpired from error
        except jwt.PyJWTError as error:
            raise TokenBad from error
        return body

    def make_refresh(self, session_id: UUID, rotation: int) -> str:
        head = session_id.bytes + struct.pack(">I", rotation)
        return base64.urlsafe_b64encode(head + self._mac(head)).decode().rstrip("=")

    def read_refresh(self, token: str) -> tuple[UUID, int]:
        """(session id, rotation). Raises TokenBad for what we did not make."""
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except ValueError as error:
            raise TokenBad from error
        if len(raw) != REFRESH_BYTES or not hmac.compare_digest(raw[20:], self._mac(raw[:20])):
            raise TokenBad
        return UUID(bytes=raw[:16]), struct.unpack(">I", raw[16:20])[0]

    def _mac(self, head: bytes) -> bytes:
        return hmac.digest(self._refresh_key, head, "sha256")


def _derive(key: bytes, purpose: bytes) -> bytes:
    return hmac.digest(key, b"spark:" + purpose, "sha256")
