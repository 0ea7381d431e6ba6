"""Consents with their terms, scope, reference and end; erasures, and the one way in which rows may be changed or removed."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_APPEND_ONLY = ("film", "picture", "prediction", "event", "correction", "file_name", "stage", "look", "near_copy")
_REFUSAL = "The ledger is never changed, only added to."
#: The row exists only inside the transaction that erases, so nobody else ever sees it.
_ERASING = "EXISTS (SELECT 1 FROM store WHERE name = 'erasing')"


def upgrade() -> None:
    """Earlier consents were to keeping the pictures, reading them and training the model."""
    op.add_column("picture", sa.Column("terms", sa.Text, nullable=False, server_default="before 2026-11"))
    op.add_column("picture", sa.Column("scope", sa.Text, nullable=False, server_default="train"))
    op.add_column("picture", sa.Column("reference", sa.Text, nullable=False, server_default=""))
    op.add_column("picture", sa.Column("ends_at", sa.DateTime(timezone=True)))
    op.create_table(
        "erasure",
        sa.Column("film_sha256", sa.Text, primary_key=True),
        sa.Column("picture", sa.Text),
        sa.Column("labels_too", sa.Boolean, nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("here_done", sa.Boolean, nullable=False),
    )
    if op.get_bind().dialect.name == "sqlite":
        for table in _APPEND_ONLY:
            for action in ("UPDATE", "DELETE"):
                name = f"{table}_refuses_{action.lower()}"
                op.execute(f"DROP TRIGGER {name}")
                op.execute(
                    f"CREATE TRIGGER {name} BEFORE {action} ON {table} WHEN NOT {_ERASING}"
                    f" BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
                )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql"
        f" AS $$ BEGIN IF TG_OP = 'TRUNCATE' OR NOT {_ERASING} THEN RAISE EXCEPTION '{_REFUSAL}'; END IF;"
        " RETURN NULL; END $$"
    )


def downgrade() -> None:
    """What was erased does not come back."""
    raise NotImplementedError("Consents and erasures are not taken away again.")
