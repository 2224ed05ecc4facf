"""V rules: phones and servers of different releases, over HTTP and over the log."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from server.features import REGISTRY
from sync.postgres.install import install
from sync.postgres.pull_store import PostgresPullStore, open_pool
from sync.upcast import Upcast, build_upcasts
from tests.support.api import running_api, settings_for
from tests.support.phone import Phone
from tests.support.phone_rows import PhoneRows, digest_of
from tests.support.settle import all_published
from tests.sync.log_world import School, open_school, school_registry
from tests.sync.pulling import answer


async def test_V4_a_phone_below_the_floor_gives_what_it_has_and_goes_on_once_it_is_brought_up_to_date(
    database_url: str, redis_url: str, s3_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, name = settings_for(database_url, redis_url, s3_url, tmp_path), "Amina Karimova"
    async with running_api(settings) as api:
        await api.add(name, "student")
        async with api.signed_in(name) as client:
            phone = Phone(client)
            await phone.sync()
    me, cursor = next(iter(phone.all("identity.me"))), phone.cursor

    # The next release is started on the same database.
    monkeypatch.setattr("server.app.REGISTRY", replace(REGISTRY, schema=2, schema_floor=2))
    async with running_api(settings) as api, api.signed_in(name) as client:
        phone.client = client
        n = phone.patch("identity.me", me, {"display_name": "Mina"})
        await phone.sync()
        await all_published(api)
        idle = await phone.post(phone.body())
        is_old_still = "display_name" not in phone.all("identity.me")[me]

        assert phone.outcome(n) in ("applied", "merged")
        assert phone.first["upgrade"] == "required"
        assert (idle.status_code, len(idle.content.splitlines())) == (200, 1)
        assert phone.cursor == cursor
        assert is_old_still

        phone.schema = 2
        await phone.sync()

        assert "upgrade" not in phone.first
        assert phone.all("identity.me")[me]["display_name"] == "Mina"
        assert phone.compares == 0


@pytest.fixture
def old_school(empty_database_url: str) -> Iterator[School]:
    """The school as the release before, which had no texts."""
    full = school_registry()
    texts = "school.texts"
    before = replace(full, collections={name: one for name, one in full.collections.items() if name != texts})
    with open_school(empty_database_url, before) as school:
        yield school


@dataclass
class OldPhone:
    """Knows how rows travel, and of no collection."""

    want: list[str]
    rows: PhoneRows = field(default_factory=PhoneRows)

    @property
    def cursor(self) -> str | None:
        return self.rows.cursor


async def test_V5_a_collection_that_the_phone_does_not_know_is_filed_and_counted(old_school: School) -> None:
    user_id, class_id, course = uuid4(), uuid4(), uuid4()
    old_school.enrol(user_id, class_id)
    old_school.give_course(class_id, course)
    old_school.lesson(course)
    phone = OldPhone([f"course:{course}"])
    async with open_pool(old_school.url, size_max=2) as pool:

        async def sync() -> None:
            old_school.advance()
            store, device = PostgresPullStore(pool), uuid4()
            while lines := await answer(store, phone, user_id=user_id, device_id=device):  # type: ignore[arg-type]
                phone.rows.take(lines)

        await sync()
        text = old_school.text(course, "written before there was anybody to read it")
        await sync()
        assert not phone.rows.shown[f"course:{course}", 2]

        with psycopg.connect(old_school.url) as connection:
            install(connection, school_registry())  # spark migrate of the next release
        await sync()

    shown = phone.rows.shown[f"course:{course}", 2]
    assert shown.keys() == {("school.texts", str(text))}
    assert not phone.rows.check
    assert phone.rows.refused_cuts == 0
    [[line]] = old_school.run("select line from sync_item where id = %s", text)
    assert digest_of(shown.values()) == digest_of([str(line).encode()])


def nothing(_kind: str, values: dict[str, object]) -> dict[str, object]:
    return values


@pytest.mark.parametrize(
    ("upcasts", "words"),
    [
        ((Upcast("identity.me", 3, nothing),), "the schema of now is 3"),
        ((Upcast("identity.me", 0, nothing),), "the schema of now is 3"),
        ((Upcast("identity.me", 1, nothing), Upcast("identity.me", 1, nothing)), "declared twice"),
        ((Upcast("identity.me", 1),), "changes nothing"),
        ((Upcast("identity.me", 1, becomes="identity.you"),), "never renamed"),
        ((Upcast("no.such.command", 1, nothing),), "neither a collection nor a command"),
        ((Upcast("old.command", 1, becomes="older.command"),), "neither a collection nor a command"),
    ],
)
def test_V1_an_upcast_that_leads_nowhere_is_refused_when_it_is_declared(
    upcasts: tuple[Upcast, ...], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        build_upcasts(upcasts, schema=3, collections=REGISTRY.collections, commands=REGISTRY.mutators)
