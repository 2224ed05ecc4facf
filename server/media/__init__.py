"""Media: images made fit for phones, kept by their content, served to those who may open what shows them."""

from server.base.feature import Feature
from server.media import collections, erasing

feature = Feature(
    name="media",
    collections=(collections.files,),
    erasures=erasing.erasures,
    erase=erasing.forget_files,
)
