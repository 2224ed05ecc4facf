"""The API on a fresh database, as the tests of the features have it."""

from tests.features.conftest import api

__all__ = ["api"]
