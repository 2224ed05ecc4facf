"""A film of a lesson: its price first, a link that dies again and again, no network at all, and from phone to phone."""

import hashlib
import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import imageio_ffmpeg
import pytest
from playwright.async_api import Page, Request, expect

from server.base.storage import Storage
from tests.e2e.test_two_people_one_phone import account
from tests.support import axe
from tests.support.browser import PHONE, Phone, Phones, phones
from tests.support.installation import Installation
from tests.support.proxy import FAIR, Fate, Proxy, proxy_to

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(400)]

COURSE = "How things move"
TITLE = "A ball rolls down"
SECONDS = 20
CAPTIONS = b"WEBVTT\n\n00:00.000 --> 00:20.000\nThe ball gets faster.\n"
COMING_MS = 120_000
CUT = Fate(down_max=250_000, bytes_a_s=500_000)
LOST_BYTES = (
    100_000  # What was on its way at a cut and the browser never saw, at most; with the headers of asking again.
)


@dataclass(frozen=True)
class Made:
    """What was made of a film, as `media.files` names it."""

    name: str
    mime: str
    body: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()

    @property
    def row(self) -> dict[str, object]:
        size = {"width": 426, "height": 240} if self.name in {"v240", "thumb"} else {}
        return {"name": self.name, "mime": self.mime, "bytes": len(self.body), "sha256": self.sha256} | size


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> list[Made]:
    """A real film of more than two pieces, its sound, its poster, and captions."""
    folder = tmp_path_factory.mktemp("film")
    source = [
        *("-f", "lavfi", "-i", f"testsrc2=size=426x240:rate=24:duration={SECONDS}"),
        *("-f", "lavfi", "-i", f"sine=frequency=440:duration={SECONDS}"),
    ]
    run = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-threads", "1"]
    video = [
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-b:v",
        "900k",
        "-minrate",
        "900k",
        "-pix_fmt",
        "yuv420p",
        "-g",
        "48",
    ]
    moving = [*run, *source, *video, "-c:a", "aac", "-b:a", "48k", "-movflags", "+faststart", str(folder / "v240.mp4")]
    subprocess.run(moving, check=True)
    sound = [*run, *source, "-map", "1:a", "-c:a", "libopus", "-b:a", "64k", str(folder / "sound.ogg")]
    subprocess.run(sound, check=True)
    poster = [*run, *source[:4], "-frames:v", "1", "-c:v", "libwebp", str(folder / "thumb.webp")]
    subprocess.run(poster, check=True)
    return [
        Made("v240", "video/mp4", (folder / "v240.mp4").read_bytes()),
        Made("opus", "audio/ogg", (folder / "sound.ogg").read_bytes()),
        Made("thumb", "image/webp", (folder / "thumb.webp").read_bytes()),
        Made("captions.en", "text/vtt", CAPTIONS),
    ]


async def put_film(installation: Installation, film: list[Made]) -> None:
    """The first lesson of the course begins with the film, as if its educator had put it there. Twice is once."""
    if installation.psql("select id from media_files where kind = 'video'"):
        return
    storage = Storage.from_url(installation.servers["SPARK_S3_URL"])
    file_id, use_id = uuid4(), uuid4()
    rows = json.dumps([made.row for made in film])
    installation.psql(
        "insert into media_files"
        " (id, owner_id, sha256, mime, width, height, bytes, variants, kind, duration_ms, renditions)"
        f" select '{file_id}', created_by_id, '{film[0].sha256}', 'video/mp4', 426, 240, {len(film[0].body)}, '[]',"
        f" 'video', {SECONDS * 1000}, '{rows}' from catalog_courses where title = '{COURSE}'"
    )
    for made in film:
        key = f"media/{made.sha256[:2]}/{made.sha256}"
        await storage.put(key, made.body, media_type=made.mime)
        installation.psql(
            "insert into media_variants (id, file_id, sha256, name, width, height, mime, bytes, storage_key) values"
            f" ('{uuid4()}', '{file_id}', '{made.sha256}', '{made.name}', 426, 240, '{made.mime}', {len(made.body)},"
            f" '{key}')"
        )
    installation.psql(
        "insert into media_uses (id, file_id, course_id, published_at)"
        f" select '{use_id}', '{file_id}', id, now() from catalog_courses where title = '{COURSE}'"
    )
    block = json.dumps([{"type": "video", "file_id": str(file_id), "title": TITLE, "captions": True}])
    installation.psql(
        f"update catalog_lesson_texts t set blocks = ('{block}'::jsonb || t.blocks::jsonb)::json where t.id = ("
        "select l.id from catalog_lessons l join catalog_courses c on c.id = l.course_id"
        f" where c.title = '{COURSE}' order by l.rank limit 1)"
    )
    sums = {"text": 0, "audio": len(film[1].body) + len(CAPTIONS), "low": len(film[0].body) + len(CAPTIONS)}
    sums["normal"] = sums["low"] + 1_000_000  # Else it would be no choice of its own.
    pack = ", ".join(f"'{quality}', text_bytes + {bytes_}" for quality, bytes_ in sums.items())
    installation.psql(f"update catalog_courses set pack_bytes = json_build_object({pack}) where title = '{COURSE}'")


