"""What OpenAPI says of GrowthBook's SDK endpoints."""

from __future__ import annotations

from typing import Any, Final

from fastapi import Response

from serving.collect_docs import errors

_EXAMPLE: Final = {
    "status": 200,
    "features": {
        "gold": {
            "defaultValue": False,
            "rules": [
                {
                    "id": "segment-gold-2",
                    "force": True,
                    "condition": {"tier": {"$type": "string", "$eq": "gold"}},
                }
            ],
        }
    },
    "experiments": [],
    "savedGroups": {},
    "leftOut": [
        {
            "key": "lapsed",
            "version": 1,
            "reasons": [{"path": "", "reason": "What a person did is not among the attributes …"}],
        }
    ],
    "dateUpdated": "2026-11-24T12:00:00.123456+00:00",
}
_SCHEMA: Final = {
    "type": "object",
    "required": ["status", "features", "leftOut", "dateUpdated"],
    "properties": {
        "status": {"const": 200},
        "features": {"type": "object", "additionalProperties": {"type": "object"}},
        "experiments": {"type": "array"},
        "savedGroups": {"type": "object", "description": "For servers' keys only."},
        "leftOut": {
            "type": "array",
            "description": "What the condition language can't say, and why.",
            "items": {
                "type": "object",
                "required": ["key", "version", "reasons"],
                "properties": {
                    "key": {"type": "string"},
                    "version": {"type": "integer"},
                    "reasons": {"type": "array", "items": {"type": "object"}},
                },
            },
        },
        "dateUpdated": {"type": "string"},
    },
}
FEATURES_DOCS: Final[dict[str, Any]] = {
    "summary": "What is published, as GrowthBook's SDKs read it",
    "operation_id": "growthbook_features",
    "response_class": Response,
    "responses": {
        200: {
            "description": "The features.",
            "content": {"application/json": {"schema": _SCHEMA, "example": _EXAMPLE}},
        },
        304: {"description": "It is as the caller has it."},
        **errors(400, 401, 403, 429, 503),
    },
}
SUB_DOCS: Final[dict[str, Any]] = {
    "summary": "Hear what is published, whenever it changes (GrowthBook)",
    "operation_id": "growthbook_subscribe",
    "response_class": Response,
    "responses": {
        200: {
            "description": "Events named `features`, each with all of them.",
            "content": {
                "text/event-stream": {
                    "schema": {"type": "string"},
                    "example": 'id: 7\nevent: features\ndata: {"status":200,"features":{}}\n\n',
                }
            },
        },
        **errors(400, 401, 403, 429, 503),
    },
}
