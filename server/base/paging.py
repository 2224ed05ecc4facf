"""Pages of a list: `page` and `limit`, 20 by default and 100 at the most."""

import msgspec

LIMIT_DEFAULT = 20
LIMIT_MAX = 100
PAGE_MAX = 10_000


class Page(msgspec.Struct, frozen=True):
    """Where a list stands; `total` counts all that the caller may see."""

    page: int
    limit: int
    total: int

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.limit
