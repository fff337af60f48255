"""Other people's packages, each in an environment of its own: they want other versions."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HOME = Path(".venv-peers")


def peer(name: str, requirements: Sequence[str]) -> Path:
    """Give the Python of an environment that holds `requirements`; made on first use."""
    folder = HOME / name
    python = folder / "bin" / "python"
    stamp = folder / "requirements.txt"
    if not stamp.exists() or stamp.read_text().split("\n") != list(requirements):
        uv = [sys.executable, "-m", "uv"]
        made = [*uv, "venv", "-q", "--clear", "--python", sys.executable, str(folder)]
        install = [*uv, "pip", "install", "-q", "--python", str(python), *requirements]
        subprocess.run(made, check=True)
        subprocess.run(install, check=True)
        stamp.write_text("\n".join(requirements))
    return python


def ask(python: Path, script: Path, given: Any) -> Any:
    """Run a script in a peer's environment: JSON in, JSON out."""
    done = subprocess.run(
        [python, "-W", "ignore", script],
        input=json.dumps(given).encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(done.stdout)
