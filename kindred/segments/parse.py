"""Read a rule from JSON: bounded before anything recurses, refused with the path into it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any, Final

from pydantic import ValidationError

from kindred.segments.codec import FORMAT, adapter
from kindred.segments.refusal import Problem, RuleRefused
from kindred.segments.rule_text import MOST_CHARACTERS, decode
from kindred.segments.rules import KINDS, Rule
from kindred.segments.walk import join

__all__ = ["DEEPEST", "MOST_CHARACTERS", "Problem", "RuleRefused", "read_rule"]

DEEPEST: Final = 24  # rules within rules
MOST_RULES: Final = 500
MOST_VALUES: Final = 10_000  # of one list; longer ones are uploaded as a list of ids

# A rule within a rule costs at most two levels of JSON; filters at the bottom cost six more.
_DEEPEST_JSON: Final = 2 * DEEPEST + 8


def read_rule(given: str | bytes | Mapping[str, Any]) -> Rule:
    """Read a rule, bare or in its stored document ``{"format": 1, "rule": …}``.

    Parameters
    ----------
    given : str, bytes or mapping
        JSON text in UTF-8, or what it stands for.

    Raises
    ------
    RuleRefused
        With the path of every problem. Depth and size are bounded before anything recurses, so
        no input exhausts the stack.
    """
    plain = _decoded(given) if isinstance(given, str | bytes) else given
    _refuse(_too_deep(plain))
    rule = _undocumented(plain)
    _refuse(_bounds(rule))
    try:
        read: Rule = adapter().validate_python(rule)
    except ValidationError as error:
        raise RuleRefused(_from_pydantic(error, rule)) from None
    return read


def _decoded(text: str | bytes) -> Any:
    if len(text) > MOST_CHARACTERS:
        raise RuleRefused([_too_long()])
    found = decode(text, _DEEPEST_JSON)
    if found is None and text.strip() not in ("null", b"null"):
        raise RuleRefused([_nested("")])
    return found


def _undocumented(given: Any) -> Any:
    if not isinstance(given, Mapping) or "format" not in given:
        return given
    if given["format"] != FORMAT:
        raise RuleRefused(
            [
                Problem(
                    "format",
                    f"The format {given['format']!r} is not known here.",
                    f"This version reads format {FORMAT}.",
                )
            ]
        )
    return given.get("rule")


def _refuse(problem: Problem | None) -> None:
    if problem is not None:
        raise RuleRefused([problem])


def _nested(path: str) -> Problem:
    return Problem(
        path, "The rule is nested too deeply.", f"Nest at most {DEEPEST} rules in one another."
    )


def _too_long() -> Problem:
    return Problem(
        "",
        "The rule is too long.",
        f"Write at most {MOST_RULES} conditions in {MOST_CHARACTERS:,} characters; "
        "upload long lists of ids as a list.",
    )


def _too_deep(plain: Any) -> Problem | None:
    waiting: list[tuple[Any, int]] = [(plain, 1)]
    size = 0
    while waiting:
        value, depth = waiting.pop()
        size += 1
        if size > MOST_CHARACTERS:
            return _too_long()
        if depth > _DEEPEST_JSON:
            return _nested("")
        if isinstance(value, str) and not _is_unicode(value):
            return Problem("", f"{_short(value)} holds half a character.", "Give whole ones.")
        if isinstance(value, Mapping):
            waiting.extend((below, depth + 1) for below in value.values())
        elif isinstance(value, list | tuple):
            waiting.extend((below, depth + 1) for below in value)
    return None


def _is_unicode(text: str) -> bool:
    """Tell whether a text can be kept as UTF-8, which a lone surrogate can't."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _bounds(plain: Any) -> Problem | None:
    """Bound depth, number of conditions and length of lists of what may be a rule."""
    for rules, (path, depth, rule) in enumerate(_walk(plain), 1):
        if depth > DEEPEST:
            return _nested(path)
        if rules > MOST_RULES:
            return _too_long()
        value = rule.get("value")
        if isinstance(value, list | tuple) and len(value) > MOST_VALUES:
            return Problem(
                join(path, "value"),
                f"There are {len(value):,} values.",
                f"Give at most {MOST_VALUES:,}; upload more as a list.",
            )
    return None


