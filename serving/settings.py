"""What the API is told by its environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from kindred.errors import UserError

HOST: Final = "127.0.0.1"
PORT: Final = 8600
LOOPBACK_ORIGINS: Final = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?"


@dataclass(frozen=True)
class Settings:
    """How the API listens, and how much it takes.

    Parameters
    ----------
    origins : tuple of str
        Web origins whose pages may ask, beside those of this machine; ``*`` is everybody.
    rate : int
        Events, or requests that ask, a second and key, where the key has no limit of its own.
    most_waiting : int
        Requests under way in one process; more are told to come back.
    patience : float
        Seconds in which a request's body must have come.
    """

    origins: tuple[str, ...] = ()
    rate: int = 50_000
    most_waiting: int = 512
    patience: float = 15.0
    workers: int = 1


def settings_from(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from ``KINDRED_API_…``.

    Raises
    ------
    UserError
        One can't be read.
    """
    given = os.environ if environment is None else environment
    origins = given.get("KINDRED_API_ORIGINS", "")
    return Settings(
        origins=tuple(part.strip().rstrip("/") for part in origins.split(",") if part.strip()),
        rate=_number(given, "KINDRED_API_RATE", Settings.rate),
        most_waiting=_number(given, "KINDRED_API_MOST_WAITING", Settings.most_waiting),
        patience=float(_number(given, "KINDRED_API_PATIENCE", int(Settings.patience))),
        workers=_number(given, "KINDRED_API_WORKERS", Settings.workers),
    )


def _number(given: Mapping[str, str], name: str, default: int) -> int:
    text = given.get(name, "")
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise UserError(f"{text!r} is no number of 1 or more.", "Mend it, or unset it.", name)
    return int(text)
