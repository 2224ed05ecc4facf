"""Start everything in order, keep it running, end it in order.

    postgres ─┐
    valkey ───┼─► migrate ─► demo ─┐
    s3 ───────┘                    ├─► api, worker answer ─► "ready http://HOST:PORT"
    page is built ─────────────────┤
    api, worker are imported ──────┘

Each server is our child and dies with us (child.py); what a kill −9 leaves nevertheless, the next start ends first.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Coroutine, Mapping
from contextlib import suppress

import psycopg

from server.embedded import plan as planning
from server.embedded import schema_mark
from server.embedded.children import Child, PartFailed, run_once
from server.embedded.installation import DataFolderError, Installation
from server.embedded.log_files import tail
from server.embedded.plan import CannotStart, Plan
from server.embedded.postgres import NoPostgres
from server.embedded.processes import Command, Part, end_recorded
from server.embedded.pwa_build import PWA, is_current
from server.embedded.s3 import NoStorage
from server.embedded.valkey import NoValkey
from server.settings import BadSetting

EXIT_STOPPED = 0
EXIT_FAILED = 1
EXIT_REFUSED = 2  # A setting or the machine stands in the way.
EXIT_NEWER_DATABASE = 3
HURRY_S = 0.5  # How long a child gets after the second signal.
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class NewerDatabaseRefused(RuntimeError):
    """The database was written by a newer release."""


def up(env: Mapping[str, str]) -> int:
    """Run until a signal; returns the exit code. All that a person must know is on standard error."""
    installation = Installation.from_env(env)
    try:
        settings = planning.check_settings(env)
        installation.make()
        with installation.lock():
            planning.check_port(settings)
            for name in end_recorded(installation.run):
                say(f"ended {name}, which an earlier start had left behind")
            return asyncio.run(Supervisor(planning.make_plan(env, settings)).run())
    except (BadSetting, CannotStart, DataFolderError) as problem:
        say(f"cannot start: {problem}")
        return EXIT_REFUSED


class Supervisor:
    """One start of everything, and its end."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._installation = plan.installation
        self._children: list[Child] = []  # In the order of their start; they are stopped the other way round.
        self._keeping: set[asyncio.Task[None]] = set()
        self._asked_to_stop = asyncio.Event()
        self._in_a_hurry = asyncio.Event()
        self._given_up = asyncio.Event()  # A child has ended for good; its task says why.

    async def run(self) -> int:
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self._hear_signal)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)  # run.py held them back until somebody could hear them.
        try:
            await self._until_asked_to_stop(self._start())
            await self._until_asked_to_stop(self._watch())
        except NewerDatabaseRefused as problem:
            say(f"cannot start: {problem}")
            return EXIT_NEWER_DATABASE
        except (PartFailed, NoPostgres, NoStorage, NoValkey, psycopg.OperationalError) as problem:
            say(f"cannot go on: {problem}")
            return EXIT_FAILED
        finally:
            await self._stop()
        return EXIT_STOPPED

    def _hear_signal(self) -> None:
        if self._asked_to_stop.is_set():
            self._in_a_hurry.set()
        self._asked_to_stop.set()

    # --- starting ---------------------------------------------------------------------------------------------------

    async def _start(self) -> None:
        plan = self._plan
        say(f"starting; data and logs in {plan.settings.data}")
        plan.start_file.unlink(missing_ok=True)
        page = asyncio.create_task(self._build_page())
        try:
            stores = [self._keep(part) for part in plan.stores]
            ours = [self._keep(plan.api), self._keep(plan.worker)]  # They import, and wait for the start file.
            await asyncio.gather(*(child.ready.wait() for child in stores))
            self._installation.publish_servers(plan.env)
            await self._bring_up_to_date()
            await page  # The API reads it once, when it starts.
        finally:
            page.cancel()
            with suppress(asyncio.CancelledError):
                await page
        plan.start_file.touch()
        await asyncio.gather(*(child.ready.wait() for child in ours))
        host = f"[{plan.settings.host}]" if ":" in plan.settings.host else plan.settings.host
        print(f"ready http://{host}:{plan.settings.port}", flush=True)

    def _keep(self, part: Part) -> Child:
        child = Child(part, self._installation, say)
        self._children.append(child)
        task = asyncio.create_task(child.keep(), name=part.name)
        task.add_done_callback(lambda _: self._given_up.set())
        self._keeping.add(task)
        return child

    async def _bring_up_to_date(self) -> None:
        """Migrate, and lay the demo school. Skipped when this very code has done both on this database."""
        url, demo = self._plan.database_url, self._plan.settings.demo
        code = await asyncio.to_thread(schema_mark.mark_of_code, demo=demo)
        if await asyncio.to_thread(schema_mark.is_done, url, code):
            return
        await self._run("migrate", planning.spark("migrate"))
        if demo:
            # Its answer, the accounts with their passwords, is for the person and not for a log.
            await self._run("demo", planning.spark("demo", "lay"), shows_answer=True)
        await asyncio.to_thread(schema_mark.write, url, code)

    async def _build_page(self) -> None:
        if await asyncio.to_thread(is_current, PWA):
            return
        code = await self._run_logged("build-pwa", (sys.executable, "-m", "server.embedded.pwa_build"))
        if code == 0:
            return
        log = self._installation.logs / "build-pwa.log"
        if not (PWA / "dist" / "index.html").exists():
            raise PartFailed(f"the page could not be built. The log ({log}) ends:\n{tail(log)}")
        say(f"the page could not be built, so the one built before is served; see {log}")

    async def _run(self, name: str, argv: tuple[str, ...], *, shows_answer: bool = False) -> None:
        """Run a step of the start. Raises: PartFailed, NewerDatabaseRefused."""
        code = await self._run_logged(name, argv, shows_answer=shows_answer)
        if code == 0:
            return
        log = self._installation.logs / f"{name}.log"
        if code == EXIT_NEWER_DATABASE:
            raise NewerDatabaseRefused(tail(log).splitlines()[-1].removeprefix("spark: "))
        raise PartFailed(f"`spark {name}` ended with {code}. Its log ({log}) ends:\n{tail(log)}")

    async def _run_logged(self, name: str, argv: tuple[str, ...], *, shows_answer: bool = False) -> int:
        command = Command(argv=argv, env=planning.child_env(self._plan.env))
        return await run_once(command, name=name, installation=self._installation, shows_answer=shows_answer)

    # --- running ----------------------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Children are kept by their own tasks; here is only the waiting for an end."""
        await asyncio.Event().wait()

    async def _until_asked_to_stop(self, work: Coroutine[None, None, None]) -> None:
        """Do `work`, unless a signal comes first or a child gives up. Raises: what ended the child."""
        if self._asked_to_stop.is_set():
            work.close()
            return
        doing = asyncio.create_task(work)
        others = [asyncio.create_task(event.wait()) for event in (self._asked_to_stop, self._given_up)]
        try:
            await asyncio.wait([doing, *others], return_when=asyncio.FIRST_COMPLETED)
            for task in [*self._keeping, doing]:
                if task.done():
                    task.result()
        finally:
            doing.cancel()
            for waiting in others:
                waiting.cancel()
            await asyncio.gather(doing, *others, return_exceptions=True)

    # --- ending -----------------------------------------------------------------------------------------------------

    async def _stop(self) -> None:
        """Ours first, so that nobody asks a store that is gone; PostgreSQL last."""
        self._installation.withdraw_servers()
        if self._children:
            say("stopping")
        names = [child.part.name for child in self._children]
        for group in ({"api", "worker"}, {"s3", "valkey"}, {"postgres"}):
            leaving = [child for child in self._children if child.part.name in group & set(names)]
            await asyncio.gather(*(self._stop_one(child) for child in leaving))
        for task in self._keeping:
            task.cancel()
        await asyncio.gather(*self._keeping, return_exceptions=True)

    async def _stop_one(self, child: Child) -> None:
        stopping = asyncio.create_task(child.stop())
        hurried = asyncio.create_task(self._in_a_hurry.wait())
        await asyncio.wait([stopping, hurried], return_when=asyncio.FIRST_COMPLETED)
        hurried.cancel()
        if not stopping.done():
            stopping.cancel()
            await asyncio.gather(stopping, return_exceptions=True)
            await child.stop(patience_s=HURRY_S)


def say(message: str) -> None:
    print(f"spark: {message}", file=sys.stderr, flush=True)


def main() -> None:
    """Run `spark up`."""
    sys.exit(up(os.environ))
