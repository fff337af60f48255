"""The application: routers, what they share, and the one mapping of errors to answers.

A part of the API is a module with a ``router``; it is included here and nowhere else. What it needs
per process it adds in a function ``start(serving)`` that is listed in :data:`PARTS`.
"""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from data.workspace import Workspace, workspace_at
from serving import (
    collect,
    evaluate,
    growthbook,
    health,
    metrics,
    people,
    recommendations,
    segments,
    streams,
)
from serving.context import Serving
from serving.definitions import Definitions
from serving.errors import add_handlers
from serving.evaluate_docs import SCHEMAS
from serving.protocol import STATE
from serving.quick import Quick
from serving.raw import add_raw
from serving.recommendations import Recommendations
from serving.settings import LOOPBACK_ORIGINS, Settings, settings_from
from serving.watch import Watch

ROUTERS: Final = (
    collect.router,
    streams.router,
    growthbook.router,
    recommendations.router,  # before people, whose ids may have a slash
    people.router,
    segments.router,
    health.router,
    metrics.router,
)
PARTS: Final[tuple[Callable[[Serving], None], ...]] = (
    Definitions.start,
    Recommendations.start,
)


def _end_with_supervisor() -> None:
    """End as when told to once the process that keeps the workers is gone.

    Killed, it tells nobody; its workers would hold the port for good.
    """
    supervisor = multiprocessing.parent_process()
    if supervisor is None:
        return

    def wait() -> None:
        supervisor.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="supervisor", daemon=True).start()


def create(workspace: Workspace | None = None, settings: Settings | None = None) -> FastAPI:
    """Make the application; uvicorn calls this once in every worker process."""
    chosen = settings or settings_from()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        shared = await asyncio.to_thread(Serving.open, workspace or workspace_at(), chosen)
        app.state.serving = shared
        for start in PARTS:
            start(shared)
        await asyncio.to_thread(shared.look)
        if threading.current_thread() is threading.main_thread():  # a process of its own
            gc.collect()
            gc.freeze()  # what is there for good need not be looked through again and again
            _end_with_supervisor()
        looking = asyncio.create_task(shared.keep_looking())
        try:
            yield {STATE: Quick(shared)}
        finally:
            shared.stopping = True
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
            for tell in shared.before_counts:
                tell()
            shared.close()

    app = FastAPI(
        title="Kindred",
        version="1",
        description="Send events; ask who somebody is and what they should see.",
        lifespan=lifespan,
        docs_url=None,  # both pages would fetch scripts from elsewhere
        redoc_url=None,
    )
    for router in ROUTERS:
        app.include_router(router)
    add_raw(app, evaluate.ROUTES, SCHEMAS)
    add_handlers(app)
    app.add_middleware(Watch, most_waiting=chosen.most_waiting)
    everybody = "*" in chosen.origins
    app.add_middleware(
        CORSMiddleware,
        allow_origins=["*"] if everybody else list(chosen.origins),
        allow_origin_regex=None if everybody else LOOPBACK_ORIGINS,
        allow_methods=["GET", "POST", "OPTIONS"],
        allow_headers=["*"],
        expose_headers=["ETag", "Retry-After", "X-SSE-Support"],
        max_age=600,
    )
    return app
