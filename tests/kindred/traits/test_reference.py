"""The reference of traits is the registry's."""

from __future__ import annotations

from pathlib import Path

from kindred.traits.reference import reference


def test_the_published_reference_is_current() -> None:
    path = Path(__file__).parents[3] / "docs" / "reference" / "traits.md"
    assert path.read_text(encoding="utf-8") == reference(), (
        "Write it anew: python -m kindred.traits.reference > docs/reference/traits.md"
    )
