"""Analyse a file: upload it, say which column means what, read the verdict, take it along."""

import streamlit as st

from dashboard import experiment_upload as upload
from dashboard.experiment_opened import choose_file, tell_refusal
from dashboard.experiment_view import results
from dashboard.format import verbatim
from dashboard.furniture import page_head
from dashboard.theme import theme_now
from kindred.errors import UserError

st.page_link("pages/experiments.py", label="All experiments", icon=":material/arrow_back:")
page_head("Analyse a file", "What does an experiment from anywhere say?")
file = choose_file()
if file is None:
    st.markdown(
        "A row a person, or several to be added up: the **variation** they had, what they **did**"
        " (clicked, 0 or 1; spent, a number), and, if you have it, what they did **before**, which"
        " makes the result sharper."
    )
    st.code("person,variation,clicked,spent,spent_before\np1,control,0,0,12.5\np2,new,1,31,8")
    st.caption("On the command line: python -m pipelines analyze FILE --control VALUE --metric …")
    st.stop()
chosen = upload.choose_columns(file)
if chosen is None:
    st.stop()
layout, plan = chosen
try:
    summary, shown = upload.judged(file, layout, plan)
except UserError as error:
    tell_refusal(error, file.path, file.name)
    st.stop()
st.divider()
st.caption(verbatim(shown.told))
results(shown, theme_now(), key="_file")
upload.offer_keeping(file, summary, plan)
