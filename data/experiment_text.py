"""A CSV file's bytes as UTF-8 text: unpacked, decoded; damaged ones and bombs are refused."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final, cast

from kindred.errors import UserError

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHUNK: Final = 1 << 20
LONGEST_HEADER: Final = 1 << 20  # characters
SMALL: Final = 256 << 20  # bytes that may be unpacked of however little
MOST_TIMES: Final = 100  # the packed size; tables of numbers come to 2 to 20 times theirs


def plain_text(path: Path, packed: bool, target: Path) -> tuple[Path, str]:
    """Give a file of UTF-8 text, written to `target` unless it is one already, and its encoding.

    Raises
    ------
    UserError
        It is damaged, or unpacks to more than any table would.
    """
    source = path
    if packed:
        source = target.with_suffix(".unpacked")
        _unpack(path, source)
    encoding = _encoding(source)
    if encoding in {"utf-8", "utf-8-sig"}:
        return source, encoding
    _transcode(source, encoding, target)
    return target, encoding


def read_header(path: Path, name: str) -> tuple[int, str]:
    """Give the number of blank lines before the header, and the header.

    Raises
    ------
    UserError
        A line is so long that it is none.
    """
    with path.open(encoding="utf-8-sig", errors="replace", newline=None) as file:
        blank = 0
        while line := file.readline(LONGEST_HEADER + 1):
            if len(line) > LONGEST_HEADER:
                raise UserError(
                    f"{name} begins with a line of more than a million characters.",
                    "Give a CSV file whose first line names its columns.",
                )
            if line.strip():
                return blank, line.rstrip("\n")
            blank += 1
    raise UserError(f"{name} is empty.", "Give a file with a header line and rows.")


def _unpack(path: Path, target: Path) -> None:
    most = max(SMALL, MOST_TIMES * path.stat().st_size)
    written = 0
    try:
        with gzip.open(path, "rb") as source, target.open("wb") as made:
            for chunk in _chunks(cast(IO[bytes], source)):
                written += len(chunk)
                if written > most:
                    raise UserError(
                        f"{path.name} unpacks to more than {MOST_TIMES} times its size.",
                        "Unpack it and look whether it is a table; give that.",
                    )
                made.write(chunk)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UserError(
            f"{path.name} is damaged: it can't be unpacked to its end.",
            "Make it anew, or copy it again.",
        ) from error


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK):
        yield chunk


def _encoding(path: Path) -> str:
    """Tell the encoding: by its mark, else UTF-8 if all of it is, else that of Windows."""
    with path.open("rb") as file:
        head = file.read(4)
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            for chunk in _chunks(file):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


def _transcode(path: Path, encoding: str, target: Path) -> None:
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    with path.open("rb") as source, target.open("w", encoding="utf-8", newline="") as made:
        for chunk in _chunks(source):
            made.write(decoder.decode(chunk))
        made.write(decoder.decode(b"", final=True))
