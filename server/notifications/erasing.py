"""What a person was told goes with the person."""

from sync.erasing import Forget

erasures = (Forget("notifications_notifications", "user_id"),)
