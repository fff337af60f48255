"""Read a file of ids, whatever wrote it: text or CSV, in UTF-8, UTF-16 or Latin-1."""

from __future__ import annotations

import csv
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from kindred.errors import UserError

MOST_BYTES: Final = 400 << 20
LONGEST: Final = 200  # characters of an id

# Names of the column that holds ids, letters only; the first that is there is taken.
HEADERS: Final = (
    *("personid", "userid", "anonymousid", "customerid", "householdid", "memberid"),
    *("profileid", "id"),
)

# A bar is none: ids such as auth0|5f7c8 have one.
_DELIMITERS: Final = "\t;,"
_QUOTED: Final = re.compile(r'"(?:[^"]|"")*"')
_C1: Final = re.compile("[\x80-\x9f]")  # what Latin-1 makes of Windows' own characters
_CONTROL: Final = r"[\x00-\x1f\x7f\x{80}-\x{9f}\x{fffd}]"
_NO_TEXT: Final = (b"PK\x03\x04", b"PAR1", b"\xd0\xcf\x11\xe0", b"%PDF", b"\x1f\x8b")


@dataclass(frozen=True)
class IdsRead:
    """What was read: ``rows = blank + duplicate + invalid + kept``.

    Parameters
    ----------
    ids : array of string
        Distinct, in the order of their bytes.
    column : str or None
        Name of the column they were in, where the file names its columns.
    """

    ids: pa.Array
    rows: int
    blank: int
    duplicate: int
    invalid: int
    encoding: str
    column: str | None = None

    @property
    def kept(self) -> int:
        """How many ids there are."""
        return len(self.ids)


def read_ids(content: bytes) -> IdsRead:
    """Read the ids of a text file, one a line, or of a column of a CSV file.

    The column is the one called person_id, userId, id or alike, else the first.

    Raises
    ------
    UserError
        It is no text, is too large, or holds no id.
    """
    if len(content) > MOST_BYTES:
        raise UserError(
            f"The file has {len(content) >> 20:,} MB.", f"Give at most {MOST_BYTES >> 20:,} MB."
        )
    text, encoding = _decoded(content)
    text = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
    values, lost, column = _values(text)
    trimmed = pc.utf8_trim_whitespace(values)
    filled = trimmed.filter(pc.not_equal(trimmed, ""))
    wrong = pc.or_(
        pc.greater(pc.utf8_length(filled), LONGEST), pc.match_substring_regex(filled, _CONTROL)
    )
    valid = filled.filter(pc.invert(wrong))
    distinct = pc.unique(valid)
    if not len(distinct):
        raise UserError(
            "There is no id in the file.", "Give a text with one id a line, or a CSV file."
        )
    return IdsRead(
        distinct.take(pc.array_sort_indices(distinct)),
        rows=len(values) + lost,
        blank=len(values) - len(filled),
        duplicate=len(valid) - len(distinct),
        invalid=len(filled) - len(valid) + lost,
        encoding=encoding,
        column=column,
    )


def _decoded(content: bytes) -> tuple[str, str]:
    """Read the text, and name its encoding."""
    if content.startswith(_NO_TEXT):
        raise UserError("This is no text file.", "Save the ids as text or CSV first.")
    encoding = _encoding(content)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        if encoding.startswith("utf-16"):
            raise UserError("Its UTF-16 is broken.", "Save it anew as UTF-8.") from None
        text, encoding = _western(content)
    if "\0" in text:
        raise UserError("This is no text file.", "Save the ids as text or CSV first.")
    return text.removeprefix("\ufeff"), encoding.removesuffix("-sig")


