"""The office of a simulated school: it writes past the engine, as routes, jobs and people in psql do."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sync.errors import Outage
from sync.ports import Row
from sync.testing.sim_school import CLASS_COURSES, ENROLMENTS, LESSONS, TEXTS, UNLOCKS

if TYPE_CHECKING:  # A world has an office, and it stands in the world.
    from sync.testing.world import World

COURSES = 2
CLASSES = 2
BEGINS_WITH = 6  # Lessons and texts, where they come as files
ROWS_MAX = 24  # of lessons and texts each: a world is small, so that many fit into a minute


class Office:
    """Draws from the world's chance. Each call of `write` is one transaction of one to four changes."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.courses = world.courses
        self.classes = [world.new_id("class") for _ in range(CLASSES)]
        self.kinds: tuple[Callable[[], None], ...] = (
            self._new_lesson,
            self._new_lesson,
            self._edit_lesson,
            self._edit_lesson,
            self._move_lesson,
            self._publish,
            self._remove,
            self._text,
            self._text,
            self._unlock,
        )

    def bucket_names(self) -> list[str]:
        """What a phone may ask for; one of them does not exist."""
        return [f"course:{course}" for course in self.courses] + ["course:of-nobody"]

    def write(self) -> None:
        """One transaction about lessons and texts."""
        self._transact([self.world.random.choice(self.kinds) for _ in range(self.world.random.choice((1, 1, 2, 4)))])

    def move_rights(self) -> None:
        """One transaction that gives or takes a membership or a grant."""
        self._transact([self.world.random.choice((self._enrol, self._enrol, self._grant))])

    def open_school(self) -> None:
        """Where a world begins: somebody in a class that has a course with a lesson, most of the time."""
        rows = [self._new_lesson, self._text] * (BEGINS_WITH if self.world.setting.has_files else 1)
        self._transact([*rows, self._grant, *([self._enrol] * len(self.world.users))])
        if self.world.setting.has_files:
            self.world.server.publish(now_ms=self.world.now_ms)
            self.world.server.files.cut(self.world.server.log, self.world.random)

    def _transact(self, changes: list[Callable[[], None]]) -> None:
        store = self.world.server.store
        try:
            with store.tables.undoing():
                for change in changes:
                    change()
                store.fault("before commit")
            store.tables.settle()
            store.fault("after commit")
        except Outage:
            self.world.stats["office: an outage"] += 1

    # --- what it writes ---

    def _new_lesson(self) -> None:
        if len(self._rows(LESSONS.table)) < ROWS_MAX:
            published = self._now() if self.world.random.random() < 0.8 else None
            row = {"title": self._words(), "course_id": self._course(), "published_at": published}
            self._put(LESSONS.table, {"id": self.world.new_id("lesson"), **row})

    def _edit_lesson(self) -> None:
        self._change(LESSONS.table, lambda _: {"title": self._words()})

    def _move_lesson(self) -> None:
        self._change(LESSONS.table, lambda _: {"course_id": self._course()})

    def _publish(self) -> None:
        self._change(LESSONS.table, lambda row: {"published_at": None if row["published_at"] else self._now()})

    def _remove(self) -> None:
        table = self.world.random.choice((LESSONS.table, TEXTS.table))
        self._change(table, lambda row: {"deleted_at": None if row["deleted_at"] else self._now()})

    def _text(self) -> None:
        if len(self._rows(TEXTS.table)) < ROWS_MAX and self.world.random.random() < 0.6:
            row = {"id": self.world.new_id("text"), "course_id": self._course(), "body": self._words()}
            self._put(TEXTS.table, row)
        else:
            self._change(TEXTS.table, lambda _: {"body": self._words(), "course_id": self._course()})

    def _unlock(self) -> None:
        """Show a lesson to a class before its time; or show it another one instead."""
        lessons = self._rows(LESSONS.table)
        links = self._rows(UNLOCKS)
        if not lessons:
            return
        lesson_id = self.world.random.choice(lessons)["id"]
        if len(links) < 3:
            row = {"id": self.world.new_id("unlock"), "lesson_id": lesson_id, "class_id": self._class()}
            self._put(UNLOCKS, row)
        else:
            self._change(UNLOCKS, lambda _: {"lesson_id": lesson_id})

    def _enrol(self) -> None:
        mine = self._rows(ENROLMENTS)
        if len(mine) < 2 * len(self.world.users) and self.world.random.random() < 0.6:
            user = self.world.random.choice(self.world.users)
            row = {"student_id": user, "class_id": self._class(), "status": "active"}
            self._put(ENROLMENTS, {"id": self.world.new_id("enrolment"), **row})
        else:
            self._change(ENROLMENTS, lambda row: {"status": "left" if row["status"] == "active" else "active"})

    def _grant(self) -> None:
        if len(self._rows(CLASS_COURSES)) < 3:
            row = {"class_id": self._class(), "course_id": self._course()}
            self._put(CLASS_COURSES, {"id": self.world.new_id("grant"), **row})
        else:
            self._change(CLASS_COURSES, lambda row: {"deleted_at": None if row["deleted_at"] else self._now()})

    # --- hands ---

    def _rows(self, table: str) -> list[Row]:
        return list(self.world.server.store.tables.of(table).values())

    def _change(self, table: str, change: Callable[[Row], dict[str, Any]]) -> None:
        rows = self._rows(table)
        if rows:
            row = self.world.random.choice(rows)
            self._put(table, {"id": row["id"], **change(row)})

    def _put(self, table: str, row: Row) -> None:
        self.world.server.store.tables.put(table, row)

    def _course(self) -> UUID:
        return self.world.random.choice(self.courses)

    def _class(self) -> UUID:
        return self.world.random.choice(self.classes)

    def _words(self) -> str:
        return f"words {self.world.random.randrange(1_000)}"

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.world.now_ms / 1000, UTC)