async def test_who_took_the_text_alone_plays_a_film_once_or_keeps_its_sound(
    installation: Installation, drawer: Phones, film: list[Made]
) -> None:
    await put_film(installation, film)
    phone = drawer["madina"]
    page = await follows_a_link(phone, installation)
    await controlled(page)
    await pays_for_the_pictures(page)
    await open_course(phone)
    await page.get_by_role("radio", name=re.compile("^Text only")).check()
    await page.get_by_role("button", name=re.compile("^Download")).click()
    await ready(page)
    await open_lesson(page)
    await is_for_everybody(page)
    await page.get_by_role("button", name=re.compile(r"^Play once, 2\.\d MB")).click()
    await plays(page, "video", seek=14)
    await says(page)  # Fetched for once, as the film.
    assert await page.locator("img.poster").count() == 0  # Who took the text alone pays for no picture.

    await phone.go("/courses")
    await open_course(phone)
    await open_lesson(page)
    await page.get_by_role("button", name=re.compile("^Sound only")).click()
    await expect(page.locator("audio")).to_be_visible(timeout=COMING_MS)
    await phone.offline()
    await plays(page, "audio", seek=14)


async def test_a_film_is_paid_for_once_and_plays_without_a_network(
    installation: Installation, tmp_path: Path, film: list[Made]
) -> None:
    await put_film(installation, film)
    async with proxy_to(installation.url) as proxy, phones(tmp_path, proxy.url) as drawer:
        phone = drawer["amina"]
        page = await phone.open()
        await phone.sign_in(*account(installation, "Amina"))
        await controlled(page)

        await open_course(phone)
        await choose(page, "Text and sound", price=film[1])
        await is_for_everybody(page)
        await page.get_by_role("button", name=re.compile("^Download")).click()
        await ready(page)
        await open_lesson(page)
        await expect(page.locator("audio")).to_be_visible()  # It plays without a network in the educator's story.
        assert await page.locator("video").count() == 0
        await page.wait_for_function("() => document.querySelector('img.poster').naturalWidth === 426")
        await open_course(phone)
        await page.get_by_role("button", name="Another quality").click()
        await choose(page, "Everything, small", price=film[0])
        await thin(proxy, CUT)
        before = proxy.cuts
        down = proxy.bytes_down
        await page.get_by_role("button", name=re.compile("^Download")).click()
        await ready(page)
        assert proxy.cuts - before >= len(film[0].body) // 250_000 - 1
        lost = LOST_BYTES * (proxy.cuts - before + 1)
        assert proxy.bytes_down - down < len(film[0].body) + lost
        await thin(proxy, FAIR)

        await phone.offline()
        assert installation.stop() == 0
        await phone.close()
        page = await phone.open("/courses", offline=True)
        await open_course(phone)
        await open_lesson(page)
        await plays(page, "video", seek=15)
        await says_and_shows(page)

        await is_for_everybody(page)
        assert await page.locator("article img").count() > 0  # The smaller ones, of the quality that was chosen.

        installation.start()
        await phone.online()
        pack = await give(phone, tmp_path)
        await take(drawer, installation, pack)
        await is_seen_by_the_teacher(drawer, installation)


async def follows_a_link(phone: Phone, installation: Installation) -> Page:
    """To a lesson, on a phone that has nothing of it: who one is comes first, and then the lesson, by itself."""
    where = f"from catalog_lessons l join catalog_courses c on c.id = l.course_id where c.title = '{COURSE}'"
    course_id, lesson_id = installation.psql(f"select c.id, l.id {where} order by l.rank limit 1")[0]
    address = f"/courses/{course_id}/lessons/{lesson_id}"
    page = await phone.open(address)
    email, password = account(installation, "Madina")
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Password", exact=True).fill(password)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.locator("article.lesson p").first).to_be_visible(timeout=COMING_MS)
    await expect(page.get_by_text("You are reading this over the network")).to_be_visible()
    assert page.url.endswith(address)
    return page


async def pays_for_the_pictures(page: Page) -> None:
    """Of this lesson alone: what they weigh stands there before any of it comes."""
    load = page.get_by_role("button", name=re.compile(r"^Load its \d+ pictures, [\d.]+ (KB|MB)"))
    await expect(load).to_be_visible()
    count = int(re.findall(r"\d+", await load.inner_text())[0])
    one = page.get_by_role("button", name=re.compile("^Load picture"))
    await expect(one).to_have_count(count)
    assert await page.locator("article img").count() == 0
    await is_for_everybody(page)
    await load.click()
    await expect(page.locator("article img")).to_have_count(count)
    await expect(load.or_(one)).to_have_count(0)


async def controlled(page: Page) -> None:
    await page.wait_for_function("() => navigator.serviceWorker.controller !== null")


async def thin(proxy: Proxy, fate: Fate) -> None:
    """From now on; connections of before end."""
    proxy.fate_of = lambda _: fate
    await proxy.close()


