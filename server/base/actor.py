"""Who acts: a person with the rights of now, or the system itself."""

from dataclasses import dataclass
from uuid import UUID

ROLES = ("student", "educator", "mentor", "staff", "admin", "super_admin")

SYSTEM_ID = UUID(int=0)


@dataclass(frozen=True)
class Actor:
    """Loaded from the database for each request, op and job: never from a token."""

    id: UUID
    roles: frozenset[str] = frozenset()
    session_id: UUID | None = None
    locale: str = "en"
    is_email_verified: bool = False

    @property
    def is_system(self) -> bool:
        return self.id == SYSTEM_ID

    @property
    def is_admin(self) -> bool:
        return self.is_system or bool(self.roles & {"admin", "super_admin"})

    @property
    def is_staff(self) -> bool:
        return self.is_admin or "staff" in self.roles

    def has(self, role: str) -> bool:
        return role in self.roles


SYSTEM = Actor(id=SYSTEM_ID, roles=frozenset({"super_admin"}))
