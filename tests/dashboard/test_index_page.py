"""The page that the browser loads first: ours by name, and allowed by our own headers."""

from __future__ import annotations

import base64
import hashlib
import re

from starlette.requests import Request

from dashboard.index_page import HERE, THEIRS, page, routes
from dashboard.security import POLICY


def test_each_screen_is_named_before_any_script_ran() -> None:
    answers = {route.path: route.endpoint(Request({"type": "http"})) for route in routes()}

    assert b"<title>Overview \xc2\xb7 Kindred</title>" in answers["/"].body
    assert b"<title>Runs \xc2\xb7 Kindred</title>" in answers["/runs"].body
    assert (
        answers["/runs"].headers["cache-control"] == "no-cache"
    )  # a new version of Streamlit has new scripts


def test_nothing_of_streamlits_name_icon_and_font_is_left() -> None:
    head = page("Runs").split("</head>")[0]

    assert "<title>Streamlit" not in head
    assert "favicon.png" not in head
    assert "SourceSans" not in head
    assert "SourceSans" in THEIRS.read_text()  # else there is nothing to take away any more


def test_the_scripts_in_it_are_those_that_the_headers_allow() -> None:
    scripts = re.findall(r"<script>(.*?)</script>", page("Runs"), re.DOTALL)

    assert HERE in scripts
    for script in scripts:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in POLICY
