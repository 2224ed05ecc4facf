"""The only clock: UTC, whole milliseconds."""

from datetime import UTC, datetime


def now() -> datetime:
    instant = datetime.now(UTC)
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def to_wire(instant: datetime) -> str:
    """`YYYY-MM-DDTHH:MM:SS.mmmZ`, always 24 characters, so that equal instants are equal text."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant.microsecond // 1000:03d}Z"
