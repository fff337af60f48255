"""``python -m tests.support.lives SOCKET`` makes API processes and deliverers quickly, by forking.

Reads a word a line (``api`` or ``deliver``), forks, and prints the process' number. What is forked
is what ``python -m serving`` and ``python -m pipelines deliver`` run; only their imports are
shared, so that a life begins in milliseconds and can be ended fifty times in a test.
"""

from __future__ import annotations

import os
import signal
import socket
import sys

import ibis.backends.duckdb
import ibis.backends.sql.compilers.duckdb
import pandas as pd
import uvicorn

from data.store import open_store
from data.workspace import workspace_at
from pipelines.deliver import Deliverer
from serving.app import create
from serving.protocol import Protocol

# What a deliverer would else load in each of its lives.
LOADED = (
    ibis.backends.duckdb.Backend,
    ibis.backends.sql.compilers.duckdb.DuckDBCompiler,
    pd.DataFrame,  # Arrow asks for it
)


def serve(listening: socket.socket) -> None:
    """Serve the API until killed."""
    config = uvicorn.Config(create(), loop="uvloop", http=Protocol, log_level="error")
    uvicorn.Server(config).run(sockets=[listening])


def deliver() -> None:
    """Deliver until killed."""
    workspace = workspace_at()
    Deliverer(workspace, open_store(workspace), move_every=0.05).run()


def main() -> None:
    """Fork on demand."""
    listening = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            try:
                serve(listening) if line.strip() == "api" else deliver()
            finally:
                os._exit(1)
        print(child, flush=True)


if __name__ == "__main__":
    main()
