"""The one adapter: declarations become triggers and functions; the log, the page and the ops live in PostgreSQL."""
