"""Passwords: the rule, and argon2id in a thread.

Hashing takes 19 MiB and about 30 ms (OWASP's second choice: m=19 MiB, t=2, p=1), so at most a few run at once: a flood
of sign-ins queues here and leaves the rest of the process alone.
"""

import asyncio
import re

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from server.base.errors import Invalid

LENGTH_MIN = 8
LENGTH_MAX = 128
CONCURRENT_MAX = 2

_hasher = PasswordHash((Argon2Hasher(memory_cost=19_456, time_cost=2, parallelism=1),))
_gate = asyncio.Semaphore(CONCURRENT_MAX)

# What people write to satisfy a rule of composition; compared in lower case. Source: the usual breach lists.
# fmt: off
_COMMON = frozenset({
    "password1!", "passw0rd!", "p@ssw0rd", "p@ssw0rd1", "p@ssword1", "qwerty1!", "qwerty123!", "welcome1!",
    "admin123!", "abc123!@#", "aa123456!", "letmein1!", "iloveyou1!", "test1234!", "summer2024!", "summer2025!",
    "summer2026!", "winter2025!", "winter2026!", "changeme1!", "zaq1@wsx", "1qaz@wsx", "1qaz!qaz", "passw0rd1!",
    "password123!", "password@123", "qwerty@123", "welcome@123", "admin@123", "pass@123", "india@123",
})
# fmt: on
_RULES = (
    (re.compile(r"[a-z]"), "a lower-case letter"),
    (re.compile(r"[A-Z]"), "an upper-case letter"),
    (re.compile(r"\d"), "a digit"),
    (re.compile(r"[^A-Za-z0-9]"), "a sign such as ! or ?"),
)


class WeakPassword(Invalid):
    """The password is too easy to guess."""

    code = "password.weak"


def check_password(password: str) -> None:
    """Raises WeakPassword naming all that is missing."""
    if not LENGTH_MIN <= len(password) <= LENGTH_MAX:
        raise WeakPassword(fields={"password": f"Use {LENGTH_MIN} to {LENGTH_MAX} characters."})
    missing = [name for pattern, name in _RULES if not pattern.search(password)]
    if missing:
        raise WeakPassword(fields={"password": f"Add {', '.join(missing)}."})
    if password.lower() in _COMMON:
        raise WeakPassword(fields={"password": "This one is on every list of guesses; choose another."})


async def hash_password(password: str) -> str:
    async with _gate:
        return await asyncio.to_thread(_hasher.hash, password)


async def verify_password(password: str, stored: str | None) -> bool:
    """True if it fits. Takes as long for nobody (`stored` None), so that time tells no stranger who has an account."""
    if len(password) > LENGTH_MAX:
        return False
    async with _gate:
        fits = await asyncio.to_thread(_hasher.verify, password, stored or _NOBODY)
    return fits and stored is not None


_NOBODY = _hasher.hash("nobody has this password")
