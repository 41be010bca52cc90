import pytest

from figures.style import LIGHT, applied, figure
from tests.figures.pictures import assert_legible, assert_readable, contrast, texts


@pytest.fixture
def sheet():
    with applied(LIGHT):
        fig = figure(0.5, 2.0)
        axes = fig.subplots()
        axes.plot([0, 1], [0, 1])
        yield fig, axes


def test_a_plain_plot_is_readable(sheet):
    fig, axes = sheet
    axes.set(xlabel="x", ylabel="y", title="a line")
    assert_readable(fig)
    assert_legible(fig, LIGHT)
    assert {"x", "y", "a line"} <= {text.get_text() for text, _ in texts(fig)}


def test_text_that_leaves_the_figure_is_refused(sheet):
    fig, axes = sheet
    axes.text(0.9, 0.5, "far too long to fit in here", in_layout=False)
    with pytest.raises(AssertionError, match=r"'far too long to fit in here' leaves the figure"):
        assert_readable(fig)


def test_texts_that_overlap_are_refused(sheet):
    fig, axes = sheet
    axes.text(0.4, 0.5, "first")
    axes.text(0.42, 0.5, "second")
    with pytest.raises(AssertionError, match=r"'first' overlaps 'second'"):
        assert_readable(fig)


def test_small_text_is_refused(sheet):
    fig, axes = sheet
    axes.text(0.4, 0.7, "small", fontsize=6)
    with pytest.raises(AssertionError, match=r"'small' has 6\.0 points"):
        assert_readable(fig)


def test_empty_axes_are_refused(sheet):
    fig, axes = sheet
    axes.inset_axes((0.5, 0.1, 0.3, 0.3), xticks=[], yticks=[])
    fig.add_subplot(2, 2, 4, xticks=[], yticks=[])
    with pytest.raises(AssertionError, match=r"axes '' are empty"):
        assert_readable(fig)


def test_pale_text_is_refused(sheet):
    fig, axes = sheet
    axes.text(0.4, 0.7, "pale", color=LIGHT.grid)
    with pytest.raises(AssertionError, match=r"'pale' in #d5d8de on #ffffff"):
        assert_legible(fig, LIGHT)


def test_labels_of_hidden_axes_do_not_count(sheet):
    fig, axes = sheet
    axes.set_axis_off()
    assert texts(fig) == []


def test_contrast_runs_from_one_to_twenty_one():
    assert contrast("white", "black") == pytest.approx(21)
    assert contrast("#777777", "#777777") == 1
