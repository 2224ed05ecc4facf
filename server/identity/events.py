"""What the features above hear of people. Subscribers run in the same transaction."""

from uuid import UUID

from server.base.events import Event


class NewDevice(Event, frozen=True):
    """Somebody who had signed in before did so on a device that we had not seen with them."""

    user_id: UUID
    session_id: UUID
    device_name: str


class SessionReused(Event, frozen=True):
    """A refresh token came a second time, so it may have been copied; the session was ended."""

    user_id: UUID
    session_id: UUID


class PersonRenamed(Event, frozen=True):
    user_id: UUID
    public_name: str  # What strangers see from now on.
