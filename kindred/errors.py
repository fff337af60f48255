"""The two families of errors: the user's, which say what to change, and ours."""

from __future__ import annotations


class UserError(Exception):
    """Something the user can put right; shown as it is, never with a traceback.

    Parameters
    ----------
    what : str
        What happened, in a sentence.
    fix : str
        What to do about it, in a sentence.
    where : str, optional
        The place it concerns: a file and line, a path into a rule, a column.
    """

    def __init__(self, what: str, fix: str, where: str | None = None) -> None:
        self.what = what
        self.fix = fix
        self.where = where
        super().__init__(f"{where}: {what} {fix}" if where else f"{what} {fix}")


class InternalError(Exception):
    """Something that should not happen whatever the user does: a fault of ours."""
