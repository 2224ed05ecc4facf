"""What a request asks of the pull half, read from its envelope. Pure: the server and the simulator read it alike."""

from uuid import UUID

from sync.cursor import BadCursor, Cursor
from sync.ops import Envelope
from sync.pull import Asked, Look


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


def knows_device(look: Look, envelope: Envelope, *, user_id: UUID) -> bool:
    """Whether push would have nothing to do or to say about this device: a request without ops may then skip it."""
    device = look.device
    if device is None or device.user_id != user_id or not device.is_live:
        return False
    if envelope.confirmed is None:
        return True
    # Below the watermark push must look: after a restore a copy of the phone may have used the number for another op.
    return envelope.confirmed == (device.watermark, device.watermark_hash) and device.confirmed == device.watermark
