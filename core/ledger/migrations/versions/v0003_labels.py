"""Names of files that may be kept, TW3 stages, and what films look like, with the pairs that look the same."""

import sqlalchemy as sa
from alembic import op

from core.ledger.migrations.versions.v0001_ledger import append_only

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Films that came in before have neither a name nor a look."""
    op.create_table(
        "file_name",
        sa.Column("film_id", _ID, sa.ForeignKey("film.id"), primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("agreed_at", _MOMENT, nullable=False),
        sa.Column("agreed_by", sa.Text, nullable=False),
    )
    op.create_table(
        "stage",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("film_id", _ID, sa.ForeignKey("film.id"), nullable=False),
        sa.Column("bone", sa.Text, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("box_xmin", sa.Double),
        sa.Column("box_ymin", sa.Double),
        sa.Column("box_xmax", sa.Double),
        sa.Column("box_ymax", sa.Double),
        sa.Column("reader", sa.Text, nullable=False),
        sa.Column("said_at", _MOMENT, nullable=False),
    )
    op.create_index("stage_by_film", "stage", ["film_id"])
    op.create_table(
        "look",
        sa.Column("film_id", _ID, sa.ForeignKey("film.id"), primary_key=True, autoincrement=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "near_copy",
        sa.Column("film_id", _ID, sa.ForeignKey("film.id"), primary_key=True, autoincrement=False),
        sa.Column("other_id", _ID, sa.ForeignKey("film.id"), primary_key=True, autoincrement=False),
        sa.Column("found_at", _MOMENT, nullable=False),
    )
    for table in ("file_name", "stage", "look", "near_copy"):
        append_only(table)


def downgrade() -> None:
    """What was said is not removed."""
    raise NotImplementedError("Stages, names and looks that were kept are not taken away again.")