def _encoding(content: bytes) -> str:
    for mark, name in (
        (b"\xef\xbb\xbf", "utf-8-sig"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if content.startswith(mark):
            return name
    start = content[:4096]
    for name, empty in (("utf-16-le", start[1::2]), ("utf-16-be", start[::2])):
        if empty and empty.count(0) > 0.6 * len(empty):  # most ids are ASCII
            return name
    return "utf-8"


def _western(content: bytes) -> tuple[str, str]:
    text = content.decode("latin-1")
    if _C1.search(text):
        with suppress(UnicodeDecodeError):  # it has bytes that Windows-1252 leaves out
            return content.decode("cp1252"), "windows-1252"
    return text, "latin-1"


def _values(text: str) -> tuple[pa.Array, int, str | None]:
    """Take the cells that hold ids; also count rows that lack one, and name the column."""
    blank = len(text) - len(text.lstrip("\n"))
    head, _, below = text[blank:].partition("\n")
    delimiter = _delimiter(head)
    names = next(csv.reader([head], delimiter=delimiter or ","), [])
    place, column = _named(names)
    body = below if column is not None else text[blank:]
    has_rows = bool(body) or (column is not None and text.endswith("\n"))
    lost = 0
    if not has_rows:
        values = pa.array([], pa.string())
    elif delimiter is None:
        values = _lines(body)
    else:
        values, lost = _cells(body, delimiter, len(names), place)
    empty = pa.array([""] * blank, pa.string())
    return pa.concat_arrays([empty, values]), lost, column


def _delimiter(head: str) -> str | None:
    bare = _QUOTED.sub("", head)
    most = max(_DELIMITERS, key=bare.count)
    return most if most in bare else None


def _named(names: list[str]) -> tuple[int, str | None]:
    """Find the column of ids: its place, and its name where the row does name columns."""
    plain = [re.sub(r"[^a-z]", "", name.lower()) for name in names]
    for header in HEADERS:
        if header in plain:
            place = plain.index(header)
            return place, names[place].strip()
    return 0, None


def _lines(text: str) -> pa.Array:
    """Take every line, without quotes around it."""
    lines = pc.split_pattern(pa.array([text]), "\n").values
    quoted = pc.match_substring_regex(lines, r'^\s*"(?:[^"]|"")*"\s*$')
    if not pc.any(quoted).as_py():
        return lines
    inner = pc.replace_substring_regex(lines, r'^\s*"(.*)"\s*$', r"\1")
    return pc.if_else(quoted, pc.replace_substring(inner, '""', '"'), lines)


def _cells(text: str, delimiter: str, width: int, place: int) -> tuple[pa.Array, int]:
    """Take one column of a CSV text; also count rows that do not reach it.

    Rows of another length than the first are read as far as they go.
    """
    _refuse_open_quote(text, delimiter)
    ragged: list[str] = []

    def keep(row: Any) -> str:
        ragged.append(row.text)
        return "skip"

    names = [str(i) for i in range(width)]
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(text.encode()),
            arrow_csv.ReadOptions(column_names=names, block_size=8 << 20),
            arrow_csv.ParseOptions(
                delimiter=delimiter,
                newlines_in_values='"' in text,
                ignore_empty_lines=False,
                invalid_row_handler=keep,
            ),
            arrow_csv.ConvertOptions(
                include_columns=[names[place]], column_types={names[place]: pa.string()}
            ),
        )
    except pa.ArrowInvalid as error:
        raise UserError(
            f"The file is no CSV: {error}.", "Look for a quote that is not closed."
        ) from None
    rows = (next(csv.reader([row], delimiter=delimiter), []) for row in ragged)
    found = [row[place] if place < len(row) else (None if row else "") for row in rows]
    there = [cell for cell in found if cell is not None]
    columns = [*table.column(0).chunks, pa.array(there, pa.string())]
    return pa.concat_arrays(columns), len(found) - len(there)


def _refuse_open_quote(text: str, delimiter: str) -> None:
    """Refuse a quote that is not closed: all that follows it would be one cell, and no row."""
    if text.count('"') % 2 == 0:
        return
    try:
        for _ in csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True):
            pass
    except csv.Error as error:
        raise UserError(
            f"The file is no CSV: {error}.", "Look for a quote that is not closed."
        ) from None
