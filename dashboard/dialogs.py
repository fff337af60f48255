"""What all dialogs share: how one that was dismissed stays away."""

from __future__ import annotations

import streamlit as st


def dismissed() -> None:
    """Run the whole page after a dialog was dismissed, as its ``on_dismiss``.

    A dialog that a fragment opened outlives that fragment's runs. Dismissed in the browser alone,
    it would come back, and say what it said then, as soon as the fragment runs again.
    """
    st.rerun()
