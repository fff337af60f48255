"""Lists of ids as people have them: other encodings, blanks, doubles, a million; counts add up."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from data.audit import Actor, history
from data.engine import reader
from data.id_file import LONGEST, IdsRead, read_ids
from data.id_lists import LISTS, lists, read_source, save_list
from data.lake import live_files
from data.list_deletion import delete_list
from data.publications import Act
from data.segments import create_segment, publish_segment, roll_back_segment, withdraw_segment
from data.workspace import Workspace
from kindred.errors import UserError
from kindred.segments import rules as r
from pipelines.cli import main
from tests.support.segment_workspace import NOON, WORLD, keep_traits, opened, take_in

ANN = Actor("ann")


def counted(read: IdsRead) -> tuple[int, int, int, int, int]:
    assert read.rows == read.blank + read.duplicate + read.invalid + read.kept
    return read.rows, read.kept, read.duplicate, read.blank, read.invalid


READ: list[tuple[str, bytes, list[str], tuple[int, int, int, int, int]]] = [
    ("one a line", b"b\na\n", ["a", "b"], (2, 2, 0, 0, 0)),
    ("no end of line", b"b\na", ["a", "b"], (2, 2, 0, 0, 0)),
    ("windows' ends", b"b\r\na\r\n", ["a", "b"], (2, 2, 0, 0, 0)),
    ("old macs' ends", b"b\ra\r", ["a", "b"], (2, 2, 0, 0, 0)),
    ("blanks and doubles", b"a\n\n  \n a \na\n", ["a"], (5, 1, 2, 2, 0)),
    ("capitals count", b"A\na\n", ["A", "a"], (2, 2, 0, 0, 0)),
    ("a mark before", b"\xef\xbb\xbfa\n", ["a"], (1, 1, 0, 0, 0)),
    ("utf-16", "ä\nb\n".encode("utf-16"), ["b", "ä"], (2, 2, 0, 0, 0)),
    ("utf-16 without a mark", "aaaa\nb\n".encode("utf-16-le"), ["aaaa", "b"], (2, 2, 0, 0, 0)),
    ("latin-1", "é1\nb\n".encode("latin-1"), ["b", "é1"], (2, 2, 0, 0, 0)),
    ("windows' own", "€1\nb\n".encode("cp1252"), ["b", "€1"], (2, 2, 0, 0, 0)),
    ("a heading", b"userId\na\n", ["a"], (1, 1, 0, 0, 0)),
    ("a named column", b"name,user_id\nx,a\ny,b\nz,\n", ["a", "b"], (3, 2, 0, 1, 0)),
    ("semicolons", b"User ID;Name\na;x\n", ["a"], (1, 1, 0, 0, 0)),
    ("tabs", b"x\tid\n1\ta\n", ["a"], (1, 1, 0, 0, 0)),
    ("the first where none is named", b"a,x\nb,y\n", ["a", "b"], (2, 2, 0, 0, 0)),
    ("quotes", b'id,n\n"a, the first",1\n"b""b",2\n', ["a, the first", 'b"b'], (2, 2, 0, 0, 0)),
    ("quotes a line", b'"a"\n"b"\n', ["a", "b"], (2, 2, 0, 0, 0)),
    ("rows too short", b"n,id\n1,a\n2\n3,b\n", ["a", "b"], (3, 2, 0, 0, 1)),
    ("rows too long", b"id,n\na,1,9\nb,2\n", ["a", "b"], (2, 2, 0, 0, 0)),
    ("bars are part of ids", b"auth0|1\nauth0|2\n", ["auth0|1", "auth0|2"], (2, 2, 0, 0, 0)),
    ("what can't be an id", b"a\n\x01\n" + b"x" * (LONGEST + 1) + b"\n", ["a"], (3, 1, 0, 0, 2)),
    ("numbers stay as written", b"007\n7\n1e5\n", ["007", "1e5", "7"], (3, 3, 0, 0, 0)),
    ("null is an id", b"null\nNA\n", ["NA", "null"], (2, 2, 0, 0, 0)),
]


@pytest.mark.parametrize(("content", "ids", "counts"), [case[1:] for case in READ],
                         ids=[case[0] for case in READ])  # fmt: skip
def test_a_file_is_read_whatever_wrote_it(
    content: bytes, ids: list[str], counts: tuple[int, int, int, int, int]
) -> None:
    read = read_ids(content)
    assert sorted(read.ids.to_pylist()) == ids
    assert counted(read) == counts


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no id"),
        (b"\n \n", "no id"),
        (b"user_id\n", "no id"),
        (b"PK\x03\x04rest", "no text file"),
        (b"PAR1....", "no text file"),
        (b"a\0b\n", "no text file"),
        ("ab".encode("utf-16") + b"x", "UTF-16 is broken"),
        (b'id,n\n"a,1\n', "quote"),
    ],
)
def test_what_is_no_list_is_refused_with_what_to_do(content: bytes, says: str) -> None:
    with pytest.raises(UserError, match=says):
        read_ids(content)


plain = st.text(st.characters(categories=("L", "N"), max_codepoint=0x24F), min_size=1, max_size=8)


@given(ids=st.lists(plain, min_size=1), encoding=st.sampled_from(("utf-8", "utf-8-sig", "utf-16")))
def test_ids_come_back_as_they_were_written(ids: list[str], encoding: str) -> None:
    read = read_ids(("x-1\n" + "\n".join(ids) + "\n").encode(encoding))
    assert set(read.ids.to_pylist()) == {"x-1", *ids}
    assert counted(read)[2] == len(ids) - len(set(ids))


def test_a_million_rows_are_read() -> None:
    rows = "\n".join(f"user-{n % 900_000:07d}" for n in range(1_000_000))
    assert counted(read_ids(rows.encode())) == (1_000_000, 900_000, 100_000, 0, 0)


# --- kept ---------------------------------------------------------------------------------------


@pytest.fixture
def filled(store_workspace: Workspace, store: Engine, tmp_path: Path) -> Workspace:
    take_in(store_workspace, store, WORLD, tmp_path / "first")
    keep_traits(store_workspace, store, WORLD)
    return store_workspace


def saved(workspace: Workspace, store: Engine, content: bytes, **more: bool) -> None:
    with store.begin() as conn:
        save_list(workspace, conn, "Our VIPs", content, actor=ANN, at=NOON, **more)


def test_a_kept_list_may_be_named_in_rules(filled: Workspace, store: Engine) -> None:
    saved(filled, store, b"p03\np05\np05\n\nstranger\n")
    with reader(store).connect() as conn:
        (row,) = lists(conn)
        assert history(conn, "list:our-vips")[0].detail["kept"] == 3
    assert (row.key, row.name, row.kept, row.known) == ("our-vips", "Our VIPs", 3, 2)
    population = opened(filled, store)
    assert population.members(r.ListRule("our-vips")).positions().tolist() == [3, 5]


def test_a_name_that_is_taken_is_refused_unless_it_is_replaced(
    filled: Workspace, store: Engine
) -> None:
    saved(filled, store, b"p03\n")
    with pytest.raises(UserError, match="already"):
        saved(filled, store, b"p04\n")
    saved(filled, store, b"p04\n", replace=True)
    assert opened(filled, store).members(r.ListRule("our-vips")).positions().tolist() == [4]
    with reader(store).connect() as conn:
        assert len(lists(conn)) == 1
        assert len(live_files(conn, LISTS, "our-vips")) == 1


def deleted(workspace: Workspace, store: Engine, key: str = "our-vips") -> Path:
    with store.begin() as conn:
        return delete_list(workspace, conn, key, actor=ANN, at=NOON)


def test_a_list_that_nothing_uses_is_deleted_and_the_log_says_by_whom(
    filled: Workspace, store: Engine
) -> None:
    saved(filled, store, b"p03\n")
    file = deleted(filled, store)
    assert file.exists()  # until the transaction is through
    with reader(store).connect() as conn:
        assert list(lists(conn)) == []
        last = history(conn, "list:our-vips")[0]
    assert (last.action, last.actor, last.detail) == ("list.deleted", "ann", {"name": "Our VIPs"})
    with pytest.raises(UserError, match="no list 'our-vips'"):
        deleted(filled, store)
    saved(filled, store, b"p04\n")  # the name is free again
    assert opened(filled, store).members(r.ListRule("our-vips")).positions().tolist() == [4]


def test_a_list_is_not_deleted_while_a_draft_or_what_is_live_uses_it(
    filled: Workspace, store: Engine
) -> None:
    saved(filled, store, b"p03\n")
    uses = r.NotRule(r.AnyRule((r.ListRule("our-vips"), r.TraitRule("income", "is_set"))))
    act = Act(ANN, NOON, "to see")
    with store.begin() as conn:
        made = create_segment(conn, "Not ours", uses, actor=ANN, at=NOON)
    with pytest.raises(UserError, match=r"used by “Not ours” \(its draft\)"):
        deleted(filled, store)
    with store.begin() as conn:
        publish_segment(conn, made.key, act, revision=made.revision, ask=False)
    with pytest.raises(UserError, match="used by “Not ours”\\."):
        deleted(filled, store)
    with store.begin() as conn:
        withdraw_segment(conn, made.key, act)
    deleted(filled, store)
    with store.begin() as conn, pytest.raises(UserError, match="“our-vips”, which was deleted"):
        roll_back_segment(conn, made.key, 1, act)


def test_the_command_deletes_only_when_told_so_twice(
    workspace: Workspace,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("KINDRED_HOME", str(workspace.home))
    saved(workspace, engine, b"p03\np04\n")
    asked = ["segments", "lists", "--delete", "our-vips", "--as", "ann"]
    assert main(asked) == 2
    assert "2 ids of “Our VIPs” would be gone" in capsys.readouterr().err
    with reader(engine).connect() as conn:
        assert len(lists(conn)) == 1
    assert main([*asked, "--yes"]) == 0
    assert capsys.readouterr().out == "“Our VIPs” is deleted.\n"
    with reader(engine).connect() as conn:
        assert list(lists(conn)) == []
    assert list((workspace.lake / LISTS).iterdir()) == []
    assert main([*asked, "--yes"]) == 2
    assert "There are: none." in capsys.readouterr().err


def test_without_traits_it_is_not_known_who_of_them_is_here(
    store_workspace: Workspace, store: Engine
) -> None:
    saved(store_workspace, store, b"p03\n")
    with reader(store).connect() as conn:
        assert lists(conn)[0].known is None


def test_sources_of_all_sorts(tmp_path: Path) -> None:
    path = tmp_path / "ids.txt"
    path.write_bytes(b"a\n")
    read = read_source(path)
    assert read_source(read) is read
    for source in (b"a\n", io.BytesIO(b"a\n"), path):
        assert read_source(source).ids.to_pylist() == ["a"]
    with pytest.raises(UserError, match="Check the path"):
        read_source(tmp_path / "none")
