"""The ledger's first tables, and the triggers that protect what was said."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_MOMENT = sa.DateTime(timezone=True)
_APPEND_ONLY = ("film", "picture", "prediction", "event", "correction")
_REFUSAL = "The ledger is never changed, only added to."


def upgrade() -> None:
    """Creates everything."""
    _films()
    _events()
    _queue()
    for table in _APPEND_ONLY:
        append_only(table)


def downgrade() -> None:
    """There is no earlier version."""
    raise NotImplementedError("The ledger's first tables are not taken away again.")


def _films() -> None:
    op.create_table(
        "store",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "film",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("sha256", sa.Text, nullable=False, unique=True),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("sex", sa.Text, nullable=False),
        sa.Column("patient_key", sa.Text, nullable=False),
        sa.Column("age_months", sa.Double),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("laterality", sa.Text),
        sa.Column("row_spacing_mm", sa.Double),
        sa.Column("column_spacing_mm", sa.Double),
        sa.Column("added_at", _MOMENT, nullable=False),
        sa.Column("added_by", sa.Text, nullable=False),
    )
    op.create_table(
        "picture",
        sa.Column("film_id", _ID, sa.ForeignKey("film.id"), primary_key=True, autoincrement=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("consented_at", _MOMENT, nullable=False),
        sa.Column("consented_by", sa.Text, nullable=False),
    )
    op.create_table(
        "prediction",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("film_id", _ID, sa.ForeignKey("film.id"), nullable=False),
        sa.Column("weights_key", sa.Text, nullable=False),
        sa.Column("weights", sa.JSON, nullable=False),
        sa.Column("localization", sa.JSON),
        sa.Column("probabilities", sa.JSON, nullable=False),
        sa.Column("bone_age_months", sa.Double),
        sa.Column("low_months", sa.Double),
        sa.Column("high_months", sa.Double),
        sa.Column("refusal", sa.Text),
        sa.Column("made_at", _MOMENT, nullable=False),
        sa.UniqueConstraint("film_id", "weights_key", name="one_prediction_of_each_weights"),
    )


def _events() -> None:
    op.create_table(
        "event",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("film_id", _ID, sa.ForeignKey("film.id"), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("base_revision", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("reader", sa.Text, nullable=False),
        sa.Column("made_at", _MOMENT, nullable=False),
        sa.Column("seconds", sa.Double, nullable=False),
        sa.Column("prediction_id", _ID, sa.ForeignKey("prediction.id")),
        sa.Column("target", _ID, sa.ForeignKey("event.id")),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("token", sa.Text, nullable=False, unique=True),
    )
    op.create_index("event_by_film", "event", ["film_id", "id"])
    of_the_reading = sa.text("kind IN ('correction', 'undo', 'restore', 'gold', 'ungold')")
    op.create_index(
        "one_event_a_revision",
        "event",
        ["film_id", "revision"],
        unique=True,
        sqlite_where=of_the_reading,
        postgresql_where=of_the_reading,
    )
    op.create_table(
        "correction",
        sa.Column("event_id", _ID, sa.ForeignKey("event.id"), primary_key=True, autoincrement=False),
        sa.Column("bone", sa.Text, primary_key=True),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("grade", sa.Integer),
        sa.Column("box_xmin", sa.Double),
        sa.Column("box_ymin", sa.Double),
        sa.Column("box_xmax", sa.Double),
        sa.Column("box_ymax", sa.Double),
        sa.Column("accepted", sa.Boolean, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("seconds", sa.Double, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "draft",
        sa.Column("film_id", _ID, sa.ForeignKey("film.id"), primary_key=True, autoincrement=False),
        sa.Column("reader", sa.Text, primary_key=True),
        sa.Column("draft", sa.JSON, nullable=False),
        sa.Column("kept_at", _MOMENT, nullable=False),
    )


def _queue() -> None:
    op.create_table(
        "queue_film",
        sa.Column("film_id", _ID, sa.ForeignKey("film.id"), primary_key=True, autoincrement=False),
        sa.Column("assessed", sa.Text, nullable=False),
        sa.Column("gold", sa.Boolean, nullable=False),
        sa.Column("gain", sa.Double, nullable=False),
        sa.Column("shuffle", sa.Double, nullable=False),
        sa.Column("assigned_to", sa.Text, nullable=False),
        sa.Column("sex", sa.Text, nullable=False),
        sa.Column("bone_age_months", sa.Double),
        sa.Column("readers", sa.Integer, nullable=False),
        sa.Column("flagged", sa.Boolean, nullable=False),
        sa.Column("uncertainty", sa.JSON, nullable=False),
        sa.Column("disagreement", sa.JSON, nullable=False),
    )
    filtered = ["assigned_to", "sex", "bone_age_months"]
    op.create_index("queue_by_gain", "queue_film", ["assessed", "gold", sa.text("gain DESC"), "film_id", *filtered])
    op.create_index("queue_by_shuffle", "queue_film", ["assessed", "gold", "shuffle", "film_id", *filtered])
    op.create_index("queue_by_age", "queue_film", ["assessed", "gold", "film_id", *filtered, "readers", "flagged"])
    op.create_table(
        "queue_reader",
        sa.Column("reader", sa.Text, primary_key=True),
        sa.Column("film_id", _ID, sa.ForeignKey("film.id"), primary_key=True, autoincrement=False),
        sa.Column("read", sa.Boolean, nullable=False),
        sa.Column("skipped", sa.Boolean, nullable=False),
        sa.Column("knows_gold", sa.Boolean, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("queue_reader_by_film", "queue_reader", ["film_id"])
    op.create_table(
        "queue_hardness",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("sums", sa.JSON, nullable=False),
        sa.Column("weights", sa.JSON, nullable=False),
        sa.Column("weighed_up_to", _ID),
    )


def append_only(table: str) -> None:
    """Makes the database itself refuse to change or remove a row."""
    if op.get_bind().dialect.name == "sqlite":
        for action in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_refuses_{action.lower()} BEFORE {action} ON {table}"
                f" BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
            )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql"
        f" AS $$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
