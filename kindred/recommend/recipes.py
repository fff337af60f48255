"""The models there are: what each is, its settings, what may be tuned, and how it is fitted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kindred.recommend import fitting, fitting_hybrid, fitting_linear
from kindred.recommend.dataset import Interactions
from kindred.recommend.forms import Form, Popular
from kindred.recommend.lessons import by_chance, by_time, dealt_lately

Params = Mapping[str, Any]
BLEND: Final = "blend"
POPULARITY: Final = "popularity"
GROUPS: Final = "segment_popularity"
TRENDING: Final = "trending"
PERSONAL: Final = "personal"
COVISITATION: Final = "covisitation_cosine"
HYBRID: Final = "hybrid"
CONTENT: Final = "content"
TREND_DAYS: Final = 14.0  # half-life of what is trending


@dataclass(frozen=True)
class Ingredients:
    """What models are fitted on.

    Parameters
    ----------
    rows : Interactions
    matrix : csr array of shape (U, I)
        Weights, decayed, as of the end of `rows`.
    person_features, item_features : mapping of name to array of text or None
    texts : array of str, shape (I,)
        The words of each item's metadata.
    half_life : float or None
        By which `matrix` is decayed, in days.
    """

    rows: Interactions
    matrix: sparse.csr_array
    person_features: Mapping[str, NDArray[Any]]
    item_features: Mapping[str, NDArray[Any]]
    texts: NDArray[Any]
    half_life: float | None = None

    @classmethod
    def of(
        cls,
        rows: Interactions,
        person_features: Mapping[str, NDArray[Any]],
        item_features: Mapping[str, NDArray[Any]],
        texts: NDArray[Any],
        half_life: float | None,
    ) -> Ingredients:
        """Weigh the rows and keep the rest as it is."""
        matrix = rows.matrix(half_life=half_life)
        return cls(rows, matrix, person_features, item_features, texts, half_life)


@dataclass(frozen=True)
class Recipe:
    """One model.

    Parameters
    ----------
    fit : callable of Ingredients and parameters to Form
    params : mapping
        As they are unless tuned.
    space : mapping of name to (low, high) or list of choices
        What may be tuned; a pair of whole numbers or of floats is searched on a log scale.
    sentence : str
        What it is, for people.
    """

    name: str
    sentence: str
    fit: Callable[[Ingredients, Params], Form]
    params: Params = field(default_factory=dict)
    space: Mapping[str, Any] = field(default_factory=dict)


def _popularity(given: Ingredients, _: Params) -> Form:
    return fitting.fit_popular(given.matrix, {})


def _groups(given: Ingredients, _: Params) -> Form:
    return fitting.fit_popular(given.matrix, given.person_features)


def _trending(given: Ingredients, params: Params) -> Form:
    recent = given.rows.matrix(half_life=float(params["half_life_days"]))
    everybody = np.asarray(recent.sum(axis=0), dtype=np.float32).ravel()
    return Popular(everybody, np.empty((0, len(everybody)), dtype=np.float32))


def _rebuy(given: Ingredients, _: Params) -> Form:
    return fitting.fit_personal(given.matrix)


def _cosine(given: Ingredients, params: Params) -> Form:
    return fitting.fit_neighbours(given.matrix, least=3, keep=int(params["neighbours"]))


def _bm25(given: Ingredients, params: Params) -> Form:
    return fitting_linear.fit_bm25(given.matrix, keep=int(params["neighbours"]), k1=params["k1"])


def _ease(given: Ingredients, params: Params) -> Form:
    return fitting_linear.fit_ease(given.matrix, **params)


def _svd(given: Ingredients, params: Params) -> Form:
    return fitting_linear.fit_svd(given.matrix, **params)


def _als(given: Ingredients, params: Params) -> Form:
    return fitting.fit_factors(given.matrix, **params)


def _bpr(given: Ingredients, params: Params) -> Form:
    return fitting_linear.fit_bpr(given.matrix, **params)


def _content(given: Ingredients, _: Params) -> Form:
    return fitting.fit_content(given.item_features, given.texts)


def _hybrid(given: Ingredients, params: Params) -> Form:
    settings = dict(params)
    described = bool(settings.pop("described"))
    timed = by_time(given.rows, given.half_life)
    # Kinds of things share a name ("BANANAS"), and what shares one is alike.
    return fitting_hybrid.fit_hybrid(
        given.matrix,
        given.person_features,
        {**given.item_features, "name": given.texts},
        lessons=timed or by_chance(given.matrix),
        lately=dealt_lately(given.rows) if timed else None,
        described=described,
        **settings,
    )


RECIPES: Final[tuple[Recipe, ...]] = (
    Recipe(POPULARITY, "What most people dealt with lately.", _popularity),
    Recipe(GROUPS, "What most people of the same traits dealt with, small groups shrunk.", _groups),
    Recipe(
        TRENDING,
        "What most is being dealt with these days.",
        _trending,
        {"half_life_days": TREND_DAYS},
        {"half_life_days": (3.0, 60.0)},
    ),
    Recipe(PERSONAL, "What the person dealt with before, the most and latest first.", _rebuy),
    Recipe(
        COVISITATION,
        "What goes with what the person dealt with, by cosine.",
        _cosine,
        {"neighbours": 60},
        {"neighbours": (20, 200)},
    ),
    Recipe(
        "covisitation_bm25",
        "The same, common items and busy people counting less.",
        _bm25,
        {"neighbours": 60, "k1": 1.2},
        {"neighbours": (20, 200), "k1": (0.5, 20.0)},
    ),
    Recipe(
        "ease",
        "How items foretell one another, in closed form, over the most bought of them.",
        _ease,
        {"regularization": 200.0, "most": fitting_linear.MOST_DENSE},
        {"regularization": (20.0, 3000.0)},
    ),
    Recipe("svd", "Factors of a singular value decomposition.", _svd, {"factors": 24},
           {"factors": (6, 128)}),
    Recipe(
        "als",
        "Factors by alternating least squares.",
        _als,
        {"factors": 48, "regularization": 20.0, "strength": 2.0, "iterations": 12},
        {"factors": (16, 128), "regularization": (1.0, 200.0), "strength": (0.5, 20.0)},
    ),
    Recipe(
        "bpr",
        "Factors by Bayesian personalised ranking.",
        _bpr,
        {"factors": 48, "regularization": 0.01, "iterations": 60},
        {"factors": (24, 96), "regularization": (0.001, 0.1)},
    ),
    Recipe(CONTENT, "Items whose words and metadata are like the person's.", _content),
    Recipe(
        HYBRID,
        "LightFM: factors of people, their pasts, items and their features together.",
        _hybrid,
        {
            "factors": 32,
            "epochs": 4,
            "alpha": 1e-5,
            "learning_rate": 0.005,
            "trend": 4.0,
            "described": True,
        },
        {
            "factors": (16, 96),
            "epochs": (2, 12),
            "alpha": (1e-6, 1e-3),
            "learning_rate": (0.001, 0.03),
            "trend": (0.5, 8.0),
        },
    ),
)  # fmt: skip


def recipes(*, repeats: bool, features: bool, items_described: bool) -> list[Recipe]:
    """Choose those that can say something of the data at hand.

    Parameters
    ----------
    repeats : bool
        Whether what a person dealt with before may be recommended.
    features : bool
        Whether anything is known of people.
    items_described : bool
        Whether anything is known of items.
    """
    out = set() if repeats else {PERSONAL}
    out |= set() if features else {GROUPS}
    out |= set() if items_described else {CONTENT}
    return [each for each in RECIPES if each.name not in out]
