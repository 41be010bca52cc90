import numpy as np
import pytest

from figures.base import judge
from figures.demonstrating import linear_loss, one_sparse_loss
from figures.demonstrating.polygons import IMPORTANCE, arrangement
from figures.style import THEMES
from sup.geometry import feature_dimensionality, feature_norms
from tests.figures.models import changed
from tests.figures.pictures import assert_readable


@pytest.fixture(scope="module")
def linear():
    return linear_loss.reduce({})


@pytest.fixture(scope="module")
def sparse():
    return one_sparse_loss.reduce({})


def verdicts(module, data):
    return {claim.id: judge(claim, data, decides=False).verdict for claim in module.CLAIMS}


def edited(data, name, edit):
    """`data` with some numbers of one array edited in place."""
    numbers = data[name].copy()
    edit(numbers)
    return changed(data, **{name: numbers})


@pytest.mark.parametrize("count", range(6))
def test_arrangements_are_even(count):
    W = arrangement(count)
    np.testing.assert_allclose(feature_norms(W), [[1.0] * count + [0.0] * (5 - count)], atol=1e-15)
    np.testing.assert_allclose(feature_dimensionality(W)[0, :count], 1.0 if count < 3 else 2 / count)


def test_neither_figure_trains():
    assert linear_loss.needs(None) == {} and one_sparse_loss.needs(None) == {}


def test_linear_bars_have_their_closed_form(linear):
    """From two features on, the best squared length is 2/k and the loss A (1 - 2/k) + rest, A the importance of what is kept."""
    total = linear["benefit"] + linear["interference"]
    for k in range(2, 6):
        kept, rest = IMPORTANCE[:k].sum(), IMPORTANCE[k:].sum()
        assert linear["length"][k] ** 2 == pytest.approx(2 / k)
        assert total[k] == pytest.approx(kept * (1 - 2 / k) + rest)
    assert total.argmin() == 2 and total[2] == pytest.approx(linear.values["lowest"].value)


def test_linear_samples_lie_on_the_formula(linear):
    """Five standard errors, twenty dots: fails by chance once in a hundred thousand seeds; the seeds are fixed."""
    off = np.abs(linear["sampled"] - linear["level"][:, None])
    assert (off < 5 * linear["error"]).all()
    assert (linear["error"] < 0.05 * linear["sampled"]).all()


def test_the_pentagon_has_the_length_and_bias_of_the_known_critical_point(sparse):
    """Chen et al. 2023, arXiv 2310.06301: l* = 1.17046, b* = -0.28230, loss 0.23738 / 15 per unit of importance."""
    assert sparse.values["pentagon_length"].value == pytest.approx(1.17046, abs=2e-5)
    assert sparse.values["pentagon_bias"].value == pytest.approx(-0.28230, abs=2e-5)
    assert sparse.values["total_5"].value == pytest.approx(IMPORTANCE.sum() * 0.23738 / 15, rel=1e-4)


def test_up_to_a_square_one_active_feature_costs_nothing_when_represented(sparse):
    for count in range(5):
        assert sparse.values[f"total_{count}"].value == pytest.approx(IMPORTANCE[count:].sum() / 3, abs=1e-9)


def test_composed_losses_lie_on_the_samples(sparse):
    """Five standard errors, three densities; the seed is fixed."""
    off = np.abs(sparse["table_part"].sum(axis=0) - sparse["table_sampled"])
    assert (off < 5 * sparse["table_error"]).all()


def test_dots_lie_on_the_curves(sparse):
    for curve, dots in zip(sparse["leak"], sparse["dot_leak"], strict=True):
        np.testing.assert_allclose(np.interp(sparse["dot_slope"], sparse["slope"], curve), dots, atol=1e-9)


def test_all_statements_hold(linear, sparse):
    assert verdicts(linear_loss, linear) == dict.fromkeys(("C14", "C15", "C20"), "reproduced")
    assert verdicts(one_sparse_loss, sparse) == dict.fromkeys(("C16", "C17", "C18", "C19"), "reproduced")


@pytest.mark.parametrize(
    ("claim", "array", "change"),
    [
        ("C14", "two_parts", lambda a: a.__setitem__(3, 1e-6)),
        ("C15", "ends", lambda a: a.__setitem__(7, 0.1)),
        ("C15", "excess", lambda a: a.__setitem__(7, -0.1)),
        ("C20", "norms", lambda a: a.__setitem__(0, 1e-3)),
        ("C16", "reach", lambda a: a.__setitem__((), 5e-4)),
        ("C17", "quadrature", lambda a: a.__setitem__(5, 1e-3)),
        ("C18", "energy", lambda a: a.__setitem__(5, 1e-3)),
        ("C19", "free", lambda a: a.__setitem__((0, 0), False)),
    ],
)
def test_each_statement_can_fail(linear, sparse, claim, array, change):
    module, data = (linear_loss, linear) if array in linear.arrays else (one_sparse_loss, sparse)
    failed = verdicts(module, edited(data, array, change))
    assert [id for id, verdict in failed.items() if verdict != "reproduced"] == [claim]
    assert failed[claim] == "not reproduced"


def test_the_density_that_is_sparse_enough_is_where_nine_tenths_are_reached(sparse):
    share = sparse["part"][:2].sum(axis=0) / sparse["part"].sum(axis=0)
    assert (np.diff(share) < 0).all()
    assert np.interp(-0.9, -share, np.log(sparse["density"])) == pytest.approx(np.log(sparse["reach"]), abs=0.02)


def test_what_follows_from_definitions_is_marked():
    marked = {claim.id for module in (linear_loss, one_sparse_loss) for claim in module.CLAIMS if claim.identity}
    assert marked == {"C18", "C19", "C20"}


def test_the_rows_of_the_composed_loss_show_what_was_sampled(sparse):
    rows = next(claim for claim in one_sparse_loss.CLAIMS if claim.id == "C16").rows(sparse)
    assert [row["density"] for row in rows] == ["1", "0.1", "0.01"]
    assert float(rows[0]["composed loss"]) == pytest.approx(sparse["table_part"][:, 0].sum(), rel=1e-2)


def test_the_same_data_every_time(linear):
    again = linear_loss.reduce({})
    for name in linear.arrays:
        np.testing.assert_array_equal(again[name], linear[name])


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_pictures_are_readable(linear, sparse, theme):
    assert_readable(linear_loss.draw(linear, theme))
    assert_readable(one_sparse_loss.draw(sparse, theme))


def test_the_lowest_bar_is_the_bold_one(linear):
    flipped = changed(linear, benefit=linear["benefit"][::-1])
    for data, lowest in ((linear, 2), (flipped, 0)):
        bold = [t.get_text() for t in linear_loss.draw(data, THEMES[0]).axes[0].texts if t.get_fontweight() == "bold"]
        total = data["benefit"] + data["interference"]
        assert total.argmin() == lowest and bold == [f"{total.min():.2f}"]
