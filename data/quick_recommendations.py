"""Recommendations within milliseconds: the computed list from the lake, steered."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from data.recommendation_files import look_up, part_file, part_of, people_part
from data.recommendation_types import Answer, Newcomer
from data.recommendations import Recommender
from data.workspace import Workspace
from kindred.recommend.steering import IDENTITY, BlendRule, PinRule, Steering


def quick_answer(
    workspace: Workspace,
    conn: Connection,
    recommender: Recommender,
    person: str,
    steering: Steering | None,
    k: int,
    newcomer: Callable[[], Newcomer | None] = lambda: None,
) -> Answer:
    """Answer from the computed list, where rules leave enough of it; else from the arrays.

    Reasons are left out. Pins and blends ask for what a list does not hold, so they are answered
    from the arrays, as are people who came after the training, whom the model folds in.

    Parameters
    ----------
    recommender : Recommender
        Of the live model; opened once and kept.
    newcomer : callable
        Gathers what somebody did whom the model does not know, and is asked of those alone.
    """
    if recommender.model.row(person) is None:
        came = newcomer()
        if came is not None:
            return recommender.person(person, steering, k, explain=False, newcomer=came)
    rules = steering or IDENTITY
    file = part_file(conn, people_part(part_of(person)))
    listed = look_up(workspace, file, person) if file is not None else None
    if listed is not None and not rules.of(PinRule) and not rules.of(BlendRule):
        answer = recommender.from_list(person, listed, steering, k)
        if len(answer.items) >= k:
            return answer
    return recommender.person(person, steering, k, explain=False)
