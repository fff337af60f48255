"""The Python SDKs that need other versions than ours: in an environment of their own."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
FOLDER: Final = HERE.parents[1] / ".venv-clients"
_STAMP: Final = FOLDER / ".kindred-requirements"


class Unavailable(Exception):
    """The environment can't be made here."""


def ensure() -> None:
    """Make the environment, unless it is as the requirements have it.

    Raises
    ------
    Unavailable
        The packages can't be had.
    """
    wanted = HERE / "requirements.txt"
    digest = hashlib.sha256(wanted.read_bytes()).hexdigest()
    if _STAMP.is_file() and _STAMP.read_text() == digest:
        return
    python = FOLDER / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(FOLDER)], check=True)
    uv = Path(sys.executable).with_name("uv")
    installer = [str(uv), "pip", "install", "--python", str(python)]
    if not uv.is_file() and shutil.which("uv") is None:
        installer = [str(python), "-m", "pip", "install", "--disable-pip-version-check"]
    command = [*installer, "--quiet", "-r", str(wanted)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unavailable(f"installing failed: {done.stderr.strip()[-400:]}")
    _STAMP.write_text(digest)


def run(script: str, *arguments: str, seconds: float = 40) -> Any:
    """Run a script of ``python/``; gives the JSON of its last line."""
    done = subprocess.run(
        [str(FOLDER / "bin" / "python"), str(HERE / "python" / script), *arguments],
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
