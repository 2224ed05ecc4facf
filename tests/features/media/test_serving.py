"""A file over HTTP: whole, in parts, not again, and only to those who may see what shows it."""

import pytest
from sqlalchemy import text

from server.catalog import courses
from server.catalog.importing import CartridgeOrder, Imported, import_cartridge
from server.identity.actors import actor_of_user
from server.media.serving import RangeUnsatisfiable, is_match, read_range
from tests.support.api import Api
from tests.support.cartridges import cartridge, page, picture


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("", None),
        ("bytes=0-0", (0, 0)),
        ("bytes=2-", (2, 9)),
        ("bytes=2-100", (2, 9)),
        ("bytes=-3", (7, 9)),
        ("bytes=-100", (0, 9)),
        ("bytes=5-2", None),
        ("bytes=0-1,4-5", None),
        ("bytes=-", None),
        ("items=0-1", None),
        ("bytes=x-y", None),
    ],
)
def test_a_range_is_read_as_the_standard_says(header: str, found: tuple[int, int] | None) -> None:
    assert read_range(header, 10) == found


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=99-100", "bytes=-0"])
def test_a_range_outside_the_file_is_refused(header: str) -> None:
    with pytest.raises(RangeUnsatisfiable):
        read_range(header, 10)


def test_an_etag_matches_itself_among_others_and_the_star() -> None:
    assert is_match('"x", W/"a"', '"a"')
    assert is_match("*", '"a"')
    assert not is_match('"b"', '"a"')
    assert not is_match("", '"a"')


class Shown:
    """A published course of one picture, its owner Oybek, its reader Amina."""

    api: Api
    course: Imported
    sha256: str
    size: int


@pytest.fixture
async def shown(api: Api, tmp_path) -> Shown:
    world = Shown()
    world.api = api
    owner_id = await api.add("Oybek Rahimov", "educator")
    await api.add("Amina Karimova", "student")
    path = tmp_path / "course.imscc"
    path.write_bytes(cartridge({"a.html": page('<p>x</p><img src="p.png" alt="y"/>')}, {"p.png": picture(700, 300)}))
    async with api.work.database.transaction() as tx:
        owner = await actor_of_user(tx, owner_id)
    assert owner is not None
    world.course = await import_cartridge(api.work, owner, CartridgeOrder(path=path, owner_id=owner_id, publish=True))
    async with api.work.database.transaction() as tx:
        row = (await tx.db.execute(text("select sha256, bytes from media_variants order by width desc limit 1"))).one()
    world.sha256, world.size = row.sha256, row.bytes
    return world


async def test_a_file_comes_whole_and_for_ever(shown: Shown) -> None:
    async with shown.api.signed_in("Amina Karimova") as student:
        answer = await student.get(f"/media/{shown.sha256}")

    assert answer.status_code == 200
    assert len(answer.content) == int(answer.headers["content-length"]) == shown.size
    assert answer.headers["content-type"] == "image/webp"
    assert answer.headers["etag"] == f'"{shown.sha256}"'
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["accept-ranges"] == "bytes"


async def test_a_download_goes_on_where_it_broke_off(shown: Shown) -> None:
    async with shown.api.signed_in("Amina Karimova") as student:
        whole = (await student.get(f"/media/{shown.sha256}")).content
        rest = await student.get(
            f"/media/{shown.sha256}", headers={"range": "bytes=100-", "if-range": f'"{shown.sha256}"'}
        )
        other = await student.get(f"/media/{shown.sha256}", headers={"range": "bytes=100-", "if-range": '"another"'})
        outside = await student.get(f"/media/{shown.sha256}", headers={"range": f"bytes={shown.size}-"})

    assert rest.status_code == 206
    assert rest.headers["content-range"] == f"bytes 100-{shown.size - 1}/{shown.size}"
    assert rest.content == whole[100:]
    assert (other.status_code, len(other.content)) == (200, shown.size)
    assert (outside.status_code, outside.json()["error"]["code"]) == (416, "media.range")


async def test_what_the_phone_has_is_not_sent_again(shown: Shown) -> None:
    async with shown.api.signed_in("Amina Karimova") as student:
        answer = await student.get(f"/media/{shown.sha256}", headers={"if-none-match": f'"{shown.sha256}"'})

    assert answer.status_code == 304
    assert answer.content == b""


@pytest.mark.parametrize("sha256", ["0" * 64, "nonsense", "..%2f..%2fetc", "A" * 64])
async def test_a_file_that_is_not_there_is_not_found(shown: Shown, sha256: str) -> None:
    async with shown.api.signed_in("Amina Karimova") as student:
        answer = await student.get(f"/media/{sha256}")

    assert answer.status_code == 404


async def test_a_file_of_a_draft_is_for_its_staff_alone(shown: Shown) -> None:
    async with shown.api.work.database.transaction() as tx:
        await courses.unpublish_course(tx, shown.course.course_id)

    async with shown.api.signed_in("Amina Karimova") as student, shown.api.signed_in("Oybek Rahimov") as owner:
        assert (await student.get(f"/media/{shown.sha256}")).status_code == 404
        assert (await owner.get(f"/media/{shown.sha256}")).status_code == 200


async def test_without_a_token_nothing_is_shown(shown: Shown) -> None:
    assert (await shown.api.http.get(f"/media/{shown.sha256}")).status_code == 401


async def test_a_capability_in_the_path_opens_what_its_session_may_see_until_it_ends(shown: Shown) -> None:
    async with shown.api.signed_in("Amina Karimova") as student:
        given = (await student.get("/api/v1/media/capability")).json()["data"]
        path = f"/media/{given['capability']}/{shown.sha256}"
        assert given["expires_in"] == 24 * 3600

        assert (await shown.api.http.get(path)).status_code == 200
        assert (
            await shown.api.http.get(path.replace(given["capability"], given["capability"][:-4] + "AAAA"))
        ).status_code == 401
        await student.post("/api/v1/auth/logout-all")

    assert (await shown.api.http.get(path)).status_code == 401
