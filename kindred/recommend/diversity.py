"""How unlike one another the items of a list are.

Castells, Hurley & Vargas 2015, *Novelty and diversity in recommender systems*. Apart from the other
metrics of lists, which screens use too: this one is compiled.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from kindred.recommend.kernels import likeness_within
from kindred.recommend.metrics import Floats, Lists


def diversity(lists: Lists, rows: sparse.csr_array) -> Floats:
    """Give one less the mean cosine likeness between two items of a list, shape (n,).

    Parameters
    ----------
    rows : csr array of shape (I, T)
        What items are like, rows of length one, or zero for an item that nothing is known of.
    """
    count = (lists >= 0).sum(axis=1)
    pairs = count * (count - 1)
    products, terms = np.zeros(len(lists)), np.zeros(rows.shape[1])
    likeness_within(lists, rows.indptr, rows.indices, rows.data, terms, products)
    return 1.0 - products / np.where(pairs > 0, pairs, np.nan)