async def open_course(phone: Phone) -> None:
    page = phone.screen
    await phone.go("/courses")
    await page.get_by_role("link").filter(has=page.get_by_role("heading", name=COURSE)).click()
    await expect(page.get_by_role("heading", level=1, name=COURSE)).to_be_attached()


async def choose(page: Page, quality: str, *, price: Made) -> None:
    choice = page.get_by_role("radio", name=re.compile(f"^{quality}"))
    await choice.check()
    megabytes = await page.get_by_role("button", name=re.compile("^Download")).inner_text()
    said = float(re.sub("[^0-9.]", "", megabytes)) * (1_000_000 if "MB" in megabytes else 1_000)
    assert len(price.body) <= said + 100_000 <= len(price.body) + 400_000  # Its rows come with it.


async def is_for_everybody(page: Page) -> None:
    """Nothing on the screen breaks a rule of WCAG 2.2 AA that axe knows."""
    await page.set_viewport_size({"width": PHONE["width"], "height": axe.TALL})
    await axe.come_to_rest(page)
    found = await axe.violations(page)
    await page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    assert found == []


async def ready(page: Page) -> None:
    await expect(page.get_by_text(re.compile("Ready offline"))).to_be_visible(timeout=COMING_MS)


async def open_lesson(page: Page) -> None:
    await page.locator("a.line[href*='/lessons/']").first.click()
    await expect(page.get_by_text(TITLE).last).to_be_visible()


async def plays(page: Page, tag: str, *, seek: int) -> None:
    """It runs from the beginning, and goes on where it is put."""
    player = page.locator(tag)
    await expect(player).to_be_visible()
    await player.evaluate("async player => { player.muted = true; await player.play(); }")
    await page.wait_for_function("tag => document.querySelector(tag).currentTime > 0.3", arg=tag)
    await player.evaluate("(player, at) => { player.currentTime = at; }", seek)
    await page.wait_for_function(
        "([tag, at]) => { const p = document.querySelector(tag); return !p.seeking && p.currentTime > at + 0.2; }",
        arg=[tag, seek],
    )
    await player.evaluate("player => player.pause()")


async def says(page: Page) -> None:
    said = "words => document.querySelector('video').textTracks[0]?.cues?.[0]?.text === words"
    await page.wait_for_function(said, arg="The ball gets faster.")


async def says_and_shows(page: Page) -> None:
    await says(page)
    assert await page.locator("video").evaluate("film => film.videoWidth") == 426
    poster = "fetch(document.querySelector('video').poster).then(answer => answer.headers.get('content-type'))"
    assert await page.evaluate(poster) == "image/webp"


async def give(phone: Phone, folder: Path) -> Path:
    page = phone.screen
    await phone.go("/downloads")
    await page.get_by_role("button", name=re.compile("^Make a file")).click()
    async with page.expect_download() as coming:
        await page.get_by_role("link", name=re.compile("sparkpack")).click()
    path = folder / "film.sparkpack"
    await (await coming.value).save_as(path)
    return path


async def take(drawer: Phones, installation: Installation, pack: Path) -> None:
    """Another person on another phone, with no network at all: its rows and the film come from the card alone."""
    phone = drawer["brian"]
    page = await phone.open()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(path_of(request)))
    await phone.sign_in(*account(installation, "Brian"))
    await controlled(page)
    await phone.offline()
    await phone.go("/downloads")
    await page.locator("input[type=file]").set_input_files(forged(pack))
    await expect(page.get_by_text(re.compile("changed after our server signed it"))).to_be_visible(timeout=COMING_MS)
    await page.locator("input[type=file]").set_input_files(pack)
    await expect(page.get_by_text(re.compile(r"\d+ files kept"))).to_be_visible(timeout=COMING_MS)
    await expect(page.get_by_text("here to read, with no network")).to_be_visible()
    await ready(page)
    await open_course(phone)
    await open_lesson(page)
    await plays(page, "video", seek=10)
    await phone.online()
    await phone.received_everything()
    await expect(page.get_by_text(re.compile("^Offline"))).to_have_count(0, timeout=COMING_MS)
    fetched = {made for made in asked if made.startswith(("/media/course/", "/files/"))}
    assert fetched == set(), fetched  # What players ask for is answered on this phone.


def forged(pack: Path) -> Path:
    """With another title."""
    path = pack.with_name("forged.sparkpack")
    path.write_bytes(pack.read_bytes().replace(b'"title":"How', b'"title":"Who', 1))
    return path


async def is_seen_by_the_teacher(drawer: Phones, installation: Installation) -> None:
    phone = drawer["oybek"]
    page = await phone.open()
    await phone.sign_in(*account(installation, "Oybek"))
    (course_id,) = installation.psql(f"select id from catalog_courses where title = '{COURSE}'")[0]
    await phone.go(f"/teach/{course_id}/ready")
    line = page.get_by_role("listitem").filter(has_text="Brian")
    await expect(line.get_by_text("Ready offline")).to_be_visible(timeout=COMING_MS)
    await is_for_everybody(page)


def path_of(request: Request) -> str:
    return re.sub("^https?://[^/]*", "", request.url)
