"""Run a piece of a benchmark in a process of its own, with its time and peak memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Spent:
    """What a process took.

    Parameters
    ----------
    seconds : float
        Wall clock, from start to end.
    peak : float
        Largest resident memory, in GiB.
    result : dict
        The JSON object on its last line of output.
    """

    seconds: float
    peak: float
    result: dict[str, Any]


def spend(module: str, *arguments: str) -> Spent:
    """Run ``python -m module arguments`` and wait for it."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", module, *arguments], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    output = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{module} {' '.join(arguments)} ended with {process.returncode}")
    return Spent(seconds, usage.ru_maxrss / 2**20, json.loads(output.splitlines()[-1]))
