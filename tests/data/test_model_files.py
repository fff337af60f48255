"""A model's arrays are read back as they were, those of pasts included."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from data.model_files import open_model, save_model
from data.workspace import Workspace
from kindred.recommend.exported import Exported, History
from kindred.recommend.fitting import fit_factors
from kindred.recommend.fitting_hybrid import fit_hybrid
from kindred.recommend.forms import Factors, Who

MATRIX = sparse.csr_array(np.random.default_rng(1).integers(0, 3, (12, 8)).astype(np.float32))


@pytest.mark.parametrize("pasts", [True, False])
def test_factors_score_and_explain_the_same_after_reading(
    workspace: Workspace, pasts: bool
) -> None:
    form = (
        fit_hybrid(MATRIX, {}, {}, factors=3, epochs=1)
        if pasts
        else fit_factors(MATRIX, factors=3, iterations=2, threads=1)
    )
    ids = np.array([b"%02d" % place for place in range(12)])
    none = np.empty(0)
    history = History(np.zeros(13, np.int64), none.astype(np.int32), none, none)
    model = Exported("m", ids, ids[:8], {"m": form}, {"history": {"m": 1.0}}, history, True)

    read = open_model(workspace, save_model(workspace, replace(model))).forms["m"]

    assert isinstance(read, Factors)
    assert (read.pasts is not None) is pasts
    for who in (Who(2, np.array([1, 4]), np.ones(2)), Who(None, np.array([0]), np.ones(1))):
        np.testing.assert_array_equal(read.scores(who), form.scores(who))
        assert list(read.carried(who, 5)) == list(form.carried(who, 5))
