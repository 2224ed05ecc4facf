"""Packages: web content from elsewhere (SCORM), shown in a frame that can reach nothing of ours."""

from server.base.feature import Feature
from server.packages import collections, erasing, frame

feature = Feature(
    name="packages",
    collections=(collections.states, collections.results),
    routes=(frame.get_frame,),
    subscriptions=collections.subscriptions,
    erasures=erasing.erasures,
)
