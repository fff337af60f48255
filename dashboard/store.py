"""The workspace and its store, opened once a process."""

from __future__ import annotations

import streamlit as st
from sqlalchemy import Engine

from data.store import open_store
from data.workspace import Workspace, workspace_at


def workspace() -> Workspace:
    """Give the workspace this dashboard shows."""
    return workspace_at()


def engine() -> Engine:
    """Give the engine on the workspace's store."""
    return _open(workspace())


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs={Workspace: str})
def _open(workspace: Workspace) -> Engine:
    return open_store(workspace)
