"""What guards and mutators of the sample school are given, on every store."""

from typing import Any, Protocol
from uuid import UUID


class SampleTx(Protocol):
    @property
    def actor(self) -> Any: ...  # Has `id`

    async def get(self, table: str, id_: UUID) -> dict[str, Any] | None: ...

    async def put(self, table: str, row: dict[str, Any]) -> None: ...
