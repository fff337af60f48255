"""Small models in arrays, made from interactions by plain arithmetic: nothing is fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy import sparse

from kindred.recommend.exported import Exported, History
from kindred.recommend.forms import Content, Factors, Form, Neighbours, Personal, Popular

Triple = tuple[str, str, float]  # person, item, weight

BLEND = {
    "history": {"neighbours": 0.5, "factors": 0.3, "personal": 0.2},
    "metadata": {"popular": 1.0},
    "unknown": {"popular": 1.0},
}


def exported(
    triples: Sequence[Triple],
    *,
    features: Mapping[str, Mapping[str, str]] | None = None,
    words: Mapping[str, str] | None = None,
    repeats: bool = True,
    name: str = "blend",
    blend: Mapping[str, Mapping[str, float]] = BLEND,
    factors: int = 4,
) -> Exported:
    """Make a model of who dealt with what.

    Parameters
    ----------
    features : mapping of person to (trait → value)
    words : mapping of item to text
    """
    people = sorted({person for person, _, _ in triples})
    items = sorted({item for _, item, _ in triples} | set(words or {}))
    row = {person: place for place, person in enumerate(people)}
    place = {item: at for at, item in enumerate(items)}
    matrix = sparse.csr_array(
        (
            [weight for _, _, weight in triples],
            ([row[p] for p, _, _ in triples], [place[i] for _, i, _ in triples]),
        ),
        shape=(len(people), len(items)),
    )
    matrix.sum_duplicates()
    traits = sorted({trait for known in (features or {}).values() for trait in known})
    told = {
        trait: np.array([(features or {}).get(p, {}).get(trait) for p in people], dtype=object)
        for trait in traits
    }
    forms: dict[str, Form] = {
        "popular": _popular(matrix, told),
        "personal": Personal(len(items)),
        "neighbours": Neighbours(_cosine(matrix)),
        "factors": _factors(matrix, min(factors, *matrix.shape)),
    }
    if words:
        forms["content"] = _content([words.get(item, "") for item in items])
    days = np.where(np.arange(matrix.nnz) % 3 == 0, 3.0, 30.0)
    return Exported(
        name=name,
        people=np.array([p.encode() for p in people], dtype=np.bytes_),
        items=np.array([i.encode() for i in items], dtype=np.bytes_),
        forms=forms,
        blend=blend,
        history=History(matrix.indptr, matrix.indices, matrix.data, days),
        repeats=repeats,
        person_features=told,
        features={t: tuple(sorted({str(v) for v in told[t] if v is not None})) for t in traits},
    )


def _popular(matrix: sparse.csr_array, told: Mapping[str, np.ndarray]) -> Popular:
    everybody = np.asarray(matrix.sum(axis=0), dtype=float)
    names, groups = [], []
    for trait, values in told.items():
        for value in sorted({str(v) for v in values if v is not None}):
            mine = np.array([v == value for v in values])
            names.append(f"{trait}={value}")
            groups.append(np.asarray(matrix[mine].sum(axis=0), dtype=float) / max(mine.sum(), 1))
    rows = np.array(groups) if groups else np.empty((0, matrix.shape[1]))
    return Popular(everybody / matrix.shape[0], rows, tuple(names))


def _cosine(matrix: sparse.csr_array) -> sparse.csr_array:
    together = (matrix.T @ matrix).tocsr()
    length = np.sqrt(together.diagonal())
    scale = sparse.diags_array(1 / np.where(length > 0, length, 1))
    found = sparse.csr_array(scale @ together @ scale)
    found.setdiag(0)
    found.eliminate_zeros()
    return sparse.csr_array(found)


def _factors(matrix: sparse.csr_array, d: int) -> Factors:
    u, s, vt = np.linalg.svd(matrix.toarray(), full_matrices=False)
    people, items = u[:, :d] * np.sqrt(s[:d]), vt[:d].T * np.sqrt(s[:d])
    gram = items.T @ items + 0.1 * np.eye(d)
    return Factors(people, items, np.zeros(len(items)), gram, np.empty((0, d)))


def _content(texts: Sequence[str]) -> Content:
    terms = sorted({word for text in texts for word in text.split()})
    rows = np.array([[text.split().count(term) for term in terms] for text in texts], dtype=float)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return Content(sparse.csr_array(rows / np.where(length > 0, length, 1)), tuple(terms))
