"""The people of a world: what they do with their phones, and what staff do with parked ops."""

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sync.merge import place_at
from sync.receipts import held_id
from sync.testing.faults import PowerCut
from sync.testing.overlay import shown
from sync.testing.sample import ANSWERS, ATTEMPTS, NOTES, PROFILES, PROGRESS
from sync.testing.sim_entry import Entry
from sync.testing.sim_phone import SimPhone
from sync.testing.sim_school import PADS

if TYPE_CHECKING:  # A world has people, and people live in a world.
    from sync.testing.world import World

WISHES_MAX = 40


@dataclass(frozen=True)
class Wish:
    """What the oracles know of a wish: where its effect would stand, and what it corrects."""

    token: str
    user_id: UUID
    identity: UUID
    kind: str
    effect: tuple[str, UUID] | None  # (table, id) that exists only if it took effect
    record: UUID  # The record of its effect, or itself
    amount: int = 0  # That a spending must show: once
    replaces: UUID | None = None
    group: str | None = None
    word: str | None = None  # Typed or tagged: nobody ever takes it out again.


class People:
    def __init__(self, world: "World") -> None:
        self.world = world
        self.setting = world.setting
        self.wishes: dict[str, Wish] = {}
        self.spends: list[Wish] = []

    @property
    def random(self) -> Random:
        return self.world.random

    def make(self, phone: SimPhone) -> None:
        """One thing that a person does. Raises PowerCut; what was not on the disk then, nobody was told was made."""
        if len(self.wishes) >= WISHES_MAX:
            return
        before = len(self.wishes)
        try:
            getattr(self, f"_{self.random.choice(self.setting.wishes)}")(phone)
        except PowerCut:
            made = phone.tokens()
            for token in list(self.wishes)[before:]:
                if token not in made:
                    del self.wishes[token]
            self.spends = [wish for wish in self.spends if wish.token in self.wishes]
            raise

    # --- wishes ---

    def _spend(self, phone: SimPhone, *, group: tuple[str, int] | None = None, **more: Any) -> Entry:
        """The wish whose double would show: each spends on an account of its own."""
        account = self.world.new_id("account")
        amount = 7 if self.random.random() < self.setting.refused else self.random.choice((1, 2, 3))
        args = {"account_id": account, "amount": amount}
        return self._wish(
            phone,
            "spend",
            {"kind": "command", "command": "sample.spend", "args": args, **more},
            effect=("sample_spendings", account),
            amount=amount,
            group=group,
        )

    def _note(self, phone: SimPhone, *, group: tuple[str, int] | None = None) -> Entry:
        id_ = self.world.new_id("note")
        text = "" if self.random.random() < self.setting.refused else "words"
        body = {"kind": "create", "collection": NOTES.name, "id": id_, "fields": {"text": text}}
        return self._wish(phone, "note", body, effect=("sample_notes", id_), identity=id_, group=group)

    def _jot(self, phone: SimPhone) -> None:
        id_ = self.world.new_id("note")
        args = {"id": id_, "user_id": phone.user_id, "text": "jotted"}
        body = {"kind": "command", "command": "sample.note.jot", "args": args, "op": id_}
        self._wish(phone, "jot", body, effect=("sample_notes", id_), identity=id_)

    def _progress(self, phone: SimPhone) -> None:
        lesson = self.random.choice((phone.user_id, phone.device_id))
        id_ = PROGRESS.derived_id({"user_id": phone.user_id, "lesson_id": lesson})
        fields = {
            "lesson_id": lesson,
            "seen_ppm": self.random.randrange(1_000_000),
            "tags": [self.random.choice("abc")],
        }
        self._wish(phone, "progress", {"kind": "create", "collection": PROGRESS.name, "id": id_, "fields": fields})

    def _profile(self, phone: SimPhone) -> None:
        id_ = PROFILES.derived_id({"user_id": phone.user_id})
        row = phone.rows.rows(PROFILES.name).get(str(id_))
        name = f"name {len(self.wishes)}"
        kind = "create" if row is None else "patch"
        self._wish(phone, "profile", {"kind": kind, "collection": PROFILES.name, "id": id_, "fields": {"name": name}})

    def _attempt(self, phone: SimPhone) -> None:
        """Begin, answer, hand in: each needs the one before."""
        attempt = self.world.new_id("attempt")
        begin = {"kind": "create", "collection": ATTEMPTS.name, "id": attempt, "fields": {"title": "test"}}
        self._wish(phone, "attempt", begin, effect=("sample_attempts", attempt), identity=attempt)
        answer = ANSWERS.derived_id({"attempt_id": attempt, "item": 0})
        fields = {"attempt_id": attempt, "item": 0, "value": "b"}
        self._wish(
            phone,
            "answer",
            {"kind": "create", "collection": ANSWERS.name, "id": answer, "fields": fields},
            effect=("sample_answers", answer),
        )
        submit = {"kind": "command", "command": "sample.attempt.submit", "args": {"attempt_id": attempt}}
        self._wish(phone, "submit", submit)

    def _group(self, phone: SimPhone) -> None:
        group = (f"g{len(self.wishes)}", self.random.choice((2, 3)))
        phone.make(*(self.random.choice((self._spend, self._note))(phone, group=group) for _ in range(group[1])))

    def _pad(self, phone: SimPhone) -> None:
        """A pad is made, or one that is on the screen is written on."""
        seen = pads_on(phone)
        word = f"word{len(self.wishes)}"
        if not seen or self.random.random() < 0.2:
            id_ = self.world.new_id("pad")
            fields: dict[str, Any] = {"body": f"{word}\n", "tags": [], "place": place_at(len(seen), id_)}
            body = {"kind": "create", "collection": PADS.name, "id": id_, "fields": fields}
            self._wish(phone, "pad", body, effect=(PADS.table, id_), identity=id_, word=word)
            return
        id_text = self.random.choice(sorted(seen))
        row = seen[id_text]
        edit = {"kind": "patch", "collection": PADS.name, "id": id_text, "base": row.get("version")}
        what = self.random.choice(("body", "body", "body", "tags", "status", "place", "delete"))
        match what:
            case "body":
                fields = {"body": {"was": row["body"], "now": self._typed(row["body"] or "", word)}}
                self._wish(phone, "type", {**edit, "fields": fields}, word=word)
            case "tags":
                self._wish(phone, "tag", {**edit, "fields": {"tags": {"add": [word]}}}, word=word)
            case "status":
                self._wish(phone, "status", {**edit, "fields": {"status": word}})
            case "place":
                place = place_at(self.random.randrange(9), UUID(id_text))
                self._wish(phone, "place", {**edit, "fields": {"place": place}})
            case _:
                self._wish(phone, "delete", {**edit, "kind": "delete"})

    def _typed(self, text: str, word: str) -> str:
        """A word more, in a line of its own or in one that is there."""
        lines = text.splitlines(keepends=True)
        place = self.random.randrange(len(lines) + 1)
        if lines and self.random.random() < 0.5:
            line = lines[place - 1]
            return "".join([*lines[: place - 1], f"{line.rstrip()} {word}\n", *lines[place:]]) if place else word + text
        return "".join([*lines[:place], f"{word}\n", *lines[place:]])

    def _correct(self, phone: SimPhone) -> None:
        rows = phone.rows.rows("sync.ops").values()
        mine = [row for row in rows if row["outcome"] == "parked" and row["code"] in ("credit.empty", "op.malformed")]
        if mine:
            target = UUID(self.random.choice(mine)["identity"])
            self._spend(phone, replaces=target)

    def _after(self, phone: SimPhone) -> None:
        before = [entry.identity for entry in [*phone.journal, *phone.outbox]]
        if before:
            self._spend(phone, after=[self.random.choice(before)])

    def _withdraw(self, phone: SimPhone) -> None:
        rows = [row for row in phone.rows.rows("sync.ops").values() if row["outcome"] == "parked"]
        if rows:
            row = self.random.choice(rows)
            move = self.random.choice(("sync.op.withdraw", "sync.op.retry"))
            self._wish(phone, "move", {"kind": "command", "command": move, "args": {"id": row["id"]}})

    def _wish(
        self,
        phone: SimPhone,
        kind: str,
        body: dict[str, Any],
        *,
        effect: tuple[str, UUID] | None = None,
        amount: int = 0,
        identity: UUID | None = None,
        group: tuple[str, int] | None = None,
        word: str | None = None,
    ) -> Entry:
        token = f"{kind} {len(self.wishes)}"
        if identity is None:
            identity = self.world.new_id("op")
            body = {**body, "op": identity}
        blobs = []
        if kind in ("spend", "note", "attempt") and self.random.random() < self.setting.with_blob:
            blobs = [self.world.new_id("blob").hex * 2]
            phone.blobs.update(blobs)
        clock_ms = self.world.now_ms + self.random.choice((0, 0, -3_600_000, 10**9))  # A clock may be wrong.
        entry = Entry(
            identity,
            token,
            {**body, "at": phone.tick(clock_ms), **({"blobs": blobs} if blobs else {})},
            group=group,
            broken=self.random.random() < self.setting.broken,
        )
        record = identity if effect is None else effect[1]
        wish = Wish(
            token, phone.user_id, identity, kind, effect, record, amount, body.get("replaces"), group and group[0], word
        )
        self.wishes[token] = wish
        if kind == "spend":
            self.spends.append(wish)
        if group is None:
            phone.make(entry)
        return entry

    # --- staff ---

    def move_as_staff(self) -> None:
        """Staff have a parked op looked at again, as `sync.op.retry` does."""
        store = self.world.server.store
        parked = sorted(
            (held for held in store.held_ops.values() if held.outcome == "parked"), key=lambda held: held.id
        )
        if not parked:
            return
        chosen = self.random.choice(parked)
        for held in parked:
            if held.id == chosen.id or (held.group_key is not None and held.group_key == chosen.group_key):
                store.held_ops[held.id] = held.moved("waiting", code="retry", wake_ms=self.world.now_ms)

    def row_of(self, wish: Wish) -> UUID:
        return held_id(wish.user_id, wish.identity)


def pads_on(phone: SimPhone) -> dict[str, dict[str, Any]]:
    """The pads that a phone shows: the rows of its cut with its own writes over them, and the versions it saw."""
    writes: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for entry in phone.overlay():
        if entry.body.get("collection") == PADS.name and not entry.broken:
            writes.setdefault(str(entry.body["id"]), []).append((entry.body["kind"], entry.body.get("fields", {})))
    rows = phone.rows.rows_with_version(PADS.name)
    seen: dict[str, dict[str, Any]] = {}
    for id_ in rows.keys() | writes.keys():
        row = shown(PADS.merge, rows.get(id_), writes.get(id_, ()))
        if row is not None:
            seen[id_] = row
    return seen
