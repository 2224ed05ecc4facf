"""The library: reviewed materials for educators and learners, apart from any course."""

from server.base.feature import Feature

feature = Feature(name="library")
