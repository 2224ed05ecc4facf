"""A student of the small school, her phone, and one exchange of it with the log."""

from uuid import uuid4

from sync.cursor import Cursor
from sync.postgres.pull_store import PostgresPullStore
from tests.sync.log_world import School
from tests.sync.phone import Phone
from tests.sync.pulling import answer, catch_up

TIERS = {"school.lessons": 1, "school.texts": 2, "school.notes": 0}


class Amina:
    """A student in a class that has a course, and her phone."""

    def __init__(self, school: School, store: PostgresPullStore) -> None:
        self.school, self.store = school, store
        self.id, self.device, self.class_id, self.course = uuid4(), uuid4(), uuid4(), uuid4()
        self.enrolment = school.enrol(self.id, self.class_id)
        self.grant = school.give_course(self.class_id, self.course)
        self.phone = Phone(TIERS, want=[self.bucket])

    @property
    def bucket(self) -> str:
        return f"course:{self.course}"

    @property
    def lessons(self) -> set[str]:
        return set(self.phone.bucket(self.bucket))

    @property
    def cursor(self) -> Cursor:
        assert self.phone.cursor is not None
        return Cursor.from_text(self.phone.cursor)

    @property
    def key(self) -> bytes:
        return bytes(self.school.run("select sha256(secret || uuid_send(%s)) from sync_state", self.id)[0][0])

    async def sync(self, *, bytes_wanted: int = 65_536) -> int:
        """Exchange until there is nothing more; how many exchanges that took."""
        self.school.advance()
        return await catch_up(self.store, self.phone, user_id=self.id, device_id=self.device, bytes_wanted=bytes_wanted)

    async def ask(self, **options: object) -> list[bytes] | None:
        self.school.advance()
        return await answer(self.store, self.phone, user_id=self.id, device_id=self.device, **options)  # type: ignore[arg-type]
