"""What can be wrong with the data of an experiment: a code, what it means, and where."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

# In a message that counts: what is said of one, and of several.
_ONE_OR_MANY: Final = re.compile(r"\[([^\[\]|]*)\|([^\[\]|]*)\]")


@dataclass(frozen=True)
class Caveat:
    """One thing that is wrong, on the row it concerns.

    Parameters
    ----------
    code : str
        Stable, for programs.
    message : str
        What it means and what to do, for people.
    where : str
        The metric, variation, segment or column.
    """

    code: str
    message: str
    where: str = ""

    def at(self, where: str) -> Caveat:
        """Say the same of a place."""
        return replace(self, where=where)

    def counting(self, count: int, where: str) -> Caveat:
        """Say the same of a place, with a number of rows put into the message.

        Examples
        --------
        >>> one = Caveat("x", "{count} [row names|rows name] nothing.")
        >>> one.counting(1, "").message, one.counting(1_200, "").message
        ('1 row names nothing.', '1,200 rows name nothing.')
        """
        told = _ONE_OR_MANY.sub(lambda found: found[1 if count == 1 else 2], self.message)
        return Caveat(self.code, told.format(count=f"{count:,}"), where)


EMPTY_ARM = Caveat(
    "empty_arm", "An arm has no unit with this metric, so there is nothing to compare."
)
SINGLE_UNIT = Caveat(
    "single_unit", "An arm has a single unit: no spread can be told, so there is no test."
)
ZERO_VARIANCE = Caveat(
    "zero_variance", "No value differs from another in either arm, so there is no test."
)
ZERO_DENOMINATOR = Caveat(
    "zero_denominator", "The ratio's denominator adds up to zero in an arm: no ratio exists."
)
ZERO_BASELINE = Caveat(
    "zero_baseline", "The control's value is zero: a relative lift does not exist."
)
NEGATIVE_BASELINE = Caveat(
    "negative_baseline",
    "The control's value is negative: the relative lift has the other sign than the lift.",
)
NO_RATE = Caveat(
    "no_rate", "A proportion lies between 0 and 1 (12 % is .12); this one doesn't, so no test."
)
OUT_OF_RANGE = Caveat(
    "out_of_range",
    "Sums of these values, or of their squares, are beyond what a computer holds: no test. Look "
    "for values that are none.",
)
PERFECT_COVARIATE = Caveat(
    "perfect_covariate",
    "The covariates explain all but everything: are they really from before the experiment?",
)
BEYOND_PRECISION = Caveat(
    "beyond_precision",
    "Values are beyond 9,007,199,254,740,992 (2⁵³): their last digits are lost. Measure from a "
    "smaller zero.",
)
FEW_CONVERSIONS = Caveat(
    "few_conversions",
    "Fewer than five conversions (or failures) in an arm: read the p-value with care.",
)
FEW_EVENTS = Caveat(
    "few_events", "An arm has too few events for this quantile: no interval and no test."
)
CONSTANT_COVARIATE = Caveat(
    "constant_covariate", "The covariate is the same for every unit: it explains nothing."
)
ONE_ARM = Caveat("one_arm", "There is only one arm, so there is nothing to compare it with.")
CONTROL_MISSING = Caveat(
    "control_missing", "No row has the control's variation: nothing can be compared with it."
)
NO_ROWS = Caveat("no_rows", "No row names a variation, so there is nothing to compare.")
BROKEN_LINE = Caveat(
    "broken_line",
    "{count} [line has|lines have] more or fewer fields than the header[|, this one first]; "
    "[it is|they are] left out.",
)
NOT_UTF8 = Caveat(
    "not_utf8", "The file is not UTF-8; it was read as Windows-1252. Check names with accents."
)
MISSING_VARIATION = Caveat(
    "missing_variation", "{count} [row names|rows name] no variation; [it is|they are] left out."
)
MISSING_UNIT = Caveat(
    "missing_unit", "{count} [row names|rows name] no unit; [it is|they are] left out."
)
CROSSOVER = Caveat(
    "crossover",
    "{count} [unit is|units are] in more than one variation; [it is|they are] left out.",
)
DUPLICATED_UNIT = Caveat(
    "duplicated_unit",
    "{count} [unit has|units have] more than one row; [its|their] rows are added up (a proportion: "
    "any of them).",
)
NOT_A_NUMBER = Caveat(
    "not_a_number",
    "{count} [unit has|units have] a value that is no finite number (1.5 is one; 1,5, inf and NaN "
    "are not); [it is|they are] left out of this metric.",
)
MISSING_VALUE = Caveat(
    "missing_value",
    "{count} [unit has|units have] no value; [it is|they are] left out of this metric.",
)
NOT_A_PROPORTION = Caveat(
    "not_a_proportion",
    "{count} [unit has|units have] a value other than 0 or 1; [it is|they are] left out of this "
    "metric.",
)
SEVERAL_LEVELS = Caveat(
    "several_levels",
    "{count} [unit is|units are] in several levels of this column; the first in the alphabet is "
    "taken.",
)
MANY_LEVELS = Caveat(
    "many_levels",
    "This column has so many levels that the {count} smallest [is|are] put together as (other).",
)
MISSING_COVARIATE = Caveat(
    "missing_covariate",
    "{count} [unit has|units have] no covariate (or no number there); the average stands in for "
    "it.",
)
SAMPLE_RATIO = Caveat(
    "sample_ratio_mismatch",
    "The arms' sizes do not fit the planned split: find out why before trusting any result.",
)
SMALL_DEVIATION = Caveat(
    "sample_ratio_small",
    "The split is off by more than chance, yet no arm is off by 1 %: with this many people even "
    "that shows. It hardly moves a result, but look for its reason.",
)
MISSING_ARM = Caveat("missing_arm", "The split plans people for this variation; it has none.")
PRE_PERIOD_BIAS = Caveat(
    "pre_period_bias",
    "The arms differed before the experiment began, by more than chance: read the adjusted result "
    "and look for the reason.",
)
UNPLANNED_ARM = Caveat("unplanned_arm", "The split gives this variation nothing, yet it has units.")
NAMELESS_ROW = Caveat("nameless_row", "This row names no variation or no metric; it is left out.")
BAD_AGGREGATE = Caveat(
    "bad_aggregate",
    "A count must be a whole number from 0, mean and variance finite, and no variance below 0; "
    "this row is left out.",
)
REPEATED_ROW = Caveat("repeated_row", "This row stands in the file twice; it counts once.")
ADDED_ROWS = Caveat(
    "added_rows", "Several rows of this arm and metric are added up, as of different units."
)
