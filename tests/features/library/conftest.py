"""A copy of the school for each test."""

from tests.features.school import database_url, online, school, school_template

__all__ = ["database_url", "online", "school", "school_template"]
