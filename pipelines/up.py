"""What ``make run`` starts: all brought up to date, then worker, dashboard, API and deliverer."""

from __future__ import annotations

import shutil
import signal
from datetime import UTC, datetime
from types import FrameType
from typing import Final

from sqlalchemy import Engine

from data import runs
from data.api_keys import Scope, create_key, list_keys
from data.audit import Actor
from data.engine import reader
from data.manifest import MAP, dataset_version
from data.runs import Status
from data.workspace import Workspace, facts
from kindred.errors import UserError
from pipelines.services import HOST, Services, api, dashboard, deliverer, require_free, tell, worker
from pipelines.worker import run_watched

ROOM: Final = 1_000_000_000  # bytes: the first import, with all that follows, takes near half


def up(
    workspace: Workspace,
    engine: Engine,
    port: int,
    api_port: int,
    *,
    actor: Actor,
    refresh: bool,
) -> None:
    """Refresh, start, print the addresses, and stay until Ctrl-C or SIGTERM.

    Raises
    ------
    UserError
        A port is taken, or something does not start.
    """
    if port == api_port:
        raise UserError(
            f"Dashboard and API can't both listen on port {port}.",
            f"Choose another for one of them: make run API_PORT={port % 65000 + 1}",
        )
    require_free(port)
    require_free(api_port, "API_PORT")
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, _interrupt)
    if refresh:
        bring_up_to_date(workspace, engine, actor)
    services = Services(
        workspace,
        [
            dashboard(port, api_port),
            api(api_port),
            worker(),
            deliverer(),
        ],
    )
    _stay(
        services,
        f"\n  Kindred is ready:  http://{HOST}:{port}\n"
        f"  Its API:           http://{HOST}:{api_port}\n"
        f"{_development_key(engine, actor)}  Ctrl-C ends it.\n",
    )


def serve(
    workspace: Workspace, engine: Engine, api_port: int, *, actor: Actor, workers: int
) -> None:
    """Start the API and what delivers its events, and stay.

    Raises
    ------
    UserError
        The port is taken, or the API does not start.
    """
    require_free(api_port, "API_PORT")
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, _interrupt)
    services = Services(workspace, [api(api_port, workers), deliverer()])
    told = f"\n  Kindred's API is ready:  http://{HOST}:{api_port}\n"
    _stay(services, f"{told}{_development_key(engine, actor)}  Ctrl-C ends it.\n")


def _stay(services: Services, told: str) -> None:
    try:
        services.start()
        services.await_answers()
        tell(told)
        services.watch()
    except KeyboardInterrupt:
        tell("Ending …")
    finally:
        services.stop()


def _development_key(engine: Engine, actor: Actor) -> str:
    """Make a first key where there is none, and tell it this once."""
    with engine.begin() as conn:
        if list_keys(conn):
            return ""
        scopes = {Scope.COLLECT, Scope.EVALUATE, Scope.READ}
        _, token = create_key(conn, "development", scopes, actor=actor, at=datetime.now(UTC))
    return (
        f"  A first API key:   {token}\n"
        "                     It is shown this once; Settings makes another at any time.\n"
    )


def bring_up_to_date(workspace: Workspace, engine: Engine, actor: Actor) -> None:
    """Fill an empty workspace here, before anything is shown; leave a full one to the worker.

    An empty one is given the Complete Journey. What is there already is never mixed with it.
    """
    with reader(engine).connect() as conn:
        known, events, mapped = facts(conn), dataset_version(conn), dataset_version(conn, MAP)
    if known is not None and events:
        tell(f"{workspace.home} holds {known.source} ({known.kind} data).")
    else:
        _require_room(workspace)
        tell(
            f"{workspace.home} is empty: importing the Complete Journey (2,469 households),\n"
            "and computing all that follows. This once takes some minutes; Ctrl-C is safe."
        )
    if events and mapped:
        _ask_for_refresh(engine, actor)
        return
    params = {} if events else {"source": "completejourney"}
    run = run_watched(workspace, engine, "refresh", params, actor=actor)
    if run.status == Status.CANCELLED:
        raise KeyboardInterrupt
    if run.status != Status.SUCCEEDED:
        tell(
            f"\n  Not all is there: {run.error}\n"
            "  The dashboard shows what there is; the next start tries again."
        )


def _require_room(workspace: Workspace) -> None:
    free = shutil.disk_usage(workspace.home).free
    if free < ROOM:
        raise UserError(
            f"Only {free / 1e9:.1f} GB are free where {workspace.home} lies; "
            f"{ROOM / 1e9:.0f} GB are needed.",
            "Make room, or choose another folder: KINDRED_HOME=/path/to/it make run",
        )


def _ask_for_refresh(engine: Engine, actor: Actor) -> None:
    with engine.begin() as conn:
        if not runs.is_waiting(conn, "refresh"):
            runs.enqueue(conn, "refresh", {}, actor=actor, at=datetime.now(UTC))


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
