"""One round of push: new ops in order, inside one open transaction, with as few round trips as the ops allow."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import msgspec

from sync.clock import At, clamp
from sync.effects import Effect, LateRefusal, Waiting
from sync.errors import Outage, Refusal
from sync.holding import cause_for_member, hold, receipt_of
from sync.meeting import Writer
from sync.ops import GROUP_BYTES_MAX, Sent
from sync.ports import Device, PushUnit, Raced
from sync.receipts import HeldOp, Receipt, StoredReceipt
from sync.refusals import GroupTooLarge, Internal, Stale
from sync.settling import Settler
from sync.wishes import RunCommand, Wish

RACES_MAX = 3
STALE_MS = 400 * 86_400_000


@dataclass(frozen=True)
class Bug:
    """An op that met neither a refusal nor an outage."""

    sent: Sent
    error: Exception


@dataclass(frozen=True)
class Settled:
    wish: Wish
    receipt: Receipt
    row: tuple[str, UUID] | None = None  # Whose version the receipt will tell.


class _Held(Exception):
    """The unit that is being tried is held as a whole because of `wish`; what it did is undone."""

    def __init__(self, wish: Wish, cause: Refusal | Waiting) -> None:
        self.wish = wish
        self.cause = cause


@dataclass(frozen=True)
class _Mark:
    settled: int
    used: set[UUID]
    held: dict[UUID, HeldOp]


class Round:
    """Settles wishes and gathers what must be written with them."""

    def __init__(self, unit: PushUnit, device: Device, *, stored: Device, doomed: dict[int, str]) -> None:
        self._unit = unit
        self._stored = stored
        self._device = device
        self._doomed = doomed  # Number → trace id of an op that met a bug too often.
        self._settler = Settler(unit)
        self._settled: list[Settled] = []
        self._known: set[UUID] = set()
        self._used: set[UUID] = set()
        self._ats: dict[int, At] = {}
        self._lasts: dict[int, At] = {}  # What the device's clock had reached with each number.
        self._has_moved = False

    async def settle(self, wishes: Sequence[Wish]) -> Bug | None:
        """Settle them in order, up to a group that is not complete or an op that meets a bug. Raises Outage."""
        if not wishes:
            return None
        self._known = await self._unit.known({wish.identity for wish in wishes if wish.identity is not None})
        self._clamp_clocks(wishes)
        await self._settler.prepare(wishes)
        units = list(_units(wishes))
        start, at_once = 0, len(units)
        while start < len(units):
            singles = _singles(units, start)[:at_once]
            good = await self._settle_together(singles) if len(singles) > 1 else 0
            if good is None:
                start, at_once = start + len(singles), at_once * 2
            elif good > 0:
                at_once = good
            else:
                bug = await self._settle_alone(units[start])
                if bug is not None:
                    return bug
                start, at_once = start + 1, at_once * 2
        return None

    async def finish(self) -> tuple[Device, list[Receipt], bool]:
        """Write receipts, identities, held ops and the watermark. Answers also whether held ops are due now."""
        receipts = [self._with_version(settled) for settled in self._settled]
        hashes = [settled.wish.sent.hash for settled in self._settled]
        stored = [StoredReceipt(receipt, hash_) for receipt, hash_ in zip(receipts, hashes, strict=True)]
        now_ms = self._unit.now_ms
        device = self._device
        woken = 0
        if stored:
            await self._unit.add_receipts(device.id, stored)
            await self._unit.remember(self._used, now_ms=self._known_from_ms())
            await self._settler.write_held()
            woken = await self._unit.wake(self._wake_keys(), now_ms=now_ms)
            last = self._settled[-1].wish.sent
            device = replace(
                device, watermark=last.n, watermark_hash=last.hash, last_at=self._lasts[last.n], seen_ms=now_ms
            )
        if device != self._stored:
            await self._unit.save_device(device)
        return device, receipts, self._has_moved or woken > 0

    def _known_from_ms(self) -> int:
        """From when on identities are kept, as long as an op may come again: a fast clock keeps it young for longer."""
        ops = [settled.wish.sent.op for settled in self._settled]
        return max([self._unit.now_ms, *(op.at[0] for op in ops if op is not None and op.at is not None)])

    # --- together, and alone ---

    async def _settle_together(self, wishes: Sequence[Wish]) -> int | None:
        """All of them under one savepoint; else nothing was done, and it answers how many to try next (0: one alone).

        Those before the one that broke it. What the database refuses only at the end may be anybody's: half of them
        then, so that the one is found in few steps.
        """
        mark = self._mark()
        good = 0
        try:
            async with self._unit.savepoint():
                for wish in wishes:
                    await self._settle_one(wish, [wish])
                    good += 1
                good = len(wishes) // 2
                await self._settler.effects.finish()
        except Outage:
            raise
        except Exception:  # noqa: BLE001 - told apart when the op is tried alone
            self._back_to(mark)
            return good
        return None

    async def _settle_alone(self, unit: Sequence[Wish]) -> Bug | None:
        """One op or group under a savepoint of its own: it stands, or is held, or its bug is answered."""
        for _ in range(RACES_MAX):
            mark = self._mark()
            try:
                async with self._unit.savepoint():
                    self._refuse_unit(unit)
                    for wish in unit:
                        await self._settle_one(wish, unit)
                    await self._settler.effects.finish()
            except Raced:
                self._back_to(mark)
            except (_Held, Refusal) as held:
                self._back_to(mark)
                offender, cause = (held.wish, held.cause) if isinstance(held, _Held) else (unit[-1], held)
                await self._hold(unit, cause, offender=offender)
                return None
            except Outage:
                raise
            except Exception as error:  # noqa: BLE001 - counted, and parked in the end: no bug blocks what is behind it
                self._back_to(mark)
                return Bug(unit[0].sent, error)
            else:
                return None
        raise Outage("other devices write the same rows; try again")

    def _refuse_unit(self, unit: Sequence[Wish]) -> None:
        """Raises _Held for what is plain before any of it is tried."""
        first = unit[0]
        if first.sent.n in self._doomed:
            raise _Held(
                first, Internal(f"The server failed over this op again and again; trace {self._doomed[first.sent.n]}.")
            )
        if len(unit) > 1 and sum(len(wish.sent.raw) for wish in unit) > GROUP_BYTES_MAX:
            raise _Held(first, GroupTooLarge())

    async def _settle_one(self, wish: Wish, unit: Sequence[Wish]) -> None:
        """Settle one op of a unit. Raises _Held where the whole unit must be undone first."""
        if await self._is_known(wish):
            self._settled.append(Settled(wish, Receipt(n=wish.sent.n, outcome="duplicate")))
            return
        if wish.sent.n in self._doomed:
            raise _Held(wish, Internal())
        self._settler.is_trying(unit)
        try:
            self._refuse_stale(wish)
            effect = await self._settler.attempt(wish, self._writer(wish))
        except LateRefusal as late:
            raise _Held(wish, late.cause) from late
        except (Refusal, Waiting) as cause:
            if len(unit) > 1:
                raise _Held(wish, cause) from cause
            await self._hold(unit, cause, offender=wish)
            return
        self._stand(wish, effect)

    def _stand(self, wish: Wish, effect: Effect) -> None:
        receipt = Receipt(n=wish.sent.n, outcome=effect.outcome, flag=effect.flag)
        self._settled.append(Settled(wish, receipt, effect.row))
        if wish.identity is not None:
            self._used.add(wish.identity)
        if isinstance(wish.action, RunCommand) and wish.action.mutator.is_engine:
            self._has_moved = True

    async def _hold(self, unit: Sequence[Wish], cause: Refusal | Waiting, *, offender: Wish) -> None:
        """Park the unit, or let it wait, as a whole; what of it took effect long ago stays a duplicate."""
        group_key = f"{self._device.id}:{unit[0].sent.n}" if len(unit) > 1 else None
        for wish in unit:
            if await self._is_known(wish):
                self._settled.append(Settled(wish, Receipt(n=wish.sent.n, outcome="duplicate")))
                continue
            own = cause_for_member(cause, member=wish, offender=offender)
            held = hold(wish, own, writer=self._writer(wish), group_key=group_key, now_ms=self._unit.now_ms)
            self._settler.hold(held)
            self._settled.append(Settled(wish, receipt_of(held)))
            self._used.add(held.identity)

    # --- small questions ---

    async def _is_known(self, wish: Wish) -> bool:
        """Whether its effect stands already, or its fate is being decided elsewhere."""
        identity = wish.identity
        if identity is None or (identity not in self._known and identity not in self._used):
            return False
        if wish.sent.op is not None and wish.sent.op.replaces == identity:  # A correction that keeps the record's id.
            held = await self._settler.held(identity)
            return held is None or held.outcome != "parked"
        return True

    def _refuse_stale(self, wish: Wish) -> None:
        """An op that may have been applied before its identity was forgotten."""
        op = wish.sent.op
        if op is not None and op.again and op.at is not None and op.at[0] <= self._unit.now_ms - STALE_MS:
            raise Stale

    def _writer(self, wish: Wish) -> Writer:
        return Writer(self._unit.user_id, self._device.id, self._ats[wish.sent.n])

    def _clamp_clocks(self, wishes: Sequence[Wish]) -> None:
        last = self._device.last_at
        for wish in wishes:
            op = wish.sent.op
            at = (self._unit.now_ms, 0)
            if op is not None and op.at is not None:
                at = last = clamp(op.at, now_ms=self._unit.now_ms, last=last)
            self._ats[wish.sent.n] = at
            self._lasts[wish.sent.n] = last

    def _with_version(self, settled: Settled) -> Receipt:
        version = self._settler.effects.rows.versions.get(settled.row) if settled.row else None
        return settled.receipt if version is None else msgspec.structs.replace(settled.receipt, version=version)

    def _wake_keys(self) -> list[str]:
        """What held ops may have been waiting for and is here now."""
        keys: list[str] = []
        for settled in self._settled:
            if settled.receipt.outcome in ("applied", "merged"):
                keys += [f"op:{settled.wish.identity}"] if settled.wish.identity else []
                keys += [f"record:{settled.wish.creates}"] if settled.wish.creates else []
        return keys

    def _mark(self) -> _Mark:
        return _Mark(len(self._settled), set(self._used), self._settler.held_mark())

    def _back_to(self, mark: _Mark) -> None:
        del self._settled[mark.settled :]
        self._used = set(mark.used)
        self._settler.back_to(mark.held)


def _units(wishes: Sequence[Wish]) -> Iterator[list[Wish]]:
    """Single ops, and groups. The first op of a group rules the numbers behind it; an incomplete one ends the round."""
    index = 0
    while index < len(wishes):
        group = wishes[index].sent.group
        size = group[1] if group else 1
        unit = list(wishes[index : index + size])
        if len(unit) < size:
            return
        yield unit
        index += size


def _singles(units: Sequence[Sequence[Wish]], start: int) -> list[Wish]:
    """The single ops from `start` up to the next group."""
    singles: list[Wish] = []
    for unit in units[start:]:
        if len(unit) > 1:
            break
        singles.append(unit[0])
    return singles
