"""What one start will run: settings checked, ports chosen, secrets at hand. Nothing is started here."""

import errno
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server.embedded import ours
from server.embedded.installation import Installation
from server.embedded.ports import free_ports
from server.embedded.postgres import Postgres
from server.embedded.processes import Part
from server.embedded.replica import Replica
from server.embedded.s3 import Storage
from server.embedded.valkey import Valkey
from server.settings import Settings

BACKLOG = 2048  # connections that wait for a process to take them
UNSENT_MS_MAX = 60_000  # A client that takes not one byte for so long is gone: the kernel closes the connection.
CONNECTIONS = {"reserve": 30, "api": 30, "worker": 18}  # what PostgreSQL must bear: pools at their fullest
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
    replica: Replica | None  # A standby of our own database, beside it; nothing waits for it.
    env: Mapping[str, str]  # The SPARK_ variables of the children.

    @property
    def database_url(self) -> str:
        return self.env["SPARK_DATABASE_URL"]

    @property
    def stores(self) -> list[Part]:
        """Those that must answer before anything of ours can run."""
        return [part for part in (self.postgres, self.valkey, self.storage) if part is not None]

    def apis(self, turn: int, *, listener: int) -> list[Part]:
        """The API processes on an open socket. `turn`: how often they were replaced."""
        count, run = self.settings.api_processes, self.installation.run
        return [ours.api(n, turn, env=self._waiting_env, run=run, listener=listener) for n in range(1, count + 1)]

    def workers(self, turn: int) -> list[Part]:
        count, run = self.settings.workers, self.installation.run
        return [ours.worker(n, turn, env=self._waiting_env, run=run) for n in range(1, count + 1)]

    @property
    def start_file(self) -> Path:
        """When it is there, the API and the worker may use the stores."""
        return self.installation.run / "start"

    @property
    def _waiting_env(self) -> dict[str, str]:
        return ours.child_env({**self.env, "SPARK_START_FILE": str(self.start_file)})


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


def listen(settings: Settings) -> socket.socket:
    """Open the one socket that all API processes take their connections from. Raises CannotStart."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
        return _listener(family, kind, address)
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


def _listener(family: socket.AddressFamily, kind: socket.SocketKind, address: Any) -> socket.socket:
    listener = socket.socket(family, kind)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; inherited by every connection that is taken.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNSENT_MS_MAX)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def make_plan(env: Mapping[str, str], settings: Settings) -> Plan:
    """Choose ports and secrets for what no URL in the environment replaces."""
    installation = Installation(settings.data)
    given = _set_values(env)
    ports = free_ports(4)
    postgres = valkey = storage = replica = None
    urls: dict[str, str] = {}
    if "SPARK_DATABASE_URL" not in given:
        postgres = Postgres(
            folder=settings.data / "postgres",
            port=ports[0],
            superuser_password=installation.secret("postgres-superuser"),
            password=installation.secret("postgres"),
            connections=_connections(settings),
        )
        urls["SPARK_DATABASE_URL"] = postgres.url()
        if settings.replica and "SPARK_REPLICA_URL" not in given:
            replica = Replica(primary=postgres, folder=settings.data / "replica", port=ports[3])
            urls["SPARK_REPLICA_URL"] = replica.url()
    if "SPARK_REDIS_URL" not in given:
        valkey = Valkey(folder=settings.data / "valkey", port=ports[1], password=installation.secret("valkey"))
        urls["SPARK_REDIS_URL"] = valkey.url
    if "SPARK_S3_URL" not in given:
        access_key = installation.secret("s3-access")
        secret_key = installation.secret("s3-secret")
        storage = Storage(folder=settings.data / "s3", port=ports[2], access_key=access_key, secret_key=secret_key)
        urls["SPARK_S3_URL"] = storage.url
        urls["SPARK_S3_FOLDER"] = str(storage.bucket_folder)
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
        replica=replica,
        env=given | urls | own,
    )


def _connections(settings: Settings) -> int:
    each = CONNECTIONS["api"] * settings.api_processes + CONNECTIONS["worker"] * settings.workers
    return CONNECTIONS["reserve"] + 2 * each  # Twice: while they are replaced, old and new live side by side.


def _set_values(env: Mapping[str, str]) -> dict[str, str]:
    """An empty variable is one that is not set."""
    return {key: value for key, value in env.items() if key.startswith("SPARK_") and value}
