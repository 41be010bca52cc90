import numpy as np
import pytest

from figures.adversarial import adversarial, curves, gradient_masking
from figures.adversarial.curves import EVEN, READ, at_rest, growth, jackknife, together
from figures.base import Size, judge
from figures.shared.uniform import density
from figures.style import THEMES
from tests.figures.models import blocks, changed, trained, turned
from tests.figures.pictures import assert_legible, assert_readable

ONE, PAIR = np.eye(1), np.array([[1.0, -1.0]])
SPARSITY = np.array([1 / density(level) for level in READ])
PAPER = {
    "vulnerability": np.array(curves.PAPER_VULNERABILITY),
    "per_dimension": np.array(curves.PAPER_PER_DIMENSION),
}


def sharing(run, pairs):
    """A model in which antipodal pairs share `pairs` dimensions and the others are dedicated."""
    return turned(blocks(run.n_features, *[PAIR] * pairs, *[ONE] * (run.n_hidden - pairs)), run.seed)


def weights(run):
    """No superposition for dense features, one pair at density 1 / 1.2, and more pairs for sparser ones, up to all dimensions."""
    return sharing(run, min(run.n_hidden, sum(run.distribution.density <= 1 / x for x in (1.2, 1.4, 1.6, 1.7))))


@pytest.fixture(scope="module")
def attacked():
    needed = adversarial.needs(Size(steps=1, seeds=3))
    return adversarial.reduce({name: trained(sweep, weights) for name, sweep in needed.items()})


def noisy(name, seeds=12, spread=0.04):
    """The paper's curve for models that scatter about it: (level, seed)."""
    rng = np.random.default_rng(len(name))
    return PAPER[name][:, None] * (1 + spread * rng.normal(size=(len(READ), seeds)))


def verdicts(data):
    return {claim.id: judge(claim, data, decides=True).verdict for claim in adversarial.CLAIMS}


def test_the_models_have_the_recipe_of_the_notebook():
    needed = adversarial.needs(Size(steps=7, seeds=8))
    (recipe,) = {run.recipe for sweep in needed.values() for run in sweep.runs}
    assert (recipe.steps, recipe.batch, recipe.learning_rate, recipe.init_scale) == (7, 1024, 0.001, 1)
    assert len(needed["base"].runs) == 8 * len(READ) and len(needed["larger"].runs) == 2 * 4
    shared = gradient_masking.needs(Size(steps=7, seeds=8))["base"]
    assert shared.spec_digest == needed["base"].spec_digest


def test_the_paper_has_two_features_per_dimension_on_the_plateau():
    between = (SPARSITY > curves.STARTS) & (SPARSITY < curves.ENDS)
    two = np.abs(PAPER["per_dimension"] - 2) <= 0.1
    assert tuple(np.array(READ)[between & two]) == curves.PLATEAU


def test_the_unit_is_a_model_with_dedicated_dimensions(attacked):
    np.testing.assert_allclose(attacked["vulnerability"][0], 1.0, atol=1e-6)
    np.testing.assert_allclose(attacked["universal"][0], 1.0, atol=1e-6)
    np.testing.assert_allclose(attacked["per_dimension"][[0, -1]], [[1] * 3, [2] * 3], rtol=1e-6)


def test_the_worst_push_for_each_sample_harms_at_least_as_much_as_one_for_all(attacked):
    assert (attacked["vulnerability"] >= attacked["universal"] - 1e-9).all()
    assert (attacked["vulnerability"][-1] > 1.8).all() and (attacked["larger_vulnerability"] > 1).all()


