"""The whole-hand network's opinion and its weight in the bone age, in addition to the 13 bones' grades."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Earlier predictions have none."""
    op.add_column("prediction", sa.Column("second_months", sa.Double))
    op.add_column("prediction", sa.Column("second_weight", sa.Double))


def downgrade() -> None:
    """What was said is not removed."""
    raise NotImplementedError("A second opinion that was kept is not taken away again.")
