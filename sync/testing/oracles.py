"""What must be true of a world. Each oracle is one law of sync.md; a broken one raises Violation with its story.

L1 what a phone shows is a cut that existed · L3 nothing is discarded · L4 at most once · L6 no queue is stuck
O  what a person made is on the screen, from the rows or from the overlay, without a gap
"""

from typing import TYPE_CHECKING
from uuid import UUID

from sync.cursor import Cursor
from sync.testing.people import Wish
from sync.testing.sim_phone import SimPhone

if TYPE_CHECKING:  # A world has oracles, and they look at it.
    from sync.testing.world import World


class Violation(AssertionError):
    """A law is broken."""


class Oracles:
    def __init__(self, world: "World") -> None:
        self.world = world
        self._truth: dict[tuple[bytes, UUID], frozenset[bytes]] = {}
        self._excused: set[str] = set()  # Given up by every journal before a restore took it away.
        self._before: set[str] = set()

    # --- L1: cuts ---

    def remember_cut(self) -> None:
        """The rows of each user's own bucket, as the log's newest batch has them."""
        log = self.world.server.log
        for user in self.world.users:
            number = log.buckets.get(f"user:{user}")
            lines = frozenset(
                item.line for (_, _, bucket), item in log.items.items() if bucket == number and not item.is_gone
            )
            self._truth[log.batches[-1].tag[:8], user] = lines

    def _check_cut(self, phone: SimPhone) -> None:
        if phone.rows.mismatches:
            raise Violation(f"L10 digests differ: {phone.rows.mismatches[0]}")
        cursor = None if phone.rows.cursor is None else Cursor.from_text(phone.rows.cursor)
        if cursor is None or not cursor.is_final or cursor.is_filling:
            return
        truth = self._truth.get((cursor.tag, phone.user_id))
        shown = frozenset(line for key, line in phone.rows.shown.items() if key[0].startswith("user:"))
        if truth is not None and shown != truth:
            raise Violation(
                f"L1 a cut that never existed: {len(shown - truth)} lines too many, {len(truth - shown)} missing"
            )

    # --- after each step ---

    def after_step(self, phone: SimPhone | None) -> None:
        """`phone`: the one that heard something; what nobody heard changes no screen."""
        self._check_once()
        if phone is not None:
            self._check_cut(phone)
            self._check_screen(phone)

    def _check_once(self) -> None:
        spendings = self.world.server.store.tables.of("sample_spendings")
        for wish in self.world.people.wishes.values():
            if wish.kind == "spend" and wish.effect is not None and wish.effect[1] in spendings:
                spent = spendings[wish.effect[1]]["amount"]
                if spent != wish.amount:
                    raise Violation(f"L4 {wish.token} took effect {spent}/{wish.amount} times")

    def _check_screen(self, phone: SimPhone) -> None:
        """Every wish that this phone still answers for is shown, from the overlay or from the rows."""
        pending = {entry.token for entry in phone.overlay()}
        tables = {
            "sample_spendings": "sample.spendings",
            "sample_notes": "sample.notes",
            "sample_attempts": "sample.attempts",
        }
        held = {row["identity"] for row in phone.rows.rows("sync.ops").values()}
        shown = {table: set(phone.rows.rows(name)) for table, name in tables.items()}
        for entry in [*phone.journal, *phone.outbox]:
            wish = self.world.people.wishes[entry.token]
            if entry.token in pending or wish.effect is None or wish.effect[0] not in shown or entry.broken:
                continue
            if (
                str(wish.effect[1]) not in shown[wish.effect[0]]
                and str(wish.identity) not in held
                and not self._is_replaced(wish)
            ):
                raise Violation(
                    f"O {entry.token} (n {entry.n}, {entry.outcome}) is neither in the rows nor in the overlay"
                )

    # --- restores ---

    def before_restore(self) -> None:
        self._before = {token for token, wish in self.world.people.wishes.items() if self._is_known(wish)}

    def after_restore(self) -> None:
        """What the copy does not know and no phone still holds is gone: that is the limit, not the protocol."""
        self.excuse(self._before)
        self.remember_cut()

    def excuse(self, tokens: set[str]) -> None:
        """These were given up in good faith; those that neither the server nor a phone knows now are lost."""
        held = set().union(*(phone.tokens() for phone in self.world.phones))
        for token in tokens - held:
            if not self._is_known(self.world.people.wishes[token]):
                self._excused.add(token)

    # --- at the end ---

    def at_the_end(self) -> None:
        for phone in self.world.phones:
            if phone.outbox:
                raise Violation(f"L6 an outbox never drains: {phone.outbox[0].token}, n {phone.outbox[0].n}")
            if phone.overlay():
                raise Violation(f"O the overlay never empties: {phone.overlay()[0].token}")
            self._check_converged(phone)
        waiting = [held for held in self.world.server.store.held_ops.values() if held.outcome == "waiting"]
        if waiting:
            raise Violation(f"L3 waits for ever: {waiting[0].kind} for {waiting[0].waits_for}")
        self._check_kept()
        self._check_groups()

    def _check_converged(self, phone: SimPhone) -> None:
        log = self.world.server.log
        number = log.buckets.get(f"user:{phone.user_id}")
        truth = {item.line for (_, _, bucket), item in log.items.items() if bucket == number and not item.is_gone}
        shown = {line for key, line in phone.rows.shown.items() if key[0].startswith("user:")}
        if shown != truth:
            raise Violation(f"convergence: {len(shown - truth)} lines too many, {len(truth - shown)} missing")

    def _check_kept(self) -> None:
        """Each wish has an end: its effect, or a row that says what became of it."""
        known = {entry.token for phone in self.world.phones for entry in phone.journal}
        held_ops = self.world.server.store.held_ops
        for token, wish in self.world.people.wishes.items():
            held = held_ops.get(self.world.people.row_of(wish))
            if self._took_effect(wish) and held is not None and held.outcome in ("parked", "withdrawn", "replaced"):
                raise Violation(f"L4 {token} took effect and is {held.outcome}, too")
            if self._stands(wish):
                self.world.stats["ended"] += 1
                continue
            if token in self._excused or not self._is_somewhere(wish, known):
                self.world.stats["lost with a phone or before a restore"] += 1
                continue
            raise Violation(f"L3 {token} vanished")

    def _is_somewhere(self, wish: Wish, known: set[str]) -> bool:
        return wish.token in known or (
            any(wish.user_id == phone.user_id for phone in self.world.phones) and not self._was_lost()
        )

    def _was_lost(self) -> bool:
        return self.world.stats["phones lost"] > 0

    def _check_groups(self) -> None:
        groups: dict[str, list[bool]] = {}
        for wish in self.world.people.wishes.values():
            is_whole = wish.token not in self._excused and not self._is_replaced(
                wish
            )  # One that was corrected left it.
            if wish.group is not None and wish.effect is not None and is_whole:
                groups.setdefault(wish.group, []).append(self._took_effect(wish))
        for name, effects in groups.items():
            if len(set(effects)) > 1 and not self.world.stats["fork: told so"] and not self._was_lost():
                raise Violation(f"U23 group {name} was applied in part")

    # --- questions ---

    def _stands(self, wish: Wish) -> bool:
        store = self.world.server.store
        is_held = (row := store.held_ops.get(self.world.people.row_of(wish))) is not None and row.outcome != "waiting"
        is_known = (wish.user_id, wish.identity) in store.identities
        return self._took_effect(wish) or is_held or (wish.effect is None and is_known) or self._is_replaced(wish)

    def _is_known(self, wish: Wish) -> bool:
        """The server has it, if only as something that waits."""
        return self._stands(wish) or self.world.people.row_of(wish) in self.world.server.store.held_ops

    def _took_effect(self, wish: Wish) -> bool:
        return wish.effect is not None and wish.effect[1] in self.world.server.store.tables.of(wish.effect[0])

    def _is_replaced(self, wish: Wish) -> bool:
        """A correction of it is known: its own effect must not come any more."""
        wishes = self.world.people.wishes.values()
        store = self.world.server.store
        return any(
            other.replaces == wish.identity and (other.user_id, other.identity) in store.identities for other in wishes
        )
