"""What must be true of a world. Each oracle is one law of sync.md; a broken one raises Violation with its story.

L1 what a phone shows is a cut that existed · L2 every change arrives · L3 nothing is discarded · L4 at most once
L6 no queue is stuck · L8 what a restore took is given back · L10 what is held can be checked, and mended
O  what a person made is on the screen, from the rows or from the overlay, without a gap
"""

import re
from typing import TYPE_CHECKING

from sync.cursor import Cursor
from sync.testing.people import Wish
from sync.testing.sim_phone import SimPhone
from sync.testing.sim_rows import Pair
from sync.testing.sim_school import PADS
from sync.testing.truth import Moment, Truth

if TYPE_CHECKING:  # A world has oracles, and they look at it.
    from sync.testing.world import World

SCREENS = {
    "sample_spendings": "sample.spendings",
    "sample_notes": "sample.notes",
    "sample_attempts": "sample.attempts",
}


_WORD = re.compile(r"word[0-9]+")


class Violation(AssertionError):
    """A law is broken."""


class Oracles:
    def __init__(self, world: "World", truth: Truth) -> None:
        self.world = world
        self.truth = truth
        self._cuts: dict[int, int] = {}  # By phone: the cuts that were looked at.
        self._excused: set[str] = set()  # Given up by every journal before a restore took it away.
        self._before: set[str] = set()
        self._changes = (0, 0)  # Of the tables, when they were looked at last

    # --- L1: cuts ---

    def _check_cut(self, phone: SimPhone) -> None:
        rows = phone.rows
        if rows.unexplained and not self.world.may_differ():
            raise Violation(f"L10 digests differ: {rows.unexplained[0]}")
        rows.unexplained.clear()
        if rows.cuts == self._cuts.get(id(phone)) or rows.cut_cursor is None:
            return
        self._cuts[id(phone)] = rows.cuts
        cursor = Cursor.from_text(rows.cut_cursor)
        moment = self.truth.at(cursor.tag)
        if moment is None or rows.cut_cursor != rows.cursor:
            return  # A page goes on after its cut; what it shows then is looked at with the next one.
        self._check_scope(phone, cursor, moment)
        full = {(moment.names[number], tier) for (number, tier), state in cursor.coverage.items() if state is None}
        full -= rows.cut_hidden
        shown: dict[Pair, set[bytes]] = {pair: set() for pair in full}
        for key, line in rows.shown.items():
            if key[:2] in full:
                shown[key[:2]].add(line)
        for pair, lines in shown.items():
            truth = moment.contents.get(pair, frozenset())
            if lines != truth:
                raise Violation(
                    f"L1 a cut that never existed: {len(lines - truth)} lines too many, {len(truth - lines)} missing"
                    f" in {pair[0].partition(':')[0]}, tier {pair[1]}"
                )

    def _check_scope(self, phone: SimPhone, cursor: Cursor, moment: Moment) -> None:
        """What is held is what the log of that batch granted, and what was asked for of it."""
        granted = {name for name in moment.granted[phone.user_id] if name.partition(":")[0] != "course"}
        granted |= {name for name in phone.rows.cut_listed or () if name in moment.granted[phone.user_id]}
        held = {moment.names.get(number, str(number)) for number, _ in cursor.coverage}
        if not held <= granted or not (granted & set(moment.names.values())) <= held:
            raise Violation(f"L1 a scope that never was: {sorted(held ^ granted)}")

    # --- after each step ---

    def after_step(self, phone: SimPhone | None) -> None:
        """`phone`: the one that heard something; what nobody heard changes no screen."""
        self._check_once()
        if self.truth.used_twice:
            raise Violation(f"L8 a version names two contents: {self.truth.used_twice[0]}")
        if phone is not None:
            self._check_cut(phone)
            self._check_screen(phone)

    def _check_once(self) -> None:
        tables = self.world.server.store.tables
        if self._changes == (id(tables), tables.changes):
            return
        self._changes = (id(tables), tables.changes)
        spendings = tables.of("sample_spendings")
        for wish in self.world.people.spends:
            spent = spendings.get(wish.record)
            if spent is not None and spent["amount"] != wish.amount:
                raise Violation(f"L4 {wish.token} took effect {spent['amount']}/{wish.amount} times")

    def _check_screen(self, phone: SimPhone) -> None:
        """Every wish that this phone still answers for is shown, from the overlay or from the rows."""
        pending = {entry.token for entry in phone.overlay()}
        settled = {entry.token for entry in [*phone.journal, *phone.outbox] if not entry.broken} - pending
        self._check_shown(phone, settled, "is neither in the rows nor in the overlay")

    def check_given_up(self, phone: SimPhone, tokens: set[str]) -> None:
        """What a phone forgot because it is settled must be on its screen by itself."""
        self._check_shown(phone, tokens, "was forgotten before it was settled")

    def _check_shown(self, phone: SimPhone, tokens: set[str], otherwise: str) -> None:
        held: set[str] | None = None
        shown: dict[str, set[str]] = {}
        for token in sorted(tokens):
            wish = self.world.people.wishes[token]
            if wish.effect is None or wish.effect[0] not in SCREENS:
                continue
            table, record = wish.effect
            if table not in shown:
                shown[table] = phone.rows.ids(SCREENS[table])
            if str(record) in shown[table]:
                continue
            held = {row["identity"] for row in phone.rows.rows("sync.ops").values()} if held is None else held
            if str(wish.identity) not in held and not self._is_replaced(wish) and not self._is_over(wish):
                raise Violation(f"O {token} {otherwise}")

    # --- restores ---

    def before_restore(self) -> None:
        self._before = {token for token, wish in self.world.people.wishes.items() if self._is_known(wish)}

    def after_restore(self) -> None:
        """What the copy does not know and no phone still holds is gone: that is the limit, not the protocol."""
        self.excuse(self._before)

    def excuse(self, tokens: set[str]) -> None:
        """These were given up in good faith; those that neither the server nor a phone knows now are lost."""
        if not tokens:
            return
        held: set[str] = set().union(*(phone.tokens() for phone in self.world.phones))
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
            if phone.rows.files.open:
                raise Violation(f"L6 files never end: {next(iter(phone.rows.files.open))[1]}")
            if phone.rows.check:
                raise Violation(f"L10 never mended: {phone.rows.check}")
            self._check_converged(phone)
        waiting = [held for held in self.world.server.store.held_ops.values() if held.outcome == "waiting"]
        if waiting:
            raise Violation(f"L3 waits for ever: {waiting[0].kind} for {waiting[0].waits_for}")
        self._check_kept()
        self._check_groups()
        self._check_words()

    def _check_converged(self, phone: SimPhone) -> None:
        """Each phone shows the tables as they are, of all that it may have and wants; and nothing else."""
        now = self.truth.now()
        granted = now.granted[phone.user_id]
        wanted = {name for name in granted if not name.startswith("course:") or name in phone.want}
        truth = {
            (*pair, line)
            for pair, lines in now.contents.items()
            if pair[0] in wanted and pair[1] <= phone.want_tier
            for line in lines
        }
        shown = {(*key[:2], line) for key, line in phone.rows.shown.items()}
        if shown != truth:
            raise Violation(f"L2 convergence: {len(shown - truth)} lines too many, {len(truth - shown)} missing")

    def _check_kept(self) -> None:
        """Each wish has an end: its effect, or a row that says what became of it."""
        known = {entry.token for phone in self.world.phones for entry in phone.journal}
        held_ops = self.world.server.store.held_ops
        for token, wish in self.world.people.wishes.items():
            held = held_ops.get(self.world.people.row_of(wish))
            is_refused = held is not None and held.outcome in ("parked", "withdrawn", "replaced")
            if self._took_effect(wish) and is_refused and held is not None and not self.world.is_forgetful():
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

    def _check_words(self) -> None:
        """No typed word and no tag is lost: it stands on the pad or on a copy of it."""
        pads = self.world.server.store.tables.of(PADS.table).values()
        words = {word for pad in pads for word in (*_WORD.findall(pad.get("body") or ""), *(pad.get("tags") or ()))}
        store = self.world.server.store
        for token, wish in self.world.people.wishes.items():
            if wish.word is None or wish.word in words or token in self._excused:
                continue
            held = store.held_ops.get(self.world.people.row_of(wish))
            is_open = (held is not None and held.outcome != "applied") or self._is_replaced(wish)
            if (wish.user_id, wish.identity) in store.identities and not is_open:
                raise Violation(f"L3 {token}: what was typed is on no pad")

    # --- questions ---

    def _stands(self, wish: Wish) -> bool:
        store = self.world.server.store
        is_held = (row := store.held_ops.get(self.world.people.row_of(wish))) is not None and row.outcome != "waiting"
        is_known = (wish.user_id, wish.identity) in store.identities or self.world.is_forgetful()
        return self._took_effect(wish) or is_held or (wish.effect is None and is_known) or self._is_replaced(wish)

    def _is_known(self, wish: Wish) -> bool:
        """The server has it, if only as something that waits."""
        return self._stands(wish) or self.world.people.row_of(wish) in self.world.server.store.held_ops

    def _took_effect(self, wish: Wish) -> bool:
        return wish.effect is not None and wish.effect[1] in self.world.server.store.tables.of(wish.effect[0])

    def _is_over(self, wish: Wish) -> bool:
        """It was given up or corrected so long ago that the row which said so is gone."""
        held = self.world.server.store.held_ops.get(self.world.people.row_of(wish))
        return held is not None and not held.is_open and held.id not in self.world.server.store.moved

    def _is_replaced(self, wish: Wish) -> bool:
        """A correction of it is known: its own effect must not come any more."""
        wishes = self.world.people.wishes.values()
        store = self.world.server.store
        return any(
            other.replaces == wish.identity and (other.user_id, other.identity) in store.identities for other in wishes
        )
