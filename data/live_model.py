"""Which model is live: promote and roll back through the one mechanism of publications."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from data.definitions import all_definitions, create, definition, save
from data.publications import Act, Live, live, publish, roll_back
from data.trainings import request_lists, trained_model
from kindred.errors import UserError

KIND: Final = "model"
RECOMMENDER: Final = "recommender"  # the key of the one that recommends
NAME: Final = "Recommender"


@dataclass(frozen=True)
class LiveModel:
    """The model that is live.

    Parameters
    ----------
    id : int
        Of the trained model.
    name : str
        Of the kind of model.
    path : str
        Of its arrays, below the models' folder: never written twice, so it is a version.
    number : int
        Of the publication's version.
    repeats : bool
        May what was bought before be recommended?
    """

    id: int
    name: str
    path: str
    number: int
    repeats: bool
    training: int
    as_of: datetime
    live: Live


def live_model(conn: Connection, at: datetime) -> LiveModel | None:
    """Find the model that is live at a time."""
    standing = next((found for found in live(conn, KIND, at) if found.key == RECOMMENDER), None)
    if standing is None:
        return None
    body = standing.body
    return LiveModel(
        id=int(body["model"]),
        name=str(body["name"]),
        path=str(body["path"]),
        number=standing.number,
        repeats=bool(body["repeats"]),
        training=int(body["training"]),
        as_of=datetime.fromisoformat(body["as_of"]),
        live=standing,
    )


def promote(conn: Connection, model_id: int, act: Act) -> int:
    """Let a trained model be live; gives the version's number.

    Raises
    ------
    UserError
        Its arrays were not kept, or it is live already.
    """
    row = trained_model(conn, model_id)
    if row.path is None:
        raise UserError(
            f"Of the model “{row.name}” only the figures were kept.",
            "Promote one whose arrays were kept, or train it again.",
        )
    standing = live_model(conn, act.at)
    if standing is not None and standing.id == model_id:
        raise UserError(f"“{row.name}” is live already.", "Choose another model.")
    body = {
        "model": model_id,
        "name": row.name,
        "path": row.path,
        "training": row.training_id,
        "repeats": row.repeats,
        "as_of": row.as_of.isoformat(),
    }
    if any(found.key == RECOMMENDER for found in all_definitions(conn, KIND)):
        before = definition(conn, KIND, RECOMMENDER)
        seen = before.revision
        saved = save(conn, KIND, RECOMMENDER, revision=seen, actor=act.actor, at=act.at, draft=body)
        revision = saved.revision
    else:
        made = create(conn, KIND, RECOMMENDER, NAME, body, actor=act.actor, at=act.at)
        revision = made.revision
    return publish(
        conn,
        KIND,
        RECOMMENDER,
        act,
        revision=revision,
        sentence=_sentence(row),
        evidence={"metrics": row.metrics, "training": row.training_id},
    )


def promote_and_compute(conn: Connection, model_id: int, act: Act) -> int:
    """Let a model be live, and ask for everybody's lists by it."""
    number = promote(conn, model_id, act)
    request_lists(conn, act.actor, act.at)
    return number


def roll_back_model(conn: Connection, key: str, number: int, act: Act) -> None:
    """Let an earlier version of the live model be live again, and ask for its lists."""
    roll_back(conn, KIND, key, number, act)
    request_lists(conn, act.actor, act.at)


def _sentence(row: Any) -> str:
    quality = row.metrics.get("ndcg") or {}
    told = ""
    if quality.get("value") is not None:
        told = f", NDCG {quality['value']:.3f} ({quality['low']:.3f} to {quality['high']:.3f})"
    what = "also what was bought before" if row.repeats else "only what was not bought before"
    return f"Model “{row.name}” of training {row.training_id}{told}; recommends {what}."
