"""What phones are sent of an op that was refused, or is done with: all of it, or a summary of a long one. SPEC U26.

The bytes stay in the store, and in the journal of the phone that made them; who opens the op fetches them.
"""

from typing import Any

import msgspec

WHOLE_BYTES_MAX = 512
FIELDS_MAX = 6
NAME_LENGTH_MAX = 60
WORDS_MAX = 60  # characters of each text
_NUMBER_MAX = 2**53


def summary_of(raw: bytes) -> str:
    """JSON of a few hundred bytes: kind `summary`, what it writes, of which record, when, and how its texts begin.

    The record stands under `record`, not `id`: a client that knows no summaries takes this for no edit of it. Of an op
    that cannot be read, its first characters.
    """
    try:
        op = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        op = None
    if not isinstance(op, dict):
        return raw[:WORDS_MAX].decode("utf-8", "backslashreplace").replace("\x00", "\\u0000")
    named = {name: _begun(op[name]) for name in ("op", "collection", "command") if isinstance(op.get(name), str)}
    record = {"record": _begun(op["id"])} if isinstance(op.get("id"), str) else {}
    at = {"at": op["at"]} if _is_instant(op.get("at")) else {}
    fields = {"fields": found} if (found := _fields(op.get("fields", op.get("args")))) else {}
    return msgspec.json.encode({"kind": "summary", **named, **record, **at, **fields}).decode()


def _fields(given: Any) -> dict[str, Any]:
    """The short ones, and how texts begin; of an edited text what it is now."""
    found: dict[str, Any] = {}
    for name, value in given.items() if isinstance(given, dict) else ():
        now = value.get("now") if isinstance(value, dict) else value
        if len(name) > NAME_LENGTH_MAX or len(found) == FIELDS_MAX:
            continue
        if isinstance(now, str):
            found[name] = _begun(now)
        elif isinstance(now, int) and abs(now) < _NUMBER_MAX:
            found[name] = now
    return found


def _begun(text: str) -> str:
    return text if len(text) <= WORDS_MAX else f"{text[: WORDS_MAX - 1]}…"


def _is_instant(at: Any) -> bool:
    is_pair = isinstance(at, list) and len(at) == 2  # wall milliseconds and counter
    return is_pair and all(isinstance(part, int) and abs(part) < _NUMBER_MAX for part in at)
