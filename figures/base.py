"""The parts of a figure: the runs it needs, what it computes from them, what it claims, and how it is drawn.

A figure is a module of `figures/` with five names:

    ABOUT                      description for the pages
    needs(size) -> sweeps      the runs it needs, by name, for a profile's size (empty for a drawing)
    reduce(runs) -> Data       arrays and values computed from the trained runs, with intervals over seeds
    draw(data, theme)          a matplotlib Figure: no pyplot, no files, no computing
    CLAIMS                     the paper's statements that its data can check
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

import numpy as np

from sup.results import Trained
from sup.statistics import Estimate, exact
from sup.sweeps import Sweep

if TYPE_CHECKING:
    import matplotlib.figure

    from figures.style import Theme

Verdict: TypeAlias = Literal["reproduced", "differs", "not reproduced", "undecided", "not testable"]
Runs: TypeAlias = Mapping[str, Trained]


@dataclass(frozen=True, kw_only=True)
class About:
    """A figure's description in words.

    Attributes:
        label: The figure's number in our list (`figures.paper`), such as "F1"; numbers with commas where it shows several.
        title: A short title.
        alt: A text alternative for people who cannot see the picture, in a few sentences.
        source: The section of the paper.
        note: What the paper leaves open and the choice made here; empty when nothing is open.
    """

    label: str
    title: str
    alt: str
    source: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much of a figure's experiment a profile runs; of a recipe, a profile may change only the steps.

    Attributes:
        steps: Optimiser updates of each run.
        seeds: Models per setting.
        full: Whether models are as large as the paper's, for figures that also have smaller ones.
        grid: Settings along each axis of a map or a curve; 0 for a figure without one.
    """

    steps: int
    seeds: int
    full: bool = False
    grid: int = 0


@dataclass(frozen=True, kw_only=True)
class Value:
    """A number that pages can print.

    Attributes:
        value: The number.
        unit: Its unit; empty for a pure number.
        digits: Significant digits to print.
        interval: Its 95 % interval over seeds, or None when it is exact.
    """

    value: float
    unit: str = ""
    digits: int = 2
    interval: tuple[float, float] | None = None


FIRST_SEED = 50_000
"""The first seed of figures. Recipes, criteria and the rules for selecting models were settled on lower seeds."""


GROUP = 5
"""Models per fit, of which the best counts, where one model alone often ends in a worse arrangement."""


def replicates(count: int) -> range:
    """Seeds for `count` models of each setting; no recipe or criterion was settled on them.

    Example:
        >>> replicates(2)
        range(50000, 50002)
    """
    return range(FIRST_SEED, FIRST_SEED + count)


def estimated(e: Estimate, *, digits: int = 2, percent: bool = False) -> Value:
    """An estimate as a number for the pages; without an interval if the estimate's is infinite, as with one model."""
    scale = 100 if percent else 1
    interval = None if math.isinf(e.high) else (scale * e.low, scale * e.high)
    return Value(value=scale * e.value, unit="%" if percent else "", digits=digits, interval=interval)


