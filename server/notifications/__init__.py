"""Notifications inside the product; other features call `notify`."""

from server.base.feature import Cron, Feature
from server.notifications import collections, erasing
from server.notifications.subscriptions import subscriptions
from server.notifications.telling import delete_old, notify

__all__ = ["feature", "notify"]

feature = Feature(
    name="notifications",
    collections=(collections.notifications,),
    subscriptions=subscriptions,
    crons=(Cron("notifications.delete_old", every_s=6 * 3600, run=delete_old),),
    erasures=erasing.erasures,
)
