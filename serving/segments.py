"""``/v1/segments``: what is live, who is in, and whether a profile would be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
import pyarrow.parquet as pq
from fastapi import APIRouter, Body, Depends, Path, Query, Response, Security
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from starlette.responses import StreamingResponse

from data.api_keys import ApiKey, Scope
from data.engine import reader
from data.membership_files import member_files, members_after
from data.memberships import latest_sizes
from kindred.segments.profile import Happened, Profile
from serving.auth import requires
from serving.context import Serving, serving
from serving.definitions import Definitions, Held
from serving.errors import ApiError
from serving.flags import NEVER, Asked, Failure, SegmentFlag
from serving.limited import Limited
from serving.overlay import TARGETING_KEY, overlaid
from serving.v1_docs import EVALUATE_DOCS, MEMBERS_DOCS, SEGMENTS_DOCS

router = APIRouter(
    prefix="/v1/segments", tags=["segments"], strict_content_type=False, route_class=Limited
)
MOST_MEMBERS: Final = 100_000
LARGEST: Final = 10**300  # of a property; floats end a little beyond
_encode: Final = msgspec.json.encode


@router.get("", **SEGMENTS_DOCS)
def segments(
    shared: Annotated[Serving, Depends(serving)],
    key: Annotated[ApiKey, Security(requires(Scope.EVALUATE))],
) -> Response:
    """List the segments that are live, by key; for a browser's key those that it may know."""
    shared.limiter.take(key, 1)
    held = shared.part(Definitions).held
    found = [_told(flag) for flag in held.segments_for(key.browser)]
    return Response(_encode({"segments": found}), media_type="application/json")


def _told(flag: SegmentFlag) -> dict[str, Any]:
    live, size = flag.told.live, flag.told.size
    counted = None
    if size is not None and size.size is not None:
        counted = {
            "members": size.size,
            "share": size.share,
            "version": size.version,
            "as_of": size.as_of,
        }
    return {
        "key": live.key,
        "name": live.name,
        "version": live.number,
        "sentence": live.sentence,
        "since": live.since,
        "valid_until": live.terms.valid_until,
        "browser": live.terms.browser,
        "answered": "live" if flag.known is not None else "batch",
        "size": counted,
    }


@router.get("/{key}/members", **MEMBERS_DOCS)
def members(
    shared: Annotated[Serving, Depends(serving)],
    api_key: Annotated[ApiKey, Security(requires(Scope.READ))],
    key: Annotated[str, Path(min_length=1, max_length=64, examples=["big-spenders"])],
    after: Annotated[str, Query(max_length=1024, description="`next` of the page before.")] = "",
    limit: Annotated[int, Query(ge=1, le=MOST_MEMBERS)] = 1000,
) -> Response:
    """Give who is in, as batch last found, by id: from after a person on, so many at most."""
    shared.limiter.take(api_key, 1)
    if shared.part(Definitions).held.segment(key, browser=False) is None:
        raise ApiError(404, "not_found", f"No segment {key!r} is live.")
    with reader(shared.engine).connect() as conn:
        file, sized = member_files(conn).get(key), latest_sizes(conn).get(key)
    if file is None:
        what = "Its members have not been worked out yet."
        raise ApiError(404, "not_counted", f"{what} Run: python -m pipelines memberships")
    path = shared.workspace.lake / file.path
    opened = pq.ParquetFile(path)  # held open: a run that replaces the file does not end the page
    rows = members_after(opened, after, limit)
    body = _page(key, file.rows, sized.as_of if sized else None, rows, limit)
    return StreamingResponse(body, media_type="application/json")