AXES = (
    "seed", "model", "group", "setting",  # trained models: by seed, in another order, fits of groups, kinds of models
    "density", "level", "importance", "strength", "size", "attack",  # what is varied
    "feature", "hidden", "neuron", "layer", "output", "set", "pair",  # parts of a model
    "step", "snapshot", "stage", "jump",  # moments of training
    "panel", "row", "column",  # places in a picture
    "solution", "arrangement", "code", "shape", "instance",  # kinds of results
    "check", "crossing", "place", "line", "rank", "count",  # what is compared, located or counted
    "point", "edge", "end", "coordinate",  # parts of drawings
)  # fmt: skip
"""The words that name the axes of arrays."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Array:
    """Numbers that a figure computed and their meaning; made by `array`.

    An axis that is not in `AXES`, or a number of axes that differs from the number of dimensions, is a ValueError.

    Attributes:
        values: The numbers.
        axes: A word of `AXES` for each axis.
        text: What a number means, for the figure's page.
        unit: Its unit; empty for a pure number.
    """

    values: np.ndarray
    axes: tuple[str, ...]
    text: str
    unit: str = ""

    def __post_init__(self) -> None:
        unknown = sorted(set(self.axes) - set(AXES))
        if unknown:
            raise ValueError(f"{unknown[0]!r} is no axis. Take one of {', '.join(AXES)}, or add it to figures.base.AXES.")
        if len(self.axes) != self.values.ndim:
            raise ValueError(
                f"each axis of an array needs a word; {self.text!r} has shape {self.values.shape} and the axes {self.axes}."
            )


def array(values: Any, axes: str, text: str, unit: str = "") -> Array:
    """An `Array` of `values`; `axes` names its axes in order, separated by spaces.

    Refuses, with a ValueError, a word that is not in `AXES` and a number of words that is not the number of dimensions.

    Example:
        >>> array([[5, 4], [2, 3]], "density seed", "represented features").axes
        ('density', 'seed')
    """
    return Array(values=np.asarray(values), axes=tuple(axes.split()), text=text, unit=unit)


@dataclass(frozen=True, kw_only=True)
class Data:
    """What a figure computed: everything that is drawn, printed or claimed. `data["name"]` gives the numbers of an array.

    Attributes:
        arrays: By name; published beside the figure with their axes and meaning, as JSON and as CSV.
        values: By name; pages print them as `figure.name`.
        unsettled: Sweeps whose models have not settled, by their loss or by what the figure measures; they decide nothing.
    """

    arrays: Mapping[str, Array] = field(default_factory=dict)
    values: Mapping[str, Value] = field(default_factory=dict)
    unsettled: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> np.ndarray:
        return self.arrays[name].values


@dataclass(frozen=True, kw_only=True)
class Range:
    """A closed interval: a claim holds if its number lies inside."""

    low: float = -math.inf
    high: float = math.inf

    def __str__(self) -> str:
        if math.isinf(self.high):
            return f"at least {self.low:g}"
        if math.isinf(self.low):
            return f"at most {self.high:g}"
        return f"between {self.low:g} and {self.high:g}"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A checkable statement of the paper.

    Attributes:
        id: Its number in our list, such as "C1".
        text: The statement in our words.
        source: Where the paper makes it.
        paper: What the paper says about the number, in words or digits.
        quantity: What is measured, in a few words; what could be measured, if the statement is not testable.
        measure: Computes the number from the figure's data; nan if the statement is not testable.
        holds: Range of the number in which the statement holds.
        not_testable: Why no toy model can decide the statement; empty if one can.
        identity: Whether the number follows from definitions, so that it checks the code and not the models.
        agrees: Range in which the number also agrees with the paper's own; None if the paper gives none.
        unit: The number's unit; empty for a pure number.
        rows: Computes a table of details for the ledger, a dictionary of cells per row; None for no table.
        cause: Why the number differs from the paper's or the statement fails, as far as experiments show; shown where it does.
    """

    id: str
    text: str
    source: str
    paper: str
    quantity: str
    measure: Callable[[Data], Estimate] = lambda data: exact(math.nan)
    holds: Range = Range()
    not_testable: str = ""
    identity: bool = False
    agrees: Range | None = None
    unit: str = ""
    rows: Callable[[Data], list[dict[str, str]]] | None = None
    cause: str = ""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A claim with its number and verdict.

    Attributes:
        claim: The statement.
        estimate: The number, its interval, and how many models it rests on.
        verdict: reproduced, differs, not reproduced, undecided or not testable.
        reason: Why, in a sentence.
    """

    claim: Claim
    estimate: Estimate
    verdict: Verdict
    reason: str


def judge(claim: Claim, data: Data, *, decides: bool) -> Finding:
    """The verdict on `claim`, computed from `data`.

    Args:
        claim: The statement.
        data: What its figure computed.
        decides: Whether the profile trains enough for verdicts on trained models; exact claims are always decided.
    """
    estimate = claim.measure(data)
    verdict, reason = _verdict(claim, estimate, decides, data.unsettled)
    return Finding(claim=claim, estimate=estimate, verdict=verdict, reason=reason)


def _verdict(claim: Claim, e: Estimate, decides: bool, unsettled: Sequence[str]) -> tuple[Verdict, str]:
    if claim.not_testable:
        return "not testable", claim.not_testable
    if e.models and not decides:
        return "undecided", "The profile trains too little to decide."
    if e.models and unsettled:
        return "undecided", f"Models have not settled, they still change at the end of training: {', '.join(unsettled)}."
    if math.isnan(e.value):
        return "undecided", "The number is not defined for these runs."
    if claim.holds.low <= e.low and e.high <= claim.holds.high:
        if claim.agrees and (e.high < claim.agrees.low or e.low > claim.agrees.high):
            return "differs", f"The statement holds, but its number is not {claim.agrees}."
        return "reproduced", f"The whole interval is {claim.holds}." if e.models else f"It is {claim.holds}."
    if e.high < claim.holds.low or e.low > claim.holds.high:
        return "not reproduced", f"The number is not {claim.holds}."
    return "undecided", f"The interval does not decide whether the number is {claim.holds}."


class FigureModule(Protocol):
    """The names that a figure's module has."""

    ABOUT: About
    CLAIMS: tuple[Claim, ...]

    def needs(self, size: Size) -> Mapping[str, Sweep]:
        """The sweeps to train, by name."""

    def reduce(self, runs: Runs) -> Data:
        """What is drawn, printed and claimed, from the trained runs."""

    def draw(self, data: Data, theme: "Theme") -> "matplotlib.figure.Figure":
        """The picture."""
