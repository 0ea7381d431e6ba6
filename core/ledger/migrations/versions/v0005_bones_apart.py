"""The queue goes by how far a hand's bones lie apart, not by how unsure the model is of their grades."""

from alembic import op

from core.ledger.queue import projection

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """All gains are made anew; nothing that was said changes."""
    op.execute("ALTER TABLE queue_film RENAME COLUMN uncertainty TO apart")
    projection.rebuild(op.get_bind())


def downgrade() -> None:
    """The version before would take the one for the other."""
    raise NotImplementedError("The queue's order is not changed back.")
