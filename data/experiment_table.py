"""Open an experiment's file, whatever wrote it: Parquet, or CSV of any separator and encoding."""

from __future__ import annotations

import csv
import glob
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb
from duckdb import DuckDBPyConnection, DuckDBPyRelation, col, lit

from data.experiment_text import plain_text, read_header
from kindred.errors import UserError
from kindred.experiments import caveats
from kindred.experiments.caveats import Caveat

SEPARATORS: Final = (",", ";", "\t", "|")
MEMORY: Final = "3GB"
MOST_COLUMNS: Final = 2_000
_CHUNK: Final = 1 << 20


@dataclass(frozen=True)
class Table:
    """An open file.

    Parameters
    ----------
    rows : DuckDBPyRelation
        Columns under their names without blanks around them; those of a CSV file are all text.
    caveats : list of Caveat
        What was odd about the file itself.
    """

    connection: DuckDBPyConnection
    rows: DuckDBPyRelation
    caveats: list[Caveat]

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return list(self.rows.columns)


@contextmanager
def open_table(
    path: Path, needed: Iterable[str] = (), also: Iterable[str] = (), *, whole: bool = False
) -> Iterator[Table]:
    """Open a CSV or Parquet file, in an engine of its own with bounded memory.

    Parameters
    ----------
    needed : iterable of str
        Columns that there should be; they help to tell a CSV file's separator.
    also : iterable of str
        Columns that are read where they are there.
    whole : bool
        Read every column; else those of a CSV file that are not named are there, but empty.

    Raises
    ------
    UserError
        The file can't be read, or lacks a column; the message lists those it has.
    """
    head, needed = _head(path), list(needed)
    with (
        tempfile.TemporaryDirectory(prefix="kindred-analysis-") as scratch,
        duckdb.connect() as connection,
    ):
        connection.execute("SET preserve_insertion_order = false")
        connection.execute("SET memory_limit = ?", [MEMORY])
        connection.execute("SET temp_directory = ?", [scratch])
        try:
            if head.startswith(b"PAR1"):
                table = Table(connection, connection.read_parquet(_exactly(path)), [])
            else:
                table = _open_csv(connection, path, head, [*needed, *also], Path(scratch), whole)
            yield _with_plain_names(table, needed, path.name)
        except duckdb.Error as error:
            reason = str(error).splitlines()[0]
            for place in (f"{scratch}/table.csv", f"{scratch}/table.unpacked", str(path)):
                reason = reason.replace(place, path.name)
            raise _unreadable(path, reason) from error


def _exactly(path: Path) -> str:
    """Name one file, whatever signs its name has."""
    return glob.escape(str(path)) if glob.has_magic(str(path)) else str(path)


def _head(path: Path) -> bytes:
    if not path.is_file():
        raise UserError(f"There is no file {path}.", "Check the path.")
    try:
        with path.open("rb") as file:
            head = file.read(_CHUNK)
    except OSError as error:
        raise _unreadable(path, error.strerror or "it can't be opened") from error
    if not head.strip():
        raise UserError(f"{path.name} is empty.", "Give a file with a header line and rows.")
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise UserError(
            f"{path.name} is a workbook or an archive.", "Save its sheet as CSV and give that."
        )
    return head


def _unreadable(path: Path, reason: str) -> UserError:
    return UserError(
        f"{path.name} can't be read as a table: {reason}",
        "Give a CSV file with a header line, or a Parquet file.",
    )


