"""One event at a time and a table of them: what may go in is the same."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.canonical import REASON, canonical, with_reason
from kindred.events import EVENT_SCHEMA
from kindred.intake import Event, canonical_event, refusal
from kindred.segments.durations import micros, moment

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)

blank = st.sampled_from([None, "", " ", "\t", "a", " a "])
times = st.one_of(
    st.none(),
    st.sampled_from([NOW + timedelta(days=2), datetime(1990, 1, 1, tzinfo=UTC)]).flatmap(
        lambda edge: st.sampled_from([micros(edge) + d for d in (-1, 0, 1)])
    ),
    st.integers(0, micros(NOW) * 2),
)
events = st.builds(
    Event,
    message_id=blank,
    type=st.sampled_from([None, "track", "page", "hover", ""]),
    user_id=blank,
    anonymous_id=blank,
    timestamp=times,
    event=blank,
    properties=st.one_of(
        st.none(),
        st.fixed_dictionaries(
            {"revenue": st.sampled_from([None, 1.5, float("nan"), float("inf"), float("-inf")])}
        ),
    ),
)


@settings(max_examples=30, deadline=None)
@given(st.lists(events, min_size=20, max_size=60))
def test_an_event_is_refused_for_the_reason_for_which_its_row_is(found: list[Event]) -> None:
    rows = [
        {
            "messageId": event.message_id,
            "type": event.type,
            "userId": event.user_id,
            "anonymousId": event.anonymous_id,
            "timestamp": None if event.timestamp is None else moment(event.timestamp),
            "event": event.event,
            "properties": event.properties,
            "traits": str(number),
        }
        for number, event in enumerate(found)
    ]
    nullable = pa.schema([field.with_nullable(True) for field in EVENT_SCHEMA])
    table = ibis.memtable(pa.Table.from_pylist(rows, schema=nullable))
    judged = with_reason(canonical(table), NOW).to_pyarrow().to_pylist()
    reasons = {int(row["traits"]): row[REASON] for row in judged}
    assert reasons == {n: refusal(event, micros(NOW)) for n, event in enumerate(found)}


def taken(given: dict[str, Any], **more: Any) -> Event:
    arguments = {"received_at": micros(NOW), "sent_at": None, "new_id": lambda: "made", **more}
    return canonical_event(given, **arguments)


def test_members_that_the_specification_names_are_typed_and_the_rest_is_kept() -> None:
    line = {"sku": 7, "price": "2.5", "quantity": 2, "colour": "red"}
    properties = {"revenue": "12.5", "order_id": 99, "products": [line, None], "gift": True}
    event = taken({"type": "track", "event": "Order Completed", "properties": properties})
    assert event.properties == {
        "revenue": 12.5,
        "order_id": "99",
        "products": [{"product_id": "7", "price": 2.5, "quantity": 2.0, "revenue": 5.0}],
        "other": '{"gift":true}',
    }


def test_a_number_that_is_none_is_unknown_and_revenue_that_is_none_is_refused() -> None:
    odd = {"price": "cheap", "quantity": True, "position": 1.5, "value": "1e999"}
    assert taken({"type": "page", "properties": odd}).properties is None
    event = taken({"type": "page", "userId": "u", "properties": {"revenue": []}})
    assert refusal(event, micros(NOW)) == "its revenue is no finite number"


def test_context_is_told_apart_and_the_batches_own_stands_behind() -> None:
    own = {"device": {"type": "mobile", "id": "x"}, "location": {"region": "Rome"}, "ip": "::1"}
    event = taken({"type": "page", "context": own}, context={"locale": "it", "ip": "none"})
    assert event.context is not None
    rest = json.loads(event.context.pop("other"))
    assert event.context == {"device": "mobile", "region": "Rome", "locale": "it"}
    assert rest == {"device": own["device"], "location": own["location"], "ip": "::1"}


def test_groups_aliases_and_pages_keep_what_they_are_about() -> None:
    group = taken({"type": "group", "groupId": "g1", "traits": {"size": 3}})
    assert (group.properties, group.traits) == ({"other": '{"groupId":"g1"}'}, '{"size":3}')
    alias = taken({"type": "alias", "previousId": "a", "userId": "b"})
    assert alias.properties == {"other": '{"previousId":"a"}'}
    page = taken({"type": "page", "name": "Home", "category": "Shop"})
    assert (page.event, page.properties) == ("Home", {"category": "Shop"})


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("2026-11-24T12:00:00Z", NOW),
        ("2026-11-24T13:00:00+01:00", NOW),
        ("2026-11-24T12:00:00.000000", NOW),
        (NOW.timestamp(), NOW),
        (int(NOW.timestamp() * 1000), NOW),
    ],
)
def test_times_are_read_as_sdks_write_them(given: Any, read: datetime) -> None:
    assert taken({"type": "page", "timestamp": given}).timestamp == micros(read)