def _walk(plain: Any) -> Iterator[tuple[str, int, Mapping[str, Any]]]:
    waiting: list[tuple[str, int, Any]] = [("", 1, plain)]
    while waiting:
        path, depth, rule = waiting.pop()
        if not isinstance(rule, Mapping):
            continue
        yield path, depth, rule
        if "rule" in rule:
            waiting.append((join(path, "rule"), depth + 1, rule["rule"]))
        below = rule.get("rules")
        if isinstance(below, list | tuple):
            waiting.extend(
                (join(path, f"rules[{i}]"), depth + 1, child)
                for i, child in reversed(list(enumerate(below)))
            )


def _from_pydantic(error: ValidationError, given: Any) -> list[Problem]:
    problems: dict[str, Problem] = {}
    for detail in error.errors(include_url=False):
        path, holder = _path(detail["loc"], given)
        problems.setdefault(path, _problem(path, detail, holder))
    return list(problems.values())


def _path(location: Sequence[str | int], given: Any) -> tuple[str, Any]:
    """Translate pydantic's location, which names tags of unions too; gives the object as well."""
    path, current, holder = "", given, given
    tag_next = isinstance(given, Mapping)
    for part in location:
        if tag_next:
            tag_next = False
            continue
        if isinstance(part, int):
            if not isinstance(current, list | tuple):
                break
            current = current[part] if part < len(current) else None
            path = f"{path}[{part}]"
            tag_next = isinstance(current, Mapping) and _is_union(path)
            continue
        holder = current
        path = join(path, str(part))
        current = current.get(part) if isinstance(current, Mapping) else None
        if str(part) in {"value"}:
            break
        tag_next = str(part) == "rule"
    return path, holder


def _is_union(path: str) -> bool:
    last = path.rsplit(".", 1)[-1]
    return last.startswith(("rules[", "where["))


def _problem(path: str, detail: Any, holder: Any) -> Problem:
    kind, expected = detail["type"], detail.get("ctx", {})
    name = path.rsplit(".", 1)[-1] or "rule"
    if kind in {"union_tag_invalid", "union_tag_not_found"}:
        what = "It does not say its kind." if kind.endswith("found") else "There is no such kind."
        return Problem(join(path, "kind"), what, f"The kinds are {', '.join(KINDS)}.")
    if kind == "missing":
        return Problem(path, f"{name!r} is missing.", f"Give {name!r}.")
    if kind == "unexpected_keyword_argument":
        return Problem(path, f"There is no {name!r} here.", _fields_of(holder))
    if kind == "literal_error":
        return Problem(path, f"{detail['input']!r} can't be used.", f"Use {expected['expected']}.")
    if name == "value":
        return Problem(
            path,
            "This is no value.",
            "Give a number, a text, true or false, or a list of them.",
        )
    message = detail["msg"].replace("Input should be", "Give").replace("valid ", "")
    accepted = _ACCEPTED.get(kind, f"{message}.")
    return Problem(path, f"{_short(detail['input'])} can't be used here.", accepted)


# What pydantic says in words of its own.
_ACCEPTED: Final[Mapping[str, str]] = {
    "dataclass_type": 'Give an object that says its kind, such as {"kind": "trait", …}.',
    "model_attributes_type": 'Give an object that says its kind, such as {"kind": "trait", …}.',
    "tuple_type": "Give a list.",
    "int_type": "Give a whole number.",
    "string_type": "Give a text.",
}


def _fields_of(holder: Any) -> str:
    known = KINDS.get(holder.get("kind", "")) if isinstance(holder, Mapping) else None
    if known is None:
        return "Leave it out."
    return f"A rule of kind {holder['kind']!r} has {', '.join(f.name for f in fields(known))}."


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}…"
