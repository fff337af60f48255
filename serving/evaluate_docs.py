"""What OpenAPI says of OFREP's endpoints: the protocol's own schemas, with our examples."""

from __future__ import annotations

from typing import Any, Final

from serving.collect_docs import errors

Json = dict[str, Any]
_SECURITY: Final[list[Json]] = [{"HTTPBearer": []}, {"APIKeyHeader": []}]
_ERROR_CODES: Final = [
    "PARSE_ERROR",
    "TARGETING_KEY_MISSING",
    "INVALID_CONTEXT",
    "GENERAL",
    "FLAG_NOT_FOUND",
]
_ANSWER: Final = {
    "key": "big-spenders",
    "value": True,
    "reason": "TARGETING_MATCH",
    "variant": "in",
    "metadata": {"version": 3, "source": "live", "asOf": "2026-11-24T00:00:00Z"},
}
_QUESTION: Final = {"context": {"targetingKey": "u42", "plan": "pro"}}
_FAILED: Final = {
    "key": "big-spenders",
    "errorCode": "TARGETING_KEY_MISSING",
    "errorDetails": "Give the userId or anonymousId as targetingKey.",
}
_UNAVAILABLE: Final = {
    "code": "unavailable",
    "message": "Live state can't be reached now.",
    "errorDetails": "Live state can't be reached now.",
}
SCHEMAS: Final[dict[str, Json]] = {
    "EvaluationRequest": {
        "type": "object",
        "required": ["context"],
        "properties": {
            "context": {
                "type": "object",
                "description": "Who is asked about, and traits that hold for this answer only.",
                "required": ["targetingKey"],
                "properties": {
                    "targetingKey": {
                        "type": "string",
                        "minLength": 1,
                        "maxLength": 1024,
                        "description": "A userId or anonymousId.",
                    }
                },
                "additionalProperties": True,
            }
        },
    },
    "EvaluationSuccess": {
        "type": "object",
        "required": ["key", "value", "reason", "variant", "metadata"],
        "properties": {
            "key": {"type": "string"},
            "value": {"type": ["boolean", "string"]},
            "reason": {"enum": ["TARGETING_MATCH", "DEFAULT", "STATIC", "SPLIT", "DISABLED"]},
            "variant": {"type": "string"},
            "metadata": {
                "type": "object",
                "additionalProperties": {"type": ["boolean", "string", "number"]},
            },
        },
    },
    "EvaluationFailure": {
        "type": "object",
        "required": ["errorCode", "errorDetails"],
        "properties": {
            "key": {"type": "string", "description": "Of a single flag."},
            "errorCode": {"enum": _ERROR_CODES},
            "errorDetails": {"type": "string"},
        },
    },
    "GeneralErrorResponse": {
        "type": "object",
        "required": ["code", "message", "errorDetails"],
        "properties": {
            "code": {"type": "string"},
            "message": {"type": "string"},
            "errorDetails": {"type": "string", "description": "The message, by OFREP's name."},
        },
    },
    "BulkEvaluationSuccess": {
        "type": "object",
        "required": ["flags"],
        "properties": {
            "flags": {
                "type": "array",
                "items": {
                    "anyOf": [
                        {"$ref": "#/components/schemas/EvaluationSuccess"},
                        {"$ref": "#/components/schemas/EvaluationFailure"},
                    ]
                },
            },
            "eventStreams": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["type"],
                    "properties": {
                        "type": {"const": "sse"},
                        "endpoint": {"type": "object"},
                        "inactivityDelaySec": {"type": "integer"},
                    },
                },
            },
        },
    },
}


def _content(schema: str, example: Any) -> Json:
    return {
        "application/json": {
            "schema": {"$ref": f"#/components/schemas/{schema}"},
            "example": example,
        }
    }


def _operation(name: str, summary: str, description: str, responses: Json) -> Json:
    shared = {str(status): said for status, said in errors(401, 403, 413, 429).items()}
    failed = _content("GeneralErrorResponse", _UNAVAILABLE)
    return {
        "tags": ["evaluate"],
        "operationId": name,
        "summary": summary,
        "description": description,
        "security": _SECURITY,
        "requestBody": {"required": True, "content": _content("EvaluationRequest", _QUESTION)},
        "responses": {
            **responses,
            "400": {
                "description": "The question can't be answered; `errorCode` says why.",
                "content": _content("EvaluationFailure", _FAILED),
            },
            **shared,
            "500": {"description": "A fault of ours; it is logged.", "content": failed},
            "503": {"description": "Come back as `Retry-After` says.", "content": failed},
        },
    }


SINGLE_DOCS: Final = _operation(
    "evaluate_flag",
    "Is this person in this segment? (OFREP)",
    "A segment is a boolean flag, a running experiment a string flag. What the context says "
    "stands over the person's traits, for this answer only.",
    {
        "200": {
            "description": "The answer.",
            "content": _content("EvaluationSuccess", _ANSWER),
        },
        "404": {
            "description": "Nothing is published under this key, or not for this API key.",
            "content": _content(
                "EvaluationFailure",
                {
                    "key": "nothing",
                    "errorCode": "FLAG_NOT_FOUND",
                    "errorDetails": "Nothing is published under 'nothing'.",
                },
            ),
        },
    },
)
SINGLE_DOCS["parameters"] = [
    {
        "name": "key",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "minLength": 1},
        "example": "big-spenders",
    }
]
BULK_DOCS: Final = _operation(
    "evaluate_flags",
    "All segments and experiments of this person (OFREP)",
    "`eventStreams` names the stream that tells when to ask again.",
    {
        "200": {
            "description": "The answers.",
            "headers": {"ETag": {"schema": {"type": "string"}}},
            "content": _content("BulkEvaluationSuccess", {"flags": [_ANSWER]}),
        },
        "304": {"description": "All answers are as the caller has them."},
    },
)
BULK_DOCS["parameters"] = [
    {"name": "If-None-Match", "in": "header", "required": False, "schema": {"type": "string"}}
]
