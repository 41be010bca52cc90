"""The common style of figures: colours by meaning in a light and a dark theme, sizes from the text width, stable bytes.

This module imports matplotlib only when it draws, and leaves matplotlib's global state unchanged: a draw function wrapped in
`themed` runs with the theme's settings, and `picture` turns the figure it returns into SVG or PNG bytes.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage


D = TypeVar("D")
"""A figure's data; the style does not depend on its type."""
Point: TypeAlias = Sequence[float] | np.ndarray
"""Two coordinates."""

TEXT_WIDTH = 7.2
"""Width of the text column in inches; a figure's width is a share of it."""


@dataclass(frozen=True, kw_only=True)
class Theme:
    """The colours of a page, named by meaning. Contrast to `background` is at least 3:1 for marks and 4.5:1 for text.

    Attributes:
        name: "light" or "dark".
        background: The page behind the figure; figures themselves are transparent.
        surface: Fill of a panel or of an empty node, close to the background.
        ink: Text and the most important marks.
        muted: Secondary text, axes, outlines.
        grid: Hairlines that may be overlooked; they need no contrast.
        importance: Ramp from the most to the least important feature.
        score: Ramp of the superposition score from 0 to 1.
        negative: A weight of -1.
        zero: A weight of 0.
        positive: A weight of +1.
        absent: A feature that is not represented.
        dedicated: A feature with its own dimension.
        superposed: A feature in superposition.
        interference: What one feature leaks into another.
        groups: Categories without an order, such as sets of features; the first three may also colour words.
    """

    name: Literal["light", "dark"]
    background: str
    surface: str
    ink: str
    muted: str
    grid: str
    importance: tuple[str, ...]
    score: tuple[str, ...]
    negative: str
    zero: str
    positive: str
    absent: str
    dedicated: str
    superposed: str
    interference: str
    groups: tuple[str, ...]


LIGHT = Theme(
    name="light", background="#ffffff", surface="#f4f5f7", ink="#1b1f27", muted="#5b6270", grid="#d5d8de",
    importance=("#bf8600", "#3f8a3a", "#0f6d72", "#2b3f86"), score=("#2a2568", "#1a5f80", "#25805c", "#b98700"),
    negative="#1f66b0", zero="#e9eaed", positive="#b8202f",
    absent="#818793", dedicated="#1f66b0", superposed="#b8202f", interference="#b34d00",
    groups=("#1f6fc4", "#b34d00", "#0b6b4a", "#4b1370", "#cc2e78", "#5a4a00"),
)  # fmt: skip
DARK = Theme(
    name="dark", background="#1e2129", surface="#2a2e38", ink="#e6e8ed", muted="#a5acb9", grid="#434956",
    importance=("#fde725", "#86d549", "#35b99a", "#4f9fd0"), score=("#5a78d6", "#3a9fbd", "#63c878", "#fde725"),
    negative="#5aa7f0", zero="#353a46", positive="#f4726b",
    absent="#848c9a", dedicated="#5aa7f0", superposed="#f4726b", interference="#f79a3e",
    groups=("#4f9fee", "#f08a36", "#4fe3ac", "#d3baf2", "#ee5f9c", "#f2dd5c"),
)  # fmt: skip
THEMES = (LIGHT, DARK)


def rc(theme: Theme) -> dict[Any, Any]:
    """Matplotlib's settings for drawing and saving figures, on top of its defaults; for `matplotlib.rcParams`."""
    words = ("text.color", "axes.labelcolor", "axes.titlecolor", "legend.labelcolor", "xtick.labelcolor", "ytick.labelcolor")
    colours: dict[str, Any] = dict.fromkeys(words, theme.ink)
    colours |= dict.fromkeys(("axes.edgecolor", "xtick.color", "ytick.color", "hatch.color"), theme.muted)
    spines = {f"axes.spines.{side}": side in ("left", "bottom") for side in ("left", "bottom", "top", "right")}
    sizes: dict[str, Any] = dict.fromkeys(("font.size", "axes.labelsize", "legend.fontsize"), 8.5)
    sizes |= {"axes.titlesize": 9.0, "figure.titlesize": 9.5, "xtick.labelsize": 8.0, "ytick.labelsize": 8.0}
    plain = {
        "font.family": "DejaVu Sans",  # ships with matplotlib, so every machine draws the same glyphs
        "mathtext.fontset": "dejavusans",
        "svg.fonttype": "path",
        "svg.hashsalt": "sup",
        "image.composite_image": False,
        "path.simplify": False,
        "figure.facecolor": "none",
        "axes.facecolor": "none",
        "savefig.facecolor": "none",
        "savefig.bbox": None,
        "legend.frameon": False,
        "axes.linewidth": 0.7,
        "xtick.major.width": 0.7,
        "ytick.major.width": 0.7,
        "xtick.minor.visible": False,
        "ytick.minor.visible": False,
        "lines.linewidth": 1.4,
        "grid.color": theme.grid,
        "grid.linewidth": 0.6,
    }
    return {**plain, **sizes, **colours, **spines}


