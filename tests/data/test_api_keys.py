"""API keys: what is kept of them, and how long they open anything."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from data import audit
from data.api_keys import (
    Scope,
    create_key,
    find_key,
    list_keys,
    note_used,
    recognise,
    revoke_key,
    rotate_key,
    valid_keys,
)
from data.audit import Actor
from kindred.errors import UserError

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ANN = Actor("ann")
BOTH = frozenset({Scope.COLLECT, Scope.EVALUATE})


def test_what_is_kept_opens_nothing_and_what_was_given_does(store: Engine) -> None:
    with store.begin() as conn:
        key, token = create_key(conn, " Shop ", BOTH, actor=ANN, at=NOW)
    with store.connect() as conn:
        known = valid_keys(conn, NOW)
        (said,) = audit.history(conn, f"key:{key.public_id}")
    assert (key.name, key.scopes, key.created_by) == ("Shop", BOTH, "ann")
    assert key.digest not in token
    assert token not in repr((known, said))
    assert recognise(known, token, NOW) == key
    for wrong in (key.digest, key.public_id, token[:-1], token + "0", token.upper(), "", "a_b_c"):
        assert recognise(known, wrong, NOW) is None


def test_a_revoked_key_is_none_from_then_on(store: Engine) -> None:
    with store.begin() as conn:
        key, token = create_key(conn, "Shop", BOTH, actor=ANN, at=NOW)
        revoke_key(conn, key.public_id, actor=ANN, at=NOW)
        assert recognise(valid_keys(conn, NOW), token, NOW) is None
        with pytest.raises(UserError, match="revoked already"):
            revoke_key(conn, key.public_id, actor=ANN, at=NOW)
        assert [found.revoked_by for found in list_keys(conn)] == ["ann"]


def test_a_rotated_key_stays_for_its_grace_and_its_successor_may_do_the_same(store: Engine) -> None:
    with store.begin() as conn:
        _, old = create_key(conn, "Shop", BOTH, actor=ANN, at=NOW, browser=True, rate=7)
        new, token = rotate_key(conn, "Shop", actor=ANN, at=NOW, grace=timedelta(hours=1))
        known = valid_keys(conn, NOW)
        assert (new.scopes, new.browser, new.rate) == (BOTH, True, 7)
        assert recognise(known, token, NOW) == new
        assert recognise(known, old, NOW + timedelta(minutes=59)) is not None
        assert recognise(known, old, NOW + timedelta(minutes=60)) is None
        assert find_key(conn, "Shop") == new


def test_a_public_page_holds_no_key_to_people(store: Engine) -> None:
    with store.begin() as conn:
        with pytest.raises(UserError, match="browser's key is public"):
            create_key(conn, "Shop", {Scope.READ}, actor=ANN, at=NOW, browser=True)
        with pytest.raises(UserError, match="no name"):
            create_key(conn, "  ", BOTH, actor=ANN, at=NOW)
        with pytest.raises(UserError, match="may do nothing"):
            create_key(conn, "Shop", (), actor=ANN, at=NOW)
        assert list_keys(conn) == []


def test_a_name_that_two_keys_share_names_neither(store: Engine) -> None:
    with store.begin() as conn:
        create_key(conn, "Shop", BOTH, actor=ANN, at=NOW)
        create_key(conn, "Shop", BOTH, actor=ANN, at=NOW)
        with pytest.raises(UserError, match="Several keys"):
            find_key(conn, "Shop")
        with pytest.raises(UserError, match="no such key"):
            find_key(conn, "Nobody")


def test_when_a_key_was_last_used_is_remembered(store: Engine) -> None:
    with store.begin() as conn:
        key, _ = create_key(conn, "Shop", BOTH, actor=ANN, at=NOW)
        note_used(conn, [key.public_id], at=NOW)
        assert find_key(conn, key.public_id).last_used_at == NOW
