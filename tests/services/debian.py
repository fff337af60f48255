"""Bring missing Debian packages onto the machine, where that is allowed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.services import browser, postgres, redis


@dataclass(frozen=True)
class Need:
    """Something that tests need, how to see whether it is there, and the packages that bring it."""

    name: str
    there: Callable[[], bool]
    packages: tuple[str, ...]


def _has_fonts() -> bool:
    return any(Path("/usr/share/fonts").rglob("*.[to]tf"))


NEEDS: Final = (
    Need("PostgreSQL", lambda: postgres.binaries() is not None, ("postgresql",)),
    Need("Redis", lambda: redis.executable() is not None, ("redis-server",)),
    Need("Chromium", lambda: browser.executable() is not None, ("chromium",)),
    Need("a font for screenshots", _has_fonts, ("fonts-dejavu-core",)),
)


def ensure() -> int:
    """Install what is missing; gives the number of needs that stay unmet, whose tests skip."""
    missing = [need for need in NEEDS if not need.there()]
    if not missing:
        return 0
    packages = [package for need in missing for package in need.packages]
    prefix = _as_root()
    if shutil.which("apt-get") and prefix is not None:
        print(f"Installing for the tests: {' '.join(packages)}", flush=True)
        _install(packages, prefix)
    missing = [need for need in missing if not need.there()]
    if missing:
        names = ", ".join(need.name for need in missing)
        packages = [package for need in missing for package in need.packages]
        print(
            f"Tests of these will be skipped: {names}. To have them, install as root:\n"
            f"    apt-get install --no-install-recommends {' '.join(packages)}",
            file=sys.stderr,
        )
    return len(missing)


def _as_root() -> list[str] | None:
    """Give what to put before a command to run it as root, or none where that can't be."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if (
        sudo
        and subprocess.run([sudo, "-n", "true"], check=False, capture_output=True).returncode == 0
    ):
        return [sudo, "-n"]
    return None


def _install(packages: Sequence[str], prefix: list[str]) -> None:
    # Debian's package would start a server of its own on 5432; tests start theirs themselves.
    quiet = {"DEBIAN_FRONTEND": "noninteractive", "PG_CREATE_CLUSTER": "no"}
    env = [f"{name}={value}" for name, value in quiet.items()]
    install = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", *packages]
    for command in (["apt-get", "update", "-qq"], install):
        subprocess.run([*prefix, "env", *env, *command], check=False, stdout=subprocess.DEVNULL)
