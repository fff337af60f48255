"""How clusters are to be found: the settings of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from kindred.errors import UserError


class Method(StrEnum):
    """Ways of finding clusters."""

    HDBSCAN = "hdbscan"  # by density, on the projection
    KMEANS = "kmeans"  # by centres, on the scaled features
    WARD = "ward"  # by merging, on the scaled features


@dataclass(frozen=True)
class ClusterSettings:
    """Settings of a run; what is None is chosen from the data.

    Parameters
    ----------
    n_clusters : int or None
        For kmeans and ward.
    min_cluster_size : int or None
        For hdbscan: the fewest people a cluster has, among those it is fitted on.
    features : tuple of str or None
        Names of traits; None takes those declared as features.
    neighbours : int
        Whom the projection keeps close: few show detail, many the large lines.
    fit_on_all_up_to : int
        Larger populations are fitted on a sample of `sample_size`; all others are carried over.
    """

    method: Method = Method.HDBSCAN
    n_clusters: int | None = None
    min_cluster_size: int | None = None
    features: tuple[str, ...] | None = None
    seed: int = 20_170_101
    neighbours: int = 15
    fit_on_all_up_to: int = 50_000
    sample_size: int = 20_000

    def __post_init__(self) -> None:
        if self.n_clusters is not None and not 2 <= self.n_clusters <= 200:
            raise UserError(
                f"{self.n_clusters} clusters can't be found.", "Ask for 2 to 200.", "n_clusters"
            )
        if self.min_cluster_size is not None and self.min_cluster_size < 2:
            raise UserError(
                "A cluster has at least two people.", "Give 2 or more.", "min_cluster_size"
            )
        if self.n_clusters is not None and self.method is Method.HDBSCAN:
            raise UserError(
                "HDBSCAN finds the number of clusters by itself.",
                "Give min_cluster_size instead, or choose kmeans or ward.",
                "n_clusters",
            )

    def as_json(self) -> dict[str, Any]:
        """Give plain values."""
        given = asdict(self)
        given["features"] = list(self.features) if self.features is not None else None
        return given

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> ClusterSettings:
        """Read a run's parameters; unknown ones are refused."""
        known = {field.name for field in fields(cls)}
        unknown = set(params) - known
        if unknown:
            raise UserError(
                f"There is no setting {', '.join(sorted(unknown))}.",
                f"There are: {', '.join(sorted(known))}.",
            )
        given = dict(params)
        if given.get("features") is not None:
            given["features"] = tuple(given["features"])
        if "method" in given:
            try:
                given["method"] = Method(given["method"])
            except ValueError:
                raise UserError(
                    f"There is no method {given['method']!r}.",
                    f"Choose one of {', '.join(Method)}.",
                    "method",
                ) from None
        return cls(**given)
