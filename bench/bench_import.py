"""A real textbook unit (13 pages, 61 images, 7 MB) becomes a course: beside the images alone, on one core.

Reads `../shared/content/physics-motion.imscc`; says so and measures nothing where it does not lie.
"""

import secrets
import tempfile
import time
import zipfile
from pathlib import Path

from bench.figures import Figure, Servers
from server.base.actor import SYSTEM
from server.catalog.cartridge import open_archive, read_cartridge
from server.catalog.importing import CartridgeOrder, import_cartridge
from server.catalog.portable.bringing import import_course
from server.identity.accounts import NewAccount, create_account
from server.imports.course_file import export_course
from server.imports.quizzes import QuizTaker
from server.means import open_work
from server.media.images import BYTES_MAX, prepare_image
from tests.support.api import settings_for

CARTRIDGE = Path(__file__).resolve().parents[2] / "shared" / "content" / "physics-motion.imscc"
GOAL_S = 30.0


async def measure(servers: Servers) -> list[Figure]:
    if not CARTRIDGE.exists():
        print(f"  no {CARTRIDGE.name} beside the checkout: nothing measured")
        return []
    reading_s = _timed_reading()
    floor_s = _images_alone()
    ours_s, out_s, plain_s, in_s = await _import(servers)
    return [
        Figure("read the cartridge into a plan", reading_s, "s"),
        Figure(
            "import the cartridge",
            ours_s,
            "s",
            floor_s,
            "its images to WebP on one core",
            f"≤ {GOAL_S:.0f} s",
            ours_s <= GOAL_S,
        ),
        Figure("export the course as its own file", out_s, "s", plain_s, "the same bytes into a zip"),
        Figure("import it again from its own file", in_s, "s", plain_s, "the same bytes into a zip"),
    ]


def _timed_reading() -> float:
    started = time.perf_counter()
    read_cartridge(CARTRIDGE)
    return time.perf_counter() - started


def _images_alone() -> float:
    started = time.perf_counter()
    with open_archive(CARTRIDGE) as archive:
        for name in read_cartridge(CARTRIDGE).images:
            prepare_image(archive.read(name, bytes_max=BYTES_MAX))
    return time.perf_counter() - started


async def _import(servers: Servers) -> tuple[float, float, float, float]:
    """Seconds in, out, for a plain zip of what came out, and in again."""
    with tempfile.TemporaryDirectory(prefix="spark-bench-") as data:
        work = open_work(settings_for(servers.new_database(), servers.redis_url, servers.s3_url, Path(data)))
        await work.storage.ensure()
        async with work.database.transaction() as tx:
            account = NewAccount(
                email="bench@example.org", full_name="Bench", role="educator", password=f"A1-{secrets.token_urlsafe(9)}"
            )
            owner = await create_account(tx, account)
        started = time.perf_counter()
        made = await import_cartridge(work, SYSTEM, CartridgeOrder(path=CARTRIDGE, owner_id=owner.id, publish=True))
        spent = time.perf_counter() - started
        path = Path(data) / "course.zip"
        started = time.perf_counter()
        await export_course(work, SYSTEM, made.course_id, path)
        out_s = time.perf_counter() - started
        plain_s = _plain_zip(path)
        started = time.perf_counter()
        await import_course(work, SYSTEM, CartridgeOrder(path=path, owner_id=owner.id), tests=QuizTaker(work.storage))
        in_s = time.perf_counter() - started
        await work.redis.aclose()
        await work.database.close()
        return spent, out_s, plain_s, in_s


def _plain_zip(path: Path) -> float:
    with zipfile.ZipFile(path) as packed:
        entries = {info: packed.read(info) for info in packed.infolist()}
    started = time.perf_counter()
    with zipfile.ZipFile(path.with_name("plain.zip"), "w") as plain:
        for info, content in entries.items():
            plain.writestr(info, content, info.compress_type)
    return time.perf_counter() - started