@contextmanager
def applied(theme: Theme) -> Iterator[None]:
    """Runs a `with` block with matplotlib's defaults and the theme's settings alone."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # a user's own matplotlibrc must not change the figures
        matplotlib.rcParams.update(rc(theme))
        yield


def themed(draw: "Callable[[D, Theme], Figure]") -> "Callable[[D, Theme], Figure]":
    """Wraps a draw function so that it runs with its theme's settings."""

    @wraps(draw)
    def wrapped(data: D, theme: Theme) -> "Figure":
        with applied(theme):
            return draw(data, theme)

    return wrapped


def figure(share: float = 1.0, height: float = 2.6) -> "Figure":
    """An empty figure with constrained layout.

    Args:
        share: Width as a share of the text width, 0 < share <= 1.
        height: Height in inches.

    Raises:
        ValueError: `share` is not in (0, 1].
    """
    from matplotlib.figure import Figure

    if not 0 < share <= 1:
        raise ValueError(f"share is a figure's width over the text width, so it lies in (0, 1]; got {share!r}.")
    drawn = Figure(figsize=(share * TEXT_WIDTH, height), layout="constrained", facecolor="none")
    drawn.set_layout_engine("constrained", w_pad=0.03, h_pad=0.03)
    return drawn


def picture(drawn: "Figure", theme: Theme, kind: Literal["svg", "png"] = "svg") -> bytes:
    """The bytes of a figure's file: a transparent SVG or a PNG on the theme's background. Equal figures give equal bytes."""
    from io import BytesIO

    out = BytesIO()
    with applied(theme):
        if kind == "svg":
            drawn.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
        else:
            drawn.savefig(out, format="png", dpi=200, facecolor=theme.background, metadata={"Software": None})
    return out.getvalue()


def thumbnail(png: bytes) -> bytes:
    """A picture for lists of figures, as WebP of at most 480 by 320 pixels, made from the bytes of its PNG."""
    from io import BytesIO

    from PIL import Image

    out = BytesIO()
    with Image.open(BytesIO(png)) as image:
        small = image.convert("RGB")
        small.thumbnail((480, 320), reducing_gap=2.0)
        small.save(out, "WEBP", quality=82)
    return out.getvalue()


def blend(colours: Sequence[str], name: str = "blend") -> "Colormap":
    """A colour map that runs evenly through `colours`."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list(name, list(colours), N=256)


def weight_map(theme: Theme) -> "Colormap":
    """Colours of weights: blue for negative, grey for zero, red for positive."""
    return blend((theme.negative, theme.zero, theme.positive), "weights")


def score_map(theme: Theme) -> "Colormap":
    """Colours of the superposition score, from 0 (alone) to 1 (others can activate the feature as strongly as it does itself)."""
    return blend(theme.score, "score")


def importance_colours(theme: Theme, count: int) -> list[str]:
    """A colour per feature, from the most to the least important of `count`."""
    from matplotlib.colors import to_hex

    ramp = blend(theme.importance, "importance")
    return [to_hex(ramp(float(x))) for x in np.linspace(0, 1, count)]


def arrow(axes: "Axes", start: Point, end: Point, colour: str, **options: Any) -> None:
    """Draws an arrow between two points; `options` go to `FancyArrowPatch` (`lw`, `ls`, `connectionstyle`...)."""
    from matplotlib.patches import FancyArrowPatch

    settings = {"arrowstyle": "-|>", "mutation_scale": 9, "lw": 1.4, "shrinkA": 0, "shrinkB": 0, "zorder": 3, **options}
    axes.add_patch(FancyArrowPatch((start[0], start[1]), (end[0], end[1]), color=colour, **settings))


def weight_image(axes: "Axes", weights: np.ndarray, theme: Theme, limit: float = 1.0) -> "AxesImage":
    """Draws a matrix as a picture, row 0 on top, one sharp cell per entry; a vector is drawn as a column.

    Args:
        axes: Where to draw.
        weights: Shape (row, column) or (row).
        theme: The colours.
        limit: The weight with the fullest colour; larger ones have the same.
    """
    cells = weights[:, None] if weights.ndim == 1 else weights
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(visible=True, color=theme.muted, linewidth=0.5)
    # interpolation "none" embeds the matrix itself in the SVG, not a blurred enlargement
    return axes.imshow(cells, cmap=weight_map(theme), vmin=-limit, vmax=limit, interpolation="none", aspect="equal")


def norm_bars(axes: "Axes", norms: np.ndarray, scores: np.ndarray, theme: Theme, limit: float = 1.25) -> None:
    """Draws horizontal bars of the norms |W_i|, feature 0 on top, coloured by superposition score; a dashed line marks 1.

    Args:
        axes: Where to draw.
        norms: Shape (feature).
        scores: Shape (feature); 1 and above have the same colour.
        theme: The colours.
        limit: Right end of the axis; longer bars are cut off.
    """
    rows = np.arange(len(norms))
    axes.barh(rows, np.minimum(norms, limit), height=0.8, color=score_map(theme)(np.clip(scores, 0, 1)))
    axes.axvline(1, color=theme.muted, lw=0.8, ls=(0, (3, 2)), zorder=0.5)
    axes.axvline(0, color=theme.muted, lw=0.8)
    axes.set(xlim=(0, limit), ylim=(len(norms) - 0.4, -0.6), yticks=[])
    axes.spines["left"].set_visible(False)
