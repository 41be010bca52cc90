import base64
import hashlib
import io
import os
import re
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgb
from PIL import Image

from figures import style
from figures.base import Data
from figures.style import DARK, LIGHT, THEMES
from tests.figures.pictures import contrast

BY_NAME = pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
TEXTS = ("ink", "muted", "interference")
MARKS = ("negative", "positive", "absent", "dedicated", "superposed")
# what people without red, green or blue cones see, in linear RGB (Machado, Oliveira and Fernandes 2009, severity 1)
BLIND = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def draw(data, theme):
    fig = style.figure(0.5, 2.0)
    left, right = fig.subplots(1, 2)
    style.weight_image(left, data.arrays["W"], theme)
    style.norm_bars(right, np.array([2.0, 1.0, 0.5]), np.array([0.0, 1.0, 3.0]), theme)
    style.arrow(right, (0, 0), (1, 1), theme.ink)
    return fig


DATA = Data(arrays={"W": np.linspace(-1, 1, 12).reshape(3, 4)})


def test_the_backgrounds_are_those_of_the_site():
    css = (Path(__file__).parents[2] / "templates/assets/style.css").read_text("utf-8")
    assert re.findall(r"--md-default-bg-color: (#\w+);", css) == [DARK.background]
    assert LIGHT.background == "#ffffff"  # Material's own


@BY_NAME
def test_text_contrasts_with_page_and_panel(theme):
    for colour in (*(getattr(theme, name) for name in TEXTS), *theme.groups[:3]):
        for behind in (theme.background, theme.surface):
            assert contrast(colour, behind) >= 4.5, colour
    assert contrast(theme.ink, theme.zero) >= 4.5  # words may stand on the empty part of a weight picture


@BY_NAME
def test_marks_contrast_with_page_and_panel(theme):
    for colour in (*(getattr(theme, name) for name in MARKS), *theme.groups):
        assert min(contrast(colour, theme.background), contrast(colour, theme.surface)) >= 3, colour


@BY_NAME
@pytest.mark.parametrize("name", ["importance", "score"])
def test_ramps_contrast_with_the_page_everywhere_and_run_one_way_in_lightness(theme, name):
    ramp = style.blend(getattr(theme, name))
    ratios = [contrast(to_hex(ramp(x)), theme.background) for x in np.linspace(0, 1, 33)]
    assert min(ratios) >= 3
    steps = np.diff(ratios)
    assert (steps > 0).all() or (steps < 0).all()


def lab(colour, kind=None):
    """CIE L*a*b* of a colour as seen with the given kind of colour blindness."""
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    if kind:
        linear = np.clip(np.array(BLIND[kind]) @ linear, 0, 1)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = to_xyz @ linear / [0.9505, 1.0, 1.089]
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@BY_NAME
@pytest.mark.parametrize("kind", [None, *BLIND])
def test_colours_with_different_meanings_look_different_to_everyone(theme, kind):
    sets = {
        15: (theme.groups[:4], (theme.absent, theme.dedicated, theme.superposed), (theme.negative, theme.zero, theme.positive)),
        11: (theme.groups,),  # six are harder to keep apart
    }
    for apart, colours in ((apart, colours) for apart, several in sets.items() for colours in several):
        for one, two in combinations(colours, 2):
            assert np.linalg.norm(lab(one, kind) - lab(two, kind)) > apart, (one, two)


@BY_NAME
def test_maps_of_weights_and_scores_begin_and_end_with_the_colours_of_the_theme(theme):
    weights, scores = style.weight_map(theme), style.score_map(theme)
    assert [to_hex(weights(x)) for x in (0.0, 1.0)] == [theme.negative, theme.positive]
    assert np.allclose(weights(0.5)[:3], to_rgb(theme.zero), atol=0.01)
    assert [to_hex(scores(x)) for x in (0.0, 1.0)] == [theme.score[0], theme.score[-1]]
    colours = style.importance_colours(theme, 5)
    assert (len(colours), colours[0], colours[-1]) == (5, theme.importance[0], theme.importance[-1])


def test_a_share_outside_the_text_is_refused():
    with pytest.raises(ValueError, match=r"share is a figure's width over the text width, so it lies in \(0, 1\]; got 1\.5"):
        style.figure(1.5)


def test_a_figure_is_a_share_of_the_text_width():
    assert style.figure(0.5, 2.0).get_size_inches().tolist() == [3.6, 2.0]


@BY_NAME
def test_a_users_own_settings_do_not_reach_the_picture_and_stay_as_they_are(theme):
    plain = style.picture(style.themed(draw)(DATA, theme), theme)
    with matplotlib.rc_context({"lines.linewidth": 9.0, "font.size": 20.0, "axes.facecolor": "red", "svg.hashsalt": "other"}):
        assert style.picture(style.themed(draw)(DATA, theme), theme) == plain
        assert matplotlib.rcParams["font.size"] == 20.0


def test_two_processes_give_the_same_bytes_whatever_their_hash_seed():
    code = (
        "import hashlib; from figures import style; from tests.figures.test_style import DATA, draw\n"
        "for kind in ('svg', 'png'):\n"
        "    print(hashlib.sha256(style.picture(style.themed(draw)(DATA, style.DARK), style.DARK, kind)).hexdigest())"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, check=True, capture_output=True, text=True
        ).stdout
        for seed in ("1", "2")
    }
    here = [style.picture(style.themed(draw)(DATA, DARK), DARK, kind) for kind in ("svg", "png")]
    assert outputs == {"".join(hashlib.sha256(out).hexdigest() + "\n" for out in here)}


def test_an_svg_names_no_date_and_no_program_and_is_transparent():
    svg = style.picture(style.themed(draw)(DATA, LIGHT), LIGHT).decode()
    assert "<dc:date>" not in svg
    assert "matplotlib.org" not in svg
    assert "fill: #ffffff" not in svg


@BY_NAME
def test_a_png_has_the_background_of_the_page(theme):
    image = Image.open(io.BytesIO(style.picture(style.themed(draw)(DATA, theme), theme, "png"))).convert("RGB")
    assert "#{:02x}{:02x}{:02x}".format(*image.getpixel((0, 0))) == theme.background


def test_a_weight_picture_puts_the_matrix_itself_into_the_svg():
    svg = style.picture(style.themed(draw)(DATA, LIGHT), LIGHT).decode()
    found = re.search(r"data:image/png;base64,([^\"]+)\"", svg)
    image = Image.open(io.BytesIO(base64.b64decode(found[1]))).convert("RGB")
    assert image.size == (4, 3)
    corners = {"#{:02x}{:02x}{:02x}".format(*image.getpixel(at)) for at in ((0, 0), (3, 2))}
    assert corners == {LIGHT.negative, LIGHT.positive}


def test_bars_are_cut_at_the_limit_and_colours_end_at_a_score_of_one():
    with style.applied(LIGHT):
        axes = draw(DATA, LIGHT).axes[1]
        bars = axes.patches[:3]
        assert [bar.get_width() for bar in bars] == [1.25, 1.0, 0.5]
        assert [to_hex(bar.get_facecolor()) for bar in bars] == [LIGHT.score[0], LIGHT.score[-1], LIGHT.score[-1]]
        assert axes.transData.transform((0, 0))[1] > axes.transData.transform((0, 2))[1], "feature 0 is on top"
