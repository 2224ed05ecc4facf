"""What a request asks of the pull half, read from its envelope. Pure: the server and the simulator read it alike."""

from uuid import UUID

from sync.cursor import BadCursor, Cursor
from sync.ops import Envelope
from sync.pull import Asked


def read_envelope(envelope: Envelope, *, user_id: UUID, has_ops: bool) -> Asked:
    cursor: Cursor | None = None
    is_unreadable = False
    if envelope.cursor is not None:
        try:
            cursor = Cursor.from_text(envelope.cursor)
        except BadCursor:
            is_unreadable = True
    want = envelope.want
    return Asked(
        user_id=user_id,
        device_id=envelope.device,
        cursor=cursor,
        is_unreadable=is_unreadable,
        names=None if want.buckets is None else tuple(dict.fromkeys(want.buckets)),
        tier=want.tier,
        bytes_wanted=want.bytes,
        check=tuple(envelope.check),
        must_answer=has_ops,
        files=None if want.files is None else tuple(want.files),
    )
