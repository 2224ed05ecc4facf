"""Devices: one user's store on one phone, its numbers, and how two that claim to be one are told apart. SPEC.md D."""

from dataclasses import replace
from uuid import UUID

from sync.errors import ExchangeError
from sync.ports import Device, PushUnit

SEEN_PRECISION_MS = 3_600_000  # An exchange without ops shall not write a row each time.
DEVICES_MAX = 50  # Live ones a user; the least recently seen becomes a tombstone.


async def open_device(unit: PushUnit, device_id: UUID) -> tuple[Device, Device]:
    """The device as stored, locked until the end, and as it is now that it was seen.

    It is registered to the caller if nobody has it, revived if it was a tombstone.
    Raises ExchangeError: 409 when it is another user's, 401 when it was revoked. Registration is never refused.
    """
    stored = await unit.lock_device(device_id)
    is_new = stored is None
    if stored is None:
        stored = await unit.register_device(Device(device_id, unit.user_id, unit.now_ms))
    if stored.user_id != unit.user_id:
        raise ExchangeError(
            409, "device.not_yours", "This device id belongs to another user; the phone makes a new one."
        )
    if stored.revoked_ms is not None:
        raise ExchangeError(
            401, "device.revoked", "This device was signed out for good; sign in again to go on as a new one."
        )
    if is_new or stored.retired_ms is not None:
        await unit.retire_devices(keep=device_id, live_max=DEVICES_MAX, now_ms=unit.now_ms)
    is_seen = unit.now_ms - stored.seen_ms < SEEN_PRECISION_MS
    return stored, replace(stored, seen_ms=stored.seen_ms if is_seen else unit.now_ms, retired_ms=None)


async def agrees(unit: PushUnit, device: Device, confirmed: tuple[int, str] | None) -> bool:
    """Whether the op that the phone holds under its confirmed number is the one that was answered here."""
    if confirmed is None or not 0 < confirmed[0] <= device.watermark:
        return True  # Above the watermark: this store was restored, and the phone gives back what is lost.
    number, hash_ = confirmed
    if number == device.watermark:
        return device.watermark_hash == hash_
    stored = (await unit.receipts(device.id, [number])).get(number)
    return stored is None or stored.hash == hash_


def confirm(device: Device, confirmed: tuple[int, str] | None) -> Device:
    """Note up to where the phone holds its receipts."""
    if confirmed is None:
        return device
    return replace(device, confirmed=max(device.confirmed, min(confirmed[0], device.watermark)))
