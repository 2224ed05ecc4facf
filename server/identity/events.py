"""What the features above hear of people. Subscribers run in the same transaction."""

from uuid import UUID

from server.base.events import Event


class PersonRenamed(Event, frozen=True):
    user_id: UUID
    public_name: str  # What strangers see from now on.
