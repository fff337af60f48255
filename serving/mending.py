r"""Bodies that are nearly JSON, made so: one odd value does not cost a batch its good events.

Browsers cut a text between the halves of a surrogate pair and send ``"\ud83d"``; Python's ``json``
writes ``NaN``; and what is nested a thousand levels deep stops a parser before it has come to the
next event. Only what the quick parser refused comes here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from kindred import intake

# Deep enough that what is cut off here is refused as too deep itself.
_LEVELS: Final = intake.MOST_LEVELS + 16
_TOKEN: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?|([\[{]+)|([\]}]+)', re.DOTALL)
_HALF: Final = re.compile("[\ud800-\udfff]")
_ENDLESS: Final = (float("inf"), float("-inf"))


def mended(body: bytes) -> bytes:
    r"""Give what was meant: halves of surrogate pairs replaced, numbers that are none as texts.

    Returns
    -------
    bytes
        JSON; what came, where it can't be told what was meant.

    Examples
    --------
    >>> mended(b'{"a": "\\ud83d!", "b": NaN, "c": 1e999}').decode()
    '{"a":"�!","b":"NaN","c":"1e999"}'
    >>> mended(b'{"a": ')
    b'{"a": '
    """
    text = body.decode("utf-8-sig", "replace")
    try:
        found = json.loads(text, parse_constant=str, parse_float=_finite)
    except (ValueError, RecursionError):
        return body
    written = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    return _HALF.sub("�", written).encode()


def shallow(body: bytes) -> bytes:
    """Put null for what is nested so deep that no parser would follow.

    Examples
    --------
    >>> deep = b'{"batch":[' + b"[" * 5_000 + b"]" * 5_000 + b',{"type":"page"}]}'
    >>> shallow(deep) == b'{"batch":[' + b"[" * 78 + b"null" + b"]" * 78 + b',{"type":"page"}]}'
    True
    """
    return b"".join(_above(body))


def _above(body: bytes) -> Iterator[bytes]:
    """Walk strings and runs of brackets; give what lies between the deep places."""
    depth, kept = 0, 0
    for token in _TOKEN.finditer(body):
        if token[1]:
            before, depth = depth, depth + len(token[1])
            if before <= _LEVELS < depth:
                yield body[kept : token.start() + _LEVELS - before] + b"null"
        elif token[2]:
            before, depth = depth, depth - len(token[2])
            if depth <= _LEVELS < before:
                kept = token.start() + before - _LEVELS
    yield body[kept:] if depth <= _LEVELS else b""


def _finite(text: str) -> Any:
    number = float(text)
    return text if number in _ENDLESS else number
