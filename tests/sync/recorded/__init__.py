"""Exchanges of released clients, as they were sent, and what must hold of the answers for ever."""
