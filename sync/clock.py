"""The devices' clocks: claims about when, put in an order that nobody can use to win for ever.

An `at` is (wall milliseconds, counter). A claim more than five minutes ahead of the server becomes now; what one device
says never goes back, so that the order in which a person worked is kept even when the phone's clock jumps.
"""

At = tuple[int, int]

ZERO: At = (0, 0)
AHEAD_MAX_MS = 300_000


def clamp(claimed: At | None, *, now_ms: int, last: At) -> At:
    """The `at` that counts: the claim, at most five minutes ahead, and later than the device's `last`."""
    at = (now_ms, 0) if claimed is None else claimed
    if at[0] > now_ms + AHEAD_MAX_MS:
        at = (now_ms, 0)
    return at if at > last else after(last)


def after(at: At) -> At:
    """The very next instant."""
    return (at[0], at[1] + 1)
