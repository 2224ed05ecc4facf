"""What is under way in a simulated world."""

from dataclasses import dataclass
from uuid import UUID

from sync.testing.sim_entry import Request
from sync.testing.sim_phone import SimPhone
from sync.testing.sim_server import Reply


@dataclass(eq=False)
class Message:
    """A request on its way up, or its answer on its way down."""

    phone: SimPhone
    user_id: UUID
    request: Request
    reply: Reply | None = None
    epoch: int = 0  # Of the server that answered
