"""What an error of the database means to the engine: an outage, a refusal, or neither (a bug)."""

import psycopg
from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from sync.errors import Outage, Refusal
from sync.refusals import FieldInvalid, RecordConflict, ReferenceMissing

# Classes of SQLSTATE that pass by themselves. Source: PostgreSQL manual, appendix A.
_OUTAGES = frozenset({"08", "40", "53", "55", "57", "58"})
_READ_ONLY = "25006"  # A standby that was a primary a moment ago.
_CONNECTION_LOST = "8s2b"  # SQLAlchemy's code for a session whose connection broke under it.


def meaning_of(error: Exception) -> Outage | Refusal | None:
    """None: it is no error of the database, or one that only a wrong program can make."""
    if isinstance(error, (Outage, Refusal)):
        return error
    if isinstance(error, PoolTimeout) or (isinstance(error, PendingRollbackError) and error.code == _CONNECTION_LOST):
        return Outage(str(error))
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, psycopg.Error):
        return _meaning_of_state(cause)
    if isinstance(cause, (OSError, TimeoutError)):
        return Outage(str(cause))
    return None


def _meaning_of_state(error: psycopg.Error) -> Outage | Refusal | None:
    state = error.sqlstate
    if state is None:
        return Outage(str(error)) if isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError)) else None
    if state[:2] in _OUTAGES or state == _READ_ONLY:
        return Outage(str(error))
    return _refusal_for(error, state)


def _refusal_for(error: psycopg.Error, state: str) -> Refusal | None:
    """A rule of the database that the op's own values broke."""
    column = error.diag.column_name
    fields = {column: (error.diag.message_primary or "wrong")[:200]} if column else {}
    match state:
        case psycopg.errors.ForeignKeyViolation.sqlstate:
            return ReferenceMissing(
                f"Something this refers to does not exist ({error.diag.constraint_name}).", fields=fields
            )
        case psycopg.errors.UniqueViolation.sqlstate:
            return RecordConflict(f"Another record stands in the way ({error.diag.constraint_name}).", fields=fields)
        case psycopg.errors.NotNullViolation.sqlstate:
            return FieldInvalid(f"`{column}` is missing.", fields={str(column): "missing"})
    if state[:2] in {"22", "23"}:
        return FieldInvalid(f"A value does not fit: {error.diag.message_primary}.", fields=fields)
    return None
