"""The synced tables."""
