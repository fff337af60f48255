"""GrowthBook's SDK endpoints: what is published as features, over which its SDKs evaluate.

A segment is a feature that is false, and true for whom its condition holds; an experiment is one
whose value is a variation, by the same hash as here. What the condition
language can't say is left out, and ``leftOut`` says why; SDKs pass over that, people can read it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Depends, Header, Path, Request, Response

from data.api_keys import ApiKey, Scope
from kindred.segments.conditions import CannotSay, condition
from kindred.segments.parse import Problem
from kindred.segments.rules import Rule, SegmentRule
from kindred.segments.walk import leaves_through
from serving.auth import authenticate
from serving.context import Serving, serving
from serving.definitions import Definitions, Flag, Held
from serving.evaluate import etag, matches
from serving.flags import SegmentFlag
from serving.growthbook_docs import FEATURES_DOCS, SUB_DOCS
from serving.streams import stream

router = APIRouter(tags=["evaluate"])
MOST_IDS: Final = 5_000  # of a list, to be sent to every server
_SSE: Final = {"X-SSE-Support": "enabled", "Cache-Control": "private, no-cache"}
_EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC)
_ASK: Final = "Ask by OFREP instead, which answers without telling the rule."
_encode: Final = msgspec.json.encode
Key = Annotated[str, Path(description="An API key that may evaluate.", examples=["kd_0a1b2c_…"])]


@dataclass(frozen=True)
class Payload:
    """What one kind of key is told, written."""

    body: bytes
    tag: bytes


def payload(held: Held, *, browser: bool) -> Payload:
    """Write the features of a state of what is published; once for each kind of key."""
    known = held.payloads.get(browser)
    if known is None:
        known = held.payloads[browser] = _written(held, browser)
    found: Payload = known
    return found


def _written(held: Held, browser: bool) -> Payload:
    lists = frozenset() if browser else _small_lists(held)
    hidden = {flag.key for flag in held.segments.values() if browser and not flag.browser}
    writer = _Writer(held, lists, frozenset(hidden))
    for flag in held.flags_for(browser):
        writer.add(flag)
    content: dict[str, Any] = {"status": 200, "features": writer.features, "experiments": []}
    if not browser:
        content["savedGroups"] = writer.groups
    content["leftOut"] = writer.left_out
    digest = hashlib.blake2b(_encode(content), digest_size=8).digest()
    content["dateUpdated"] = _date(held, digest)
    body = _encode(content)
    return Payload(body, etag(body))


class _Writer:
    """Writes features, the groups that they ask about, and what is left out.

    Parameters
    ----------
    lists : frozenset of str
        Those that may be told.
    hidden : frozenset of str
        Segments whose rules may not be told, not even within another's.
    """

    def __init__(self, held: Held, lists: frozenset[str], hidden: frozenset[str]) -> None:
        self.context = held.published.context
        self.lists = lists
        self.hidden = hidden
        self.features: dict[str, Any] = {}
        self.groups: dict[str, list[str]] = {}
        self.left_out: list[dict[str, Any]] = []

    def add(self, flag: Flag) -> None:
        try:
            self.features[flag.key] = self._feature(flag)
        except CannotSay as refused:
            reasons = [{"path": p.path, "reason": p.what} for p in refused.problems]
            self.left_out.append({"key": flag.key, "version": flag.version, "reasons": reasons})

    def _feature(self, flag: Flag) -> dict[str, Any]:
        if isinstance(flag, SegmentFlag):
            default: bool | str = False
            rule = {"id": f"segment-{flag.key}-{flag.version}", "force": True}
            rule.update(self._condition(flag.told.rule))
        else:
            default = flag.live.experiment.control
            cohort = flag.live.experiment.cohort
            rule = {"id": f"experiment-{flag.live.key}-{flag.version}", **flag.rule()}
            rule.update(self._condition(SegmentRule(cohort)) if cohort else {})
        return {"defaultValue": default, "rules": [rule]}

    def _used(self, rule: Rule) -> set[str]:
        leaves = leaves_through(rule, self.context.segments)
        return {leaf.segment for leaf in leaves if isinstance(leaf, SegmentRule)}

    def _condition(self, rule: Rule) -> dict[str, Any]:
        if self.hidden & self._used(rule):
            raise CannotSay([Problem("", "It uses a segment that browsers may not know.", _ASK)])
        said = condition(rule, self.context, lists=self.lists)
        for name in said.lists:
            self.groups[name] = sorted(self.context.lists[name])
        return {"condition": said.condition} if said.condition else {}


def _small_lists(held: Held) -> frozenset[str]:
    return frozenset(
        name for name, file in held.published.list_files.items() if file.rows <= MOST_IDS
    )


def _date(held: Held, digest: bytes) -> str:
    """Date the content: two contents never have one date, since SDKs tell them apart by it.

    The microseconds are of the content's digest, so that all processes give it the same date.
    """
    at = held.published.news_at or _EPOCH
    return at.replace(microsecond=int.from_bytes(digest, "big") % 1_000_000).isoformat()


def _key(shared: Serving, request: Request, token: str) -> ApiKey:
    key = authenticate(shared, token, Scope.EVALUATE)
    request.state.key = key.public_id
    shared.limiter.take(key, 1)
    return key


@router.get("/api/features/{client_key}", **FEATURES_DOCS)
async def features(
    request: Request,
    shared: Annotated[Serving, Depends(serving)],
    client_key: Key,
    if_none_match: Annotated[str, Header()] = "",
) -> Response:
    """Give what is published as features; 304 where the caller has it."""
    key = _key(shared, request, client_key)
    found = payload(shared.part(Definitions).held, browser=key.browser)
    headers = {**_SSE, "ETag": found.tag.decode()}
    if matches(if_none_match.encode(errors="replace"), found.tag):
        return Response(None, 304, headers)
    return Response(found.body, 200, headers, "application/json")


@router.get("/sub/{client_key}", **SUB_DOCS)
async def subscribe(
    request: Request, shared: Annotated[Serving, Depends(serving)], client_key: Key
) -> Response:
    """Send the features now, and again whenever what is published has changed."""
    key = _key(shared, request, client_key)
    definitions = shared.part(Definitions)

    def told(number: int) -> bytes:
        body = payload(definitions.held, browser=key.browser).body
        return b"id: %d\nevent: features\ndata: %b\n\n" % (number, body)

    return stream(shared, told, missed=True)
