"""``python -m serving``: the API, and nothing beside it."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile

import uvicorn

from data.live_store import open_live_store
from data.store import open_store
from data.workspace import workspace_at
from kindred.errors import UserError
from serving.logs import LOGGING
from serving.settings import HOST, PORT, settings_from


def main(argv: list[str] | None = None) -> int:
    """Serve until told to end; gives 2 for the user's errors."""
    parser = argparse.ArgumentParser(
        prog="python -m serving",
        description="Kindred's API. The workspace is the folder KINDRED_HOME, or var/.",
    )
    parser.add_argument("--host", default=HOST, help=f"where it listens (default: {HOST})")
    parser.add_argument("--port", type=int, default=PORT, help=f"(default: {PORT})")
    parser.add_argument("--workers", type=int, help="processes (default: KINDRED_API_WORKERS, 1)")
    given = parser.parse_args(argv)
    try:
        settings = settings_from()
        workspace = workspace_at()
        open_store(workspace).dispose()  # migrated here, so that workers need not race to
        open_live_store(workspace).close()  # what is in its way is told once, not by each worker
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    workers = given.workers or settings.workers
    with tempfile.TemporaryDirectory(prefix="kindred-metrics-") as shared:
        if workers > 1:
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = shared
        os.environ["KINDRED_API_WORKERS"] = str(workers)
        _serve(given.host, given.port, workers)
    return 0


def _serve(host: str, port: int, workers: int) -> None:
    uvicorn.run(
        "serving.app:create",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        loop="uvloop",
        http="serving.protocol:Protocol",  # by name: only workers need load it
        proxy_headers=False,  # nothing asks for the caller's address
        access_log=False,
        log_config=LOGGING,
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=10,
        backlog=1024,
    )


if __name__ == "__main__":
    sys.exit(main())
