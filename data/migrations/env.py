"""Alembic's entry: migrations run on the connection that the caller hands over."""

from alembic import context

from data.store import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
