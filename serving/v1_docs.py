"""What OpenAPI says of ``/v1/people`` and ``/v1/segments``: answers with examples, errors."""

from __future__ import annotations

from typing import Any, Final

from fastapi import Response

from serving.collect_docs import errors

Json = dict[str, Any]
_TIME: Final = {"type": "string", "format": "date-time"}
_MAYBE_TIME: Final = {"type": ["string", "null"], "format": "date-time"}
_TEXT: Final = {"type": "string"}
_INTEGER: Final = {"type": "integer"}


def _object(required: Json, optional: Json | None = None) -> Json:
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **(optional or {})},
    }


def _list(item: Json) -> Json:
    return {"type": "array", "items": item}


def _docs(name: str, summary: str, schema: Json, example: Any, *statuses: int) -> Json:
    content = {"application/json": {"schema": schema, "example": example}}
    return {
        "summary": summary,
        "operation_id": name,
        "response_class": Response,
        "responses": {
            200: {"description": "The answer.", "content": content},
            **errors(400, 401, 403, *statuses, 429, 503),
        },
    }


PERSON_DOCS: Final = _docs(
    "person",
    "What is known of a person, and their segments",
    _object(
        {
            "id": _TEXT,
            "traits": {"type": "object"},
            "traits_as_of": _MAYBE_TIME,
            "told_traits": _list(_TEXT),
            "cluster": {"type": ["object", "null"]},
            "segments": _list(
                _object(
                    {
                        "key": _TEXT,
                        "name": _TEXT,
                        "version": _INTEGER,
                        "since": _MAYBE_TIME,
                        "source": {"enum": ["live", "batch"]},
                    }
                )
            ),
            "unanswered": _list(_object({"key": _TEXT, "reason": _TEXT})),
            "memberships_as_of": _MAYBE_TIME,
            "events_since": _MAYBE_TIME,
        }
    ),
    {
        "id": "u42",
        "traits": {"plan": "gold", "monetary": 512.4},
        "traits_as_of": "2026-11-24T00:00:00Z",
        "told_traits": ["plan"],
        "cluster": {"run": 7, "cluster": 3},
        "segments": [
            {
                "key": "big-spenders",
                "name": "Big spenders",
                "version": 3,
                "since": "2026-11-20T00:00:00Z",
                "source": "live",
            }
        ],
        "unanswered": [],
        "memberships_as_of": "2026-11-24T00:00:00Z",
        "events_since": "2026-10-24T00:00:00Z",
    },
    404,
)
SEGMENTS_DOCS: Final = _docs(
    "segments",
    "The segments that are live",
    _object(
        {
            "segments": _list(
                _object(
                    {
                        "key": _TEXT,
                        "name": _TEXT,
                        "version": _INTEGER,
                        "sentence": _TEXT,
                        "since": _TIME,
                        "valid_until": _MAYBE_TIME,
                        "browser": {"type": "boolean"},
                        "answered": {"enum": ["live", "batch"]},
                        "size": {"type": ["object", "null"]},
                    }
                )
            )
        }
    ),
    {
        "segments": [
            {
                "key": "big-spenders",
                "name": "Big spenders",
                "version": 3,
                "sentence": "People whose monetary is at least 500.",
                "since": "2026-11-20T09:12:44Z",
                "valid_until": None,
                "browser": False,
                "answered": "live",
                "size": {
                    "members": 247,
                    "share": 0.1,
                    "version": 3,
                    "as_of": "2026-11-24T00:00:00Z",
                },
            }
        ]
    },
)
MEMBERS_DOCS: Final = _docs(
    "members",
    "Who is in a segment, page by page",
    _object(
        {
            "segment": _TEXT,
            "size": _INTEGER,
            "as_of": _MAYBE_TIME,
            "members": _list(_object({"id": _TEXT, "version": _INTEGER, "since": _TIME})),
            "next": {"type": ["string", "null"]},
        }
    ),
    {
        "segment": "big-spenders",
        "size": 247,
        "as_of": "2026-11-24T12:00:00Z",
        "members": [{"id": "u42", "version": 3, "since": "2026-11-20T00:00:00Z"}],
        "next": "u42",
    },
    404,
)
EVALUATE_DOCS: Final = _docs(
    "evaluate_profile",
    "Which segments would this profile be in?",
    _object(
        {
            "segments": _list(
                _object(
                    {"key": _TEXT},
                    {"version": _INTEGER, "in": {"type": "boolean"}, "error": _TEXT},
                )
            )
        }
    ),
    {"segments": [{"key": "big-spenders", "version": 3, "in": True}]},
)
EVALUATE_DOCS["openapi_extra"] = {
    "requestBody": {
        "content": {
            "application/json": {
                "example": {
                    "profile": {
                        "traits": {"plan": "gold"},
                        "events": [
                            {
                                "event": "Product Viewed",
                                "timestamp": "2026-11-24T11:59:00Z",
                                "properties": {"category": "Cheese"},
                            }
                        ],
                    }
                }
            }
        }
    }
}
RECOMMENDATIONS_DOCS: Final = _docs(
    "recommendations",
    "What a person should see",
    _object(
        {
            "person": _TEXT,
            "route": {"enum": ["history", "metadata", "unknown", "segment"]},
            "model": _object({"name": _TEXT, "version": _INTEGER, "as_of": _TIME}),
            "steering": {"type": ["integer", "null"]},
            "items": _list(
                _object(
                    {
                        "item": _TEXT,
                        "name": _TEXT,
                        "score": {"type": "number"},
                        "rank_before": _INTEGER,
                        "moved": _list(_TEXT),
                    }
                )
            ),
        }
    ),
    {
        "person": "u42",
        "route": "history",
        "model": {"name": "blend", "version": 2, "as_of": "2026-11-24T00:00:00Z"},
        "steering": 4,
        "items": [
            {
                "item": "p7",
                "name": "Gruyère, 200 g",
                "score": 0.83,
                "rank_before": 2,
                "moved": ["up: whose category is “Cheese”"],
            }
        ],
    },
    404,
)
