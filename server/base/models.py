"""The base of every table: plural nouns with their feature before them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, FetchedValue, MetaData, Uuid, func
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Instant = TIMESTAMP(timezone=True, precision=3)


class Model(DeclarativeBase):
    """`id`, `version` and `deleted_at` are every synced table's.

    The database alone raises `version` (a BEFORE trigger, when a projected column changes); no feature writes it.
    """

    __abstract__ = True
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own declaration
        datetime: Instant,
        UUID: Uuid(as_uuid=True),
        dict[str, Any]: JSON(),
        list[Any]: JSON(),
    }

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger, server_default="1", server_onupdate=FetchedValue())
    deleted_at: Mapped[datetime | None]


class Stamped:
    """When a row was made; set by the database."""

    created_at: Mapped[datetime] = mapped_column(Instant, server_default=func.clock_timestamp())
    updated_at: Mapped[datetime] = mapped_column(
        Instant, server_default=func.clock_timestamp(), onupdate=func.clock_timestamp()
    )
