"""Start everything in order, keep it running, end it in order.

    postgres ─┐
    valkey ───┼─► migrate ─► demo ─┐
    s3 ───────┘                    ├─► apis, workers answer ─► "ready http://HOST:PORT"
    page is built ─────────────────┤
    apis, workers are imported ────┘

SIGUSR1 (`spark reload`) replaces ours one after the other: the successor answers before the one before it drains.
Each server is our child and dies with us (child.py); what a kill −9 leaves nevertheless, the next start ends first.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Coroutine, Mapping
from contextlib import suppress

import psycopg

from server.embedded import ours, schema_mark
from server.embedded import plan as planning
from server.embedded.children import Child, PartFailed, run_once
from server.embedded.health import Silent, ask_health
from server.embedded.installation import DataFolderError, Installation
from server.embedded.log_files import tail
from server.embedded.ours import Ours
from server.embedded.plan import CannotStart, Plan
from server.embedded.postgres import NoPostgres, Postgres
from server.embedded.processes import READY_WAIT_S, Command, Part, end_recorded
from server.embedded.pwa_build import PWA, is_current
from server.embedded.replica import Replica
from server.embedded.s3 import NoStorage, Storage
from server.embedded.valkey import NoValkey, Valkey
from server.settings import BadSetting

EXIT_STOPPED = 0
EXIT_FAILED = 1
EXIT_REFUSED = 2  # A setting or the machine stands in the way.
EXIT_NEWER_DATABASE = 3
HURRY_S = 0.5  # How long a child gets after the second signal.
HEALTH_POLL_S = 0.1
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
            for name in end_recorded(installation.run):
                say(f"ended {name}, which an earlier start had left behind")
            with planning.listen(settings) as listener:
                supervisor = Supervisor(planning.make_plan(env, settings), listener=listener.fileno())
                return asyncio.run(supervisor.run())
    except (BadSetting, CannotStart, DataFolderError) as problem:
        say(f"cannot start: {problem}")
        return EXIT_REFUSED


class Supervisor:
    """One start of everything, and its end."""

    def __init__(self, plan: Plan, *, listener: int) -> None:
        self._plan = plan
        self._listener = listener
        self._turn = 0  # How often ours were replaced.
        self._installation = plan.installation
        self._children: list[Child] = []  # In the order of their start; they are stopped the other way round.
        self._keeping: set[asyncio.Task[None]] = set()
        self._asked_to_stop = asyncio.Event()
        self._asked_to_reload = asyncio.Event()
        self._in_a_hurry = asyncio.Event()
        self._given_up = asyncio.Event()  # A child has ended for good; its task says why.

    async def run(self) -> int:
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self._hear_signal)
        loop.add_signal_handler(signal.SIGUSR1, self._asked_to_reload.set)
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
            own = [self._keep(part) for part in self._own_parts()]  # They import, and wait for the start file.
            await asyncio.gather(*(child.ready.wait() for child in stores))
            self._installation.publish_servers(plan.env)
            await self._bring_up_to_date()
            await page  # The API reads it once, when it starts.
        finally:
            page.cancel()
            with suppress(asyncio.CancelledError):
                await page
        plan.start_file.touch()
        if plan.replica is not None:
            self._keep(plan.replica, is_needed=False)
        await asyncio.gather(*(child.ready.wait() for child in own))
        await asyncio.to_thread(self._wait_until_healthy)
        host = f"[{plan.settings.host}]" if ":" in plan.settings.host else plan.settings.host
        print(f"ready http://{host}:{plan.settings.port}", flush=True)

    def _own_parts(self) -> list[Part]:
        return [*self._plan.apis(self._turn, listener=self._listener), *self._plan.workers(self._turn)]

    def _keep(self, part: Part, *, is_needed: bool = True, is_successor: bool = False) -> Child:
        child = Child(part, self._installation, say, is_successor=is_successor)
        self._children.append(child)
        task = asyncio.create_task(child.keep(), name=part.name)
        if is_needed:
            self._keeping.add(task)
        task.add_done_callback(lambda task: self._notice_end(child, task, is_needed=is_needed))
        return child

    def _notice_end(self, child: Child, task: asyncio.Task[None], *, is_needed: bool) -> None:
        if child.is_stopping or task.cancelled():
            self._keeping.discard(task)
        elif is_needed:
            self._given_up.set()
        else:
            say(f"going on without {child.part.name}: {task.exception()}")

    def _wait_until_healthy(self) -> None:
        settings = self._plan.settings
        while not self._asked_to_stop.is_set():
            with suppress(Silent):
                if ask_health(settings.host, settings.port)[0]:
                    return
            time.sleep(HEALTH_POLL_S)

    async def _bring_up_to_date(self) -> None:
        """Migrate, and lay the demo school. Skipped when this very code has done both on this database."""
        url, demo = self._plan.database_url, self._plan.settings.demo
        code = await asyncio.to_thread(schema_mark.mark_of_code, demo=demo)
        if await asyncio.to_thread(schema_mark.is_done, url, code):
            return
        await self._run("migrate", ours.spark("migrate"))
        if demo:
            # Its answer, the accounts with their passwords, is for the person and not for a log.
            await self._run("demo", ours.spark("demo", "lay"), shows_answer=True)
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
        command = Command(argv=argv, env=ours.child_env(self._plan.env))
        return await run_once(command, name=name, installation=self._installation, shows_answer=shows_answer)

    # --- running ----------------------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Children are kept by their own tasks; here is only the waiting for a wish."""
        while True:
            await self._asked_to_reload.wait()
            self._asked_to_reload.clear()
            await self._reload()

    async def _reload(self) -> None:
        """Replace ours by what now lies in the folder: one first, to see that it works, then the others.

        What cannot be replaced goes on.
        """
        say("reloading")
        self._turn += 1
        problem = ""
        try:
            await self._build_page()
            await self._bring_up_to_date()
            old = [child for child in self._children if isinstance(child.part, Ours)]
            first, *others = zip(old, self._own_parts(), strict=True)
            await self._replace(*first)
            await asyncio.gather(*(self._replace(before, part) for before, part in others))
        except (PartFailed, NewerDatabaseRefused, psycopg.OperationalError) as failure:
            problem = str(failure)
        say(f"not reloaded, what ran goes on: {problem}" if problem else "reloaded")
        self._installation.note_reload(self._turn, problem)

    async def _replace(self, before: Child, part: Part) -> None:
        """Raises PartFailed when the successor does not come up; then it is gone and the one before stays."""
        after = self._keep(part, is_needed=False, is_successor=True)
        try:
            await asyncio.wait_for(after.ready.wait(), READY_WAIT_S)
        except TimeoutError:
            await after.stop()
            self._children.remove(after)
            log = self._installation.logs / f"{part.name}.log"
            raise PartFailed(f"{part.name} does not come up anew; {log} ends:\n{tail(log)}") from None
        await before.stop()
        self._children.remove(before)
        after.take_over()

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
        for group in (Ours, (Replica, Valkey, Storage), Postgres):
            leaving = [child for child in self._children if isinstance(child.part, group)]
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
