"""What every picture must satisfy: words inside it and apart, large enough to read, no empty axes, the same bytes twice."""

import hashlib
from contextlib import contextmanager
from itertools import combinations

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from figures.style import picture

SMALLEST = 6.5  # points
TOUCH = 0.5  # points that two boxes of text may share: boxes are a little larger than their letters


@contextmanager
def _recorded():
    """The texts that are really drawn, in a list: an axis that is off has tick labels too, but draws none."""
    drawn, original = [], Text.draw

    def draw(self, renderer, *args, **kwargs):
        if self.get_visible() and self.get_text().strip():
            drawn.append(self)
        return original(self, renderer, *args, **kwargs)

    Text.draw = draw
    try:
        yield drawn
    finally:
        Text.draw = original


def texts(fig):
    """The texts that `fig` draws, each with its box in points from the lower left."""
    canvas = FigureCanvasAgg(fig)
    with _recorded() as drawn:
        canvas.draw()
    scale, renderer = 72 / fig.dpi, canvas.get_renderer()
    unique = list(dict.fromkeys(drawn))
    return [(text, [scale * v for v in Text.get_window_extent(text, renderer).extents]) for text in unique]


def _quote(text):
    return repr(text.get_text())


def assert_readable(fig, smallest=SMALLEST):
    """Fails unless each text lies inside the figure, is at least `smallest` points, overlaps no other, and no axes are empty."""
    width, height = (72 * v for v in fig.get_size_inches())
    found = texts(fig)
    for text, (left, bottom, right, top) in found:
        inside = left >= 0 and bottom >= 0 and right <= width and top <= height
        assert inside, f"{_quote(text)} leaves the figure: {left, bottom, right, top} in {width, height}"
        assert text.get_fontsize() >= smallest, f"{_quote(text)} has {text.get_fontsize()} points"
    for (one, a), (two, b) in combinations(found, 2):
        shared = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
        assert min(shared) < TOUCH, f"{_quote(one)} overlaps {_quote(two)} by {shared} points"
    for axes in fig.axes:
        marks = (*axes.lines, *axes.patches, *axes.collections, *axes.images, *axes.texts)
        assert any(mark.get_visible() for mark in marks), f"axes {axes.get_title()!r} are empty"


def luminance(colour):
    """Relative luminance of a colour (WCAG 2.2)."""
    from matplotlib.colors import to_rgb

    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, two):
    """Contrast ratio of two colours, from 1 to 21 (WCAG 2.2)."""
    dark, light = sorted((luminance(one), luminance(two)))
    return (light + 0.05) / (dark + 0.05)


def assert_legible(fig, theme):
    """Fails unless each text has a contrast of at least 4.5 to the page and to the surface of a panel."""
    for text, _ in texts(fig):
        for behind in (theme.background, theme.surface):
            ratio = contrast(text.get_color(), behind)
            assert ratio >= 4.5, f"{_quote(text)} in {text.get_color()} on {behind}: {ratio:.2f}"


def assert_same_bytes(draw, data, theme, kinds=("svg",)):
    """Fails unless drawing twice gives the same file, byte for byte."""
    for kind in kinds:
        one, two = (hashlib.sha256(picture(draw(data, theme), theme, kind)).hexdigest() for _ in range(2))
        assert one == two, f"two drawings differ as {kind}"
