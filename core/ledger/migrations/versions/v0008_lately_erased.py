"""Which films were erased lately, so that every process that has one in memory learns of it, whoever erased it."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Empty at first: no process that was running before continues with this version."""
    op.create_table(
        "lately_erased",
        sa.Column("film_key", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    """The version before does not use it."""
    op.drop_table("lately_erased")
