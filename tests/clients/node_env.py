"""The Node SDKs: installed once as their lock file pins them, run as scripts, bundled for pages."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
_STAMP: Final = HERE / "node_modules" / ".kindred-lock"


class Unavailable(Exception):
    """Node, or what it needs, is not to be had here."""


def ensure() -> None:
    """Install the SDKs, unless they are there as the lock file has them.

    Raises
    ------
    Unavailable
        There is no Node or no npm, or the registry does not answer.
    """
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise Unavailable("node and npm are not installed (Debian: apt-get install nodejs npm)")
    digest = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    if _STAMP.is_file() and _STAMP.read_text() == digest:
        return
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unavailable(f"npm ci failed: {done.stderr.strip()[-400:]}")
    _STAMP.write_text(digest)


def run(script: str, *arguments: str, given: Any = None, seconds: float = 40) -> list[Any]:
    """Run a script of ``node/``; gives the JSON of each line that it prints."""
    done = subprocess.run(
        ["node", str(HERE / "node" / script), *arguments],
        cwd=HERE,
        input=None if given is None else json.dumps(given),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith(("{", "["))]


def bundle(page: str, target: Path) -> None:
    """Bundle a script of ``pages/`` for a browser, without the network."""
    command = ["node_modules/.bin/esbuild", f"pages/{page}", "--bundle", "--format=iife"]
    command += [f"--outfile={target}", "--log-level=warning", "--target=chrome110"]
    command += ['--define:process.env.NODE_ENV="production"']
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
