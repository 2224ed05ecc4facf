"""Worlds of phones, from seeds."""
