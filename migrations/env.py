"""Runs migrations on the connection that `server/migrate.py` hands over; never by itself."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table="base_schema_version",
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
