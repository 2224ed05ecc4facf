"""What one start will run: settings checked, ports chosen, secrets at hand. Nothing is started here."""

import errno
import http.client
import os
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from server.embedded.installation import ROOT, Installation
from server.embedded.ports import free_ports
from server.embedded.postgres import Postgres
from server.embedded.processes import Command, Part
from server.embedded.s3 import Storage
from server.embedded.valkey import Valkey
from server.settings import Settings

ANSWER_WAIT_S = 3.0
ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, not bound to
STANDS_IN = {  # For checking the other settings before the servers are known.
    "SPARK_DATABASE_URL": "postgresql://unknown",
    "SPARK_REDIS_URL": "redis://unknown",
    "SPARK_S3_URL": "http://unknown",
    "SPARK_SIGNING_KEY": "00" * 32,
}


class CannotStart(RuntimeError):
    """A setting or the machine stands in the way; the message says the remedy."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One start of everything."""

    installation: Installation
    settings: Settings
    postgres: Postgres | None  # None: SPARK_DATABASE_URL names one that others run.
    valkey: Valkey | None
    storage: Storage | None
    env: Mapping[str, str]  # The SPARK_ variables of the children.

    @property
    def database_url(self) -> str:
        return self.env["SPARK_DATABASE_URL"]

    @property
    def stores(self) -> list[Part]:
        """Those that must answer before anything of ours can run."""
        return [part for part in (self.postgres, self.valkey, self.storage) if part is not None]

    @property
    def api(self) -> "Api":
        return Api(host=self.settings.host, port=self.settings.port, env=self._waiting_env)

    @property
    def worker(self) -> "Worker":
        return Worker(env=self._waiting_env, ready_file=self.installation.run / "worker.ready")

    @property
    def start_file(self) -> Path:
        """When it is there, the API and the worker may use the stores."""
        return self.installation.run / "start"

    @property
    def _waiting_env(self) -> dict[str, str]:
        return child_env({**self.env, "SPARK_START_FILE": str(self.start_file)})


def check_settings(env: Mapping[str, str]) -> Settings:
    """Read the person's settings.

    Raises: BadSetting; CannotStart when the demo would be open to the network.
    """
    settings = Settings.from_env(STANDS_IN | _set_values(env) | {"SPARK_DATA": str(Installation.from_env(env).data)})
    if settings.demo and not settings.is_loopback:
        raise CannotStart(
            f"SPARK_HOST is {settings.host}: the demo school is for this machine alone. "
            "Set SPARK_DEMO=0 to serve a school of yours there, or leave SPARK_HOST at 127.0.0.1"
        )
    return settings


def check_port(settings: Settings) -> None:
    """Raises CannotStart when we could not listen there."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except PermissionError:
        raise CannotStart(f"port {settings.port} is for the system: set SPARK_PORT to one above 1023") from None
    except socket.gaierror:
        raise CannotStart(f"SPARK_HOST is {settings.host!r}, which is no address: set it to 127.0.0.1") from None
    except OSError as problem:
        if problem.errno == errno.EADDRNOTAVAIL:
            raise CannotStart(f"SPARK_HOST is {settings.host}, which is no address of this machine") from None
        raise CannotStart(
            f"port {settings.port} on {settings.host} is taken by another program: "
            f"set SPARK_PORT to a free one, for example SPARK_PORT={settings.port + 1}"
        ) from None


def make_plan(env: Mapping[str, str], settings: Settings) -> Plan:
    """Choose ports and secrets for what no URL in the environment replaces."""
    installation = Installation(settings.data)
    given = _set_values(env)
    ports = free_ports(3)
    postgres = valkey = storage = None
    urls: dict[str, str] = {}
    if "SPARK_DATABASE_URL" not in given:
        postgres = Postgres(
            folder=settings.data / "postgres",
            port=ports[0],
            superuser_password=installation.secret("postgres-superuser"),
            password=installation.secret("postgres"),
        )
        urls["SPARK_DATABASE_URL"] = postgres.url()
    if "SPARK_REDIS_URL" not in given:
        valkey = Valkey(folder=settings.data / "valkey", port=ports[1], password=installation.secret("valkey"))
        urls["SPARK_REDIS_URL"] = valkey.url
    if "SPARK_S3_URL" not in given:
        access_key = installation.secret("s3-access")
        secret_key = installation.secret("s3-secret")
        storage = Storage(folder=settings.data / "s3", port=ports[2], access_key=access_key, secret_key=secret_key)
        urls["SPARK_S3_URL"] = storage.url
    own = {
        "SPARK_HOST": settings.host,
        "SPARK_PORT": str(settings.port),
        "SPARK_DATA": str(settings.data),
        "SPARK_DEMO": "1" if settings.demo else "0",
        "SPARK_SIGNING_KEY": given.get("SPARK_SIGNING_KEY") or installation.secret("signing-key"),
    }
    return Plan(
        installation=installation,
        settings=settings,
        postgres=postgres,
        valkey=valkey,
        storage=storage,
        env=given | urls | own,
    )


@dataclass(frozen=True, kw_only=True)
class Api:
    """The API process."""

    host: str
    port: int
    env: Mapping[str, str]
    name: str = "api"

    def prepare(self) -> None:
        """Nothing: what it needs is there before it."""

    def command(self) -> Command:
        return Command(argv=spark("serve"), env=self.env, stop_wait_s=8.0)

    def is_ready(self) -> bool:
        connection = http.client.HTTPConnection(ANY_ADDRESS.get(self.host, self.host), self.port, timeout=ANSWER_WAIT_S)
        try:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


@dataclass(frozen=True, kw_only=True)
class Worker:
    """The worker process. It answers no requests, so it says by a file that it has begun."""

    env: Mapping[str, str]
    ready_file: Path
    name: str = "worker"

    def prepare(self) -> None:
        self.ready_file.unlink(missing_ok=True)

    def command(self) -> Command:
        env = {**self.env, "SPARK_READY_FILE": str(self.ready_file)}
        return Command(argv=spark("work"), env=env, stop_wait_s=8.0)

    def is_ready(self) -> bool:
        return self.ready_file.exists()


def spark(*arguments: str) -> tuple[str, ...]:
    """Return the command line of our own program, by the Python that runs this."""
    return (sys.executable, "-m", "server.cli", *arguments)


def child_env(env: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a process of ours: the person's, with `env` over it."""
    return {**os.environ, **env, "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT)}


def _set_values(env: Mapping[str, str]) -> dict[str, str]:
    """An empty variable is one that is not set."""
    return {key: value for key, value in env.items() if key.startswith("SPARK_") and value}
