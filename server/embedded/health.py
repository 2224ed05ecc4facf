"""Ask the running API how it is, from this machine."""

import http.client

ANSWER_WAIT_S = 3.0
WORDS_BYTES_MAX = 2000
STANDSTILL_REMEDY = "run `spark migrate`; if the column was dropped by hand, bring it back"
ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, not bound to


class Silent(RuntimeError):
    """Nobody answers there; the message says how that looked."""


def ask_health(host: str, port: int) -> tuple[bool, str]:
    """Whether every part answers, and the words of the answer. Raises Silent."""
    connection = http.client.HTTPConnection(ANY_ADDRESS.get(host, host), port, timeout=ANSWER_WAIT_S)
    try:
        connection.request("GET", "/health/ready")
        answer = connection.getresponse()
        return answer.status == http.client.OK, answer.read(WORDS_BYTES_MAX).decode(errors="replace")
    except (OSError, http.client.HTTPException) as problem:
        raise Silent(str(problem)) from problem
    finally:
        connection.close()