def test_verdicts_follow_the_numbers(attacked):
    like_the_paper = changed(attacked, vulnerability=noisy("vulnerability"), per_dimension=noisy("per_dimension"))
    assert verdicts(like_the_paper) == {"C66": "reproduced", "C66-F": "reproduced", "C67": "reproduced"}
    half = changed(attacked, vulnerability=noisy("vulnerability") ** 0.5, per_dimension=noisy("per_dimension"))
    assert verdicts(half)["C66"] == verdicts(half)["C66-F"] == "not reproduced"
    more = changed(attacked, vulnerability=1.3 * noisy("vulnerability"), per_dimension=noisy("per_dimension"))
    assert verdicts(more)["C66-F"] == "differs"
    few = changed(attacked, vulnerability=noisy("vulnerability", 3, 0.4), per_dimension=noisy("per_dimension", 3))
    assert verdicts(few)["C66"] == verdicts(few)["C67"] == "undecided"


@pytest.mark.parametrize(
    "curve",
    [SPARSITY**0.9, np.interp(np.log(SPARSITY), np.log([1, 2.1, 3.3, 5, 10]), [1, 1.2, 3, 3.1, 3.2])],
    ids=["a power of sparsity", "rises where features per dimension rest"],
)
def test_vulnerability_may_rise_with_sparsity_without_tracking_features_per_dimension(attacked, curve):
    rising = curve[:, None] * (1 + 0.02 * np.random.default_rng(0).normal(size=(len(READ), 12)))
    data = changed(attacked, vulnerability=rising, per_dimension=noisy("per_dimension", spread=0.02))
    assert np.corrcoef(curve, PAPER["per_dimension"])[0, 1] > 0.75
    assert verdicts(data)["C67"] == "not reproduced"


def test_growth_is_the_exponent_of_a_power_law():
    np.testing.assert_allclose(growth(3 * SPARSITY[:, None] ** 1.5), [1.5] * (len(EVEN) - 1))
    assert np.isnan(growth(np.zeros((len(READ), 1)))).all()


def test_a_curve_of_the_same_shape_rests_where_the_other_rests():
    curve, power = PAPER["per_dimension"][:, None], SPARSITY[:, None] ** 0.7
    assert together(curve, 2 * curve**1.7) == pytest.approx(1) and together(curve, 1 / curve) == pytest.approx(-1)
    assert at_rest(2 * curve**1.7, curve) == pytest.approx(0) and at_rest(power, curve) == pytest.approx(1)
    mixed = growth(curve).mean() / (growth(curve).mean() + 0.7)
    assert at_rest(curve * power, curve) == pytest.approx(1 - mixed)
    assert np.isnan([at_rest(curve, np.ones_like(curve)), at_rest(np.ones_like(curve), curve), together(curve, curve**0)]).all()


def test_the_jackknife_equals_a_loop():
    v, f, pseudo = noisy("vulnerability", 4), noisy("per_dimension", 4), []
    for k in range(4):
        others = [j for j in range(4) if j != k]
        pseudo.append(4 * at_rest(v, f) - 3 * at_rest(v[:, others], f[:, others]))
    e = jackknife((v, f), at_rest)
    assert e.value == pytest.approx(np.mean(pseudo)) and e.models == v.size
    assert e.high - e.value == pytest.approx(3.182446 * np.std(pseudo, ddof=1) / 2)
    alone = jackknife((v[:, :1], f[:, :1]), at_rest)
    assert alone.value == pytest.approx(at_rest(v[:, :1], f[:, :1])) and alone.high == np.inf


def test_tables_have_the_paper_and_other_sizes(attacked):
    rows = {claim.id: claim.rows(attacked) for claim in adversarial.CLAIMS}
    assert rows["C66"][0]["paper"] == "1.07" and rows["C66"][-1]["features per dimension"] == "2.00"
    assert [row["model"] for row in rows["C66-F"]] == ["paper", *["40 in 4", "60 in 5", "100 in 10"] * 2]
    assert len(rows["C67"]) == 11 and rows["C67"][0]["1/(1-S)"] == "1.00 to 1.21"


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_the_picture_is_readable(attacked, theme):
    drawn = adversarial.draw(attacked, theme)
    assert_readable(drawn)
    assert_legible(drawn, theme)
