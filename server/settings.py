"""Every setting, typed, in one place. Read once at start from the environment; nothing else reads `os.environ`."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
KEY_BYTES_MIN = 32
PROCESSES_MAX = 16  # of a kind; more than that wants more machines


class BadSetting(ValueError):
    """A setting that cannot work; the message names it and the remedy."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a process needs to know about where it runs."""

    host: str
    port: int
    data: Path  # Everything the installation keeps on disk when it runs its own servers.
    database_url: str  # postgresql://user:password@host:port/name
    redis_url: str  # redis://:password@host:port/0
    s3_url: str  # http(s)://access:secret@host:port/bucket
    demo: bool
    signing_key: bytes  # ≥ 32 random bytes: access tokens and capabilities are derived from it.
    root: Path  # The checkout: migrations, the built page.
    signing_key_before: bytes | None = None  # The one before a change of keys: phones still believe what it signed.
    access_token_s: int = 900
    database_pool_max: int = 10
    cookie_secure: bool = False  # True behind TLS; then the refresh cookie takes its `__Host-` name.
    s3_folder: Path | None = None  # Where a store of our own on this machine keeps the bucket: read, never written.
    replica_url: str = ""  # A hot standby of the database that pages are read from; empty: none.
    api_processes: int = 1  # What the supervisor starts behind the one address, …
    workers: int = 1
    clamd: str = ""  # A virus scanner that files are shown to: `host:port`, or the path of a socket; empty: none.
    replica: bool = False  # … and whether it runs a standby of its own database beside it.

    @property
    def is_loopback(self) -> bool:
        return self.host in LOOPBACK

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    @property
    def tmp(self) -> Path:
        return self.data / "tmp"

    @property
    def page(self) -> Path:
        """The built PWA."""
        return self.root / "pwa" / "dist"

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Self:
        """Raises BadSetting when a value is missing or cannot work."""
        env = os.environ if env is None else env
        root = Path(__file__).resolve().parent.parent
        return cls(
            host=env.get("SPARK_HOST", "127.0.0.1"),
            port=_port(env.get("SPARK_PORT", "8000")),
            data=Path(env.get("SPARK_DATA", ".data")).absolute(),
            database_url=_required(env, "SPARK_DATABASE_URL"),
            redis_url=_required(env, "SPARK_REDIS_URL"),
            s3_url=_required(env, "SPARK_S3_URL"),
            demo=_flag(env, "SPARK_DEMO", default=True),
            signing_key=_signing_key(_required(env, "SPARK_SIGNING_KEY"), "SPARK_SIGNING_KEY"),
            signing_key_before=_key_before(env.get("SPARK_SIGNING_KEY_BEFORE", "")),
            root=root,
            cookie_secure=_flag(env, "SPARK_COOKIE_SECURE", default=False),
            s3_folder=Path(env["SPARK_S3_FOLDER"]) if env.get("SPARK_S3_FOLDER") else None,
            replica_url=env.get("SPARK_REPLICA_URL", ""),
            api_processes=_count(env, "SPARK_API_PROCESSES"),
            workers=_count(env, "SPARK_WORKERS"),
            replica=_flag(env, "SPARK_REPLICA", default=False),
            clamd=env.get("SPARK_CLAMD", ""),
        )


def _required(env: Mapping[str, str], name: str) -> str:
    value = env.get(name, "")
    if not value:
        raise BadSetting(f"{name} is not set; `python3 run.py` sets it, or point it at a server of yours")
    return value


def _port(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise BadSetting(f"SPARK_PORT is {text!r}; it is a number from 1 to 65535")
    return int(text)


def _count(env: Mapping[str, str], name: str) -> int:
    text = env.get(name, "") or "1"
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= PROCESSES_MAX:
        raise BadSetting(f"{name} is {text!r}; it is a number from 1 to {PROCESSES_MAX}")
    return int(text)


def _flag(env: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = env.get(name, "").strip().lower()
    if text in {"1", "true", "yes", "on"}:
        return True
    if text in {"0", "false", "no", "off"}:
        return False
    if text == "":
        return default
    raise BadSetting(f"{name} is {text!r}; it is 1 or 0")


def _signing_key(text: str, name: str) -> bytes:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        raise BadSetting(f"{name} is hexadecimal text") from None
    if len(key) < KEY_BYTES_MIN:
        raise BadSetting(f"{name} has {len(key)} bytes; it needs at least {KEY_BYTES_MIN}")
    return key


def _key_before(text: str) -> bytes | None:
    return _signing_key(text, "SPARK_SIGNING_KEY_BEFORE") if text else None
