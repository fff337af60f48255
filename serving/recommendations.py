"""``/v1/people/{id}/recommendations``: what a person should see, steered, by the live model."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Depends, Query, Response, Security
from sqlalchemy import Connection

from data.api_keys import ApiKey, Scope
from data.clock import as_of
from data.engine import reader
from data.items import catalogue_version, read_items
from data.live_model import live_model
from data.live_newcomers import live_newcomer
from data.live_store import LiveStoreDown
from data.quick_recommendations import quick_answer
from data.recommendation_types import Answer, Newcomer
from data.recommendations import Recommender, Source, open_recommender
from data.steering import EVERYWHERE, live_steering
from kindred.recommend.steering import Steering, read_steering
from serving.auth import requires
from serving.context import Serving, serving
from serving.definitions import Definitions
from serving.errors import ApiError
from serving.people import Person
from serving.v1_docs import RECOMMENDATIONS_DOCS

router = APIRouter(prefix="/v1/people", tags=["people"])
LOOK_SECONDS: Final = 10.0  # a catalogue is imported without a publication's news
MOST: Final = 100
_encode: Final = msgspec.json.encode


@dataclass(frozen=True)
class Steered:
    """The live model, the rules that steer it, and their version."""

    model: Recommender
    rules: Steering | None
    version: int | None


@dataclass
class Recommendations:
    """The live model, opened once and kept until another is live or the catalogue changes."""

    shared: Serving
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _opened: Recommender | None = None
    _is: tuple[Any, ...] = ()
    _steering: dict[str, tuple[Steering | None, int | None]] = field(default_factory=dict)
    _number: int = 0
    _looked: float = 0.0

    @classmethod
    def start(cls, shared: Serving) -> None:
        """Be there; nothing is opened before it is asked for."""
        shared.parts[cls] = cls(shared)

    def current(self, conn: Connection, steering: str) -> Steered:
        """Give the live model and the rules that steer it.

        Raises
        ------
        ApiError
            404: no model is live, or no such steering.
        """
        with self._lock:
            number, now = self.shared.part(Definitions).held.number, time.monotonic()
            if number != self._number or now - self._looked > LOOK_SECONDS:
                self._look(conn)
                self._number, self._looked = number, now
            if self._opened is None:
                raise ApiError(404, "no_model", "No model of recommendations is live.")
            if steering not in self._steering:
                found = live_steering(conn, datetime.now(UTC), steering)
                rules = (read_steering(found.body), found.number) if found else (None, None)
                self._steering[steering] = rules
            steers, version = self._steering[steering]
            if steers is None and steering != EVERYWHERE:
                raise ApiError(404, "not_found", f"No steering {steering!r} is live.")
            return Steered(self._opened, steers, version)

    def _look(self, conn: Connection) -> None:
        live = live_model(conn, datetime.now(UTC))
        files = catalogue_version(conn)
        self._steering = {}
        wanted = (live.path, live.number, files) if live is not None else ()
        if wanted == self._is:
            return
        self._opened = None
        if live is not None:
            items = read_items(self.shared.workspace, files)
            source = Source(live.name, live.number, live.as_of)
            self._opened = open_recommender(self.shared.workspace, live.path, items, source)
        self._is = wanted


@router.get("/{person_id:path}/recommendations", **RECOMMENDATIONS_DOCS)
def recommendations(
    person_id: Person,
    shared: Annotated[Serving, Depends(serving)],
    key: Annotated[ApiKey, Security(requires(Scope.READ))],
    k: Annotated[int, Query(ge=1, le=MOST, description="How many.")] = 10,
    steering: Annotated[
        str, Query(min_length=1, max_length=64, description="Whose rules steer.")
    ] = EVERYWHERE,
) -> Response:
    """Recommend items to a person; who came after the training is folded in from live state.

    Somebody of whom nothing is known gets what is popular.
    """
    shared.limiter.take(key, 1)
    part = shared.part(Recommendations)
    with reader(shared.engine).connect() as conn:
        now = part.current(conn, steering)

        def came() -> Newcomer | None:
            try:
                return live_newcomer(
                    shared.live, now.model, person_id, as_of(conn, datetime.now(UTC))
                )
            except LiveStoreDown:  # what is popular is better than no answer
                return None

        answer = quick_answer(shared.workspace, conn, now.model, person_id, now.rules, k, came)
    return Response(_encode(_told(answer, now.version)), media_type="application/json")


def _told(answer: Answer, steering: int | None) -> dict[str, Any]:
    return {
        "person": answer.subject,
        "route": answer.route,
        "model": {"name": answer.model, "version": answer.version, "as_of": answer.as_of},
        "steering": steering,
        "items": [
            {
                "item": each.item,
                "name": each.name,
                "score": float(each.score),
                "rank_before": each.before,
                "moved": list(each.moved),
            }
            for each in answer.items
        ],
    }
