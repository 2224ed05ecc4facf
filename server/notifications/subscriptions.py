"""What people are told of their own account. Nobody can switch these off."""

from server.base.events import Subscription
from server.base.tx import Tx
from server.identity.events import NewDevice, SessionReused
from server.notifications.telling import notify


async def tell_of_new_device(tx: Tx, event: NewDevice) -> None:
    """Once a sign-in."""
    await notify(
        tx,
        event.user_id,
        kind="security.new_device",
        title="Signed in on another device",
        message="If this was not you, sign out everywhere and set a new password.",
        key=event.session_id,
        priority="high",
        data={"device": event.device_name},
    )


async def tell_of_reuse(tx: Tx, event: SessionReused) -> None:
    """Once a session."""
    await notify(
        tx,
        event.user_id,
        kind="security.session_ended",
        title="A sign-in was ended for your safety",
        message="Its token was used twice, so it may have been copied. Sign in again.",
        key=event.session_id,
        priority="high",
    )


subscriptions = (Subscription(NewDevice, tell_of_new_device), Subscription(SessionReused, tell_of_reuse))
