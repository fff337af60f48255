"""Screens run in this process: open a page, click, and read what it says."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).parents[2]


def opened(page: str, **params: str) -> AppTest:
    """Open a page as its address does, and see that nothing failed."""
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60).run()
    for name, value in params.items():
        app.query_params[name] = value
    return well(app.switch_page(f"pages/{page}.py").run())


def well(app: AppTest) -> AppTest:
    """See that nothing failed."""
    assert not app.exception, app.exception[0].message
    assert not app.error, app.error[0].value
    return app


def words(app: AppTest) -> str:
    """Give all that a page says."""
    elements = [*app.title, *app.subheader, *app.markdown, *app.caption, *app.info, *app.warning]
    return "\n".join(str(element.value) for element in elements)
