"""Signatures that a phone checks with no network: Ed25519, by a key derived from the installation's for this alone.

Phones learn the public halves at each sign-in and refresh, and keep them: that of the key of now, and that of the one
before it (`SPARK_SIGNING_KEY_BEFORE`), so that what was signed before a change of keys is still believed.
"""

import base64
import hashlib
import hmac

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec import Struct

ID_DIGITS = 16


class PublicKey(Struct, frozen=True):
    """As phones keep it."""

    id: str  # The first 16 hexadecimal digits of the key's SHA-256.
    key: str  # 32 bytes, base64url


class Signature(Struct, frozen=True):
    key: str  # Its id.
    signature: str  # 64 bytes, base64url


class Signer:
    """Signs with the key of now; names the one before, too."""

    def __init__(self, signing_key: bytes, before: bytes | None = None) -> None:
        self._key = _derived(signing_key)
        known = [self._key] if before is None else [self._key, _derived(before)]
        self.public_keys = [_public(key) for key in known]

    def sign(self, purpose: bytes, body: bytes) -> Signature:
        """`purpose` stands before the body, so that nothing signed for one is good for another."""
        signed = self._key.sign(purpose + b"\n" + body)
        return Signature(self.public_keys[0].id, _text(signed))


def _derived(signing_key: bytes) -> Ed25519PrivateKey:
    seed = hmac.new(signing_key, b"spark:signed-for-phones", hashlib.sha256).digest()
    return Ed25519PrivateKey.from_private_bytes(seed)


def _public(key: Ed25519PrivateKey) -> PublicKey:
    raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return PublicKey(hashlib.sha256(raw).hexdigest()[:ID_DIGITS], _text(raw))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
