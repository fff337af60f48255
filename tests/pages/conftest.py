"""Fixtures of screens: an empty workspace that the dashboard takes for its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import streamlit as st
from sqlalchemy import Engine

from data.workspace import HOME_VARIABLE, STORE_VARIABLE, Workspace


@pytest.fixture
def home(workspace: Workspace, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """The store of a workspace that screens show."""
    monkeypatch.setenv(HOME_VARIABLE, str(workspace.home))
    monkeypatch.setenv(STORE_VARIABLE, workspace.store_url)
    yield engine
    st.cache_resource.clear()  # engines of this workspace, too
    st.cache_data.clear()
