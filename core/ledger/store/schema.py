"""The ledger's tables. What people, models and films say is only ever added; queue and draft tables may change.

A change here needs a migration in core/ledger/migrations; a test compares the two.
"""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

metadata = sa.MetaData()

#: SQLite numbers rows by itself only in a column of the type INTEGER, which has 64 bits there.
Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


class Moment(sa.TypeDecorator[datetime]):
    """A moment in UTC, on databases that keep time zones and on those that do not."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


#: Facts about the store itself, such as which patient secret its pseudonyms were made with.
store = sa.Table(
    "store",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

film = sa.Table(
    "film",
    metadata,
    sa.Column("id", Id, primary_key=True),
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
    sa.Column("added_at", Moment, nullable=False),
    sa.Column("added_by", sa.Text, nullable=False),
)

#: A row says that consent was given, by whom, when and to what, and which file holds the pixels. A withdrawal removes it.
picture = sa.Table(
    "picture",
    metadata,
    sa.Column("film_id", Id, sa.ForeignKey("film.id"), primary_key=True, autoincrement=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("consented_at", Moment, nullable=False),
    sa.Column("consented_by", sa.Text, nullable=False),
    sa.Column("terms", sa.Text, nullable=False),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("ends_at", Moment),
)

#: weights_key: SHA-256 of `weights` as JSON with sorted keys.
prediction = sa.Table(
    "prediction",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("film_id", Id, sa.ForeignKey("film.id"), nullable=False),
    sa.Column("weights_key", sa.Text, nullable=False),
    sa.Column("weights", sa.JSON, nullable=False),
    sa.Column("localization", sa.JSON(none_as_null=True)),
    sa.Column("probabilities", sa.JSON, nullable=False),
    sa.Column("bone_age_months", sa.Double),
    sa.Column("low_months", sa.Double),
    sa.Column("high_months", sa.Double),
    sa.Column("refusal", sa.Text),
    sa.Column("made_at", Moment, nullable=False),
    sa.Column("second_months", sa.Double),
    sa.Column("second_weight", sa.Double),
    sa.UniqueConstraint("film_id", "weights_key", name="one_prediction_of_each_weights"),
)

event = sa.Table(
    "event",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("film_id", Id, sa.ForeignKey("film.id"), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("base_revision", sa.Integer, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("reader", sa.Text, nullable=False),
    sa.Column("made_at", Moment, nullable=False),
    sa.Column("seconds", sa.Double, nullable=False),
    sa.Column("prediction_id", Id, sa.ForeignKey("prediction.id")),
    sa.Column("target", Id, sa.ForeignKey("event.id")),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("token", sa.Text, nullable=False, unique=True),
    sa.Index("event_by_film", "film_id", "id"),
)

#: Two saves on one revision cannot both be kept, whatever process they come from. Events of the queue take no revision.
_OF_THE_READING = sa.text("kind IN ('correction', 'undo', 'restore', 'gold', 'ungold')")
sa.Index(
    "one_event_a_revision",
    event.c.film_id,
    event.c.revision,
    unique=True,
    sqlite_where=_OF_THE_READING,
    postgresql_where=_OF_THE_READING,
)

#: The box's columns have a prefix because PostgreSQL keeps xmin and xmax for itself.
correction = sa.Table(
    "correction",
    metadata,
    sa.Column("event_id", Id, sa.ForeignKey("event.id"), primary_key=True, autoincrement=False),
    sa.Column("bone", sa.Text, primary_key=True),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("grade", sa.Integer),
    sa.Column("box_xmin", sa.Double, key="xmin"),
    sa.Column("box_ymin", sa.Double, key="ymin"),
    sa.Column("box_xmax", sa.Double, key="xmax"),
    sa.Column("box_ymax", sa.Double, key="ymax"),
    sa.Column("accepted", sa.Boolean, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("seconds", sa.Double, nullable=False),
    sqlite_with_rowid=False,
)

#: The name of a film's file, where whoever added it agreed to its being kept.
file_name = sa.Table(
    "file_name",
    metadata,
    sa.Column("film_id", Id, sa.ForeignKey("film.id"), primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("agreed_at", Moment, nullable=False),
    sa.Column("agreed_by", sa.Text, nullable=False),
)

#: TW3 stages that correspond to several grades: core.ledger.rows.stages.
stage = sa.Table(
    "stage",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("film_id", Id, sa.ForeignKey("film.id"), nullable=False),
    sa.Column("bone", sa.Text, nullable=False),
    sa.Column("stage", sa.Text, nullable=False),
    sa.Column("box_xmin", sa.Double, key="xmin"),
    sa.Column("box_ymin", sa.Double, key="ymin"),
    sa.Column("box_xmax", sa.Double, key="xmax"),
    sa.Column("box_ymax", sa.Double, key="ymax"),
    sa.Column("reader", sa.Text, nullable=False),
    sa.Column("said_at", Moment, nullable=False),
    sa.Index("stage_by_film", "film_id"),
)

#: core.film.likeness.Look; films that came in before looks were kept get theirs when they are looked through.
look = sa.Table(
    "look",
    metadata,
    sa.Column("film_id", Id, sa.ForeignKey("film.id"), primary_key=True, autoincrement=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)

#: Two films that look the same; the one that came in earlier is `other_id`.
near_copy = sa.Table(
    "near_copy",
    metadata,
    sa.Column("film_id", Id, sa.ForeignKey("film.id"), primary_key=True, autoincrement=False),
    sa.Column("other_id", Id, sa.ForeignKey("film.id"), primary_key=True, autoincrement=False),
    sa.Column("found_at", Moment, nullable=False),
)

#: Files that are to be removed, until they are: see core.keeping.erasures.
erasure = sa.Table(
    "erasure",
    metadata,
    sa.Column("film_sha256", sa.Text, primary_key=True),
    sa.Column("picture", sa.Text),
    sa.Column("labels_too", sa.Boolean, nullable=False),
    sa.Column("asked_at", Moment, nullable=False),
    sa.Column("here_done", sa.Boolean, nullable=False),
)

#: Films that were erased, for a day: see core.keeping.lately_erased. number: the erasure's, counted over all.
lately_erased = sa.Table(
    "lately_erased",
    metadata,
    sa.Column("film_key", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("erased_at", Moment, nullable=False),
)

draft = sa.Table(
    "draft",
    metadata,
    sa.Column("film_id", Id, sa.ForeignKey("film.id"), primary_key=True, autoincrement=False),
    sa.Column("reader", sa.Text, primary_key=True),
    sa.Column("draft", sa.JSON, nullable=False),
    sa.Column("kept_at", Moment, nullable=False),
)

#: What the queue needs to know of a film, derived from the tables above. assessed: "assessing", "ready", "refused", or
#: "erased" where its picture was, so that nothing new can be said of it. apart, disagreement: by bone in RUS_BONES
#: order, empty before there is a prediction. shuffle: where the film stands in the random order, 0..1.
queue_film = sa.Table(
    "queue_film",
    metadata,
    sa.Column("film_id", Id, sa.ForeignKey("film.id"), primary_key=True, autoincrement=False),
    sa.Column("assessed", sa.Text, nullable=False),
    sa.Column("gold", sa.Boolean, nullable=False),
    sa.Column("gain", sa.Double, nullable=False),
    sa.Column("shuffle", sa.Double, nullable=False),
    sa.Column("assigned_to", sa.Text, nullable=False),
    sa.Column("sex", sa.Text, nullable=False),
    sa.Column("bone_age_months", sa.Double),
    sa.Column("readers", sa.Integer, nullable=False),
    sa.Column("flagged", sa.Boolean, nullable=False),
    sa.Column("apart", sa.JSON, nullable=False),
    sa.Column("disagreement", sa.JSON, nullable=False),
)
# The filters' columns stand at the end of each index, so that a walk along it need not read the table.
_FILTERED = (queue_film.c.assigned_to, queue_film.c.sex, queue_film.c.bone_age_months)
_WAITING = (queue_film.c.assessed, queue_film.c.gold)
sa.Index("queue_by_gain", *_WAITING, queue_film.c.gain.desc(), queue_film.c.film_id, *_FILTERED)
sa.Index("queue_by_shuffle", *_WAITING, queue_film.c.shuffle, queue_film.c.film_id, *_FILTERED)
sa.Index("queue_by_age", *_WAITING, queue_film.c.film_id, *_FILTERED, queue_film.c.readers, queue_film.c.flagged)

#: A reader and a film that this reader has read, has skipped, or whose gold reading this reader has set; no row otherwise.
queue_reader = sa.Table(
    "queue_reader",
    metadata,
    sa.Column("reader", sa.Text, primary_key=True),
    sa.Column("film_id", Id, sa.ForeignKey("film.id"), primary_key=True, autoincrement=False),
    sa.Column("read", sa.Boolean, nullable=False),
    sa.Column("skipped", sa.Boolean, nullable=False),
    sa.Column("knows_gold", sa.Boolean, nullable=False),
    sa.Index("queue_reader_by_film", "film_id"),
    sqlite_with_rowid=False,
)

#: One row: what readers found hard so far, the weights that gains are made with, and the film up to which all gains
#: were made with these; NULL when all were.
queue_hardness = sa.Table(
    "queue_hardness",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("sums", sa.JSON, nullable=False),
    sa.Column("weights", sa.JSON, nullable=False),
    sa.Column("weighed_up_to", Id),
)