def _open_csv(
    connection: DuckDBPyConnection,
    path: Path,
    head: bytes,
    asked: list[str],
    scratch: Path,
    whole: bool,
) -> Table:
    said: list[Caveat] = []
    packed = head.startswith(b"\x1f\x8b")
    source, encoding = plain_text(path, packed, scratch / "table.csv")
    if encoding == "cp1252":
        said.append(caveats.NOT_UTF8.at(path.name))
    blank, header = read_header(source, path.name)
    if any(ord(sign) < ord(" ") and sign not in "\t\r" for sign in header):
        raise _unreadable(path, "it holds bytes that are no text.")
    separator = _separator(header, asked)
    _refuse_many(len(_names(header, separator)), path.name)
    _refuse_doubles(header, separator, asked)
    how = {"delimiter": separator, "skiprows": blank}
    kept = None if whole or not asked else asked
    try:
        _take_rows(connection, source, kept, how)
    except duckdb.Error:
        # Quotes that never close, line ends of several kinds: read line by line, without guessing.
        names = _unlike(_names(header, separator))
        columns = {"columns": dict.fromkeys(names, "VARCHAR"), "auto_detect": False}
        connection.execute("DROP TABLE IF EXISTS reject_errors; DROP TABLE IF EXISTS reject_scans")
        _take_rows(connection, source, kept, how | columns | {"strict_mode": False})
    broken = connection.execute("SELECT count(DISTINCT line), min(line) FROM reject_errors")
    count, first = broken.fetchall()[0]
    if count:
        said.append(caveats.BROKEN_LINE.counting(count, f"line {first}"))
    return Table(connection, connection.table("file_rows"), said)


def _take_rows(
    connection: DuckDBPyConnection, source: Path, kept: list[str] | None, how: dict[str, Any]
) -> None:
    """Read the file once, since each pass over a CSV file would parse it again."""
    rows = connection.read_csv(
        _exactly(source),
        header=True,
        quotechar='"',
        escapechar='"',
        all_varchar=True,
        store_rejects=True,
        parallel=True,
        **how,
    )
    if kept is not None:
        # The others keep their names, for messages, but not their values.
        named = [(col(n) if n.strip() in kept else lit(None).alias(n)) for n in rows.columns]
        rows = rows.select(*named)
    rows.to_table("file_rows")


def _unlike(names: list[str]) -> list[str]:
    """Give every column a name of its own, as the engine does."""
    made: list[str] = []
    taken: set[str] = set()
    for place, name in enumerate(names):
        one = name or f"column{place}"
        while one.casefold() in taken:
            one += "_1"
        taken.add(one.casefold())
        made.append(one)
    return made


def _separator(header: str, needed: list[str]) -> str:
    """Choose the separator that finds most of the columns needed, else most columns."""

    def found(separator: str) -> tuple[int, int]:
        names = _names(header, separator)
        return len(set(names) & set(needed)), len(names)

    return max(SEPARATORS, key=found)


def _names(header: str, separator: str) -> list[str]:
    try:
        return [name.strip() for name in next(csv.reader([header], delimiter=separator), [])]
    except csv.Error:
        return []


def _refuse_many(columns: int, name: str) -> None:
    if columns > MOST_COLUMNS:
        raise UserError(
            f"{name} has {columns:,} columns; {MOST_COLUMNS:,} are read at most.",
            "Leave out those that the analysis does not need.",
        )


def _refuse_doubles(header: str, separator: str, needed: list[str]) -> None:
    names = _names(header, separator)
    doubled = [name for name in needed if names.count(name) > 1]
    if doubled:
        raise UserError(
            f"The header names {doubled[0]!r} {names.count(doubled[0])} times.",
            "Give each column a name of its own.",
        )


def _with_plain_names(table: Table, needed: list[str], name: str) -> Table:
    """Take blanks around names away, and check that what is needed is there."""
    plain = [name.strip() for name in table.rows.columns]
    missing = [name for name in needed if name not in plain]
    if missing:
        raise UserError(
            f"{name} has no column {', '.join(map(repr, missing))}.",
            f"The file has: {', '.join(plain)}.",
        )
    if plain == list(table.rows.columns) or len(set(plain)) < len(plain):
        return table
    renamed = [col(name).alias(name.strip()) for name in table.rows.columns]
    return Table(table.connection, table.rows.select(*renamed), table.caveats)
