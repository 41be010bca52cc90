"""FA1: two dense numbers in one; a steep quantiser beats every linear code."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from figures.base import About, Claim, Data, Range, Runs, Size, Value, array
from figures.style import Theme, figure, themed
from sup.compression import LINEAR, compression_error, relus, staircase
from sup.statistics import exact
from sup.sweeps import Sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ABOUT = About(
    label="FA1",
    title="A nonlinear code of two numbers in one beats a linear one",
    alt="Left: the single number against x for three segments: a staircase with steep risers. Middle and right: the mean squared "
    "error against the width of the risers for three to six segments, all below a dashed line, the best linear code. In the "
    "middle the width is measured in units of x, and the curves rise with it, faster the more segments there are; on the right "
    "it is a share of a segment, and more segments are better.",
    source="Appendix: Nonlinear Compression",
    note="The paper names neither its numbers of segments nor the unit of the width, nor whether the error is a sum or a mean. "
    "Here it is the mean over the two numbers, for both readings of the width. Everything is exact: errors are integrated in "
    "closed form.",
)
SEGMENTS = (3, 4, 5, 6)
WIDTHS = np.logspace(-2, -1, 25)
PAPER = 3, 0.1
"""Segments and width at which, in the paper, the code still beats a linear one."""
DRAWN_WIDTH = 0.1
STEPS = np.linspace(0, 1, 601)


def needs(size: Size) -> dict[str, Sweep]:
    """Nothing: the errors are formulas."""
    return {}


def reduce(runs: Runs) -> Data:
    """Errors of the code for each number of segments and each width of the risers, for both readings of the width.

    An error is the mean squared error of the two numbers.
    """
    segments, width = PAPER
    in_x = [[compression_error(z, z * w) for w in WIDTHS] for z in SEGMENTS]
    in_segment = [[compression_error(z, w) for w in WIDTHS] for z in SEGMENTS]
    code = (staircase(segments * STEPS, segments, segments * DRAWN_WIDTH) + 0.5) / segments
    claimed = [compression_error(segments, segments * width), compression_error(segments, width)]
    arrays = {
        "segments": array(SEGMENTS, "code", "segments Z of the code"),
        "width": array(WIDTHS, "size", "width of a riser"),
        "in_x": array(in_x, "code size", "mean squared error where the width is in units of x"),
        "in_segment": array(in_segment, "code size", "mean squared error where the width is a share of a segment"),
        "linear": array(LINEAR, "", "mean squared error of the best linear code"),
        "x": array(STEPS, "point", "the first number, x"),
        "code": array(
            code, "point", f"the single number t = v / Z, for y = 1/2, Z = {segments}, width {DRAWN_WIDTH:g} in units of x"
        ),
        "claimed": array(claimed, "check", "errors at the paper's Z and width, the width in units of x and of a segment"),
    }
    data = Data(arrays=arrays)
    return replace(data, values=_values(data))


def _values(data: Data) -> dict[str, Value]:
    wide, narrow = data["claimed"] / LINEAR
    return {
        "linear": Value(value=LINEAR, digits=3),
        "wide": Value(value=float(wide), digits=2),
        "narrow": Value(value=float(narrow), digits=2),
        "relus": Value(value=float(relus(PAPER[0])), digits=3),
        "steepest_gain": Value(value=float(LINEAR / data["in_segment"][-1, 0]), digits=2),
    }


@themed
def draw(data: Data, theme: Theme) -> "Figure":
    """The code's staircase, and the errors for both readings of the width."""
    drawn = figure(height=2.75)
    stairs, in_x, in_segment = drawn.subplots(1, 3, gridspec_kw={"wspace": 0.06})
    stairs.plot(data["x"], data["code"], color=theme.groups[0])
    stairs.set(xlabel="x", ylabel="the single number, for y = 1/2", xlim=(0, 1), ylim=(0, 1), title=f"Z = {PAPER[0]} segments")
    _errors(in_x, data, "in_x", theme)
    in_x.set(xlabel="width of a riser, in units of x", ylabel="mean squared error")
    _errors(in_segment, data, "in_segment", theme)
    in_segment.set(xlabel="width, share of a segment", yticklabels=[])
    return drawn


def _errors(axes: "Axes", data: Data, name: str, theme: Theme) -> None:
    level = float(data["linear"])
    axes.axhline(level, color=theme.ink, lw=1.0, ls=(0, (4, 2)))
    axes.text(0.0102, 1.03 * level, "best linear code", fontsize=8, va="bottom")
    styles = ("-", (0, (5, 1.5)), (0, (2, 1.2)), (0, (6, 1, 1, 1)))
    for z, curve, colour, style in zip(data["segments"], data[name], theme.groups, styles, strict=False):
        axes.plot(data["width"], curve, color=colour, ls=style, label=f"Z = {z}")
    axes.set(
        xscale="log", xlim=(0.01, 0.1), ylim=(0, 1.12 * level), xticks=(0.01, 0.03, 0.1), xticklabels=("0.01", "0.03", "0.1")
    )
    axes.minorticks_off()
    if name == "in_segment":
        axes.legend(loc="upper left", bbox_to_anchor=(0, 0.9), ncols=2, columnspacing=1, handlelength=2.4)


CLAIMS = (
    Claim(
        id="C91",
        text="With three segments and risers as wide as 0.1, the nonlinear code of two uniform numbers beats every linear one.",
        source="Appendix: Nonlinear Compression",
        paper="better than linear for Z as small as 3 and epsilon as large as 0.1",
        quantity="error of the code over that of the best linear code, the larger of two readings of the width",
        measure=lambda data: exact(data["claimed"].max() / data["linear"]),
        holds=Range(high=1.0),
    ),
)
