"""Are processes gone? Asked by their birth, so that a stranger with a used id does not count."""

import time

from server.embedded.processes import started_at

PAUSE_S = 0.05


def are_gone(births: dict[int, str | None], *, within_s: float) -> bool:
    """Wait until none of the processes lives, at most `within_s`; births are by process id."""
    deadline = time.monotonic() + within_s
    while [pid for pid, birth in births.items() if birth and started_at(pid) == birth]:
        if time.monotonic() > deadline:
            return False
        time.sleep(PAUSE_S)
    return True
