import numpy as np
import pytest

from figures.adversarial import adversarial, adversarial_training
from figures.adversarial.adversarial import SPARSE
from figures.adversarial.adversarial_training import FEATURES, HIDDEN
from figures.base import Size, judge
from figures.geometry import dimension_curve
from figures.shared.uniform import CHOSEN, density, setting
from figures.style import THEMES
from sup.robustness import mean_norm
from tests.figures.models import blocks, changed, trained, turned
from tests.figures.pictures import assert_readable

ONE, PAIR = np.eye(1), np.array([[1.0, -1.0]])


SIZES = setting(Size(steps=1, seeds=1))
LEVELS = (*CHOSEN, SPARSE)


def sharing(pairs):
    """Dimensions, so many of them shared by antipodal pairs, the others dedicated."""
    return blocks(SIZES.features, *[PAIR] * pairs, *[ONE] * (SIZES.hidden - pairs))


def pairs_at(at):
    """None for dense features, one in all dimensions for the sparsest of the paper's range."""
    (place,) = (k for k, level in enumerate(LEVELS) if density(level) == at)
    return min(SIZES.hidden, place)


@pytest.fixture(scope="module")
def attacked():
    needed = adversarial.needs(Size(steps=1, seeds=1))

    def weights(run):
        return turned(sharing(pairs_at(run.distribution.density)), run.seed)

    return adversarial.reduce({name: trained(sweep, weights) for name, sweep in needed.items()})


def test_the_models_are_those_of_uniform_superposition_and_sparser_ones(attacked):
    assert attacked["level"].tolist() == [*CHOSEN, SPARSE]
    np.testing.assert_allclose(attacked["density"][[0, -2, -1]], [1, 0.1, 0.01])
    size = Size(steps=1, seeds=1)
    assert adversarial.needs(size)["base"].spec_digest == dimension_curve.needs(size)["base"].spec_digest


def test_the_unit_is_a_model_with_dedicated_dimensions(attacked):
    np.testing.assert_allclose(attacked["vulnerability"][0], 1.0, atol=1e-6)
    np.testing.assert_allclose(attacked["adaptive"][0], 1.0, atol=1e-6)
    np.testing.assert_allclose(attacked["per_dimension"][[0, -2]], [[1], [2]], rtol=1e-6)


def test_a_pair_is_harmed_twice_as_much_while_the_other_is_inactive(attacked):
    """The push along (1, -1) / sqrt 2 arrives with sqrt 2 times its norm; where the other is active its output is hit as well."""
    found = attacked["vulnerability"]
    np.testing.assert_allclose(found[-1], 2.0, rtol=0.05)
    assert (found[4:] > 1.2).all() and (found < 3.0).all()


def test_the_gradient_sees_nothing_where_no_feature_is_active(attacked):
    x = adversarial.samples(SIZES.features, 0.01)[:, : 2 * SIZES.hidden]
    assert attacked["blind"][-1] == pytest.approx((~x.any(axis=1)).mean(), abs=0.05)
    assert (attacked["blind"][0] == 0).all() and (attacked["closed"][-1] > 0.95).all()


def verdicts(module, data):
    return {claim.id: judge(claim, data, decides=True).verdict for claim in module.CLAIMS}


def test_verdicts_follow_the_numbers(attacked):
    level = np.linspace(1, 4, len(LEVELS))[:, None] + np.zeros((1, 3))
    good = changed(attacked, vulnerability=level, per_dimension=2 * level, gradient=0.4 / level)
    assert verdicts(adversarial, good) == {"C66": "reproduced", "C67": "reproduced", "C68": "reproduced"}
    bad = changed(attacked, vulnerability=level / 2, per_dimension=level[::-1], gradient=level)
    assert verdicts(adversarial, bad) == {"C66": "not reproduced", "C67": "not reproduced", "C68": "not reproduced"}


def trained_against(kept, seeds=3):
    """Models that keep so many features at each share, one to a dimension or paired."""
    needed = adversarial_training.needs(Size(steps=1, seeds=seeds))
    norms = [adversarial_training.norm(share) for share in adversarial_training.SHARES]

    def weights(run):
        count = kept[norms.index(run.recipe.attack)]
        return (
            turned(blocks(FEATURES, *[PAIR] * max(0, count - HIDDEN), *[ONE] * (HIDDEN - abs(count - HIDDEN))), run.seed)
            if (count >= HIDDEN)
            else np.eye(HIDDEN, FEATURES) * (np.arange(FEATURES) < count)
        )

    def losses(run):
        return 1.0 + run.recipe.attack

    return adversarial_training.reduce({name: trained(sweep, weights, losses=losses) for name, sweep in needed.items()})


@pytest.mark.parametrize(
    ("kept", "removed", "expected"),
    [
        ((40, 40, 36, 28, 24, 20, 6), 0.8, ("reproduced", "reproduced")),
        ((40, 40, 36, 28, 24, 24, 20), 1.0, ("reproduced", "differs")),
        ((40, 20, 20, 16, 10, 4, 0), 0.1, ("reproduced", "not reproduced")),
        ((40, 20, 40, 40, 40, 40, 40), np.nan, ("not reproduced", "untested")),
    ],
)
def test_when_superposition_is_gone(kept, removed, expected):
    data = trained_against(kept)
    np.testing.assert_array_equal(data["removed"], [removed] * 3)
    assert data["per_dimension"][:, 0].tolist() == [count / HIDDEN for count in kept]
    assert tuple(verdicts(adversarial_training, data).values()) == expected


def test_attacks_in_training_are_shares_of_the_mean_norm():
    assert adversarial_training.MEAN_NORM == round(mean_norm(FEATURES, adversarial_training.DENSITY), 9)
    needed = adversarial_training.needs(Size(steps=1, seeds=1))
    attacks = [run.recipe.attack for run in needed["attacked"].runs]
    np.testing.assert_allclose(attacks, np.array(adversarial_training.SHARES[1:]) * mean_norm(FEATURES, 0.1), atol=1e-6)
    assert {run.recipe.attack for run in needed["clean"].runs} == {0.0}


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_pictures_are_readable(attacked, theme):
    assert_readable(adversarial.draw(attacked, theme))
    assert_readable(adversarial_training.draw(trained_against((40, 40, 36, 28, 24, 20, 6)), theme))
