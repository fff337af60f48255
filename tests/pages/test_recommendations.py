"""Recommendations in this process: every view over a small shop, empty and filled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import Engine, insert
from streamlit.testing.v1 import AppTest

from dashboard.furniture import command
from data.lake import EVENTS, TRAITS, commit_files, describe_file
from data.live_model import promote
from data.model_files import save_model
from data.publications import Act
from data.schema import trait_runs
from data.steering import EVERYWHERE, live_steering, steering_rules
from data.trainings import save_training
from data.workspace import Workspace
from kindred.events import EVENT_SCHEMA, PRODUCT_VIEWED
from kindred.recommend.steering import CapRule, HideBoughtRule, Steering
from kindred.recommend.steering_cost import Sample
from tests.pages.test_screens import ANN
from tests.support.exported import exported
from tests.support.screens import opened, well, words
from tests.support.shop import AS_OF, ITEMS, PEOPLE, fill
from tests.support.trainings import NOON, model, training

SUFFIX = "recommendations"


def shop(home: Engine, workspace: Workspace) -> None:
    """Fill the small shop, with a live model of plain arithmetic and one beside it."""
    fill(workspace, home)
    rng = np.random.default_rng(1)
    triples = [
        (f"p{person:02d}", f"t{person % 2}-{item:02d}", float(rng.integers(1, 5)))
        for person in range(PEOPLE)
        for item in rng.permutation(ITEMS)[:6]
    ]
    told = {f"p{p:02d}": {"taste": ("sweet", "salty")[p % 2]} for p in range(PEOPLE)}
    live = exported(triples, features=told)
    beside = exported(triples, name="als", blend={"history": {"factors": 1.0}})
    order = np.argsort(-rng.random((20, 24)), axis=1)
    sample = Sample(
        order, -np.sort(-rng.random((20, 24)), axis=1), np.full((20, 24), np.nan),
        tuple(order[row, :3] for row in range(20)),
    )  # fmt: skip
    paths = save_model(workspace, live, sample), save_model(workspace, beside)
    models = [model("blend", 0.4, path=paths[0]), model("als", 0.3, path=paths[1])]
    file = workspace.lake / "traits" / "shop.parquet"
    file.parent.mkdir(parents=True)
    pq.write_table(pa.table({"person_id": [f"p{p:02d}" for p in range(PEOPLE)]}), file)
    with home.begin() as conn:
        files = [describe_file(workspace, file)]
        version = commit_files(conn, TRAITS, files, why="shop", at=AS_OF)
        facts = {"at": AS_OF, "as_of": AS_OF, "dataset_version": 1, "lake_version": version}
        conn.execute(
            insert(trait_runs).values(**facts, people=PEOPLE, traits=[], fingerprint="shop")
        )
        _, ids = save_training(conn, training(as_of=AS_OF), models)
        promote(conn, ids["blend"], Act(ANN, NOON, "first"))


def html(app: AppTest) -> str:
    return "\n".join(str(getattr(each, "value", "")) for each in app.get("html"))


@pytest.mark.usefixtures("home")
def test_before_a_model_is_live_it_teaches_how_to_get_one() -> None:
    app = opened(SUFFIX)
    assert command("python -m pipelines train_recommender") in [code.value for code in app.code]


def test_a_person_sees_what_two_models_recommend_and_why(
    home: Engine, workspace: Workspace
) -> None:
    shop(home, workspace)

    app = opened(SUFFIX, person="p01")

    assert "NDCG@10 0.40 (0.30 to 0.50)" in words(app)
    assert "**Blend** :green-badge[live]" in words(app)
    assert "**Factors (ALS)** :gray-badge[not live]" in words(app)
    assert "items are in both lists" in words(app)
    assert "Salty Thing" in html(app)
    assert "bought before" in html(app)


def test_somebody_unknown_is_told_so_and_others_are_offered(
    home: Engine, workspace: Workspace
) -> None:
    shop(home, workspace)

    app = opened(SUFFIX, person="nobody")

    assert "nobody whose id is or begins with" in app.warning[0].value
    assert "recommend_p00" in {button.key for button in app.button}


def test_somebody_who_came_after_the_training_gets_a_list_of_their_own(
    home: Engine, workspace: Workspace
) -> None:
    shop(home, workspace)
    event = {
        "messageId": "late",
        "type": "track",
        "userId": "late",
        "event": PRODUCT_VIEWED,
        "timestamp": AS_OF - timedelta(hours=1),
        "properties": {"product_id": "t1-03"},
    }
    file = workspace.lake / "events" / "late.parquet"
    pq.write_table(pa.Table.from_pylist([event], schema=EVENT_SCHEMA), file)
    with home.begin() as conn:
        commit_files(conn, EVENTS, [describe_file(workspace, file)], why="late", at=AS_OF)

    app = opened(SUFFIX, person="late")

    assert not app.warning
    assert "late came after the training" in words(app)
    assert "one item that the model knows" in words(app)
    assert "From what somebody new did" in words(app)
    assert "Salty Thing" in html(app)


def test_without_a_live_segment_the_view_says_how_to_get_one(
    home: Engine, workspace: Workspace
) -> None:
    shop(home, workspace)
    assert "Publish a segment" in opened(SUFFIX, view="Segment").info[0].value


def test_each_thing_a_visitor_tells_moves_the_list(home: Engine, workspace: Workspace) -> None:
    shop(home, workspace)
    app = opened(SUFFIX, view="Visitor")
    assert "Nothing is told yet" in words(app)

    app = well(app.selectbox(key="studio_context_taste").select("salty").run())
    assert "After **context**" in words(app)
    app = well(app.button(key="studio_answer_0_0").click().run())
    assert "After **answer 1**" in words(app)
    clicked = next(b for b in app.button if str(b.key).startswith("studio_press_"))
    app = well(clicked.click().run())
    assert "After **click 1**" in words(app)
    assert clicked.key not in {button.key for button in app.button}  # clicked once
    app = well(app.button(key="studio_anew").click().run())
    assert "Nothing is told yet" in words(app)


def test_an_item_has_its_like_and_those_who_like_it(home: Engine, workspace: Workspace) -> None:
    shop(home, workspace)

    app = opened(SUFFIX, view="Item", item="t1-03")

    assert app.subheader[0].value == "Salty Thing 3"
    assert all("Salty" in name for name in app.dataframe[0].value["Item"][:3])
    assert "bought it before" in words(app)


def test_rules_are_added_costed_saved_and_published(home: Engine, workspace: Workspace) -> None:
    shop(home, workspace)
    app = opened(SUFFIX, view="Rules")
    assert "No rules are live" in words(app)

    app.session_state["actor"] = "ann"
    app.session_state["steering_rules"] = Steering((CapRule("category", 1), HideBoughtRule(7)))
    app = well(app.run())
    assert "Show at most 1 item of the same category." in words(app)
    assert "NDCG@10" in words(app).split("**What they cost**")[1]
    assert app.dataframe[-1].value.shape[0] == 2  # each rule with its own cost

    app = well(app.button(key="steering_save").click().run())
    with home.connect() as conn:
        assert len(steering_rules(conn, EVERYWHERE).rules) == 2
        assert live_steering(conn, datetime.now(UTC)) is None


def proposing() -> None:
    import numpy as np
    import pyarrow as pa

    from dashboard.steering_editor import propose
    from dashboard.steering_state import edited, read_kept
    from data.items import Items
    from kindred.events import CATALOGUE_SCHEMA

    kept = read_kept()
    nothing = Items(np.empty(0, dtype=object), pa.Table.from_pylist([], schema=CATALOGUE_SCHEMA))
    propose(kept, edited(kept), nothing, {"told": "They cost 2 %."})


def test_publishing_rules_says_what_they_change_and_cost(home: Engine) -> None:
    app = AppTest.from_function(proposing)
    app.session_state["steering_rules"] = Steering((CapRule("category", 1),))
    app.session_state["steering_opened"] = 0
    app = well(app.run())
    assert "They cost 2 %." in words(app)

    app.text_input(key="actor_name").input("Bo")
    app.text_input(key="publishing_why").input("fewer of a kind")
    app.button(key="publishing_publish").click().run()

    with home.connect() as conn:
        live = live_steering(conn, datetime.now(UTC))
    assert live is not None
    assert (live.number, live.actor, live.why) == (1, "Bo", "fewer of a kind")
    assert live.sentence == "Show at most 1 item of the same category."
    assert live.evidence == {"told": "They cost 2 %."}
