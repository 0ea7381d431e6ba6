"""The queue is ordered by how far apart a hand's bones lie, not by how unsure the model is of their grades."""

from alembic import op

from core.ledger.queue import projection

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Recalculates all gains; nothing that was said changes."""
    op.execute("ALTER TABLE queue_film RENAME COLUMN uncertainty TO apart")
    projection.rebuild(op.get_bind())


def downgrade() -> None:
    """The version before would mistake one for the other."""
    raise NotImplementedError("The queue's order is not changed back.")
