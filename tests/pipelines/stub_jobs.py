"""Jobs that end in every way a job can end."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kindred.errors import UserError
from pipelines.job import JobContext, JobResult

Params = Mapping[str, Any]


def quick(context: JobContext, params: Params) -> JobResult:
    with context.report.step("Counting") as step:
        step.rows(3)
    return JobResult(rows=3, detail={"given": dict(params)})


def long(context: JobContext, params: Params) -> JobResult:
    """Take a minute, and say now and then how far it is."""
    _begun(context)
    with context.report.step("Waiting") as step:
        for tenth in range(600):
            step.progress(tenth / 600, f"{tenth} tenths of a second")
            time.sleep(0.1)
    return JobResult()


def stuck(context: JobContext, params: Params) -> JobResult:
    """Take a minute in what no Python signal handler interrupts."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    _begun(context)
    with context.report.step("Fitting"):
        time.sleep(60)
    return JobResult()


def wrong(context: JobContext, params: Params) -> JobResult:
    with context.report.step("Dividing"):
        raise ZeroDivisionError("by nothing")


def refused(context: JobContext, params: Params) -> JobResult:
    raise UserError("There is nothing to count.", "Import something.")


def killed(context: JobContext, params: Params) -> JobResult:
    with context.report.step("Filling the memory"):
        os.kill(os.getpid(), signal.SIGKILL)
    return JobResult()


def segfault(context: JobContext, params: Params) -> JobResult:
    signal.raise_signal(signal.SIGSEGV)
    return JobResult()


def _begun(context: JobContext) -> None:
    """Leave the process's id, so that a test knows that it runs and can see it gone."""
    Path(context.workspace.home / "begun").write_text(str(os.getpid()))
