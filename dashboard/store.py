"""The workspace and its store, opened once a process.

**How screens cache.** Small reads (a summary, the newest runs) are one bounded query each time:
they take a millisecond or two and can never be stale. What is large is cached with a *version*
among its arguments, a number or a file's name that changes whenever the content does, and with the
content itself left out of the key (an argument such as ``_engine``): Streamlit hashes a big frame
from a sample of its rows, so two frames that differ in one cell may share a result. Every cache
says ``max_entries``. Files of the lake are never written twice, so their path is a version.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import streamlit as st
from sqlalchemy import Connection, Engine, Row

from data.engine import reader
from data.store import open_store
from data.workspace import Workspace, facts, workspace_at


def workspace() -> Workspace:
    """Give the workspace this dashboard shows."""
    return workspace_at()


def engine() -> Engine:
    """Give the engine on the workspace's store."""
    return _open(workspace())


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs={Workspace: str})
def _open(workspace: Workspace) -> Engine:
    return open_store(workspace)


@contextmanager
def reading() -> Iterator[Connection]:
    """Open a transaction that only reads."""
    with reader(engine()).connect() as conn:
        yield conn


def workspace_facts() -> Row[Any] | None:
    """Read what the workspace holds; none before the first import."""
    with reading() as conn:
        return facts(conn)
