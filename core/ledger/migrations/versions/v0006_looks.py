"""A film's look is kept only with its pixels: it was removed with a withdrawn consent, but stored for films without one."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Which films look the same stays."""
    op.execute("INSERT INTO store (name, value) VALUES ('erasing', 'now')")
    op.execute("DELETE FROM look WHERE film_id NOT IN (SELECT film_id FROM picture)")
    op.execute("DELETE FROM store WHERE name = 'erasing'")


def downgrade() -> None:
    """What is gone does not come back."""
    raise NotImplementedError("Looks are not made again without pixels.")
