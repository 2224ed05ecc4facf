"""Files as people send them, made once a run by the programs that make such files."""

import asyncio
import hashlib
import subprocess
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import imageio_ffmpeg
import pytest
from sqlalchemy import text

from server.base.ids import new_id
from server.base.runner import Runner
from server.base.work import Work
from server.features import jobs
from server.means import open_work
from server.media.uploads.parts import piece_key
from server.media.uploads.payloads import CheckUpload
from tests.support.api import settings_for

FILM_S = 2
OWNER = new_id()


def ffmpeg(*arguments: str) -> None:
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *arguments], check=True, capture_output=True)


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`film.mp4`: two seconds with sound, captions and a place; `sound.m4a`; `wide.mp4`: ten hours of 8K."""
    folder = tmp_path_factory.mktemp("films")
    captions = folder / "captions.srt"
    captions.write_text("1\n00:00:00,000 --> 00:00:01,500\nHello <b>there</b>\n")
    ffmpeg(
        *("-f", "lavfi", "-i", f"testsrc2=size=640x400:rate=30:duration={FILM_S}"),
        *("-f", "lavfi", "-i", f"sine=frequency=300:duration={FILM_S}", "-i", str(captions)),
        *("-map", "0", "-map", "1", "-map", "2", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"),
        *("-c:a", "aac", "-c:s", "mov_text", "-metadata:s:s:0", "language=eng"),
        *("-metadata", "location=+41.3111+069.2797/", "-metadata", "title=Stream #0:7: Video: h264, 9999x9999"),
        str(folder / "film.mp4"),
    )
    ffmpeg("-f", "lavfi", "-i", f"sine=frequency=300:duration={FILM_S}", "-c:a", "aac", str(folder / "sound.m4a"))
    ffmpeg(
        *("-f", "lavfi", "-i", "color=c=gray:size=7680x4320:rate=1/18000:duration=36000", "-frames:v", "2"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", str(folder / "wide.mp4")),
    )
    return folder


@pytest.fixture
async def work(database_url: str, redis_url: str, s3_url: str, tmp_path: Path) -> AsyncIterator[Work]:
    opened = open_work(settings_for(database_url, redis_url, s3_url, tmp_path))
    await opened.storage.ensure()
    yield opened
    await opened.redis.aclose()
    await opened.database.close()


@dataclass
class Sent:
    """What stands on the sender's row, and on the file's."""

    state: str
    code: str | None
    reason: str | None
    progress_ppm: int
    file: dict[str, object] | None

    @property
    def names(self) -> list[str]:
        assert self.file is not None
        return [one["name"] for key in ("variants", "renditions") for one in self.file[key]]  # type: ignore[attr-defined]


class Post:
    """Sends files as a phone would have, and looks at what became of them."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.owner_id = OWNER

    async def send(self, content: bytes | Path, name: str, mime: str = "") -> UUID:
        """All parts are there; nobody has looked at them yet."""
        body = content if isinstance(content, bytes) else await asyncio.to_thread(content.read_bytes)
        upload_id = new_id()
        await self.work.storage.put(piece_key(upload_id, 0, "0-a"), body, media_type="application/octet-stream")
        async with self.work.database.transaction() as tx:
            await tx.db.execute(
                text(
                    "insert into media_uploads (id, owner_id, name, mime, bytes, sha256, part_bytes, purpose, state,"
                    " expires_at) values (:id, :owner, :name, :mime, :bytes, :sha256, 1048576, 'course', 'received',"
                    " clock_timestamp() + interval '8 days')"
                ),
                {
                    "id": upload_id,
                    "owner": self.owner_id,
                    "name": name,
                    "mime": mime,
                    "bytes": len(body),
                    "sha256": hashlib.sha256(body).hexdigest(),
                },
            )
            await tx.db.execute(
                text(
                    "insert into media_upload_parts (upload_id, number, received_bytes, pieces, completed_at)"
                    " values (:id, 0, :bytes, array['0-a'], clock_timestamp())"
                ),
                {"id": upload_id, "bytes": len(body)},
            )
            tx.later(CheckUpload(upload_id=upload_id), weight=len(body))
        return upload_id

    async def run(self, *, until: Callable[[str], bool] = lambda _kind: False) -> list[str]:
        """Run what is due, lightest first; the kinds that ran. Stops before one that `until` names."""
        ran: list[str] = []
        while True:
            async with self.work.database.transaction() as tx:
                due = "select id, kind from base_outbox where failed_at is null and next_at <= clock_timestamp()"
                row = (await tx.db.execute(text(f"{due} order by weight, id limit 1"))).one_or_none()
            if row is None or until(row.kind):
                return ran
            await Runner(self.work, jobs()).run({}, outbox_id=row.id)
            ran.append(row.kind)

    async def look(self, upload_id: UUID) -> Sent:
        async with self.work.database.transaction() as tx:
            upload = text("select state, reason_code, reason, progress_ppm, file_id from media_uploads where id = :id")
            row = (await tx.db.execute(upload, {"id": upload_id})).one()
            file = (
                await tx.db.execute(text("select * from media_files where id = :id"), {"id": row.file_id})
            ).one_or_none()
        fields = None if file is None else dict(file._mapping)
        return Sent(row.state, row.reason_code, row.reason, row.progress_ppm, fields)

    async def sent(self, content: bytes | Path, name: str, mime: str = "") -> Sent:
        """Sent, and all that came of it."""
        upload_id = await self.send(content, name, mime)
        await self.run()
        return await self.look(upload_id)

    async def bytes_of(self, sent: Sent, name: str) -> bytes:
        assert sent.file is not None
        rows = [*sent.file["variants"], *sent.file["renditions"]]  # type: ignore[misc]
        sha256 = next(one["sha256"] for one in rows if one["name"] == name)
        return b"".join([chunk async for chunk in self.work.storage.read(f"media/{sha256[:2]}/{sha256}")])


@pytest.fixture
def post(work: Work) -> Post:
    return Post(work)
