"""Names that people understand, no two alike."""

from __future__ import annotations

from kindred.clusters.contrast import Contrast
from kindred.clusters.naming import name_clusters
from kindred.traits.registry import TRAITS

DECLARED = {computed.trait.name: computed.trait for computed in TRAITS}


def effect(name: str, size: float, here: float = 2.0, there: float = 1.0) -> Contrast:
    return Contrast(name, size, here, there, 1.0)


def test_a_name_says_who_of_what_and_when() -> None:
    names = name_clusters(
        [
            [
                effect("frequency", 0.6, 120, 43),
                effect("share_produce", 0.4, 0.12, 0.06),
                effect("share_evening", 0.3),
            ]
        ],
        DECLARED,
    )
    assert names[0].name in {
        "Frequent buyers of fruit and vegetables",
        "Frequent buyers of fruit and vegetables, evenings",
    }
    assert names[0].sentence.startswith(
        "Compared with everyone, they order more often (120 orders against 43 orders)"
    )


def test_clusters_that_differ_alike_still_get_different_names() -> None:
    alike = [effect("frequency", 0.6), effect("share_deli", 0.4)]
    names = [named.name for named in name_clusters([alike, alike, alike], DECLARED)]
    assert len(set(names)) == 3


def test_a_cluster_like_everyone_is_typical() -> None:
    named = name_clusters([[effect("frequency", 0.01)]], DECLARED)[0]
    assert named.name == "Typical buyers"
    assert "differ little" in named.sentence
