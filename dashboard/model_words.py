"""What screens call models and the measures of their quality."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from dashboard.format import number, percent


@dataclass(frozen=True)
class Measure:
    """A measure of quality.

    Parameters
    ----------
    told : str
        What it says, in a sentence.
    share : bool
        Written as a percentage.
    better : {"more", "less", ""}
        Which way is better; neither where it is a matter of taste.
    """

    label: str
    told: str
    share: bool = False
    better: str = "more"

    def written(self, value: float | None) -> str:
        """Write a value."""
        if value is None:
            return "unknown"
        return percent(value) if self.share else number(value)


MEASURES: Final = {
    "ndcg": Measure(
        "NDCG@10",
        "How near the first ten are to the best ten achievable: 1 is perfect, and the top counts "
        "most.",
    ),
    "precision": Measure("Precision@10", "Of ten recommended, the share that was wanted.", True),
    "recall": Measure("Recall@10", "Of what was wanted, the share among the first ten.", True),
    "map": Measure("MAP@10", "Precision averaged over the places of what was wanted."),
    "mrr": Measure("MRR@10", "One over the place of the first item that was wanted."),
    "auc": Measure("AUC", "How often something wanted is ranked above something that was not."),
    "coverage": Measure("Coverage", "Share of the catalogue that somebody is recommended.", True),
    "novelty": Measure("Novelty", "How little known what is recommended is, in bits.", False, ""),
    "diversity": Measure("Diversity", "How unlike the items of one list are.", True, ""),
    "popularity_bias": Measure(
        "Popularity bias",
        "How many more people deal with what is recommended than with what was wanted, as a share "
        "of all people.",
        True,
        "less",
    ),
    "gini": Measure(
        "Concentration",
        "How unevenly recommendations fall on items (Gini): 0 is even, 1 is all on one.",
        False,
        "less",
    ),
}
MODELS: Final = {
    "popularity": "Popularity",
    "trending": "Trending",
    "segment_popularity": "Popularity per group",
    "personal": "What the person rebuys",
    "personal_popularity": "What the person rebuys",
    "covisitation": "Bought together",
    "covisitation_cosine": "Bought together (cosine)",
    "covisitation_bm25": "Bought together (BM25)",
    "als": "Factors (ALS)",
    "bpr": "Factors (BPR)",
    "svd": "Factors (SVD)",
    "ease": "Items explain items (EASE)",
    "content": "Content",
    "hybrid": "Hybrid",
    "blend": "Blend",
}
GROUPS: Final = {
    "activity": "How active people are",
    "cluster": "Cluster",
    "segment": "Segment",
}


def model_label(name: str) -> str:
    """Say what screens call a model.

    Examples
    --------
    >>> model_label("als"), model_label("my_model")
    ('Factors (ALS)', 'My model')
    """
    return MODELS.get(name, name.replace("_", " ").capitalize())


def measure(name: str) -> Measure:
    """Give a measure by its name; an unknown one is called by it."""
    return MEASURES.get(name, Measure(name.replace("_", " ").capitalize(), ""))
