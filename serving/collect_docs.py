"""What OpenAPI says of collect: bodies with examples, answers, errors."""

from __future__ import annotations

from typing import Any, Final

ERROR: Final = {
    "type": "object",
    "required": ["code", "message"],
    "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
    "additionalProperties": False,
}
_SUCCESS: Final = {
    "type": "object",
    "required": ["success"],
    "properties": {
        "success": {"type": "boolean", "const": True},
        "rejected": {"type": "integer", "minimum": 1},
        "reasons": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"index": {"type": "integer"}, "reason": {"type": "string"}},
            },
        },
    },
}
_SECURITY: Final[list[dict[str, list[str]]]] = [
    {"HTTPBasic": []},
    {"HTTPBearer": []},
    {"APIKeyHeader": []},
    {},
]
_EVENT: Final[dict[str, Any]] = {
    "type": "object",
    "description": "At most 32 KB.",
    "properties": {
        "type": {"enum": ["identify", "track", "page", "screen", "group", "alias"]},
        "messageId": {"type": "string", "description": "One message counts once in 24 hours."},
        "userId": {"type": ["string", "null"]},
        "anonymousId": {"type": ["string", "null"]},
        "timestamp": {"type": "string", "format": "date-time"},
        "sentAt": {"type": "string", "format": "date-time"},
        "event": {"type": "string", "description": "Of a track event."},
        "name": {"type": "string", "description": "Of a page or screen."},
        "properties": {"type": "object"},
        "traits": {"type": "object"},
        "context": {"type": "object"},
        "writeKey": {"type": "string", "description": "The API key, where no header has it."},
    },
}
_EXAMPLE: Final = {
    "type": "track",
    "event": "Product Viewed",
    "userId": "u42",
    "messageId": "0b2f5c1e",
    "timestamp": "2026-11-24T12:00:00Z",
    "properties": {"product_id": "p7", "category": "Cheese", "price": 4.5},
}


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe the errors of an endpoint, all of the one shape."""
    return {
        status: {
            "description": _WHY[status],
            "content": {"application/json": {"schema": ERROR}},
        }
        for status in statuses
    }


_WHY: Final = {
    400: "What was sent can't be used; sending it again would not help.",
    401: "There is no API key, or it is unknown, revoked or expired.",
    403: "The API key may not do this.",
    404: "There is no such thing.",
    408: "The body did not come in time.",
    413: "The body is too large.",
    422: "What was sent can't be used.",
    429: "The key has used up its rate; `Retry-After` says when to come back.",
    503: "It can't be kept now; `Retry-After` says when to come back.",
}


def _docs(path: str, summary: str, schema: Any, example: Any) -> dict[str, Any]:
    return {
        "summary": summary,
        "operation_id": f"collect_{path}",
        "status_code": 200,
        "responses": {
            200: {
                "description": "Durable.",
                "content": {"application/json": {"schema": _SUCCESS, "example": {"success": True}}},
            },
            **errors(400, 401, 403, 408, 413, 429, 503),
        },
        "openapi_extra": {
            "security": _SECURITY,
            "requestBody": {
                "required": True,
                "description": "JSON, plain or gzip; the content type does not matter.",
                "content": {"application/json": {"schema": schema, "example": example}},
            },
        },
    }


def single_docs(path: str, kind: str) -> dict[str, Any]:
    """Describe an endpoint for one event."""
    example = {**_EXAMPLE, "type": kind}
    if kind != "track":
        example = {"type": kind, "userId": "u42", "messageId": "0b2f5c1e"}
    return _docs(path, f"Take one {kind} event in", _EVENT, example)


def batch_docs(path: str) -> dict[str, Any]:
    """Describe an endpoint for many events."""
    schema = {
        "type": "object",
        "required": ["batch"],
        "properties": {
            "batch": {"type": "array", "items": _EVENT, "maxItems": 2500},
            "sentAt": {"type": "string", "format": "date-time"},
            "context": {"type": "object", "description": "Of all events that have none."},
            "writeKey": {"type": "string"},
        },
    }
    example = {"batch": [_EXAMPLE], "sentAt": "2026-11-24T12:00:01Z"}
    return _docs(path, "Take many events in", schema, example)


SETTINGS_DOCS: Final[dict[str, Any]] = {
    "summary": "What analytics-next loads first",
    "operation_id": "collect_settings",
    "responses": errors(401, 403),
}
