"""``/v1/people``: one person, as the site's own servers ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Depends, Path, Response, Security

from data.api_keys import ApiKey, Scope
from kindred.segments.profile import Profile
from serving.auth import requires
from serving.context import Serving, serving
from serving.definitions import Definitions, asked_of
from serving.errors import ApiError
from serving.flags import BATCH, LIVE, Asked, Failure, SegmentFlag
from serving.v1_docs import PERSON_DOCS

router = APIRouter(prefix="/v1/people", tags=["people"])
Person = Annotated[
    str,
    Path(
        description="A userId, or the anonymousId of who has none.",
        min_length=1,
        max_length=1024,
        examples=["u42"],
    ),
]
_encode: Final = msgspec.json.encode


@router.get("/{person_id:path}", **PERSON_DOCS)  # ids may have a slash
def person(
    person_id: Person,
    shared: Annotated[Serving, Depends(serving)],
    key: Annotated[ApiKey, Security(requires(Scope.READ))],
) -> Response:
    """Give a person's traits, and their segments with version and since when."""
    shared.limiter.take(key, 1)
    found = shared.live.person(person_id)
    if found is None:
        raise ApiError(404, "not_found", "Nobody has heard of this person.")
    held = shared.part(Definitions).held
    asked = asked_of(held, person_id, found)
    body = {
        "id": person_id,
        "traits": asked.profile.traits,
        "traits_as_of": held.state.traits_as_of,
        "told_traits": sorted(held.published.told_traits & asked.profile.traits.keys()),
        "cluster": _cluster(asked.profile),
        "segments": [
            s for flag in held.segments.values() if (s := _segment(flag, asked)) is not None
        ],
        "unanswered": _unanswered(held.segments, asked),
        "memberships_as_of": held.state.memberships_as_of,
        "events_since": found.events_since,
    }
    return Response(_encode(body), media_type="application/json")


def _cluster(profile: Profile) -> dict[str, int] | None:
    run, cluster = next(iter(profile.clusters.items()), (0, None))
    return None if cluster is None else {"run": run, "cluster": cluster}


def _segment(flag: SegmentFlag, asked: Asked) -> dict[str, Any] | None:
    """Describe a segment that the person is in; none where they are not, or nobody can tell.

    Batch knows since when; who came in after it last looked is in since some time after that.
    """
    found = flag.holds(asked)
    belonging = asked.memberships.get(flag.key)
    source = LIVE
    if found is None:
        source = BATCH
        found = belonging is not None and flag.counted is not None
    if not found:
        return None
    return {
        "key": flag.key,
        "name": flag.told.live.name,
        "version": flag.version if source == LIVE else flag.counted,
        "since": belonging.since if belonging is not None else None,
        "source": source,
    }


def _unanswered(flags: Mapping[str, SegmentFlag], asked: Asked) -> list[dict[str, str]]:
    found = []
    for flag in flags.values():
        try:
            if flag.holds(asked) is None:
                flag.by_batch(asked)
        except Failure as failure:
            found.append({"key": flag.key, "reason": failure.details})
    return found
