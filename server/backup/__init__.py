"""Backup of a running system, restore of a stopped one, and the witness that notices what was lost.

taking.py    pg_basebackup and the objects ─► a dated folder, whole or not there
bringing.py  that folder ─► the database made ready on the side ─► in its place, with a report of what is lost
witness.py   outside the database: how far the log had come
ledger.py    outside the database: who was erased
"""
