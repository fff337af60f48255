"""Open an experiment's file, whatever wrote it: Parquet, or CSV of any separator and encoding."""

from __future__ import annotations

import codecs
import csv
import glob
import gzip
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, cast

import duckdb
from duckdb import DuckDBPyConnection, DuckDBPyRelation, col, lit

from kindred.errors import UserError
from kindred.experiments import caveats
from kindred.experiments.caveats import Caveat

SEPARATORS: Final = (",", ";", "\t", "|")
MEMORY: Final = "3GB"
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
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
            yield _with_plain_names(table, needed)
        except duckdb.Error as error:
            reason = str(error).splitlines()[0].replace(f"{scratch}/table.csv", path.name)
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
    encoding = _encoding(path, packed)
    source = path
    if encoding not in {"utf-8", "utf-8-sig"} or packed:
        source = scratch / "table.csv"
        _transcode(path, packed, encoding, source)
    if encoding == "cp1252":
        said.append(caveats.NOT_UTF8.at(path.name))
    blank, header = _header(source)
    if header.count("\0"):
        raise _unreadable(path, "it holds bytes that are no text.")
    separator = _separator(header, asked)
    _refuse_doubles(header, separator, asked)
    rows = connection.read_csv(
        _exactly(source),
        delimiter=separator,
        header=True,
        skiprows=blank,
        quotechar='"',
        escapechar='"',
        all_varchar=True,
        store_rejects=True,
        parallel=True,
    )
    if asked and not whole:
        # The others keep their names, for messages, but not their values.
        kept = [
            col(name) if name.strip() in asked else lit(None).alias(name) for name in rows.columns
        ]
        rows = rows.select(*kept)
    # Read once: each pass over a CSV file would parse it again.
    rows.to_table("file_rows")
    broken = connection.execute("SELECT count(DISTINCT line), min(line) FROM reject_errors")
    count, first = broken.fetchall()[0]
    if count:
        said.append(caveats.BROKEN_LINE.counting(count, f"line {first}"))
    return Table(connection, connection.table("file_rows"), said)


def _bytes(path: Path, packed: bool) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path, "rb") if packed else path.open("rb"))


def _encoding(path: Path, packed: bool) -> str:
    """Tell the encoding: by its mark, else UTF-8 if all of it is, else that of Windows."""
    with _bytes(path, packed) as file:
        head = file.read(4)
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    decoder = codecs.getincrementaldecoder("utf-8")()
    with _bytes(path, packed) as file:
        try:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


def _transcode(path: Path, packed: bool, encoding: str, target: Path) -> None:
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    with _bytes(path, packed) as source, target.open("w", encoding="utf-8", newline="") as made:
        while chunk := source.read(_CHUNK):
            made.write(decoder.decode(chunk))
        made.write(decoder.decode(b"", final=True))


def _header(path: Path) -> tuple[int, str]:
    """Give the number of blank lines before the header, and the header."""
    with path.open(encoding="utf-8-sig", errors="replace", newline=None) as file:
        for blank, line in enumerate(file):
            if line.strip():
                return blank, line.rstrip("\n")
    return 0, ""


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


def _refuse_doubles(header: str, separator: str, needed: list[str]) -> None:
    names = _names(header, separator)
    doubled = [name for name in needed if names.count(name) > 1]
    if doubled:
        raise UserError(
            f"The header names {doubled[0]!r} {names.count(doubled[0])} times.",
            "Give each column a name of its own.",
        )


def _with_plain_names(table: Table, needed: list[str]) -> Table:
    """Take blanks around names away, and check that what is needed is there."""
    plain = [name.strip() for name in table.rows.columns]
    missing = [name for name in needed if name not in plain]
    if missing:
        raise UserError(
            f"There is no column {', '.join(map(repr, missing))}.",
            f"The file has: {', '.join(plain)}.",
        )
    if plain == list(table.rows.columns) or len(set(plain)) < len(plain):
        return table
    renamed = [col(name).alias(name.strip()) for name in table.rows.columns]
    return Table(table.connection, table.rows.select(*renamed), table.caveats)
