"""Tables of recommendations: trainings, the models they left, how good each is, runs of lists."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from data.schema import BigId, Json, UtcDateTime, metadata

trainings = Table(
    "trainings",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("run_id", BigInteger, ForeignKey("pipeline_runs.id")),
    Column("at", UtcDateTime, nullable=False),
    Column("as_of", UtcDateTime, nullable=False),
    Column("dataset_version", BigInteger, nullable=False),  # of the events it read
    Column("repeats", Boolean, nullable=False),  # may what was bought before be recommended?
    Column("people", BigInteger, nullable=False),
    Column("items", BigInteger, nullable=False),
    Column("interactions", BigInteger, nullable=False),
    Column("split", Json, nullable=False),  # how people and time were parted
    Column("settings", Json, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("warnings", Json, nullable=False),
    Column("code_version", String(64), nullable=False),
    Column("fingerprint", String(64), nullable=False),  # of inputs, settings and code
    Index(None, "fingerprint"),
)

trained_models = Table(
    "trained_models",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("training_id", BigInteger, ForeignKey("trainings.id"), nullable=False),
    Column("name", String(64), nullable=False),
    Column("params", Json, nullable=False),
    Column("seconds", Float, nullable=False),  # of fitting, once
    Column("scope", Text),  # what it does not cover; null: the whole catalogue
    Column("metrics", Json, nullable=False),  # {"ndcg": {"value", "low", "high"}, …}
    Column("curves", Json, nullable=False),  # {"ndcg": [[k, value], …], …}
    Column("path", String(200)),  # of its arrays, below the models' folder; null: not kept
    Column("tracked", String(64)),  # the run in MLflow's database
    Index(None, "training_id"),
)

model_groups = Table(
    "model_groups",
    metadata,
    Column("model_id", BigInteger, ForeignKey("trained_models.id"), primary_key=True),
    Column("kind", String(16), primary_key=True),  # segment | cluster | activity
    Column("key", String(120), primary_key=True),
    Column("name", String(120), nullable=False),
    Column("people", BigInteger, nullable=False),
    Column("value", Float, nullable=False),  # NDCG
    Column("low", Float, nullable=False),
    Column("high", Float, nullable=False),
)

model_comparisons = Table(
    "model_comparisons",
    metadata,
    Column("training_id", BigInteger, ForeignKey("trainings.id"), primary_key=True),
    Column("one", String(64), primary_key=True),
    Column("other", String(64), primary_key=True),
    Column("metric", String(32), primary_key=True),
    Column("difference", Float, nullable=False),  # one − other, of the same people
    Column("low", Float, nullable=False),
    Column("high", Float, nullable=False),
    Column("people", BigInteger, nullable=False),
)

recommendation_runs = Table(
    "recommendation_runs",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("run_id", BigInteger, ForeignKey("pipeline_runs.id")),
    Column("at", UtcDateTime, nullable=False),
    Column("as_of", UtcDateTime, nullable=False),
    Column("model_id", BigInteger, ForeignKey("trained_models.id"), nullable=False),
    Column("people", BigInteger, nullable=False),
    Column("k", Integer, nullable=False),
    Column("rewritten", BigInteger, nullable=False),  # lists that differ from those before
    Column("fingerprint", String(64), nullable=False),
)
