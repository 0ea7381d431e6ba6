"""Alembic's entry: migrates over the connection that core.ledger.store.database hands in, inside its transaction."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
