"""Loopback ports."""

import secrets
import socket
from contextlib import ExitStack, suppress
from pathlib import Path

LOOPBACK = "127.0.0.1"
FIRST = 12_000  # Above 10080, which browsers refuse to open.
EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
ENOUGH = 2_000  # So many to choose from that two who choose at once hardly ever choose the same.
TRIES_A_PORT = 50


def free_ports(count: int) -> list[int]:
    """Return `count` different free loopback ports that the kernel gives to nobody who does not ask for them by number.

    So a server that died finds its port free when it is started again, whatever connections were made meanwhile.
    Another program may take one before we use it; whoever starts a server on it finds out and says so.
    """
    with ExitStack() as stack:
        sockets: list[socket.socket] = []
        choice = _lasting_ports()
        for _ in range(TRIES_A_PORT * count if len(choice) >= ENOUGH else 0):
            if len(sockets) == count:
                break
            one = socket.socket()
            with suppress(OSError):
                one.bind((LOOPBACK, secrets.choice(choice)))
                sockets.append(stack.enter_context(one))
                continue
            one.close()
        while len(sockets) < count:  # Then one of those that it gives to anybody.
            one = stack.enter_context(socket.socket())
            one.bind((LOOPBACK, 0))
            sockets.append(one)
        return [int(one.getsockname()[1]) for one in sockets]


def _lasting_ports() -> range:
    """Below those that the kernel takes for connections, where it says which these are (Linux)."""
    try:
        lowest = int(EPHEMERAL.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return range(0)
    return range(FIRST, lowest)


def is_open(port: int, *, host: str = LOOPBACK, timeout_s: float = 0.5) -> bool:
    """Tell whether somebody accepts connections there."""
    try:
        with socket.create_connection((host, port), timeout=timeout_s):
            return True
    except OSError:
        return False
