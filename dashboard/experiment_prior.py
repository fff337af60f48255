"""What is believed of a change before anything is seen: asked once, for the Bayesian reading."""

from __future__ import annotations

import streamlit as st

from kindred.experiments.bayes import Prior
from kindred.experiments.definition import Belief


def believe(before: Belief | None, key: str) -> Belief | None:
    """Ask for a prior; none unless a spread is given."""
    with st.expander("Prior of the Bayesian reading", key=f"{key}_box"):
        left, right = st.columns(2, gap="medium")
        mean = left.number_input(
            "Change believed in (%)",
            -100.0,
            1_000.0,
            before.mean * 100 if before else 0.0,
            step=1.0,
            key=f"{key}_mean",
            help="Of the control's value; 0 takes no side.",
        )
        spread = right.number_input(
            "Give or take (%)",
            0.01,
            1_000.0,
            before.sd * 100 if before else None,
            step=1.0,
            key=f"{key}_sd",
            placeholder="none",
            help="One standard deviation; two of three changes like this one lie that near. Blank:"
            " nothing is believed.",
        )
        found = None if spread is None else Belief((mean or 0.0) / 100, spread / 100)
        prior = found.prior if found else Prior()
        told = prior.in_words()
        st.caption(f"{told[0].upper()}{told[1:]}. Fixed and sequential readings don't use it.")
    return found
