"""A real API on a real port, and people signed in to it."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import httpx
import uvicorn
from litestar import Litestar
from sqlalchemy import text

from server.app import create_app
from server.base.http.patience import KEEP_ALIVE_S, PatientHttp
from server.base.runner import Runner
from server.base.work import Work
from server.embedded.ports import free_ports
from server.features import jobs
from server.identity.accounts import NewAccount, answer_for, create_account
from server.means import open_work
from server.settings import Settings

PASSWORD = "Correct-horse-7"
ROUNDS_MAX = 50
STOPPED: list[Litestar] = []


@dataclass
class Api:
    """The server under test: `http` for strangers, `signed_in` for people, `work` to look behind the scenes."""

    url: str
    settings: Settings
    work: Work
    http: httpx.AsyncClient
    app: Litestar

    async def add(self, name: str, role: str, *, subject_ids: list[UUID] | None = None) -> UUID:
        """A verified person; the e-mail is the first name at example.org."""
        async with self.work.database.transaction() as tx:
            account = NewAccount(email=email_of(name), full_name=name, role=role, password=PASSWORD, is_verified=True)
            user = await create_account(tx, account)
            await answer_for(tx, user_id=user.id, subject_ids=subject_ids or [])
        return user.id

    @asynccontextmanager
    async def signed_in(self, name: str) -> AsyncIterator[httpx.AsyncClient]:
        """A client with this person's token."""
        token = await self.token(name)
        async with httpx.AsyncClient(
            base_url=self.url, headers={"authorization": f"Bearer {token}"}, timeout=60
        ) as client:
            yield client

    async def token(self, name: str) -> str:
        answer = await self.http.post("/api/v1/auth/login", json={"email": email_of(name), "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["data"]["access_token"])

    async def run_jobs(self) -> int:
        """Run everything in the outbox, and what that leaves behind, as a worker would; how many ran."""
        runner, ran = Runner(self.work, jobs()), 0
        for _ in range(ROUNDS_MAX):
            async with self.work.database.transaction() as tx:
                due = text(
                    "select id from base_outbox where failed_at is null and next_at <= clock_timestamp() order by id"
                )
                ids = list((await tx.db.execute(due)).scalars())
            if not ids:
                return ran
            for id_ in ids:
                await runner.run({}, outbox_id=id_)
            ran += len(ids)
        raise AssertionError("the outbox does not become empty")


def email_of(name: str) -> str:
    return f"{name.partition(' ')[0].lower()}@example.org"


def settings_for(database_url: str, redis_url: str, s3_url: str, data: Path) -> Settings:
    env = {
        "SPARK_DATABASE_URL": database_url,
        "SPARK_REDIS_URL": redis_url,
        "SPARK_S3_URL": s3_url,
        "SPARK_DATA": str(data),
        "SPARK_SIGNING_KEY": secrets.token_hex(32),
        "SPARK_PORT": str(free_ports(1)[0]),
    }
    return Settings.from_env(env)


def app_with(settings: Settings) -> Litestar:
    """An app that has stopped and starts again: to put its two hundred routes together costs more than most tests."""
    if not STOPPED:
        return create_app(settings)
    app = STOPPED.pop()
    for name in list(app.state):
        del app.state[name]
    app.state.settings = settings
    return app


@asynccontextmanager
async def running_api(settings: Settings) -> AsyncIterator[Api]:
    """The API on its port for the length of the block."""
    app = app_with(settings)
    config = uvicorn.Config(
        app,
        http=PatientHttp,
        host="127.0.0.1",
        port=settings.port,
        log_config=None,
        access_log=False,
        lifespan="on",
        timeout_graceful_shutdown=1,
        timeout_keep_alive=KEEP_ALIVE_S,
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[method-assign]  # pytest keeps its own
    task = asyncio.create_task(server.serve())
    while not server.started:
        if task.done():
            await task
        await asyncio.sleep(0.01)
    work = open_work(settings)
    await work.storage.ensure()
    url = f"http://127.0.0.1:{settings.port}"
    try:
        async with httpx.AsyncClient(base_url=url, timeout=60) as http:
            yield Api(url, settings, work, http, app)
    finally:
        server.should_exit = True
        await task
        STOPPED.append(app)
        await work.redis.aclose()
        await work.database.close()
