"""A film whose picture was erased is not offered for reading: nothing new can be said of it."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Films erased before this version leave the queue."""
    op.execute(
        "UPDATE queue_film SET assessed = 'erased' WHERE film_id NOT IN (SELECT film_id FROM picture) "
        "AND film_id IN (SELECT film_id FROM event WHERE kind = 'withdraw')"
    )


def downgrade() -> None:
    """The version before does not know the state "erased"."""
    raise NotImplementedError("Films without a picture are not put into the queue again.")
