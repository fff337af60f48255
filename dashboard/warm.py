"""What is loaded to stay is kept out of the garbage collector's rounds."""

from __future__ import annotations

import atexit
import gc

import streamlit as st

atexit.register(gc.unfreeze)  # at the end all is let go, as libraries check


@st.cache_resource(max_entries=50, show_spinner=False)
def settle(page: str) -> int:
    """Freeze, once a page, what has been loaded by its first run; gives the number of objects.

    Streamlit collects all garbage after every run. Going through half a million objects of
    modules and caches that never go takes it 160 ms, in which the next run has to wait: after a
    stroke on the map two runs follow one another.
    """
    del page  # only the cache's key
    gc.collect()
    gc.freeze()
    return gc.get_freeze_count()
