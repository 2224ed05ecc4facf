"""The path of a session: whoever has it may send parts of that one file, and nothing else.

    token   upload id (16) | expiry, seconds (4) | HMAC-SHA256 of both (16), base64url: 48 characters

Size, number and hash of what comes are the session's, in the database: the token says nothing of them.
"""

import base64
import hashlib
import hmac
import re
import struct
from uuid import UUID

VALID_S = 24 * 3600
SEAL_BYTES = 16
_TOKEN = re.compile(r"[A-Za-z0-9_-]{48}")


def key_of(signing_key: bytes) -> bytes:
    return hmac.new(signing_key, b"spark:uploads", hashlib.sha256).digest()


def make_token(key: bytes, upload_id: UUID, *, expires_s: int) -> str:
    """`expires_s`: Unix time in seconds."""
    body = upload_id.bytes + struct.pack(">I", expires_s)
    return base64.urlsafe_b64encode(body + _seal(key, body)).decode()


def read_token(key: bytes, token: str, *, now_s: float) -> UUID | None:
    """The session; None for a token that is not ours, or past its time."""
    if not _TOKEN.fullmatch(token):
        return None
    raw = base64.urlsafe_b64decode(token)
    body, seal = raw[:-SEAL_BYTES], raw[-SEAL_BYTES:]
    if not hmac.compare_digest(seal, _seal(key, body)):
        return None
    (expires_s,) = struct.unpack(">I", body[16:])
    return UUID(bytes=body[:16]) if now_s < expires_s else None


def _seal(key: bytes, body: bytes) -> bytes:
    return hmac.new(key, body, hashlib.sha256).digest()[:SEAL_BYTES]