def _page(
    key: str, size: int, as_of: datetime | None, batches: Iterator[Any], limit: int
) -> Iterator[bytes]:
    """Write a page as it is read, the cursor last."""
    head = b'{"segment":%b,"size":%d,"as_of":%b,"members":['
    yield head % (_encode(key), size, _encode(as_of))
    written, last = 0, ""
    for batch in batches:
        rows = [
            {"id": row["person_id"], "version": row["version"], "since": row["since"]}
            for row in batch.to_pylist()
        ]
        if rows:
            yield (b"," if written else b"") + b",".join(map(_encode, rows))
            written, last = written + len(rows), rows[-1]["id"]
    yield b'],"next":%b}' % _encode(last if written == limit else None)


def _text(given: Any) -> Any:
    """Let a time be a text only: of a number nobody knows whether seconds or milliseconds count."""
    if not isinstance(given, str):
        raise ValueError("Input should be a text such as 2026-11-24T11:59:00Z")
    return given


class AskedEvent(BaseModel):
    """Something that the profile did."""

    model_config = ConfigDict(extra="forbid")
    event: str = Field(min_length=1, max_length=200)
    timestamp: Annotated[AwareDatetime, BeforeValidator(_text)]
    properties: dict[str, Any] = Field(default_factory=dict)


class AskedProfile(BaseModel):
    """All that is known of somebody, for this answer."""

    model_config = ConfigDict(extra="forbid")
    id: str = Field("", max_length=1024, description="Decides on lists alone.")
    traits: dict[str, Any] = Field(default_factory=dict)
    events: list[AskedEvent] = Field(default_factory=list, max_length=5_000)


class Question(BaseModel):
    """A profile, and the segments that are asked about; all that are live unless it says."""

    model_config = ConfigDict(extra="forbid")
    profile: AskedProfile
    segments: list[str] | None = Field(None, max_length=1_000)


@router.post("/evaluate", **EVALUATE_DOCS)
def evaluate(
    shared: Annotated[Serving, Depends(serving)],
    key: Annotated[ApiKey, Security(requires(Scope.EVALUATE))],
    question: Annotated[Question, Body()],
) -> Response:
    """Tell which segments a profile would be in; it is all that is looked at, and is not kept."""
    shared.limiter.take(key, 1)
    held = shared.part(Definitions).held
    asked = _asked(held, question.profile)
    wanted = question.segments
    flags = held.segments_for(key.browser) if wanted is None else None
    answers = (
        [_answer(flag, asked) for flag in flags]
        if flags is not None
        else [_named(held, name, asked, key.browser) for name in wanted or ()]
    )
    return Response(_encode({"segments": answers}), media_type="application/json")


def _named(held: Held, name: str, asked: Asked, browser: bool) -> dict[str, Any]:
    flag = held.segment(name, browser)
    if flag is None:
        return {"key": name, "error": f"No segment {name!r} is live."}
    return _answer(flag, asked)


def _answer(flag: SegmentFlag, asked: Asked) -> dict[str, Any]:
    found = flag.holds(asked)
    said = {"key": flag.key, "version": flag.version}
    return {**said, "in": found} if found is not None else {**said, "error": f"{flag.why}."}


def _happened(place: int, given: AskedEvent) -> Happened:
    where = f"profile.events.{place}"
    try:
        at = given.timestamp.astimezone(UTC)
    except OverflowError:
        what = f"{where}.timestamp: in UTC this is no time of the years 1 to 9999."
        raise ApiError(400, "invalid_request", what) from None
    for name, value in given.properties.items():
        if isinstance(value, int) and abs(value) > LARGEST:
            what = f"{where}.properties.{name}: a number is too large."
            raise ApiError(400, "invalid_request", what)
    return Happened(given.event, at, given.properties)


def _asked(held: Held, given: AskedProfile) -> Asked:
    events = [_happened(place, each) for place, each in enumerate(given.events)]
    bare = Profile.of(given.id, {}, events)
    traits = {TARGETING_KEY: given.id, **given.traits}
    try:
        profile, _ = overlaid(bare, traits, held.published.context.traits)
    except Failure as failure:
        raise ApiError(400, "invalid_request", f"profile.traits.{failure.details}") from None
    return Asked(profile, held.now(), -NEVER, {})
